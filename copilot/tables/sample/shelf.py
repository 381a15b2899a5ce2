"""The product shelf, taken from the knowledge base's product sheets, as the bank exports it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from copilot.errors import InputError
from copilot.records.front_matter import required_front_matter
from copilot.records.tables import TABLES

COLUMNS = tuple(column.name for column in TABLES["products"].columns)


@dataclass(frozen=True, slots=True)
class ShelfProduct:
    """What a holding needs to know of a product: money in fen, rates in basis points."""

    code: str
    type: str
    rating: int | None
    min_amount: int
    term_days: int | None
    rate_bp: float


@dataclass(frozen=True, slots=True)
class Shelf:
    """All dated versions as export rows, and the current version of each product by code."""

    rows: tuple[tuple[str, ...], ...]
    products: Mapping[str, ShelfProduct]

    def require(self, codes: Iterable[str], knowledge_dir: Path) -> None:
        """Check that the products which the planted customers hold are on the shelf.

        Raises:
            InputError: one is missing; names its code.
        """
        for code in codes:
            if code not in self.products:
                raise InputError(
                    f"产品库缺少 {code}，示例银行的客户持有它。",
                    next=f"请补上 products/{code}.md，或用 --sources 载入本行数据。",
                    file=str(knowledge_dir / "products"),
                )


def read_shelf(knowledge_dir: Path) -> Shelf:
    """Read the front matter of ``products/*.md``; money there is in yuan.

    Raises:
        InputError: there is no sheet, or a sheet has no front matter.
    """
    sheets = [
        required_front_matter(path.read_text("utf-8"), path).values
        for path in sorted((knowledge_dir / "products").glob("*.md"))
    ]
    if not sheets:
        raise InputError(
            "没有找到产品资料，无法生成示例银行。",
            next="请确认知识库目录下有 products/*.md。",
            file=str(knowledge_dir / "products"),
        )
    rows = tuple(tuple(_cell(sheet.get(name)) for name in COLUMNS) for sheet in sheets)
    current = {sheet["product_code"]: sheet for sheet in sheets if not sheet.get("valid_to")}
    return Shelf(rows, {code: _product(sheet) for code, sheet in current.items()})


def _cell(value: Any) -> str:
    if value is None or value == []:
        return ""
    if isinstance(value, bool):
        return "是" if value else "否"
    if isinstance(value, list):
        return json.dumps(value, ensure_ascii=False)
    return value.isoformat() if isinstance(value, date) else str(value)


def _product(sheet: Mapping[str, Any]) -> ShelfProduct:
    rating = sheet.get("risk_rating")
    return ShelfProduct(
        code=sheet["product_code"],
        type=sheet["type"],
        rating=int(rating[1:]) if rating else None,
        min_amount=round((sheet.get("min_amount") or 0) * 100),
        term_days=sheet.get("term_days"),
        rate_bp=float(sheet.get("rate_bp") or sheet.get("benchmark_low_bp") or 0),
    )
