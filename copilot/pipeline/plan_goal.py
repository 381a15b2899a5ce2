"""A goal in plain words: what it wants, from whom, by when; what was assumed; what is refused."""

from __future__ import annotations

import re
import unicodedata
from datetime import date, timedelta

from copilot.compliance.quantities import figures
from copilot.errors import InputError
from copilot.metrics.plan_catalogue import Catalogue, GoalKind
from copilot.records.figures import full_date
from copilot.records.plan import Goal, GoalMeasure, PlanWindow

LONGEST_GOAL = 200
DEFAULT_WEEKS = 8
_QUARTERS = {"一": 1, "二": 2, "三": 3, "四": 4, "1": 1, "2": 2, "3": 3, "4": 4}
_QUARTER = re.compile(r"(今年|明年|\d{4}年)?(?:第)?([一二三四1-4])季度")
_MONTH = re.compile(r"(今年|明年|\d{4}年)?(1[0-2]|[1-9])月(?:份|底|末)?(?:之?前)?")
_SPAN = re.compile(r"(\d{1,3}|[一两二三四五六])(天|周|个月)(?:内|之内|以内)?")
_SPOKEN = {"一": 1, "两": 2, "二": 2, "三": 3, "四": 4, "五": 5, "六": 6}
_SPAN_DAYS = {"天": 1, "周": 7, "个月": 30}
_YEAR_END = re.compile(r"年底|年末|年内|今年")
_MONTH_END = re.compile(r"月底|月末|本月|当月|这个月")
_HEADS = re.compile(r"(\d[\d,]*(?:\.\d+)?万?)\s*(?:户|人|位|个客户|名)")
_SHARE = re.compile(r"(\d+(?:\.\d+)?)\s*(?:%|个点|个百分点)")
#: Ratios of a bank's own work; a target for one says nothing of what a customer earns.
_WORK_RATIO = re.compile(
    r"((?:承接|留存|续作|续存|续期|转介成功|接通|转化|覆盖|活跃|激活|开户|绑卡|签约|满意|合格|达成|完成|缴存)率)"
    r"[^\d%,。;!?\n]{0,8}\d+(?:\.\d+)?\s*(?:%|个百分点|个点)"
)
_LESS = re.compile(r"(?<![A-Za-z0-9年月日号])(?:[-−]|负)\s*\d")
#: Kinds whose own words name customers: they are not a second condition.
_OWN_AUDIENCE = ("maturity", "tier_up", "payroll_new")
_FILLER = re.compile(
    r"[\s,，。、;；:：!！?？()（）的了和与及在对为把让给请做要我们本行支行客户目标方案营销制定"
    r"资金一个提升增长新增净增增加达到完成实现前底内开展推动针对关于]+"
)


def without_work_ratios(text: str) -> str:
    """A goal without the figures of its work ratios, which a reader of returns would take for one.

    >>> without_work_ratios("年底前到期承接率做到90%，保证收益5%")
    '年底前到期承接率,保证收益5%'
    """
    return _WORK_RATIO.sub(r"\1", unicodedata.normalize("NFKC", text))


def parse_goal(text: str, catalogue: Catalogue, as_of: date, segment: str | None = None) -> Goal:
    """What a goal wants.

    Raises:
        InputError: it is empty, too long, below zero, or names no goal that plans know.
    """
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
    kind = _kind(words, catalogue)
    window, window_words = _window(words, as_of)
    named = tuple(a.id for a in catalogue.audiences if any(w in words for w in a.words))
    if segment is not None or kind.id in _OWN_AUDIENCE:
        named = () if segment is not None else kind.audiences
    value, share, number_words = _number(_without(words, window_words), kind)
    assumed = _assumptions(kind, catalogue, window, window_words, named, value, share, segment)
    known = [*window_words, *number_words, *kind.words, *kind.with_words]
    known += [w for a in catalogue.audiences if a.id in named for w in a.words]
    return Goal(
        text=words,
        kind=kind.id,
        title=kind.title,
        product_types=kind.product_types,
        measure=kind.measure if number_words != ["户"] else GoalMeasure.CUSTOMERS,
        kpi=kind.kpi,
        window=window,
        audiences=named or kind.audiences,
        named_audience=bool(named) and segment is None,
        value=value,
        share=share,
        assumed=assumed,
        ignored=_left_over(words, known),
    )


def _kind(words: str, catalogue: Catalogue) -> GoalKind:
    for kind in catalogue.goals:
        if kind.named_in(words) and kind.prospects:
            raise InputError(
                f"这个目标要找的是行外客户，本行的表里没有他们，列不出名单：{words[:40]}",
                field="goal",
                next="请写经营已有客户的目标，例：--goal 拉新代发50户；外拓的线索由网点另行登记。",
            )
        if kind.named_in(words):
            return kind
    known = "、".join(kind.title for kind in catalogue.goals if not kind.prospects)
    raise InputError(
        f"看不懂这个目标：{words[:40]}",
        field="goal",
        next=f"能做的目标：{known}。请写明产品或业务，例：--goal 一季度增存5000万。",
    )


