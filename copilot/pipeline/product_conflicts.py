"""Product records that contradict themselves: nobody may be told anything from them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import date

from copilot.errors import StateError
from copilot.records.product import Product

_DAYS = re.compile(r"(\d+)天")


class ContradictoryProduct(StateError):
    """A product's records say different things about the same day."""

    code = "contradictory_product"

    def __init__(self, product_code: str, conflicts: Sequence[str]) -> None:
        super().__init__(
            f"产品 {product_code} 的记录自相矛盾：{'；'.join(conflicts)}。",
            field="product",
            next="请产品部门改正产品表后重新导入；在此之前不要介绍这个产品。",
        )


def require_consistent(product: Product, versions: Sequence[Product], as_of: date) -> Product:
    """The product, when its records agree.

    Raises:
        ContradictoryProduct: they do not; every contradiction is named.
    """
    conflicts = [*_of_versions(versions, as_of), *_of_one(product)]
    if conflicts:
        raise ContradictoryProduct(product.product_code, conflicts)
    return product


def _of_versions(versions: Sequence[Product], as_of: date) -> Iterator[str]:
    valid = [version for version in versions if version.valid_on(as_of)]
    if len(valid) > 1:
        since = "、".join(version.valid_from.isoformat() for version in valid)
        yield f"{as_of.isoformat()} 有{len(valid)}个有效版本（{since} 起）"


def _of_one(product: Product) -> Iterator[str]:
    low, high = product.benchmark_low_bp, product.benchmark_high_bp
    if low is not None and high is not None and low > high:
        yield f"业绩比较基准下限 {low:g} 高于上限 {high:g}（基点）"
    low, high = product.apr_bp, product.apr_high_bp
    if low is not None and high is not None and low > high:
        yield f"年化利率下限 {low:g} 高于上限 {high:g}（基点）"
    named = _DAYS.search(product.name)
    if named and product.term_days is not None and int(named[1]) != product.term_days:
        yield f"名称写{named[1]}天，期限是{product.term_days}天"
