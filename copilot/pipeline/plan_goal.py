"""A goal in plain words: what it wants, from whom, by when; what was assumed; what is refused."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import date

from copilot.errors import InputError
from copilot.metrics.plan_catalogue import Catalogue, GoalKind
from copilot.pipeline.plan_people import (
    PeopleSaid,
    audience_kind,
    people_said,
    refuse_unread_people,
)
from copilot.pipeline.plan_quantity import Counted, Quantity, pieces, quantities
from copilot.pipeline.plan_time import TimeSaid, time_said, unread_times
from copilot.records.codes import ProductType
from copilot.records.figures import full_date
from copilot.records.plan import Goal, GoalMeasure

LONGEST_GOAL = 200
NO_DAILY = "没有日均余额数据，按时点余额计算"
_POINT, _DAILY = "deposit_point", "deposit_daily_avg"
_NUMERALS = "零一二三四五六七八九十"
#: Ratios of a bank's own work; a target for one says nothing of what a customer earns.
_WORK_RATIO = re.compile(
    r"((?:承接|留存|续作|续存|续期|转介成功|接通|转化|覆盖|活跃|激活|开户|绑卡|签约|满意|合格|达成|完成|缴存)率)"
    r"[^\d%,。;!?\n]{0,8}\d+(?:\.\d+)?\s*(?:%|个百分点|个点)"
)
_LESS = re.compile(r"(?<![A-Za-z0-9年月日号])(?:[-−]|负)\s*\d")
_COMPARED = re.compile(
    r"(?:比|较|同比|环比)(?:上年|去年|上月|上个月|上季度?|年初|月初|同期|期初)*(?:同期)?"
)
_PARTS = re.compile(r"[,，。;；:：!！?？\n]|同时")


def without_work_ratios(text: str) -> str:
    """A goal without the figures of its work ratios, which a reader of returns would take for one.

    >>> without_work_ratios("年底前到期承接率做到90%，保证收益5%")
    '年底前到期承接率,保证收益5%'
    """
    return _WORK_RATIO.sub(r"\1", unicodedata.normalize("NFKC", text))


def as_customers_would_read(text: str) -> str:
    """A goal without what it says to the bank alone: ratios of its work, and how soon.

    >>> as_customers_would_read("尽快增存500万")
    ',增存500万'
    """
    told = without_work_ratios(text)
    for words in unread_times(told):
        told = told.replace(words, ",")
    return told


def parse_goal(text: str, catalogue: Catalogue, as_of: date, segment: str | None = None) -> Goal:
    """What a goal wants.

    Raises:
        InputError: it is empty, too long, below zero, several goals in one, about a time gone by,
            holds a number, a time or customers that are not understood, or names no goal that
            plans know.
    """
    words = _checked(text)
    kind = _kind(words, catalogue)
    compared = [match.span() for match in _COMPARED.finditer(words)]
    when = time_said(_blanked(words, compared), as_of)
    people = people_said(words, catalogue)
    timeless = _blanked(words, [*compared, (when.start, when.end)])
    found = quantities(_blanked(timeless, _numbered(words, people.spans)))
    _refuse_several(words, found, catalogue)
    stretches = [*people.spans, *((q.start, q.end) for q in found), *_words_of(words, kind)]
    rest = _blanked(timeless, stretches)
    if segment is None:
        refuse_unread_people(rest, catalogue)
    audiences, named = _audiences(kind, people, catalogue, words, segment)
    goal = Goal(
        text=text.strip(),
        kind=kind.id,
        title=kind.title,
        product_types=kind.product_types,
        measure=kind.measure,
        kpi=_DAILY if kind.kpi == _POINT and "日均" in words else kind.kpi,
        window=when.window,
        audiences=audiences,
        named_audience=named,
        potential=kind.potential,
        due_types=_due_types(kind, words, catalogue),
        ignored=_unused(words, rest, [words[start:end] for start, end in compared]),
    )
    goal = _counted(goal, found[0], words) if found else goal
    return replace(goal, assumed=tuple(_assumed(goal, kind, catalogue, when, words, segment)))


def _counted(goal: Goal, quantity: Quantity, words: str) -> Goal:
    """The goal with its number, if its kind can be counted so.

    Raises:
        InputError: an amount for what is counted in people.
    """
    goal = replace(goal, level=quantity.level, counter=quantity.counter or goal.counter)
    if quantity.counted is Counted.SHARE:
        retention = goal.kpi == "maturity_retention"
        return replace(goal, share=quantity.value, retention=retention)
    if quantity.counted is Counted.HEADS:
        return replace(goal, value=int(quantity.value), measure=GoalMeasure.CUSTOMERS)
    if not goal.product_types:
        raise InputError(
            f"“{goal.title}”按客户数计，“{words[quantity.start : quantity.end]}”是金额。",
            field="goal",
            next="请写成人数或增幅，例：--goal 三个月内手机银行活跃增加200户。",
        )
    return replace(goal, value=int(quantity.value), measure=GoalMeasure.AMOUNT)


def _checked(text: str) -> str:
    words = unicodedata.normalize("NFKC", text).strip()
    if not words or len(words) > LONGEST_GOAL:
        raise InputError(
            "目标是空的。" if not words else f"目标超过{LONGEST_GOAL}个字。",
            field="goal",
            next="请用一句话写目标，例：--goal 一季度增存5000万。",
        )
    if below := _LESS.search(words):
        raise InputError(
            f"目标里的数量是负数：{words[below.start() :][:12]}",
            field="goal",
            next="请写要达到或增加多少，例：--goal 三个月内基金增加500万。",
        )
    return words


def _kind(words: str, catalogue: Catalogue) -> GoalKind:
    leading = [kind for kind in catalogue.goals if any(w in words for w in kind.lead_words)]
    for kind in (*leading, *catalogue.goals):
        if kind in leading or kind.named_in(words):
            if not kind.prospects:
                return kind
            raise InputError(
                f"这个目标要找的是行外客户，本行的表里没有他们，列不出名单：{words[:40]}",
                field="goal",
                next="请写经营已有客户的目标，例：--goal 拉新代发50户；外拓的线索由网点另行登记。",
            )
    known = "、".join(kind.title for kind in catalogue.goals if not kind.prospects)
    raise InputError(
        f"看不懂这个目标：{words[:40]}",
        field="goal",
        next=f"能做的目标：{known}。请写明产品或业务，例：--goal 一季度增存5000万。",
    )


def _refuse_several(words: str, found: tuple[Quantity, ...], catalogue: Catalogue) -> None:
    """One plan has one goal: several numbers, or goals joined by 同时, are parted first."""
    parts = list(pieces(words, found)) if len(found) > 1 else []
    if not parts:
        joined = [part.strip(" ,，、") for part in re.split("同时|[;；]", words)]
        kinds = {_named(part, catalogue): part for part in joined}
        parts = list(kinds.values()) if len(kinds.keys() - {""}) > 1 else []
    if not parts:
        return
    listed = "；".join(f"“{part}”" for part in parts)
    count = _NUMERALS[len(parts)] if len(parts) < len(_NUMERALS) else str(len(parts))
    count = "两" if len(parts) == 2 else count
    raise InputError(
        f"一句里有{count}个目标，请分开写：{listed}",
        field="goal",
        next="一份方案只对一个目标，每个目标各写一份。",
    )


def _named(part: str, catalogue: Catalogue) -> str:
    return next((kind.id for kind in catalogue.goals if kind.named_in(part)), "")


def _due_types(kind: GoalKind, words: str, catalogue: Catalogue) -> tuple[ProductType, ...]:
    """The products whose maturities a goal of retention is about; all where it names none."""
    if kind.kpi != "maturity_retention":
        return ()
    others = [k for k in catalogue.goals if k.potential and k is not kind and k.named_in(words)]
    return tuple(dict.fromkeys(t for other in others for t in other.product_types))


def _audiences(
    kind: GoalKind, people: PeopleSaid, catalogue: Catalogue, words: str, segment: str | None
) -> tuple[tuple[str, ...], bool]:
    """Whom the goal is about, and whether its words say so."""
    if segment is not None:
        return kind.audiences, False
    own = {word for word in (*kind.words, *kind.with_words, *kind.lead_words) if word in words}
    spoken = {a.id: [w for w in a.words if w in words] for a in catalogue.audiences}
    named = tuple(
        audience_id
        for audience_id in people.ids
        if audience_id not in spoken or not own.issuperset(spoken[audience_id])
        or not kind.own_audience
    )  # fmt: skip
    if kind.own_audience:
        return tuple(dict.fromkeys((*kind.audiences, *named))), True
    return named or kind.audiences, bool(named)


def _assumed(
    goal: Goal,
    kind: GoalKind,
    catalogue: Catalogue,
    when: TimeSaid,
    words: str,
    segment: str | None,
) -> Iterator[str]:
    """What was taken for granted, in sentences without their full stop."""
    days = f"{full_date(goal.window.first)}至{full_date(goal.window.last)}"
    yield f"“{when.words}”按{days}计" if when.words else f"没有写明期限，按{days}计"
    if segment is None:
        names = "、".join(audience_kind(i, catalogue).name for i in goal.audiences)
        default = goal.audiences == kind.audiences and not people_said(words, catalogue).ids
        yield f"客群按“{names}”取" + ("（目标没有写明客群）" if default else "")
    if goal.value is None and goal.share is None:
        yield "目标没有写明数量"
    if goal.level and not goal.retention:
        yield "目标写的是要达到的水平，目标数按与现状的差额计"
    if goal.kpi == _DAILY:
        yield NO_DAILY
    if goal.share is not None and not goal.retention and not _WORK_RATIO.search(words):
        yield "增幅按数据日期的时点数计算"
    if kind.caution:
        yield kind.caution


def _words_of(words: str, kind: GoalKind) -> Iterator[tuple[int, int]]:
    for word in (*kind.words, *kind.with_words, *kind.lead_words):
        for match in re.finditer(re.escape(word), words, re.I):
            yield match.span()


def _numbered(words: str, spans: Iterable[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """The spans that hold figures, which are no numbers of the goal."""
    figures = re.compile(r"[\d一二三四五六七八九十]")
    return (span for span in spans if figures.search(words[slice(*span)]))


def _blanked(words: str, spans: Iterable[tuple[int, int]]) -> str:
    """The words with stretches overwritten, so that places stay the same."""
    for start, end in spans:
        words = words[:start] + "\0" * (end - start) + words[end:]
    return words


def _unused(words: str, rest: str, compared: list[str]) -> tuple[str, ...]:
    """Parts of a goal, as they were written, of which nothing was made; and times left over."""
    unused: list[str] = list(compared)
    start = 0
    for match in (*_PARTS.finditer(words), None):
        end = match.start() if match else len(words)
        part = words[start:end].strip()
        if len(part) > 1 and "\0" not in rest[start:end]:
            unused.append(part)
        else:
            unused += unread_times(rest[start:end])
        start = match.end() if match else end
    return tuple(dict.fromkeys(unused))
