"""The days that a question is about: 「去年」, 「八月份」, 「上个月一号」, 「春节的时候」."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

_YEARS = {
    "大前年": -3,
    "前年": -2,
    "去年": -1,
    "上年": -1,
    "今年": 0,
    "本年": 0,
    "明年": 1,
    "后年": 2,
}
_YEAR = re.compile(r"(?<!\d)(?:(?P<full>(?:19|20)\d\d)(?:年|(?=[-/.]))?|(?P<short>2\d)年(?!期))")
_YEAR_WORD = re.compile("|".join(_YEARS))
_MONTH = re.compile(r"(?<![\d个])(?P<month>1[0-2]|0?[1-9])(?:月|[-/.](?=\d))(?!期)(?:份)?")
_DAY = re.compile(r"(?P<day>[12]\d|3[01]|0?[1-9])(?:[日号]|(?!\d))")
_MONTH_DAY = re.compile(rf"{_MONTH.pattern}(?:(?:[12]\d|3[01]|0?[1-9])[日号])?")
_MONTH_WORD = re.compile(r"(?P<back>上+|下+|本|这)个?月")
_QUARTER = re.compile(r"第?(?P<quarter>[1-4])季度")
_QUARTER_WORD = re.compile(r"(?P<back>上+|下+|本|这)个?季度?(?!享)")
_WEEK_WORD = re.compile(r"(?P<back>上+|下+)个?(?:星期|礼拜|周)")
_AGO = re.compile(r"(?P<count>\d+)个?(?P<unit>天|周|星期|月|年)(?:以前|之前|前(?!支|赎|还|取))")
_HALF = re.compile(r"(?:半年(?:以前|之前|前))")
_DAYS_OF = {"天": 1, "周": 7, "星期": 7, "月": 30, "年": 365}
_DAY_WORDS = {
    "大前天": -3, "前天": -2, "昨天": -1, "昨日": -1, "前几天": -5, "前些天": -10, "前阵子": -30,
    "明天": 1, "明日": 1, "后天": 2, "大后天": 3,
}  # fmt: skip
_PARTS = {
    "年初": (1, 1), "年底": (12, 12), "年末": (12, 12), "年中": (6, 7), "上半年": (1, 6),
    "下半年": (7, 12), "春天": (3, 5), "夏天": (6, 8), "秋天": (9, 11), "冬天": (12, 12),
    "开年": (1, 2),
}  # fmt: skip
_HOLIDAYS = {
    "元旦": (1, 1), "五一": (5, 1), "51假期": (5, 1), "劳动节": (5, 1), "国庆": (10, 1),
    "十一假期": (10, 1), "妇女节": (3, 8), "儿童节": (6, 1), "双十一": (11, 11), "圣诞": (12, 25),
    "教师节": (9, 10), "植树节": (3, 12), "建军节": (8, 1),
}  # fmt: skip
#: Lunar holidays move; a year that is not here is answered with its whole season.
_LUNAR = {
    "春节": {2024: (2, 10), 2025: (1, 29), 2026: (2, 17), 2027: (2, 6)},
    "过年": {2024: (2, 10), 2025: (1, 29), 2026: (2, 17), 2027: (2, 6)},
    "端午": {2024: (6, 10), 2025: (5, 31), 2026: (6, 19), 2027: (6, 9)},
    "中秋": {2024: (9, 17), 2025: (10, 6), 2026: (9, 25), 2027: (9, 15)},
    "清明": {2024: (4, 4), 2025: (4, 4), 2026: (4, 5), 2027: (4, 5)},
}
_MATURES = re.compile(r".{0,3}(?:到期|到日子|满期)")  # a day of the future, not of the record
_BEFORE = re.compile(r"(?:之?前|以前)")


@dataclass(frozen=True, slots=True)
class Period:
    """The days a question is about, both included; ``words`` are those of the question."""

    start: date
    end: date
    words: str = ""


def period(text: str, today: date) -> Period:
    """The days that a folded question (numerals in digits) names; today when it names none.

    A day of the year that is still to come is taken for the year before only where the question
    looks back (「国庆前买的」); otherwise it is the future, of which nobody has a record.
    """
    for found in _readings(text, today):
        return found
    return Period(today, today)


def without_dates(text: str) -> str:
    """A question without its dates and without how long something has been held."""
    for pattern in (_YEAR, _AGO, _HALF, _HELD):
        text = pattern.sub("", text)
    return _MONTH_DAY.sub("", text)


_HELD = re.compile(
    r"(?:还差|还有|还剩|没满|不满|未满|没到|不到|买了|存了|持有了?|放了|拿了|用了|还了|交了|缴了|办了)(?:快|有|差不多)?"
    r"(?:\d+|半|[一二两三四五六七八九十]+)个?(?:天|周|星期|月|年)"
)


def _readings(text: str, today: date) -> Iterator[Period]:
    ago = _AGO.search(text)
    if ago:
        yield _one(today - timedelta(_DAYS_OF[ago["unit"]] * int(ago["count"])), ago[0])
    if match := _HALF.search(text):
        yield _one(today - timedelta(182), match[0])
    for word, days in sorted(_DAY_WORDS.items(), key=lambda item: -len(item[0])):
        if re.search(f"(?<!提){word}", text):  # 「提前几天」 is notice, no day
            yield _one(today + timedelta(days), word)
    yield from _named_days(text, today)


def _named_days(text: str, today: date) -> Iterator[Period]:
    year, year_words = _year(text, today)
    rest = text.replace(year_words, "", 1) if year_words else text
    if match := _MONTH_WORD.search(rest):
        start, end = _month(today, _steps(match["back"]))
        day = _DAY.match(rest, match.end())
        named = day and day[0][-1] in "日号"
        if named and day:
            yield _span(start.year, start.month, int(day["day"]), match[0] + day[0], today)
        yield Period(start, end, match[0])
    match = _MONTH.search(rest)
    if match and (year or "." not in match[0]):  # 「1.7」 alone is a rate
        found = _DAY.match(rest, match.end())
        day_of = int(found["day"]) if found else None
        words = year_words + match[0] + (found[0] if found else "")
        if not _MATURES.match(rest, match.end() + len(found[0] if found else "")):
            yield _span(year or today.year, int(match["month"]), day_of, words, today)
    yield from _parts_of_year(rest, year or today.year, year_words, today)
    if match := _WEEK_WORD.search(rest):
        monday = today + timedelta(7 * _steps(match["back"]) - today.weekday())
        yield Period(monday, monday + timedelta(6), match[0])
    if year and year_words not in ("今年", "本年"):
        yield Period(date(year, 1, 1), date(year, 12, 31), year_words)


def _parts_of_year(text: str, year: int, words: str, today: date) -> Iterator[Period]:
    if match := _QUARTER.search(text):
        last = 3 * int(match["quarter"])
        yield Period(date(year, last - 2, 1), _month(date(year, last, 1), 0)[1], words + match[0])
    if match := _QUARTER_WORD.search(text):
        first = today.replace(day=1, month=3 * ((today.month - 1) // 3) + 1)
        start = _month(first, 3 * _steps(match["back"]))[0]
        yield Period(start, _month(start, 2)[1], match[0])
    for word, (first_month, last_month) in _PARTS.items():
        if word in text:
            end = _month(date(year, last_month, 1), 0)[1]
            yield Period(date(year, first_month, 1), end, words + word)
    fixed = {name: days for name, days in _HOLIDAYS.items() if name in text}
    moving = {name: days[year] for name, days in _LUNAR.items() if name in text and year in days}
    for word, (month, day) in {**fixed, **moving}.items():
        about = date(year, month, day)
        before = bool(_BEFORE.match(text, text.index(word) + len(word)))
        yield _one(about - timedelta(3 if before else 0), words + word)


def _year(text: str, today: date) -> tuple[int | None, str]:
    if match := _YEAR.search(text):
        return int(match["full"] or 2000 + int(match["short"])), match[0]
    if match := _YEAR_WORD.search(text):
        return today.year + _YEARS[match[0]], match[0]
    return None, ""


def _steps(words: str) -> int:
    return -words.count("上") + words.count("下")


def _one(day: date, words: str) -> Period:
    return Period(day, day, words)


def _month(day: date, steps: int) -> tuple[date, date]:
    """The first and last day of the month some months from a day's."""
    number = day.year * 12 + day.month - 1 + steps
    start = date(number // 12, number % 12 + 1, 1)
    return start, date((number + 1) // 12, (number + 1) % 12 + 1, 1) - timedelta(1)


def _span(year: int, month: int, day: int | None, words: str, today: date) -> Period:
    try:
        if day is not None:
            return _one(date(year, month, day), words)
        return Period(*_month(date(year, month, 1), 0), words)
    except ValueError:  # 2月30日: no such day, so the question is taken to be about today
        return Period(today, today)
