"""Product records, by code and date."""

from __future__ import annotations

import difflib
import json
import unicodedata
from datetime import date
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Engine, Row

from copilot.errors import NotFound
from copilot.records.codes import Channel, Origin, ProductType
from copilot.records.product import Fee, Product
from copilot.records.staff import Principal
from copilot.store import schema
from copilot.store.engine import read_connection

_products = schema.dimensions["products"]


class ProductRepository:
    """The shelf. Products limited to branches are given only to principals who see one of them."""

    def __init__(self, engine: Engine, principal: Principal) -> None:
        self._engine = engine
        self._principal = principal

    def get(self, product_code: str, as_of: date) -> Product:
        """The version of a product that is valid on ``as_of``.

        Raises:
            NotFound: no such code, or no version valid on the date.
        """
        versions = self.versions(product_code)
        if not versions:
            product_code = unicodedata.normalize("NFKC", product_code).strip().upper()
            versions = self.versions(product_code)
        for product in versions:
            if product.valid_on(as_of):
                return product
        if versions:
            spans = "；".join(
                f"{p.valid_from.isoformat()} 至 {p.valid_to.isoformat() if p.valid_to else '今'}"
                for p in versions
            )
            raise NotFound(
                f"产品 {product_code} 在 {as_of.isoformat()} 没有有效版本",
                field="product",
                next=f"已有版本：{spans}。请换一个 --as-of 日期。",
            )
        close = difflib.get_close_matches(product_code, self.codes(), n=3, cutoff=0.4)
        hint = f"相近的代码：{'、'.join(close)}。" if close else ""
        raise NotFound(
            f"没有这个产品代码：{product_code}",
            field="product",
            next=f"{hint}copilot search 可以按名称查找产品。",
        )

    def versions(self, product_code: str) -> list[Product]:
        """Every version of a product, oldest first."""
        query = (
            sa.select(_products)
            .where(_products.c.product_code == product_code)
            .order_by(_products.c.valid_from)
        )
        return self._read(query)

    def valid(self, as_of: date) -> list[Product]:
        """The shelf on ``as_of``: each product's valid version, by code."""
        query = (
            sa.select(_products)
            .where(
                _products.c.valid_from <= as_of,
                sa.or_(_products.c.valid_to.is_(None), _products.c.valid_to > as_of),
            )
            .order_by(_products.c.product_code)
        )
        return self._read(query)

    def codes(self) -> list[str]:
        """Every product code on record."""
        query = sa.select(_products.c.product_code).distinct().order_by(_products.c.product_code)
        with read_connection(self._engine) as connection:
            return list(connection.scalars(query))

    def _read(self, query: sa.Select[Any]) -> list[Product]:
        with read_connection(self._engine) as connection:
            return [_product(row) for row in connection.execute(query)]


def _list(value: str | None) -> list[Any]:
    return list(json.loads(value)) if value else []


def _product(row: Row[Any]) -> Product:
    values = {name: value for name, value in row._mapping.items() if name != "row_origin"}
    return Product(
        **values
        | {
            "type": ProductType(row.type),
            "origin": Origin(row.origin or Origin.OWN),
            "fees": tuple(
                Fee(fee["name"], fee.get("rate_bp"), fee.get("amount"), fee.get("note") or "")
                for fee in _list(row.fees)
            ),
            "pay_terms": tuple(int(term) for term in _list(row.pay_terms)),
            "channels": tuple(Channel(channel) for channel in _list(row.channels)),
            "audiences": tuple(_list(row.audiences)),
            "tiers": tuple(_list(row.tiers)),
            "branches": tuple(_list(row.branches)),
        }
    )
