"""A brief as a model may see it: placeholders for figures, bands for the customer, no identity."""

from __future__ import annotations

import re
from collections.abc import Mapping

from copilot.drafting.brief import WritingBrief, leading_reason
from copilot.drafting.slots import FILTERS, PATHS
from copilot.llm.pseudonyms import amount_band
from copilot.records.codes import Manner, Occasion, label
from copilot.records.customer import age_band

#: What each slot holds, in the words of the prompt.
MEANINGS: Mapping[str, str] = {
    "customer.salutation": "对客户的称呼",
    "staff.name": "员工姓名",
    "staff.number": "员工工号",
    "branch.name": "网点名称",
    "bank.name": "银行名称",
    "today": "今天的日期",
    "maturity.date": "客户最近一笔到期的日期",
    "product.name": "产品名称",
    "product.issuer": "发行机构",
    "product.risk_rating": "产品风险等级",
    "product.min_amount": "起点金额",
    "product.term_days": "期限",
    "product.rate_bp": "年利率",
    "product.benchmark_low_bp": "业绩比较基准下限",
    "product.benchmark_high_bp": "业绩比较基准上限",
    "product.benchmark_basis": "业绩比较基准的依据（整句）",
    "product.benchmark_statement": "业绩比较基准的说明（整句）",
    "product.apr_bp": "贷款年化利率下限",
    "product.apr_high_bp": "贷款年化利率上限",
    "product.cooling_off_days": "犹豫期或冷静期",
    "product.liquidity": "支取与赎回规则（整句）",
    "product.risk_statement": "风险提示（整句）",
    "product.valid_from": "现行版本的生效日",
    "product.sale_to": "发售截止日",
}
#: How to speak to whom, for the prompt.
ADVICE: Mapping[Manner, str] = {
    Manner.ELDER: "客户年长：句子更短，一次一件事，说明今天不必决定、可以和家里人商量。",
    Manner.PRIVATE: "私人银行客户：不寒暄，先谈用途、期限和流动性，费用说在前面。",
    Manner.FIRST_TIME: "客户没有买过投资类产品：先说清这不是存款，再问能不能接受有涨有跌。",
    Manner.OWNER: "客户做生意：先分清周转的钱和家里的钱，给出可以约的时间。",
    Manner.YOUNG_PARENT: "客户有孩子要养：先问教育和应急的钱留了没有，说得快一点。",
}
FOLLOWING_UP = "这是客户来过网点以后的跟进：接着上次的话说，不重新推荐，也不追问结果。"
_NUMBER = re.compile(r"[\d０-９][\d０-９,.，．]*")


def placeholders(brief: WritingBrief) -> list[dict[str, str]]:
    """The placeholders whose values are on record, each with what it holds."""
    values = brief.slot_values
    return [
        {"placeholder": placeholder(path, filter), "meaning": _meaning(path, filter)}
        for path, kind in PATHS.items()
        if values.get(path) not in (None, "")
        for filter in FILTERS[kind]
    ]


def placeholder(path: str, filter: str) -> str:
    """A slot as the model is to write it.

    >>> placeholder("product.rate_bp", "percent"), placeholder("bank.name", "")
    ('{{ product.rate_bp | percent }}', '{{ bank.name }}')
    """
    return f"{{{{ {path}{' | ' if filter else ''}{filter} }}}}"


def _meaning(path: str, filter: str) -> str:
    forms = {"greeting": "，后接“您好”", "date": "，只有月日", "full_date": "，带年份"}
    return MEANINGS.get(path, path) + forms.get(filter, "")


def customer_in_bands(brief: WritingBrief) -> str:
    """The customer in one line, without a name and without an exact figure."""
    if brief.customer is None:
        return "没有资料的到店客户，风险承受能力不详，只能介绍信息，不能推荐。"
    profile = brief.profile
    assets = profile.value("aum_total") if profile else None
    declared = profile.value("risk_declared") if profile else None
    parts = [
        "客户A",
        age_band(brief.customer.age_on(brief.as_of)),
        label(brief.life_stage),
        f"资产{amount_band(assets if isinstance(assets, (int, float)) else None)}",
        f"风险承受能力{declared or '不详'}",
    ]
    return "，".join(parts)


def advice(brief: WritingBrief) -> list[str]:
    """How to speak in this case."""
    following = [FOLLOWING_UP] if brief.occasion is Occasion.FOLLOW_UP else []
    return [*following, *(ADVICE[manner] for manner in brief.manners[:2])]


def plain_reasons(brief: WritingBrief) -> list[str]:
    """The reasons for the contact with their figures taken out."""
    if brief.profile is None:
        return []
    leading = leading_reason(brief)
    reasons = sorted(brief.profile.reasons, key=lambda reason: reason is not leading)
    return [_NUMBER.sub("若干", reason.text) for reason in reasons[:4]]
