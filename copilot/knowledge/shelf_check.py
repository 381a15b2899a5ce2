"""Product sheets held against the product table: both are the bank's word, so they must agree."""

from __future__ import annotations

from copilot.knowledge.parsed import ParsedDocument
from copilot.knowledge.product_sheet import ProductSheet, fen, key_facts
from copilot.knowledge.source import Source
from copilot.records.product import Product

NO_RECORD = "资料已入库，但产品表中没有该代码（{code}），检索时不显示。"
NO_VERSION = "资料已入库，但产品表中 {code} 没有 {day} 起的版本。"
DIFFERENT = "与产品表不一致（{code}，{day} 版）：{differences}。请核对，以产品表为准。"

_DATES = {"sale_from": "开售日", "sale_to": "停售日", "valid_to": "失效日"}


def shelf_remarks(
    parsed: ParsedDocument, source: Source, versions: list[Product]
) -> tuple[str, ...]:
    """What the product table says against a document about one product; nothing when they agree.

    A field that only one of the two gives is no contradiction. ``versions`` are the table's
    versions of the document's product.
    """
    if not versions:
        return (NO_RECORD.format(code=parsed.product_code),)
    front = source.front_matter()
    if front is None or "type" not in front.values:
        return ()
    return _contradictions(front.yaml.validated(ProductSheet), versions)


def _contradictions(sheet: ProductSheet, versions: list[Product]) -> tuple[str, ...]:
    code, day = sheet.product_code, sheet.valid_from.isoformat()
    product = next((v for v in versions if v.valid_from == sheet.valid_from), None)
    if product is None:
        return (NO_VERSION.format(code=code, day=day),)
    facts = key_facts(sheet, fen(sheet.min_amount)) | _dates(sheet)
    recorded = key_facts(product, product.min_amount) | _dates(product)
    differences = "；".join(
        f"{name}资料为 {stated}、产品表为 {recorded[name]}"
        for name, stated in facts.items()
        if stated and recorded[name] and stated != recorded[name]
    )
    if not differences:
        return ()
    return (DIFFERENT.format(code=code, day=day, differences=differences),)


def _dates(record: ProductSheet | Product) -> dict[str, str]:
    days = {name: getattr(record, field) for field, name in _DATES.items()}
    return {name: day.isoformat() if day else "" for name, day in days.items()}