def _window(words: str, as_of: date) -> tuple[PlanWindow, list[str]]:
    """The days of the goal and the words that say them; without any, `DEFAULT_WEEKS` weeks."""
    tomorrow = as_of + timedelta(1)
    if found := _QUARTER.search(words):
        quarter = _QUARTERS[found[2]]
        year = _year(found[1], as_of, month=3 * quarter)
        first, last = date(year, 3 * quarter - 2, 1), _month_end(year, 3 * quarter)
        return PlanWindow(max(first, tomorrow), last, f"{year}年{found[2]}季度"), [found[0]]
    if found := _MONTH.search(words):
        month = int(found[2])
        year = _year(found[1], as_of, month=month)
        last = _month_end(year, month)
        ahead = tomorrow if found[0].endswith("前") else max(date(year, month, 1), tomorrow)
        return PlanWindow(ahead, last, f"{year}年{month}月"), [found[0]]
    if found := _SPAN.search(words):
        count = int(_SPOKEN.get(found[1], 0) or found[1])
        last = as_of + timedelta(max(7, count * _SPAN_DAYS[found[2]]))
        return PlanWindow(tomorrow, last, found[0]), [found[0]]
    if found := _YEAR_END.search(words):
        last = date(as_of.year, 12, 31)
        if last > tomorrow:
            return PlanWindow(tomorrow, last, f"{as_of.year}年底前"), [found[0]]
    if found := _MONTH_END.search(words):
        last = _month_end(as_of.year, as_of.month)
        if last > tomorrow:
            return PlanWindow(tomorrow, last, f"{as_of.month}月底前"), [found[0]]
    last = as_of + timedelta(weeks=DEFAULT_WEEKS)
    return PlanWindow(tomorrow, last, f"{DEFAULT_WEEKS}周"), []


def _year(said: str | None, as_of: date, *, month: int) -> int:
    """The year that is said, else the next time the month comes to its end."""
    if said == "明年":
        return as_of.year + 1
    if said and said != "今年":
        return int(said[:4])
    passed = _month_end(as_of.year, month) <= as_of
    return as_of.year + 1 if passed and not said else as_of.year


def _month_end(year: int, month: int) -> date:
    following = date(year + month // 12, month % 12 + 1, 1)
    return following - timedelta(1)


def _number(words: str, kind: GoalKind) -> tuple[int | None, float | None, list[str]]:
    """The number of the goal: fen, customers, or a growth; with the words that say it."""
    if found := _HEADS.search(words):
        plain = found[1].replace(",", "")
        heads = float(plain.removesuffix("万")) * (10_000 if plain.endswith("万") else 1)
        return int(heads), None, ["户"]
    if found := _SHARE.search(words):
        return None, float(found[1]) / 100, [found[0]]
    for figure in figures(words):
        if figure.kind == "amount" and kind.measure is GoalMeasure.AMOUNT and int(figure.value) > 0:
            return int(figure.value), None, [words[figure.start : figure.end]]
    return None, None, []


def _assumptions(
    kind: GoalKind,
    catalogue: Catalogue,
    window: PlanWindow,
    window_words: list[str],
    named: tuple[str, ...],
    value: int | None,
    share: float | None,
    segment: str | None,
) -> tuple[str, ...]:
    days = f"{full_date(window.first)}至{full_date(window.last)}"
    said = [f"“{window_words[0]}”按{days}计" if window_words else f"没有写明期限，按{days}计"]
    if segment is None:
        ids = named or kind.audiences
        names = "、".join(catalogue.audience(i).name for i in ids)
        said.append(f"客群按“{names}”取" + ("" if named else "（目标没有写明客群）"))
    if value is None and share is None:
        said.append("目标没有写明数量")
    if kind.caution:
        said.append(kind.caution)
    return tuple(said)


def _without(words: str, parts: list[str]) -> str:
    for part in parts:
        words = words.replace(part, " ", 1)
    return words


def _left_over(words: str, known: list[str]) -> tuple[str, ...]:
    """Stretches of a goal that nothing was made of."""
    for word in sorted(known, key=len, reverse=True):
        words = re.sub(re.escape(word), " ", words, flags=re.I)
    words = _HEADS.sub(" ", words)
    words = re.sub(r"[\d.]+\s*[万亿千百]?元?", " ", words)
    return tuple(part for part in _FILLER.split(words) if len(part) > 1)
