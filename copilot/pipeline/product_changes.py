"""How a product's rate changed: its dated versions, one after the other, and the steps between."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby, pairwise

from copilot.drafting.composer import Composer
from copilot.drafting.fill import Filled
from copilot.pipeline.product_answers import traced
from copilot.records import figures
from copilot.records.compliance import Fact
from copilot.records.product import Product

#: The fields of which a step is told, with what each is called.
_RATES = (
    ("rate_bp", "年利率"),
    ("apr_bp", "年化利率下限"),
    ("apr_high_bp", "年化利率上限"),
    ("benchmark_low_bp", "业绩比较基准下限"),
    ("benchmark_high_bp", "业绩比较基准上限"),
)


def changes(composer: Composer, versions: Sequence[Product]) -> list[str]:
    """Adds each step from a version to the next; returns the products without an older version."""
    single = []
    for _, held in groupby(versions, key=lambda version: version.product_code):
        dated = list(held)
        if len(dated) == 1:
            single.append(dated[0].name)
        for before, after in pairwise(dated):
            for said in _steps(before, after):
                composer.line(said)
    return single


def rate_steps(versions: Sequence[Product]) -> Iterable[Fact]:
    """The differences between versions that an answer may state."""
    for before, after in pairwise(versions):
        if before.product_code == after.product_code:
            for old, new, _, _ in _changed(before, after):
                yield Fact("metric.rate_step", "quoted", "rate", abs(new - old))


def _steps(before: Product, after: Product) -> Iterator[Filled]:
    for old, new, name, label in _changed(before, after):
        composer = Composer().add(_of(after, "valid_from", figures.full_date(after.valid_from)))
        composer.add("起，").add(_of(after, "name", after.name)).add(f"{label}从")
        composer.add(_of(before, name, figures.percent(old))).add("调到")
        composer.add(_of(after, name, figures.percent(new)))
        composer.add("，下降" if new < old else "，上升")
        step = f"{figures.percent(abs(new - old)).removesuffix('%')}个百分点"
        yield composer.add(_of(after, "rate_step", step)).add("。").filled


def _changed(before: Product, after: Product) -> Iterator[tuple[float, float, str, str]]:
    for name, label in _RATES:
        old, new = getattr(before, name), getattr(after, name)
        if old is not None and new is not None and old != new:
            yield old, new, name, label


def _of(product: Product, name: str, text: str) -> Filled:
    """A text traced to a field of one version of a product."""
    version = f"{product.product_code}@{product.valid_from.isoformat()}"
    return traced(text, f"product.{name}@{version}")
