"""The time that a goal names: a quarter, a month, a span, a week, a festival, in plain words.

Nothing is guessed: words of time that no pattern reads are an error, and so is a time gone by.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache

from copilot.errors import InputError
from copilot.metrics.festivals import festival_in, festivals
from copilot.records.figures import full_date
from copilot.records.plan import PlanWindow

DEFAULT_WEEKS = 8
FESTIVAL_DAYS = 7
_EXAMPLES = "一季度、12月底前、三个月内、春节前"
_DAY = timedelta(days=1)
_NUMERALS = {c: n for n, c in enumerate("一二三四五六七八九", 1)} | {"两": 2}
_STEPS = {"上": -1, "下": 1, "次": 1}
_YEARS = {"今年": 0, "本年": 0, "明年": 1, "后年": 2, "去年": -1, "前年": -2}
_ALIASES = {"五一": "劳动节", "十一": "国庆", "过年": "春节"}
_UNIT_DAYS = {"天": 1, "日": 1, "周": 7, "星期": 7, "礼拜": 7, "月": 30, "季度": 91, "年": 365}

_CN = "一两二三四五六七八九十"
_YEAR = rf"(?P<year>{'|'.join(_YEARS)}|\d{{4}}年)?"
_MONTH = rf"1[0-2]|0?[1-9]|十[一二]?|[{_CN}]"
_BEFORE = r"(?:[之以]?前)?"
_COUNT = rf"(?P<count>\d{{1,3}}|半|[{_CN}]{{1,3}})"
_UNIT = r"个?(?P<unit>天|日|周|星期|礼拜|月|季度|年)"
#: What follows the length of a product, which is no time to act in.
_NO_TERM = r"(?!期|定|存|大额|国债|理财|结构|整存|通知|持有|封闭|产品|型|以上|及以上|起)"
#: Words of time that no pattern reads.
_VAGUE = re.compile(
    r"近期|最近|尽快|尽早|早日|短期|长期|[旺淡]季|年中|[上中下]旬|每个?[年季月周天日]"
    r"|(?<![线网])[上下本这那]{1,2}个?(?:年|季度?|月|周|星期|礼拜|旬)"
    r"|[一-龥]{0,2}(?:节假日|节日|假期|暑假|寒假|周末|腊月|正月)|[一-龥]{1,2}节(?:前|后|期间)"
    r"|年[前后]|节[前后]"
)


@dataclass(frozen=True, slots=True)
class TimeSaid:
    """A window and the words of the goal that name it; no words when it names no time."""

    window: PlanWindow
    words: str = ""
    start: int = 0
    end: int = 0


def time_said(text: str, as_of: date) -> TimeSaid:
    """The days that a goal names; without any, the next `DEFAULT_WEEKS` weeks.

    Raises:
        InputError: the time is over, or its words are not understood.
    """
    for pattern, reader in _readers():
        for match in pattern.finditer(text):
            found = reader(match, as_of)
            if found is not None:
                window = _still_to_come(found, as_of)
                return TimeSaid(window, match[0], match.start(), match.end())
    if unread := unread_times(text):
        raise InputError(
            f"目标里的时间看不懂：{'、'.join(f'“{words}”' for words in unread)}",
            field="goal",
            next=f"请写明期限，例：{_EXAMPLES}；不写期限按{DEFAULT_WEEKS}周计。",
        )
    last = as_of + timedelta(weeks=DEFAULT_WEEKS)
    return TimeSaid(PlanWindow(as_of + _DAY, last, f"{DEFAULT_WEEKS}周"))


def unread_times(text: str) -> tuple[str, ...]:
    """Words of time in a text of which nothing was made.

    >>> unread_times("尽快增存，每月复盘")
    ('尽快', '每月')
    """
    return tuple(dict.fromkeys(match[0] for match in _VAGUE.finditer(text)))


def _still_to_come(window: PlanWindow, as_of: date) -> PlanWindow:
    tomorrow = as_of + _DAY
    if window.last < tomorrow:
        days = full_date(window.last)
        if window.first < window.last:
            days = f"{full_date(window.first)}至{days}"
        raise InputError(
            f"期间已经过去（{days}），请写今后的期间。",
            field="goal",
            next=f"方案最早从{full_date(tomorrow)}排起，例：{_EXAMPLES}。",
        )
    return PlanWindow(max(window.first, tomorrow), window.last, window.label)


def _number(text: str) -> int:
    """Digits, or Chinese numerals up to ninety-nine.

    >>> [_number(text) for text in ("12", "两", "十", "十一", "二十", "三十五")]
    [12, 2, 10, 11, 20, 35]
    """
    if text.isdigit():
        return int(text)
    tens, ten, ones = text.rpartition("十")
    if not ten:
        return _NUMERALS[text]
    return 10 * (_NUMERALS[tens] if tens else 1) + (_NUMERALS[ones] if ones else 0)


def _year(said: str | None, as_of: date, last_month: int = 12) -> int:
    """The year that is said, else the next time that the month comes to its end."""
    if said:
        return as_of.year + _YEARS[said] if said in _YEARS else int(said[:4])
    return as_of.year + (_month_end(as_of.year, last_month) <= as_of)


def _month_end(year: int, month: int) -> date:
    return date(year + month // 12, month % 12 + 1, 1) - _DAY


def _months(year: int, first: int, last: int, label: str) -> PlanWindow:
    return PlanWindow(date(year, first, 1), _month_end(year, last), label)


def _by(match: re.Match[str], as_of: date, window: PlanWindow) -> PlanWindow:
    """The window, or the days from tomorrow when the goal is due before it or by its end."""
    if not match[0].endswith("前"):
        return window
    if re.search(r"[底末份内]之?前$", match[0]):
        return PlanWindow(as_of + _DAY, window.last, f"{window.label}底前")
    return PlanWindow(as_of + _DAY, window.first - _DAY, f"{window.label}之前")


def _date(match: re.Match[str], as_of: date) -> PlanWindow | None:
    month, day = _number(match["month"]), _number(match["day"])
    try:
        last = date(_year(match["year"], as_of, month), month, day)
        if not match["year"] and last <= as_of:
            last = last.replace(year=last.year + 1)
    except ValueError:  # no such day
        return None
    return PlanWindow(as_of + _DAY, last, f"{full_date(last)}前")


def _several_years(match: re.Match[str], as_of: date) -> PlanWindow:
    first, last = int(match["first"]), int(match["last"])
    return PlanWindow(date(first, 1, 1), date(last, 12, 31), f"{first}年至{last}年")


def _several_months(match: re.Match[str], as_of: date) -> PlanWindow | None:
    first, last = _number(match["first"]), _number(match["last"])
    if first > last:
        return None
    year = _year(match["year"], as_of, last)
    return _months(year, first, last, f"{year}年{first}月至{last}月")


def _quarter(match: re.Match[str], as_of: date) -> PlanWindow:
    number = _number(match["quarter"] or match["q"])
    year = _year(match["year"], as_of, 3 * number)
    label = f"{year}年{'一二三四'[number - 1]}季度"
    return _by(match, as_of, _months(year, 3 * number - 2, 3 * number, label))


def _near_quarter(match: re.Match[str], as_of: date) -> PlanWindow:
    now = as_of.year * 4 + (as_of.month - 1) // 3
    year, quarter = divmod(now + _STEPS.get(match["which"] or "", 0), 4)
    label = f"{year}年{'一二三四'[quarter]}季度"
    return _by(match, as_of, _months(year, 3 * quarter + 1, 3 * quarter + 3, label))


def _half_year(match: re.Match[str], as_of: date) -> PlanWindow:
    first = 1 if match["half"] == "上" else 7
    year = _year(match["year"], as_of, first + 5)
    return _months(year, first, first + 5, f"{year}年{match['half']}半年")


def _month(match: re.Match[str], as_of: date) -> PlanWindow:
    month = _number(match["month"])
    year = _year(match["year"], as_of, month)
    return _by(match, as_of, _months(year, month, month, f"{year}年{month}月"))


def _near_month(match: re.Match[str], as_of: date) -> PlanWindow:
    now = as_of.year * 12 + as_of.month - 1
    year, month = divmod(now + _STEPS.get(match["which"] or "", 0), 12)
    return _by(match, as_of, _months(year, month + 1, month + 1, f"{year}年{month + 1}月"))


def _near_week(match: re.Match[str], as_of: date) -> PlanWindow:
    step = match["which"].count("下") - match["which"].count("上")
    monday = as_of - timedelta(as_of.weekday()) + timedelta(weeks=step)
    if day := match["weekday"]:
        last = monday + timedelta("一二三四五六日".index(day.replace("天", "日")))
        return PlanWindow(as_of + _DAY, last, f"{full_date(last)}前")
    return PlanWindow(monday, monday + timedelta(6), f"{full_date(monday)}起的一周")


def _span(match: re.Match[str], as_of: date) -> PlanWindow:
    count = 0.5 if match["count"] == "半" else _number(match["count"])
    days = max(1, round(count * _UNIT_DAYS[match["unit"]]))
    return PlanWindow(as_of + _DAY, as_of + timedelta(days), match[0])


def _festival(match: re.Match[str], as_of: date) -> PlanWindow:
    name = _ALIASES.get(match["name"], match["name"])
    named = [_year(match["year"], as_of)] if match["year"] else [as_of.year, as_of.year + 1]
    days = [day for year in named if (day := festival_in(name, year))]
    coming = next((day for day in days if day > as_of or match["year"]), None)
    if coming is None:
        raise InputError(
            f"{name}的日期不在数据中，排不了期。",
            field="goal",
            next="请写明到哪一天，例：2月5日前。",
        )
    if match[0].endswith("前"):
        last = coming - _DAY
        return PlanWindow(as_of + _DAY, last, f"{coming.year}年{name}前")
    return PlanWindow(coming, coming + timedelta(FESTIVAL_DAYS - 1), f"{coming.year}年{name}期间")


def _year_end(match: re.Match[str], as_of: date) -> PlanWindow:
    year = _year(match["year"], as_of)
    return PlanWindow(as_of + _DAY, date(year, 12, 31), f"{year}年底前")


def _season(match: re.Match[str], as_of: date) -> PlanWindow:
    """开门红 is the first quarter: of next year once this year's is over."""
    year = _year(match["year"], as_of, 3)
    return _months(year, 1, 3, f"{year}年一季度")


