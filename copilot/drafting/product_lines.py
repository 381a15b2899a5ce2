"""What a product record says, as sentences in the slot language: no figure is written here."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from copilot.drafting.composer import Composer
from copilot.drafting.fill import Filled, MissingSlot, fill
from copilot.drafting.slots import Slot, parse
from copilot.records.codes import Origin, ProductType
from copilot.records.product import Product

BENCHMARK_LOW, BENCHMARK_BASIS = "product.benchmark_low_bp", "product.benchmark_basis"
#: Sentences about a product in the order they are said. Of each group the first whose values are
#: on record is said; a group with none is left out. The second group is for agency products only.
FACT_LINES: tuple[tuple[str, ...], ...] = (
    ("{{ product.name }}：",),
    ("由{{ product.issuer }}发行与管理，本行为代销机构。",),
    ("{{ today | date }}执行的年利率是{{ product.rate_bp | percent }}。",),
    (
        "业绩比较基准为年化{{ product.benchmark_low_bp | percent }}至"
        "{{ product.benchmark_high_bp | percent }}（{{ product.benchmark_basis }}）。",
        "业绩比较基准为年化{{ product.benchmark_high_bp | percent }}"
        "（{{ product.benchmark_basis }}）。",
        "业绩比较基准：{{ product.benchmark_basis }}。",
    ),
    ("{{ product.benchmark_statement }}",),
    (
        "年化利率（单利）{{ product.apr_bp | percent }}至{{ product.apr_high_bp | percent }}。",
        "年化利率（单利）{{ product.apr_bp | percent }}。",
    ),
    ("风险等级{{ product.risk_rating }}。",),
    ("期限{{ product.term_days | term }}。",),
    ("起点是{{ product.min_amount | amount }}。",),
    ("{{ product.liquidity }}",),
    ("犹豫期{{ product.cooling_off_days | term }}。",),
)
#: What a line is called for some types of product.
_SAID_OF: Mapping[ProductType, Mapping[str, str]] = {
    ProductType.STRUCTURED_DEPOSIT: {"业绩比较基准为": "收益区间为", "犹豫期": "冷静期"},
    ProductType.PRIVATE_FUND: {"犹豫期": "冷静期"},
    ProductType.LOAN: {"期限": "期限最长", "起点是": "最低可贷"},
    ProductType.INSURANCE: {"起点是": "保费最低"},
}
_TERM_IN_NAME = re.compile(r"[一二三四五六七八九十\d](?:天|个月|年)")
TODAY = "today"
#: Slots that hold whole sentences of the record: said once, not twice.
WHOLE_SENTENCES = frozenset(
    {
        "product.liquidity",
        "product.risk_statement",
        "product.benchmark_basis",
        "product.benchmark_statement",
    }
)
RISK_LINE = "{{ product.risk_statement }}"
DEPOSIT_RISK_LINE = "到期后的利率以到期日挂牌为准，提前支取会少拿利息。"
_DEPOSITS = (ProductType.DEPOSIT, ProductType.LARGE_CD, ProductType.GOV_BOND)


def record_facts(
    product: Product, values: Mapping[str, object], told: frozenset[str] = frozenset()
) -> Filled:
    """What the record states about a product, as one paragraph.

    Args:
        product: the product version.
        values: the values by slot path.
        told: slot paths that the text states elsewhere; a line with only those is left out.
    """
    composer = Composer()
    if product.origin is Origin.OWN:
        told |= {"product.issuer"}
    if _TERM_IN_NAME.search(product.name):
        told |= {"product.term_days"}
    within = {**values, **_benchmark(values)}
    for group in FACT_LINES:
        if paths_in(group[-1:]) <= told | {TODAY}:
            continue
        for line in group:
            try:
                composer.add(fill(_said_of(product, line), within))
            except MissingSlot:
                continue
            break
    return composer.filled


def _benchmark(values: Mapping[str, object]) -> dict[str, object]:
    """The benchmark as it stands inside a sentence: one figure where both ends are the same."""
    low, basis = values.get(BENCHMARK_LOW), values.get(BENCHMARK_BASIS)
    return {
        BENCHMARK_LOW: None if low == values.get("product.benchmark_high_bp") else low,
        BENCHMARK_BASIS: basis.rstrip("。") if isinstance(basis, str) else None,
    }


def _said_of(product: Product, line: str) -> str:
    for usual, said in _SAID_OF.get(product.type, {}).items():
        line = line.replace(usual, said)
    return line


def risk_reminder(product: Product, told: frozenset[str] = frozenset()) -> Filled:
    """The record's own risk statement, or the reminder that deposits carry, unless told."""
    if product.risk_statement:
        path = "product.risk_statement"
        return Filled("", ()) if path in told else fill(RISK_LINE, {path: product.risk_statement})
    deposit = product.type in _DEPOSITS and "product.liquidity" not in told
    return Filled(DEPOSIT_RISK_LINE if deposit else "", ())


def paths_in(texts: Iterable[str]) -> frozenset[str]:
    """The slot paths that texts name."""
    return frozenset(part.path for text in texts for part in parse(text) if isinstance(part, Slot))
