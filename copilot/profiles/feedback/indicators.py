"""Satisfaction, loyalty and "serve first": what recent words add up to, with the rows behind it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, timedelta

from copilot.profiles.feedback.reader import FeedbackReader
from copilot.profiles.feedback.thresholds import Thresholds
from copilot.records.codes import Intent, Mood, label
from copilot.records.customer import Complaint, Interaction
from copilot.records.feedback import CustomerFeedback, Indicator, ReadRow, TextReading
from copilot.records.figures import full_date
from copilot.records.profile import Profile

UNKNOWN = "未知"
_WEIGHTS = {Mood.ANGRY: -2, Mood.NEGATIVE: -1, Mood.NEUTRAL: 0, Mood.POSITIVE: 1}


def customer_feedback(
    reader: FeedbackReader,
    thresholds: Thresholds,
    as_of: date,
    interactions: Iterable[Interaction],
    complaints: Iterable[Complaint] = (),
    profile: Profile | None = None,
) -> CustomerFeedback:
    """What a customer said up to a date, newest first; without a profile loyalty is not known."""
    rows = [
        ReadRow("interactions", i.id, i.at.date(), reader.read(i.text))
        for i in interactions
        if i.text and _within(i.at.date(), as_of, thresholds.longest_days)
    ]
    rows += [
        ReadRow("complaints", c.id, c.at.date(), _as_complaint(reader.read(c.topic)))
        for c in complaints
        if c.topic and c.at and _within(c.at.date(), as_of, thresholds.longest_days)
    ]
    rows.sort(key=lambda row: (row.on, row.key), reverse=True)
    return CustomerFeedback(
        tuple(rows),
        _satisfaction(rows, thresholds, as_of),
        _loyalty(rows, thresholds, as_of, profile),
        serve_first_because(rows, thresholds, as_of),
    )


def serve_first_because(rows: Sequence[ReadRow], thresholds: Thresholds, as_of: date) -> str:
    """Why a customer is served before anything is offered, empty when there is no reason.

    Rows stand newest first. A complaint that later words settle or praise is over; anger is not
    over before its days have passed. Rows of the complaints table have a rule of their own.
    """
    calmed = False
    for row in rows:
        if row.table != "interactions" or not _within(row.on, as_of, thresholds.recent_days):
            continue
        if row.reading.mood is Mood.ANGRY or (row.reading.serve_first and not calmed):
            return f"{full_date(row.on)}的记录{row.reading.concern}（{label(row.reading.topic)}）"
        calmed = calmed or row.reading.settled or row.reading.mood is Mood.POSITIVE
    return ""


def _as_complaint(reading: TextReading) -> TextReading:
    """A registered complaint is one whatever its few words say; anger must still be said."""
    mood = reading.mood if reading.mood is Mood.ANGRY else Mood.NEGATIVE
    return TextReading(reading.topic, Intent.COMPLAIN, mood, reading.chances, reading.because)


def _satisfaction(rows: Sequence[ReadRow], thresholds: Thresholds, as_of: date) -> Indicator:
    counted = [
        row
        for row in rows
        if _within(row.on, as_of, thresholds.satisfaction_days)
        and row.reading.intent not in (Intent.NONE, Intent.CONSIDER)
    ]
    window = f"{thresholds.satisfaction_days}天"
    if not counted:
        return Indicator("satisfaction", "满意度", UNKNOWN, window, ("没有可读的原话",))
    mean = sum(_WEIGHTS[row.reading.mood] for row in counted) / len(counted)
    level = "一般"
    if mean >= thresholds.satisfied_from:
        level = "满意"
    elif mean <= thresholds.dissatisfied_to:
        level = "不满"
    moods = [
        f"{label(mood)}{n}条"
        for mood in Mood
        if (n := sum(row.reading.mood is mood for row in counted))
    ]
    facts = (f"{len(counted)}条原话，平均分{mean:.2f}", "、".join(moods))
    return Indicator("satisfaction", "满意度", level, window, facts, _keys(counted))


def _loyalty(
    rows: Sequence[ReadRow], thresholds: Thresholds, as_of: date, profile: Profile | None
) -> Indicator:
    leaving = [
        row
        for row in rows
        if _within(row.on, as_of, thresholds.loyalty_days) and row.reading.intent is Intent.LEAVE
    ]
    for_it, against = [], [f"{len(leaving)}条原话说要离开"] if leaving else []
    known = {} if profile is None else {n: f.value for n, f in profile.features.items()}
    tenure, types = known.get("tenure_days"), known.get("n_types")
    change = known.get("aum_change_rate_90")
    if isinstance(tenure, int) and tenure >= thresholds.loyal_tenure_days:
        for_it.append(f"开户{tenure // 365}年")
    if isinstance(types, int) and types >= thresholds.loyal_product_types:
        for_it.append(f"持有{types}类产品")
    if isinstance(change, float) and change <= thresholds.leaving_change:
        against.append(f"90天资产变动{change:.0%}")
    nothing_known = not leaving and tenure is None and types is None and change is None
    level = UNKNOWN if nothing_known else "一般"
    if against:
        level = "松动"
    elif len(for_it) == 2:
        level = "稳固"
    facts = (*against, *for_it) or (("没有画像或原话",) if nothing_known else ("没有突出的迹象",))
    window = f"{thresholds.loyalty_days}天"
    return Indicator("loyalty", "忠诚度", level, window, facts, _keys(leaving))


def _keys(rows: Iterable[ReadRow]) -> tuple[str, ...]:
    return tuple(f"{row.table}:{row.key}" for row in rows)


def _within(day: date, as_of: date, days: int) -> bool:
    return as_of - timedelta(days) < day <= as_of
