"""What a text may state: the facts of records, with the role each plays.

The checker grounds every figure of a draft in these. Roles and kinds are those of
`copilot.records.compliance.Fact`; role ``quoted`` is for figures that stand inside the wording of
a record or a cited passage, where the wording and not a field says what they are.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator
from datetime import date, timedelta

from copilot.records.compliance import Fact
from copilot.records.knowledge import Passage
from copilot.records.product import Product
from copilot.records.profile import FeatureValue, Profile

_BP_PER_UNIT = 10_000
_DAYS_PER_YEAR = 365

_PRODUCT_FIGURES = (
    ("rate_bp", "rate", "rate"),
    ("benchmark_low_bp", "benchmark_low", "rate"),
    ("benchmark_high_bp", "benchmark_high", "rate"),
    ("apr_bp", "apr", "rate"),
    ("apr_high_bp", "apr_high", "rate"),
    ("min_amount", "min_amount", "amount"),
    ("term_days", "term", "term"),
    ("cooling_off_days", "cooling_off", "term"),
    ("risk_rating", "rating", "rating"),
    ("valid_from", "date", "date"),
    ("valid_to", "date", "date"),
    ("sale_from", "date", "date"),
    ("sale_to", "date", "date"),
)
_PRODUCT_WORDING = (
    "name",
    "issuer",
    "partner_approval_ref",
    "benchmark_basis",
    "benchmark_statement",
    "liquidity",
    "risk_statement",
)
#: Kinds of figures in wording and the kinds of facts that ground them.
_FIGURE_KINDS = {
    "rate": "rate",
    "amount": "amount",
    "term": "term",
    "rating": "rating",
    "count": "count",
    "periods": "count",
    "date": "date",
    "year": "date",
}
_UNIT_KINDS = {
    "fen": "amount",
    "fen_per_month": "amount",
    "days": "term",
    "count": "count",
    "date": "date",
}


def product_facts(product: Product) -> Iterator[Fact]:
    """The facts of one product version: fields, fees, and figures inside its wording."""
    for name, role, kind in _PRODUCT_FIGURES:
        value = getattr(product, name)
        if value is not None:
            stated = value.isoformat() if isinstance(value, date) else value
            yield Fact(f"product.{name}", role, kind, stated)
    if product.valid_to is not None:
        last = product.valid_to - timedelta(days=1)
        yield Fact("product.valid_to", "date", "date", last.isoformat())
    for years in product.pay_terms:
        yield Fact("product.pay_terms", "pay_term", "term", years * _DAYS_PER_YEAR)
        yield Fact("product.pay_terms", "pay_term", "count", years)
    for fee in product.fees:
        if fee.rate_bp is not None:
            yield Fact("product.fees", "fee", "rate", fee.rate_bp)
        if fee.amount is not None:
            yield Fact("product.fees", "fee", "amount", fee.amount)
        yield from figures_of(fee.note, "product.fees")
    for name in _PRODUCT_WORDING:
        yield from figures_of(getattr(product, name) or "", f"product.{name}")


def profile_facts(profile: Profile) -> Iterator[Fact]:
    """The facts of a profile: each known feature in its unit, and the next maturity date."""
    for feature in profile.features.values():
        fact = _feature_fact(feature)
        if fact is not None:
            yield fact
    if matures := profile.next_maturity:
        source = "maturing_today" if matures == profile.as_of else "days_to_maturity"
        yield Fact(f"profile.{source}", "maturity", "date", matures.isoformat())


def passage_facts(passages: Iterable[Passage]) -> Iterator[Fact]:
    """The figures that stand in passages, for texts that quote those very passages."""
    for passage in passages:
        yield from figures_of(passage.text, f"passage:{passage.passage_id}")


def day_fact(day: date) -> Fact:
    """The date that a text speaks on."""
    return Fact("as_of", "date", "date", day.isoformat())


def figures_of(wording: str, source: str) -> Iterator[Fact]:
    """The figures inside a record's own wording."""
    from copilot.compliance.quantities import figures

    for figure in figures(unicodedata.normalize("NFKC", wording).lower()):
        kind = _FIGURE_KINDS.get(figure.kind)
        if kind == "date":
            if not str(figure.value).startswith("--"):  # a day without its year is no fact
                yield Fact(source, "quoted", "date", str(figure.value))
        elif kind is not None:
            yield Fact(source, "quoted", kind, figure.value)


def _feature_fact(feature: FeatureValue) -> Fact | None:
    value, source = feature.value, f"profile.{feature.name}"
    if isinstance(value, date):
        return Fact(source, "date", "date", value.isoformat())
    if feature.name == "risk_declared" and isinstance(value, str):
        return Fact(source, "tolerance", "rating", value)
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    if feature.unit == "ratio":
        return Fact(source, "ratio", "rate", value * _BP_PER_UNIT)
    kind = _UNIT_KINDS.get(feature.unit)
    return Fact(source, kind, kind, value) if kind else None