def _whole_year(match: re.Match[str], as_of: date) -> PlanWindow:
    year = _year(match["year"] or "今年", as_of)
    return _months(year, 1, 12, f"{year}年内")


def _one_day(match: re.Match[str], as_of: date) -> PlanWindow:
    steps = {"前天": -2, "昨": -1, "今": 0, "当天": 0, "明": 1, "后天": 2}
    step = next(step for word, step in steps.items() if match[0].startswith(word))
    day = as_of + timedelta(step)
    return PlanWindow(day, day, full_date(day))


_Reader = Callable[[re.Match[str], date], PlanWindow | None]


@cache
def _readers() -> tuple[tuple[re.Pattern[str], _Reader], ...]:
    """From the most exact to the least: the first that reads its words decides."""
    festival = "|".join((*festivals(), "过年", "五一(?=[前节期假小之])", "十一(?=[前节期假黄之])"))
    said: tuple[tuple[str, _Reader], ...] = (
        (rf"{_YEAR}(?P<month>{_MONTH})月(?P<day>\d{{1,2}}|[{_CN}]{{1,3}})[日号]{_BEFORE}", _date),
        (r"(?P<first>\d{4})年?[-~至到](?P<last>\d{4})年", _several_years),
        (rf"{_YEAR}(?P<first>{_MONTH})月?份?[-~至到](?P<last>{_MONTH})月", _several_months),
        (
            rf"{_YEAR}第?(?:(?P<quarter>[一二三四1-4])季度?|[Qq](?P<q>[1-4]))[末底]?{_BEFORE}",
            _quarter,
        ),
        (rf"(?P<which>[上下本这当])一?个?季度?[末底内]?{_BEFORE}", _near_quarter),
        (rf"(?P<which>)季度?[末底]{_BEFORE}", _near_quarter),
        (rf"{_YEAR}(?P<half>[上下])半年", _half_year),
        (rf"{_YEAR}(?<!\d)(?P<month>{_MONTH})月份?[底末初]?{_BEFORE}", _month),
        (rf"(?<![线网])(?P<which>[上下次本这当])个?月份?[底末初内]?{_BEFORE}", _near_month),
        (
            r"(?P<which>上上|下下|[上下本这])个?(?:周|星期|礼拜)(?P<weekday>[一二三四五六日天])?"
            rf"内?{_BEFORE}",
            _near_week,
        ),
        (rf"{_COUNT}{_UNIT}(?:时间)?[之以]?[内里]", _span),
        (rf"(?:未来|今后|接下来|往后){_COUNT}{_UNIT}", _span),
        (rf"(?<!近){_COUNT}个(?P<unit>月|季度|星期|礼拜){_NO_TERM}", _span),
        (rf"(?<!近){_COUNT}(?P<unit>周|天){_NO_TERM}", _span),
        (rf"{_YEAR}(?P<name>{festival})节?(?:小?长?假期?|黄金周)?(?:期间)?{_BEFORE}", _festival),
        (rf"(?P<which>)月[底末内]{_BEFORE}", _near_month),
        (
            rf"(?:(?P<year>{'|'.join(_YEARS)}|\d{{4}}年)年?|年)[底末]{_BEFORE}",
            _year_end,
        ),
        (rf"{_YEAR}开门红", _season),
        (rf"全年|年内|(?P<year>{'|'.join(_YEARS)}|\d{{4}}年)(?:全年|年内|内|度)?", _whole_year),
        (r"昨[天日]|前天|今[天日]|当天|明[天日]|后天", _one_day),
    )
    return tuple((re.compile(pattern), reader) for pattern, reader in said)
