"""The shipped templates filled for every product of the shelf, with the longest usual values."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from functools import cache
from typing import NamedTuple

import yaml

from copilot.drafting.fill import Filled, MissingSlot, fill, product_values
from copilot.drafting.template_files import load_templates
from copilot.paths import shipped
from copilot.records.codes import Channel, Origin, ProductType
from copilot.records.product import Product
from copilot.records.template import Template

TODAY = date(2026, 11, 20)
KNOWLEDGE = shipped("knowledge")
MATURITY = date(2026, 12, 28)
#: The longest values that the slots usually take.
VALUES = {
    "customer.salutation": "欧阳女士",
    "staff.name": "李晓雯",
    "staff.number": "S1002",
    "branch.name": "城东支行",
    "bank.name": "示例银行",
    "today": TODAY,
    "maturity.date": MATURITY,
    "maturity.day": "12月28日",
    "maturity.product": "结构性存款",
}
SOLD = frozenset(ProductType) - {ProductType.PRIVATE_FUND}


class Fill(NamedTuple):
    """One template filled for one product on one channel."""

    template: Template
    channel: Channel
    product: Product
    filled: Filled


@cache
def templates() -> tuple[Template, ...]:
    return load_templates(KNOWLEDGE / "templates")


@cache
def shelf() -> tuple[Product, ...]:
    return tuple(
        _product(yaml.safe_load(path.read_text("utf-8").split("---")[1]))
        for path in sorted((KNOWLEDGE / "products").glob("*.md"))
        if "@" not in path.name
    )


def _product(sheet: dict[str, object]) -> Product:
    fields = dict(sheet)
    fields.pop("fees", None)
    fields["type"] = ProductType(str(sheet["type"]))
    fields["origin"] = Origin(str(sheet["origin"]))
    fields["channels"] = tuple(Channel(code) for code in sheet["channels"])  # type: ignore[attr-defined]
    if sheet.get("min_amount") is not None:
        fields["min_amount"] = int(float(str(sheet["min_amount"])) * 100)
    return Product(**fields)  # type: ignore[arg-type]


@cache
def fills() -> tuple[Fill, ...]:
    return tuple(_fills())


def _fills() -> Iterator[Fill]:
    for template in templates():
        for channel in template.channels:
            for product in shelf():
                if template.fits(product, channel) and channel in product.channels:
                    try:
                        filled = fill(template.text, VALUES | product_values(product))
                    except MissingSlot:
                        continue
                    yield Fill(template, channel, product, filled)


def on(channel: Channel) -> list[Fill]:
    return [each for each in fills() if each.channel is channel]
