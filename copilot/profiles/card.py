"""The customer card: who, what they have, what is ahead, how they may be contacted."""

from __future__ import annotations

from copilot.profiles.words import FORMATS, LIFECYCLES, life_stage
from copilot.records.customer import age_band
from copilot.records.event import EVENT_LABELS
from copilot.records.figures import full_date, month_day
from copilot.records.profile import Profile
from copilot.records.score import Band

_HOLDINGS = (
    ("aum_demand", "活期"),
    ("aum_time", "定期"),
    ("aum_large_cd", "大额存单"),
    ("aum_gov_bond", "国债"),
    ("aum_structured", "结构性存款"),
    ("aum_wmp", "理财"),
    ("aum_fund", "基金"),
    ("aum_insurance", "保险"),
    ("aum_pension", "养老金"),
    ("aum_gold", "积存金"),
)
_CONSENTS = (
    ("consent_phone", "电话"),
    ("consent_sms", "短信"),
    ("consent_wecom", "企微"),
    ("consent_app", "手机银行"),
)
_SHOWN_REASONS = 3
_SHOWN_SCORES = 2


HOME_CURRENCY = "CNY"


def card(profile: Profile, currency: str = HOME_CURRENCY, *, amounts: bool = True) -> str:
    """The profile as a card that a manager reads in ten seconds; unknown is said, never zero.

    A bank whose books are kept in another ``currency`` is told so, since amounts are worded in 元.
    Without ``amounts`` the card may stand on a screen that others can see.
    """
    refused = profile.value("profiling_refused") is True
    lines = [f"【{profile.customer_id}】{_who(profile, refused)}"]
    if refused:
        lines.append("客户已拒绝画像分析：只显示办理业务所需的信息，不做主动推荐")
    elif amounts:
        lines.append(f"资产：{_assets(profile)}")
    lines.append(f"风险：{_risk(profile)}")
    lines += [f"机会：{reason.text}" for reason in profile.reasons[:_SHOWN_REASONS]]
    lines += _foreseen(profile) if amounts else []
    lines.append(f"联系：{_contact(profile)}")
    lines.append(f"数据日：{full_date(profile.as_of)}{_since(profile)}")
    if amounts and currency != HOME_CURRENCY:
        lines.append(f"金额币种：{currency}（文中“元”指该币种）")
    return "\n".join(lines)


def _since(profile: Profile) -> str:
    """What happened since the load, and whether the lines above hold it."""
    event = profile.last_event
    if event is None:
        return ""
    what = f"{month_day(event.at.date())}{event.at:%H:%M}的{EVENT_LABELS[event.kind]}"
    return f"，已计入{what}" if profile.event_counted else f"，尚未计入{what}"


def _who(profile: Profile, refused: bool) -> str:
    parts = [age_band(profile.value("age"))]
    if not refused:
        stage = life_stage(profile.value("life_stage"))
        parts.append(f"{stage}阶段" if stage != "未知" else "生命阶段未知")
        tier = profile.value("tier")
        parts.append(f"{FORMATS['tier'](tier, profile.as_of)}客户" if tier else "层级未知")
        lifecycle = LIFECYCLES.get(str(profile.value("lifecycle")), "未知")
        parts.append(lifecycle if lifecycle != "未知" else "生命周期未知")
    tenure = profile.value("tenure_days")
    if isinstance(tenure, int):
        parts.append(f"开户{tenure // 365}年" if tenure >= 365 else f"开户{tenure}天")
    return "，".join(parts)


def _assets(profile: Profile) -> str:
    total = profile.value("aum_total")
    if total is None:
        return f"未知（{_why(profile, 'aum_total')}）"
    held = [
        f"{name}{FORMATS['amount'](profile.value(feature), profile.as_of)}"
        for feature, name in _HOLDINGS
        if profile.value(feature)
    ]
    parts = [f"合计{FORMATS['amount'](total, profile.as_of)}"]
    if held:
        parts.append("，".join(held))
    parts += _movement(profile)
    return "；".join(parts)


def _movement(profile: Profile) -> list[str]:
    change = profile.value("aum_change_90")
    if not isinstance(change, int) or change == 0:
        return []
    direction = "多" if change > 0 else "少"
    before = FORMATS["day"](profile.value("aum_before_on"), profile.as_of)
    return [f"比{before}{direction}{FORMATS['drop'](change, profile.as_of)}"]


def _foreseen(profile: Profile) -> list[str]:
    """Scores in the top band, with their reasons and never as a number."""
    high = [score for score in profile.scores.values() if score.band is Band.HIGH]
    high.sort(key=lambda score: (-score.value, score.name))
    return [f"预判：{score.words}" for score in high[:_SHOWN_SCORES]]


def _risk(profile: Profile) -> str:
    level = profile.value("risk_declared")
    if level is None:
        return f"未知（{_why(profile, 'risk_declared')}）"
    assessed = FORMATS["day"](profile.value("risk_assessed_on"), profile.as_of)
    state = "有效" if profile.value("risk_valid") else "已过期"
    return f"{level}，{assessed}测评，{state}"


def _contact(profile: Profile) -> str:
    if profile.value("consent_phone") is None:
        consent = f"营销同意不明（{_why(profile, 'consent_phone')}）"
    else:
        agreed = [name for feature, name in _CONSENTS if profile.value(feature)]
        consent = f"同意{'、'.join(agreed)}营销" if agreed else "未同意任何营销触达"
    parts = [consent]
    last = profile.value("last_contact_days")
    if isinstance(last, int):
        parts.append(f"{last}天前联系过" if last else "今天联系过")
    if profile.value("refusals_180"):
        parts.append("半年内有过拒绝")
    if profile.value("complaints_open"):
        parts.append("有未了结投诉，先处理投诉")
    parts.append("可以主动联系" if profile.value("contact_ok") else "今天不宜主动营销")
    return "；".join(parts)


def _why(profile: Profile, feature: str) -> str:
    value = profile.features.get(feature)
    return (value and value.null_reason) or "没有记录"
