"""The declared display formats: how a value of a record looks in a text.

These are the only forms in which a draft may state a figure, and the grounding check accepts
exactly what they print. Values come in the units of the records: rates in basis points, money in
fen, terms in days.

| value  | format           | example                                     |
|--------|------------------|---------------------------------------------|
| rate   | `percent`        | 125 bp → 1.25%, 155.5 bp → 1.555%           |
| amount | `amount`         | 50 元 → 50元, 12,000 元 → 1.2万元           |
| amount | `amount_rounded` | 283,412 元 → 28万元 (staff cards only)      |
| amount | `amount_reported` | 283,412 元 → 28.34万元 (work summaries)    |
| amount | `amount_in_wan`  | 283,412 元 → 28.34万元 (columns of targets) |
| term   | `term`           | 1,095 天 → 3年, 182 天 → 6个月, 90 天 → 90天 |
| date   | `month_day`      | 2026-12-08 → 12月8日                        |
| date   | `full_date`      | 2026-12-08 → 2026年12月8日                  |
"""

from __future__ import annotations

from datetime import date
from decimal import ROUND_HALF_UP, Decimal

FEN_PER_YUAN = 100
WAN = 10_000
YI = 100_000_000
DAYS_PER_YEAR = 365

#: Day counts that banks call months: twelfths of a 365-day year, rounded down. A count of 30, 90
#: or 180 days is how wealth products state their own term, so it stays in days.
MONTH_TERMS = {91: 3, 182: 6, 273: 9, 547: 18}

_RATE_STEP = Decimal("0.01")  # of a basis point; finer digits are float noise


def percent(bp: float) -> str:
    """A rate in basis points as a percentage: exact, with at least two decimals.

    >>> percent(125), percent(120), percent(5), percent(155.5), percent(-30)
    ('1.25%', '1.20%', '0.05%', '1.555%', '-0.30%')
    """
    exact = Decimal(str(bp)).quantize(_RATE_STEP, ROUND_HALF_UP) / 100
    return f"{_trimmed(exact, at_least=2)}%"


def amount(fen: int) -> str:
    """A sum of money, exactly: in 万元 or 亿元 when two decimals suffice, else in 元.

    >>> amount(50_00), amount(1_000_00), amount(1_234_56)
    ('50元', '1,000元', '1,234.56元')
    >>> amount(12_000_00), amount(200_000_00), amount(283_412_00), amount(3_0000_0000_00)
    ('1.2万元', '20万元', '283,412元', '3亿元')
    >>> amount(1_0000_0000_0000_00)
    '1万亿元'
    """
    yuan = Decimal(fen) / FEN_PER_YUAN
    for unit, name in ((WAN * YI, "万亿元"), (YI, "亿元"), (WAN, "万元")):
        scaled = yuan / unit
        if abs(scaled) >= 1 and scaled == scaled.quantize(Decimal("0.01")):
            return f"{_trimmed(scaled, at_least=0)}{name}"
    if yuan == yuan.to_integral_value():
        return f"{int(yuan):,}元"
    return f"{yuan:,.2f}元"


def amount_rounded(fen: int) -> str:
    """A sum of money as staff cards show it: whole 万元 from 1万元 on, else whole 元.

    >>> amount_rounded(283_412_00), amount_rounded(8_412_30), amount_rounded(9_999_60)
    ('28万元', '8,412元', '1万元')
    >>> amount_rounded(1_2345_6789_00), amount_rounded(9999_6000_00)
    ('1.23亿元', '1亿元')
    """
    yuan = (Decimal(fen) / FEN_PER_YUAN).quantize(Decimal(1), ROUND_HALF_UP)
    if abs(yuan) >= YI - WAN // 2:  # would round to 10000万元
        return f"{_trimmed((yuan / YI).quantize(Decimal('0.01'), ROUND_HALF_UP), at_least=0)}亿元"
    if abs(yuan) >= WAN:
        return f"{(yuan / WAN).quantize(Decimal(1), ROUND_HALF_UP)}万元"
    return f"{int(yuan):,}元"


def reported(fen: int) -> int:
    """A sum of money as work summaries state it: two decimals of 万元 or 亿元, else whole 元."""
    yuan = Decimal(fen) / FEN_PER_YUAN
    unit = next((unit for unit in (YI, WAN) if abs(yuan) >= unit), None)
    step = Decimal(unit) / 100 if unit else Decimal(1)
    return int((yuan / step).quantize(Decimal(1), ROUND_HALF_UP) * step * FEN_PER_YUAN)


def amount_reported(fen: int) -> str:
    """A sum of money in a work summary.

    >>> amount_reported(283_412_00), amount_reported(8_412_30), amount_reported(-52_000_00)
    ('28.34万元', '8,412元', '-5.2万元')
    >>> amount_reported(1_5388_4782_92)
    '1.54亿元'
    """
    return amount(reported(fen))


def in_wan(fen: float) -> int:
    """A sum of money rounded to two decimals of 万元."""
    step = FEN_PER_YUAN * WAN // 100
    return int((Decimal(fen) / step).quantize(Decimal(1), ROUND_HALF_UP)) * step


def amount_in_wan(fen: int) -> str:
    """A sum of money in 万元, for columns that are computed with.

    >>> amount_in_wan(1_0775_1234_00), amount_in_wan(283_412_00), amount_in_wan(50_000_000_00)
    ('10775.12万元', '28.34万元', '5000万元')
    """
    wan = Decimal(in_wan(fen)) / FEN_PER_YUAN / WAN
    return f"{_trimmed(wan, at_least=0)}万元"


def term(days: int) -> str:
    """A term: years for multiples of 365 days, months for `MONTH_TERMS`, else days.

    >>> term(1095), term(365), term(182), term(180), term(90), term(7)
    ('3年', '1年', '6个月', '180天', '90天', '7天')
    """
    if days > 0 and days % DAYS_PER_YEAR == 0:
        return f"{days // DAYS_PER_YEAR}年"
    if days in MONTH_TERMS:
        return f"{MONTH_TERMS[days]}个月"
    return f"{days}天"


def month_day(day: date) -> str:
    """A date within the running year.

    >>> month_day(date(2026, 12, 8))
    '12月8日'
    """
    return f"{day.month}月{day.day}日"


def full_date(day: date) -> str:
    """A date with its year.

    >>> full_date(date(2026, 12, 8))
    '2026年12月8日'
    """
    return f"{day.year}年{day.month}月{day.day}日"


def _trimmed(value: Decimal, *, at_least: int) -> str:
    """Plain digits without trailing zeros, keeping ``at_least`` decimals."""
    whole, _, decimals = f"{value:f}".partition(".")
    decimals = decimals.rstrip("0").ljust(at_least, "0")
    return f"{whole}.{decimals}" if decimals else whole
