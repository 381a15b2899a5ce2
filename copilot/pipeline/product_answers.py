"""Sentences that state a product record: dated, with their scope, every figure traced."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import date, timedelta

from copilot.drafting.composer import Composer
from copilot.drafting.fill import Filled
from copilot.pipeline.product_words import Property
from copilot.records import figures
from copilot.records.codes import ProductType, Tier, label
from copilot.records.draft import Figure
from copilot.records.product import Fee, Product

Stated = Filled | str | None
#: How statements begin that a table says in its first column.
_LEADS = (
    "的起点金额是",
    "的期限是",
    "的风险等级是",
    "的犹豫期或冷静期是",
    "的缴费期：",
    "的费用：",
    "的发售期：",
    "的资料",
    "可以介绍的渠道：",
    "：",
)


def state(product: Product, asked: Property, today: date, day: date | None = None) -> Filled | None:
    """What a product version says about a property; ``None`` when it says nothing.

    A version valid ``today`` is stated as of ``day`` (today, when it is not given), an earlier one
    with the days it held.

    >>> bond = Product("GB", date(2026, 11, 10), "储蓄国债三年期", ProductType.GOV_BOND, "财政部")
    >>> state(bond, Property.RATING, date(2026, 11, 20)) is None
    True
    >>> state(bond, Property.ISSUER, date(2026, 11, 20)).text
    '截至2026年11月20日，储蓄国债三年期（GB）由财政部发行与管理（产品资料自2026年11月10日起有效，全行适用）。'
    """
    said = _sale(product, today) if asked is Property.SALE else _STATEMENTS[asked](product)
    if said is None:
        return None
    composer = Composer()
    if product.valid_on(today):
        composer.add("" if day and day < today else "截至")
        composer.add(traced(figures.full_date(day or today), "as_of")).add("，")
    composer.add(traced(product.name, "product.name"))
    composer.add(f"（{product.product_code}）").add(said).add("（")
    composer.add("自" if asked is Property.RATE else "产品资料自")
    composer.add(traced(figures.full_date(product.valid_from), "product.valid_from"))
    holds = "执行" if asked is Property.RATE else "有效"
    if product.valid_on(today) or product.valid_to is None:
        composer.add(f"起{holds}")
    else:
        last = product.valid_to - timedelta(days=1)
        composer.add("至").add(traced(figures.full_date(last), "product.valid_to")).add(holds)
    return composer.add(f"，{_scope(product)}）。").filled


def value(product: Product, asked: Property, today: date) -> Filled | None:
    """What a product version says about a property, as short as a table wants it.

    >>> bond = Product("GB", date(2026, 11, 10), "储蓄国债", ProductType.GOV_BOND, "财政部",
    ...     term_days=1095)
    >>> value(bond, Property.TERM, date(2026, 11, 20)).text
    '3年'
    """
    said = _sale(product, today) if asked is Property.SALE else _STATEMENTS[asked](product)
    if said is None:
        return None
    filled = Filled(said, ()) if isinstance(said, str) else said
    lead = next((lead for lead in _LEADS if filled.text.startswith(lead)), "")
    moved = (replace(f, start=f.start - len(lead), end=f.end - len(lead)) for f in filled.figures)
    return Filled(filled.text[len(lead) :], tuple(moved))


def _rate(product: Product) -> Filled | None:
    composer = Composer()
    if product.rate_bp is not None:
        composer.add("年利率").add(_percent(product.rate_bp, "rate_bp"))
    elif product.apr_bp is not None:
        composer.add("年化利率（单利）").add(_percent(product.apr_bp, "apr_bp"))
        if product.apr_high_bp is not None and product.apr_high_bp != product.apr_bp:
            composer.add("至").add(_percent(product.apr_high_bp, "apr_high_bp"))
        composer.add("，以审批结果为准")
    elif product.benchmark_high_bp is not None:
        _benchmark(composer, product)
    elif product.benchmark_basis:
        composer.add("业绩比较基准为").add(_quoted(product.benchmark_basis, "benchmark_basis"))
        composer.add("，是衡量标准，不是收益目标")
    else:
        return None
    return composer.filled


def _benchmark(composer: Composer, product: Product) -> None:
    structured = product.type is ProductType.STRUCTURED_DEPOSIT
    composer.add("收益区间为年化" if structured else "业绩比较基准为年化")
    if product.benchmark_low_bp is not None and product.benchmark_high_bp is not None:
        if product.benchmark_low_bp != product.benchmark_high_bp:
            composer.add(_percent(product.benchmark_low_bp, "benchmark_low_bp")).add("至")
        composer.add(_percent(product.benchmark_high_bp, "benchmark_high_bp"))
    for name in ("benchmark_basis", "benchmark_statement"):
        wording = getattr(product, name)
        if wording:
            composer.add("；").add(_quoted(wording, name))


def _fees(product: Product) -> Filled | None:
    if not product.fees:
        return None
    composer = Composer().add("的费用：")
    for number, fee in enumerate(product.fees):
        composer.add("、" if number else "").add(fee.name).add(_fee(fee))
        if fee.note:
            composer.add("（").add(traced(fee.note, "product.fees")).add("）")
    return composer.filled


def _fee(fee: Fee) -> Filled:
    if fee.rate_bp is not None:
        return traced(figures.percent(fee.rate_bp), "product.fees")
    if fee.amount is not None:
        return traced(figures.amount(fee.amount), "product.fees")
    return Filled("以合同为准", ())


def _sale(product: Product, today: date) -> Filled | None:
    if product.sale_from is None and product.sale_to is None:
        return Filled("的资料没有限定发售期，能否办理以系统当天显示为准", ())
    composer = Composer().add("的发售期：")
    if product.sale_from is not None:
        composer.add(traced(figures.full_date(product.sale_from), "product.sale_from")).add("开始")
    if product.sale_to is not None:
        composer.add("，截止" if product.sale_from else "截止")
        composer.add(traced(figures.full_date(product.sale_to), "product.sale_to"))
    if product.sale_to is not None and product.sale_to < today:
        return composer.add("，已经结束").filled
    if product.sale_from is not None and product.sale_from > today:
        return composer.add("，还没有开始").filled
    return composer.add("，售完为止").filled


def _pay_terms(product: Product) -> Filled | None:
    if not product.pay_terms:
        return None
    composer = Composer().add("的缴费期：")
    for number, years in enumerate(product.pay_terms):
        composer.add("、" if number else "").add(traced(f"{years}年", "product.pay_terms"))
    return composer.filled


def _branches(product: Product) -> str:
    if product.branches:
        return f"只在{'、'.join(product.branches)}介绍和办理"
    return "没有限定支行，各网点都可以办理"


def _channels(product: Product) -> str | None:
    if not product.channels:
        return None
    return f"可以介绍的渠道：{'、'.join(label(channel) for channel in product.channels)}"


def _audience(product: Product) -> str:
    tiers = f"{'、'.join(label(Tier(tier)) for tier in product.tiers)}客户" if product.tiers else ""
    return f"面向{tiers or '个人客户，不限层级'}"


def _insured(product: Product) -> str | None:
    if product.deposit_insured is None:
        return None
    return "属于存款保险范围" if product.deposit_insured else "不是存款，不在存款保险范围内"


def _issuer(product: Product) -> Filled:
    composer = Composer().add("由").add(_quoted(product.issuer, "issuer")).add("发行与管理")
    return composer.filled


def _shown(label: str, name: str, form: Callable[[int], str]) -> Callable[[Product], Stated]:
    """A statement of one numeric field."""

    def said(product: Product) -> Stated:
        value = getattr(product, name)
        if value is None:
            return None
        return Composer().add(label).add(traced(form(value), f"product.{name}")).filled

    return said


def _wording(label: str, name: str) -> Callable[[Product], Stated]:
    """A statement of one field of wording."""

    def said(product: Product) -> Stated:
        value = getattr(product, name)
        if not value:
            return None
        return Composer().add(label).add(_quoted(value, name)).filled

    return said


_STATEMENTS: dict[Property, Callable[[Product], Stated]] = {
    Property.RATE: _rate,
    Property.MIN_AMOUNT: _shown("的起点金额是", "min_amount", figures.amount),
    Property.TERM: _shown("的期限是", "term_days", figures.term),
    Property.RATING: _wording("的风险等级是", "risk_rating"),
    Property.FEES: _fees,
    Property.WITHDRAWAL: _wording("：", "liquidity"),
    Property.BRANCHES: _branches,
    Property.CHANNELS: _channels,
    Property.AUDIENCE: _audience,
    Property.COOLING_OFF: _shown("的犹豫期或冷静期是", "cooling_off_days", figures.term),
    Property.PAY_TERMS: _pay_terms,
    Property.ISSUER: _issuer,
    Property.INSURED: _insured,
}


def _percent(bp: float, name: str) -> Filled:
    return traced(figures.percent(bp), f"product.{name}")


def _quoted(wording: str, name: str) -> Filled:
    return traced(wording.rstrip("。"), f"product.{name}")


def traced(text: str, source: str) -> Filled:
    """A text with its source, where it holds a figure at all."""
    holds_figure = any(character.isdigit() for character in text)
    found: Iterable[Figure] = [Figure(text, 0, len(text), source)] if holds_figure else ()
    return Filled(text, tuple(found))


def _scope(product: Product) -> str:
    return f"限{'、'.join(product.branches)}" if product.branches else "全行适用"
