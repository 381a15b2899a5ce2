"""Product sheets held against the product table: both are the bank's word, so they must agree."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from copilot.knowledge.parsed import ParsedDocument
from copilot.knowledge.product_sheet import ProductSheet
from copilot.knowledge.source import MARKDOWN, Source, front_matter
from copilot.records import figures
from copilot.records.codes import ProductType, label
from copilot.records.product import Product

NO_RECORD = "资料已入库，但产品表中没有该代码（{code}），检索时不显示。"
NO_VERSION = "资料已入库，但产品表中 {code} 没有 {day} 起的版本。"
DIFFERENT = "与产品表不一致（{code}，{day} 版）：{differences}。请核对，以产品表为准。"

_YUAN = figures.amount
_PERCENT = figures.percent


def _as_is(value: Any) -> str:
    return str(value)


def _type(value: ProductType) -> str:
    return label(value)


#: What is compared: the record's field, its name for people, and how its values are shown.
_COMPARED: Mapping[str, tuple[str, Callable[[Any], str]]] = {
    "name": ("名称", _as_is),
    "type": ("类型", _type),
    "issuer": ("发行机构", _as_is),
    "risk_rating": ("风险等级", _as_is),
    "min_amount": ("起点金额", _YUAN),
    "term_days": ("期限", figures.term),
    "rate_bp": ("年利率", _PERCENT),
    "benchmark_low_bp": ("业绩比较基准下限", _PERCENT),
    "benchmark_high_bp": ("业绩比较基准上限", _PERCENT),
    "apr_bp": ("年化利率", _PERCENT),
    "apr_high_bp": ("年化利率上限", _PERCENT),
    "cooling_off_days": ("犹豫期", figures.term),
    "sale_from": ("开售日", _as_is),
    "sale_to": ("停售日", _as_is),
    "valid_to": ("失效日", _as_is),
}


def shelf_remarks(
    parsed: ParsedDocument, source: Source, versions: list[Product]
) -> tuple[str, ...]:
    """What the product table says against a document about one product; nothing when they agree.

    A field that only one of the two gives is no contradiction. ``versions`` are the table's
    versions of the document's product.
    """
    if not versions:
        return (NO_RECORD.format(code=parsed.product_code),)
    front = front_matter(source) if source.suffix in MARKDOWN else None
    if front is None or "type" not in front.values:
        return ()
    return _contradictions(front.yaml.validated(ProductSheet), versions)


def _contradictions(sheet: ProductSheet, versions: list[Product]) -> tuple[str, ...]:
    code, day = sheet.product_code, sheet.valid_from.isoformat()
    product = next((v for v in versions if v.valid_from == sheet.valid_from), None)
    if product is None:
        return (NO_VERSION.format(code=code, day=day),)
    differences = "；".join(
        f"{name}资料为 {show(stated)}、产品表为 {show(recorded)}"
        for field, (name, show) in _COMPARED.items()
        if (stated := _stated(sheet, field)) is not None
        and (recorded := getattr(product, field)) is not None
        and stated != recorded
    )
    if not differences:
        return ()
    return (DIFFERENT.format(code=code, day=day, differences=differences),)


def _stated(sheet: ProductSheet, field: str) -> Any:
    value = getattr(sheet, field)
    if field == "min_amount" and value is not None:
        return round(value * figures.FEN_PER_YUAN)
    return value
