"""Product sheets: the record becomes one passage of facts, each section of prose another.

Figures in the facts passage are printed from the record in the declared display formats, so a
quote of it states exactly what the record states. Loading the record itself is the tables stage's.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date
from typing import TYPE_CHECKING, TypeVar

from pydantic import BaseModel, ConfigDict, Field

from copilot.knowledge.parsed import ParsedDocument, ParsedPassage, pieces, sections
from copilot.knowledge.source import Source
from copilot.records import figures
from copilot.records.codes import Audience, Channel, Origin, PassageKind, ProductType, label
from copilot.records.front_matter import FrontMatter

if TYPE_CHECKING:
    from copilot.records.product import Product

FACTS = "产品要素"
_BENCHMARK = "业绩比较基准"

Value = TypeVar("Value", int, float)


class _Fee(BaseModel):
    model_config = ConfigDict(extra="forbid")

    name: str = Field(min_length=1)
    rate_bp: float | None = None
    amount: float | None = None
    note: str = ""


class ProductSheet(BaseModel):
    """The front matter of a product sheet: a product record whose money is in yuan."""

    model_config = ConfigDict(extra="forbid")

    product_code: str = Field(min_length=1)
    valid_from: date
    name: str = Field(min_length=1)
    type: ProductType
    issuer: str = Field(min_length=1)
    origin: Origin = Origin.OWN
    partner_approval_ref: str | None = None
    risk_rating: str | None = Field(None, pattern="^R[1-5]$")
    min_amount: float | None = None
    term_days: int | None = None
    rate_bp: float | None = None
    benchmark_low_bp: float | None = None
    benchmark_high_bp: float | None = None
    benchmark_basis: str | None = None
    benchmark_statement: str | None = None
    apr_bp: float | None = None
    apr_high_bp: float | None = None
    fees: list[_Fee] = []
    pay_terms: list[int] = []
    cooling_off_days: int | None = None
    sale_from: date | None = None
    sale_to: date | None = None
    channels: list[Channel] = []
    audiences: list[str] = []
    tiers: list[str] = []
    branches: list[str] = []
    deposit_insured: bool | None = None
    valid_to: date | None = None
    liquidity: str | None = None
    risk_statement: str | None = None


def parse_product_sheet(source: Source, front: FrontMatter) -> ParsedDocument:
    """The passages of a product sheet.

    Raises:
        InputError: an unknown, missing or wrong key, or no prose; names file and line.
    """
    record = front.yaml.validated(ProductSheet)
    found = [_facts(record, front)]
    for section in sections(source.text, front.body_start):
        title = section.titles[-1] if section.titles else ""
        found += [
            ParsedPassage(
                heading=" / ".join((record.name, *section.titles)),
                text=source.text[start:end],
                start=start,
                end=end,
                citation=_citation(record, title),
                product_types=(record.type,),
            )
            for start, end in pieces(source.text, section.start, section.end)
        ]
    if len(found) == 1:
        raise source.error("产品资料只有文件头，没有正文。", next="请用“## 标题”写几段正文。")
    return ParsedDocument(
        document_id=f"product/{source.path.stem}",
        kind=PassageKind.PRODUCT,
        title=record.name,
        passages=tuple(found),
        audience=_audience(record),
        branches=tuple(record.branches),
        product_code=record.product_code,
        valid_from=record.valid_from,
        valid_to=record.valid_to,
    )


def _audience(record: ProductSheet) -> Audience:
    # A product that the public may not be told about (private funds) is for staff only.
    public = not record.audiences or "retail" in record.audiences
    return Audience.CUSTOMER if public else Audience.INTERNAL


def _citation(record: ProductSheet, title: str) -> str:
    since = figures.full_date(record.valid_from)
    return f"产品资料《{record.name}》（{record.product_code}，{since}版）{title}"


def _facts(record: ProductSheet, front: FrontMatter) -> ParsedPassage:
    return ParsedPassage(
        heading=f"{record.name} / {FACTS}",
        text="".join(f"{name}：{value}。" for name, value in _lines(record) if value),
        start=front.start,
        end=front.end,
        citation=_citation(record, FACTS),
        product_types=(record.type,),
    )


def key_facts(record: ProductSheet | Product, min_amount: int | None) -> dict[str, str]:
    """What a sheet and the product table must agree on, as a sheet prints it; ``""`` for nothing.

    The amount is in fen, which a sheet's own is not.
    """
    return {
        "产品名称": record.name,
        "类型": label(record.type),
        "发行机构": record.issuer,
        "风险等级": record.risk_rating or "",
        "期限": _shown(record.term_days, figures.term),
        "起点金额": _shown(min_amount, figures.amount),
        "年利率": _shown(record.rate_bp, figures.percent),
        "年化利率（单利）": _range(record.apr_bp, record.apr_high_bp),
        _BENCHMARK: _range(record.benchmark_low_bp, record.benchmark_high_bp),
        "犹豫期": _shown(record.cooling_off_days, figures.term),
    }


def fen(yuan: float | None) -> int | None:
    """An amount of a sheet, which is in yuan, as records have it."""
    return None if yuan is None else round(yuan * figures.FEN_PER_YUAN)


def _lines(record: ProductSheet) -> Iterator[tuple[str, str]]:
    yield "产品代码", record.product_code
    for name, value in key_facts(record, fen(record.min_amount)).items():
        if name == _BENCHMARK:
            yield name, _benchmark(value, record)
            yield "费用", "；".join(map(_fee, record.fees))
        else:
            yield name, value
    yield "流动性", (record.liquidity or "").rstrip("。")
    yield "风险提示", (record.risk_statement or "").rstrip("。")


def _benchmark(span: str, record: ProductSheet) -> str:
    statements = (record.benchmark_basis, record.benchmark_statement)
    return "。".join([span, *(text.rstrip("。") for text in statements if text)]) if span else ""


def _range(low: float | None, high: float | None) -> str:
    return "至".join(dict.fromkeys(figures.percent(bp) for bp in (low, high) if bp is not None))


def _fee(fee: _Fee) -> str:
    value = _shown(fee.rate_bp, figures.percent) or _shown(fen(fee.amount), figures.amount)
    return f"{fee.name}{value}" + (f"（{fee.note}）" if fee.note else "")


def _shown(value: Value | None, form: Callable[[Value], str]) -> str:
    return "" if value is None else form(value)
