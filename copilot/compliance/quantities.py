"""Figures in a folded text: rates, amounts, terms, dates, ratings, counts.

Values are in the units of the records: rates in basis points, amounts in fen, terms in days,
dates as ISO text (``--12-08`` when the year is not written), ratings as text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from functools import cache

from copilot.records.figures import DAYS_PER_YEAR, MONTH_TERMS

_DIGIT = {c: i for i, c in enumerate("零一二三四五六七八九")} | {"〇": 0, "两": 2}
_TEN = {"十": 10, "百": 100, "千": 1000}
_WAN = {"万": 10_000, "亿": 100_000_000}
_DAYS_OF_MONTHS = {months: days for days, months in MONTH_TERMS.items()}

_CN = "零〇一二两三四五六七八九十百千"
_N = (
    r"(?:\d{1,3}(?:,\d{3}){1,4}(?:\.\d{1,6})?|\d{1,15}(?:\.\d{1,6})?"
    rf"|[{_CN}]{{1,12}}(?:点[{_CN}]{{1,6}})?|半)"
)
_RATE_UNIT = r"%|‰|个百分点|百分点|个点|个bp|bps?|个?基点|厘(?!米)"
_AMOUNT_UNIT = (
    r"(?:万|亿|千|百)?(?:元|块钱|块|人民币|美元)"
    r"|(?:万亿|亿|万)(?![分年个户份名人次字一])"
)
_TERM_UNIT = (
    r"个?工作日|个自然日|个交易日|个月|个季度|年|月(?!末|初|底|中|报|月|均|日)|天(?!年化|年利)"
    r"|日(?!期|均|益|常|元|年化|年利|年收)|周(?!年|末|一|二|三|四|五|六|日|期)|星期|期(?!货|权)|小时|分钟"
)


@cache
def _figure_pattern() -> re.Pattern[str]:
    """One pattern for every kind of figure; built when first needed, for it is slow to build."""
    unit = f"{_RATE_UNIT}|{_AMOUNT_UNIT}|{_TERM_UNIT}"
    month, day = r"(?:1[0-2]|0?[1-9])", r"(?:3[01]|[12]\d|0?[1-9])"
    return re.compile(
        rf"(?=[0-9百千万半rc{_CN}])(?:"
        rf"(?P<iso>(?<!\d)(?:19|20)\d\d[-/.]{month}[-/.]{day}(?!\d))"
        rf"|(?P<full>(?:19|20)\d\d年{month}月(?:{day}[日号])?)"
        rf"|(?P<day>(?<!\d){month}月{day}[日号])"
        rf"|(?P<spelled>(?:[{_CN}]{{4}}年)?(?:十[一二]?|[一二三四五六七八九])月"
        rf"[一二三四五六七八九十]{{1,3}}[日号])"
        rf"|(?P<year>(?<!\d)(?:19|20)\d\d年(?!期|定))"
        rf"|(?P<rating>(?<![a-z0-9])[rc][1-5](?![a-z0-9]))"
        rf"|(?P<fraction>(?P<base>百分之|千分之|万分之)(?P<f>{_N}))"
        rf"|(?P<low>{_N})(?P<to>-|~|—|至|到)(?=(?P<high>{_N})(?P<unit>{unit}))"
        rf"|(?P<rate>{_N})(?P<rate_unit>{_RATE_UNIT})"
        rf"|(?P<term>{_N})(?P<term_unit>{_TERM_UNIT})"
        rf"|(?P<amount>{_N})(?P<amount_unit>{_AMOUNT_UNIT})"
        rf"|(?P<count>(?<![a-z0-9.])\d{{1,15}}(?:\.\d{{1,6}})?(?![a-z0-9.]))"
        r")"
    )


_TERM_DAYS = {"周": 7, "星期": 7, "个季度": 91}


@dataclass(frozen=True, slots=True)
class FigureInText:
    """One figure: ``text[start:end]`` states ``value`` of ``kind``.

    Kinds: rate, amount, term, date, year, rating, count, time (hours and minutes).
    """

    start: int
    end: int
    kind: str
    value: float | int | str


def figures(text: str) -> Iterator[FigureInText]:
    """Every figure of a folded text, left to right.

    >>> [(f.kind, f.value) for f in figures("年化1.75%,5万元起,期限3年,12月8日到期,r2级")]
    [('rate', 175.0), ('amount', 5000000), ('term', 1095), ('date', '--12-08'), ('rating', 'R2')]
    >>> [(f.kind, f.value) for f in figures("百分之三点五到4.2%,涨了20个bp")]
    [('rate', 350.0), ('rate', 420.0), ('rate', 20.0)]
    >>> [(f.kind, f.value) for f in figures("2.2-2.8%")]
    [('rate', 220.0), ('rate', 280.0)]
    """
    for match in _figure_pattern().finditer(text):
        figure = _figure(match)
        if figure is not None:
            yield figure


def number(text: str) -> Decimal | None:
    """The value of digits or Chinese numerals; ``None`` if they spell no number.

    >>> number("12,000.5"), number("三点五"), number("二十"), number("一百零五"), number("半")
    (Decimal('12000.5'), Decimal('3.5'), Decimal('20'), Decimal('105'), Decimal('0.5'))
    """
    if text == "半":
        return Decimal("0.5")
    if text[0] in "0123456789":
        return Decimal(text.replace(",", ""))
    whole, _, decimals = text.partition("点")
    value = _chinese_integer(whole)
    if value is None or any(c not in _DIGIT for c in decimals):
        return None
    return Decimal(f"{value}.{''.join(str(_DIGIT[c]) for c in decimals) or 0}").normalize() + 0


def _chinese_integer(text: str) -> int | None:
    if all(c in _DIGIT for c in text):
        return int("".join(str(_DIGIT[c]) for c in text))
    total, digit = 0, None
    for character in text:
        if character in _TEN:
            total += (1 if digit is None else digit) * _TEN[character]
            digit = None
        elif digit not in (None, 0):
            return None
        else:
            digit = _DIGIT[character]
    return total + (digit or 0)


def _figure(match: re.Match[str]) -> FigureInText | None:
    start, end = match.span()
    kind = match.lastgroup
    if match["iso"]:
        year, month, day = (int(part) for part in re.split(r"[-/.]", match["iso"]))
        return FigureInText(start, end, "date", f"{year:04}-{month:02}-{day:02}")
    if match["full"] or match["day"]:
        return FigureInText(start, end, "date", _date(match["full"] or match["day"]))
    if match["spelled"]:
        spelled = _spelled_date(match["spelled"])
        return FigureInText(start, end, "date", spelled) if spelled else None
    if match["year"]:
        return FigureInText(start, end, "year", int(match["year"][:4]))
    if match["rating"]:
        return FigureInText(start, end, "rating", match["rating"].upper())
    if match["fraction"]:
        return _valued(start, end, match["f"], match["base"])
    if match["low"]:
        return _valued(start, match.end("low"), match["low"], match["unit"])
    for name in ("rate", "term", "amount"):
        if match[name]:
            return _valued(start, end, match[name], match[f"{name}_unit"])
    if kind == "count" or match["count"]:
        return FigureInText(start, end, "count", float(match["count"]))
    return None


def _valued(start: int, end: int, digits: str, unit: str) -> FigureInText | None:
    value = number(digits)
    if value is None:
        return None
    kind, scaled = _scaled(value, unit)
    return FigureInText(start, end, kind, scaled)


def _scaled(value: Decimal, unit: str) -> tuple[str, float | int]:
    if unit in ("百分之", "%") or ("点" in unit and "基" not in unit):
        return "rate", float(value * 100)
    if unit in ("千分之", "‰", "厘"):
        return "rate", float(value * 10)
    if unit == "万分之" or "bp" in unit or "基点" in unit:
        return "rate", float(value)
    if unit in ("小时", "分钟"):
        return "time", float(value)
    if unit == "期":
        return "periods", float(value)
    if "年" in unit:
        return "term", int(value * DAYS_PER_YEAR)
    if "月" in unit and "元" not in unit:
        return "term", months_in_days(value)
    if unit in _TERM_DAYS:
        return "term", int(value * _TERM_DAYS[unit])
    if unit in ("天", "日") or unit.endswith("日"):
        return "term", int(value)
    return "amount", int(value * _multiplier(unit) * 100)


def months_in_days(value: Decimal | int) -> int:
    """The days that the bank counts for a number of months."""
    months = int(value)
    if value == months and months in _DAYS_OF_MONTHS:
        return _DAYS_OF_MONTHS[months]
    return int(value * DAYS_PER_YEAR / 12)


def _multiplier(unit: str) -> int:
    factor = 1
    for character in unit:
        factor *= _WAN.get(character, _TEN.get(character, 1))
    return factor


def _spelled_date(text: str) -> str | None:
    """十月十五日 as --10-15; ``None`` if the numerals spell no date."""
    values = [number(part) for part in re.split(r"[年月日号]", text) if part]
    if any(value is None for value in values):
        return None
    *year, month, day = (int(value or 0) for value in values)
    if not (1 <= month <= 12 and 1 <= day <= 31):
        return None
    return f"{year[0]:04}-{month:02}-{day:02}" if year else f"--{month:02}-{day:02}"


def _date(text: str) -> str:
    parts = [int(part) for part in re.findall(r"\d+", text)]
    if "年" not in text:
        return f"--{parts[0]:02}-{parts[1]:02}"
    if len(parts) == 2:
        return f"{parts[0]:04}-{parts[1]:02}"
    return f"{parts[0]:04}-{parts[1]:02}-{parts[2]:02}"
