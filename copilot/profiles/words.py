"""How feature values are written for staff: rounded amounts, short dates, code labels."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

from copilot.records.codes import LABELS, LifeStage, ProductType, Tier
from copilot.records.event import LIFE_EVENTS
from copilot.records.figures import amount, amount_reported, amount_rounded, full_date, month_day
from copilot.records.profile import MATURING, FeatureScalar, FeatureValue

LIFECYCLES = {
    "new": "新客",
    "dormant": "睡眠",
    "declining": "下降",
    "growing": "成长",
    "mature": "稳定",
    "unknown": "未知",
}

UNKNOWN = "未知"

#: What the values of features that hold a code are called.
_CODES = {
    "tier": LABELS[Tier],
    "tier_next": LABELS[Tier],
    "life_stage": LABELS[LifeStage],
    "lifecycle": LIFECYCLES,
    "next_maturity_type": LABELS[ProductType] | MATURING,
    "maturing_today_type": LABELS[ProductType] | MATURING,
}


def _amount(value: FeatureScalar, as_of: date) -> str:
    return amount_rounded(int(value)) if isinstance(value, (int, float)) else UNKNOWN


def _near(value: FeatureScalar, as_of: date) -> str:
    # Beside a threshold, a rounded sum could seem to reach what it falls short of.
    return amount_reported(int(value)) if isinstance(value, (int, float)) else UNKNOWN


def _drop(value: FeatureScalar, as_of: date) -> str:
    return amount_rounded(abs(int(value))) if isinstance(value, (int, float)) else UNKNOWN


def _day(value: FeatureScalar, as_of: date) -> str:
    if not isinstance(value, date):
        return UNKNOWN
    near = abs((value - as_of).days) <= 180 or value.year == as_of.year
    return month_day(value) if near else full_date(value)


def _days(value: FeatureScalar, as_of: date) -> str:
    return UNKNOWN if value is None else f"{value}天"


def _lying(value: FeatureScalar, as_of: date) -> str:
    # Balances are read one year back, so a full window says no more than "at least".
    return "一年以上" if isinstance(value, int) and value >= 364 else _days(value, as_of)


def _share(value: FeatureScalar, as_of: date) -> str:
    return f"{abs(value):.0%}" if isinstance(value, (int, float)) else UNKNOWN


def _text(value: FeatureScalar, as_of: date) -> str:
    return UNKNOWN if value is None else str(value)


def _product(value: FeatureScalar, as_of: date) -> str:
    return MATURING.get(str(value)) or LABELS[ProductType].get(str(value), "产品")


def _tier(value: FeatureScalar, as_of: date) -> str:
    return UNKNOWN if value is None else LABELS[Tier].get(str(value), str(value))


def _renewal(value: FeatureScalar, as_of: date) -> str:
    return "（已约定自动转存）" if value is True else ""


def _agreed(value: FeatureScalar, as_of: date) -> str:
    if value is None:
        return ""
    return "，约定了到期自动转存" if value else "，没有约定转存"


def _life_event(value: FeatureScalar, as_of: date) -> str:
    return LIFE_EVENTS.get(str(value), str(value))


def life_stage(value: FeatureScalar) -> str:
    """What people read for a life stage."""
    return LABELS[LifeStage].get(str(value), UNKNOWN)


#: Formats that a reason may name in a slot ``{feature:format}``.
FORMATS: dict[str, Callable[[FeatureScalar, date], str]] = {
    "amount": _amount,
    "near": _near,
    "drop": _drop,
    "day": _day,
    "days": _days,
    "lying": _lying,
    "share": _share,
    "number": _text,
    "text": _text,
    "product": _product,
    "tier": _tier,
    "renewal": _renewal,
    "agreed": _agreed,
    "life": _life_event,
}


def readable(feature: FeatureValue) -> str:
    """A feature value as staff read it: exact amounts, days, shares, yes and no.

    >>> readable(FeatureValue("inflow_90", 1_234_56, "fen"))
    '1,234.56元'
    >>> readable(FeatureValue("bal_last", None, "fen", null_reason="近365天没有余额记录"))
    '未知（近365天没有余额记录）'
    >>> readable(FeatureValue("lifecycle", "growing", "code"))
    '成长'
    """
    value = feature.value
    if value is None:
        return f"未知（{feature.null_reason}）"
    if isinstance(value, bool):
        return "是" if value else "否"
    if isinstance(value, (int, float)):
        match feature.unit:
            case "fen":
                return amount(int(value))
            case "fen_float" | "fen_per_month":
                return f"{amount(round(value))}{'/月' if feature.unit == 'fen_per_month' else ''}"
            case "days":
                return f"{value}天"
            case "ratio":
                return f"{value:.1%}"
    return _CODES.get(feature.name, {}).get(str(value), str(value))
