"""Products as the bank's records state them: the only source of product figures."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from copilot.records.codes import Channel, Origin, ProductType
from copilot.records.validity import in_force


@dataclass(frozen=True, slots=True)
class Fee:
    """One fee of a product: a yearly or one-off rate in basis points, or an amount in fen."""

    name: str
    rate_bp: float | None = None
    amount: int | None = None
    note: str = ""


@dataclass(frozen=True, slots=True)
class Product:
    """One dated version of a product.

    Money is int fen, rates are basis points (1.25 % = 125), terms are days. ``None`` means that
    the product has no such property or the bank did not give it; it is never read as zero.
    A version is valid for ``valid_from <= day < valid_to`` and on sale for
    ``sale_from <= day <= sale_to`` (an absent bound is open).
    """

    product_code: str
    valid_from: date
    name: str
    type: ProductType
    issuer: str
    origin: Origin = Origin.OWN
    partner_approval_ref: str | None = None
    risk_rating: str | None = None
    min_amount: int | None = None
    term_days: int | None = None
    rate_bp: float | None = None
    benchmark_low_bp: float | None = None
    benchmark_high_bp: float | None = None
    benchmark_basis: str | None = None
    benchmark_statement: str | None = None
    apr_bp: float | None = None
    apr_high_bp: float | None = None
    fees: tuple[Fee, ...] = ()
    pay_terms: tuple[int, ...] = ()
    cooling_off_days: int | None = None
    sale_from: date | None = None
    sale_to: date | None = None
    channels: tuple[Channel, ...] = ()
    audiences: tuple[str, ...] = ()
    tiers: tuple[str, ...] = ()
    branches: tuple[str, ...] = ()
    deposit_insured: bool | None = None
    valid_to: date | None = None
    liquidity: str | None = None
    risk_statement: str | None = None

    def valid_on(self, day: date) -> bool:
        """Whether this version describes the product on ``day``."""
        return in_force(self.valid_from, self.valid_to, day)

    def on_sale(self, day: date) -> bool:
        """Whether the product may be bought on ``day``."""
        return (
            self.valid_on(day)
            and (self.sale_from is None or self.sale_from <= day)
            and (self.sale_to is None or day <= self.sale_to)
        )
