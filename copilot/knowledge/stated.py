"""What a text states of a product, against the product's record."""

from __future__ import annotations

import re

from copilot.knowledge.product_sheet import FACTS, key_facts
from copilot.records import figures
from copilot.records.product import Product

__all__ = ["FACTS", "differing_facts", "unknown_figures"]

_RATING = re.compile(r"(?<![A-Za-z])R[1-5](?![0-9])")
#: A percentage; one behind × is the weight of an index, not a figure of the product.
_PERCENT = re.compile(r"(?<![\d.×xX*＊])(\d+(?:\.\d+)?)\s*[%％]")
_START = re.compile(
    r"(?:([\d,]+(?:\.\d+)?)\s*(亿|万)?元\s*(?:起|（含）起)"
    r"|(?:起[存购投]|起点|最低)(?:金额)?(?:为|是|：)?\s*([\d,]+(?:\.\d+)?)\s*(亿|万)?元)"
)
_TERM = re.compile(
    r"(?:产品期限|投资期限|期限|存期|封闭期|(?:最短)?持有期)(?:为|是|：|共)?\s*(\d+)\s*(天|日|个月|年)"
)
_DAYS = {"天": 1.0, "日": 1.0, "个月": 365 / 12, "年": 365.0}
_LEEWAY = 0.05  # three months have 90 to 92 days
#: A percentage that stands by one of these is a rate of the product, not a share of something.
_RATE_WORDS = re.compile(r"利率|年化|基准|费率|手续费|管理费|申购费|认购费|赎回费|托管费")
_SCALE = {"万": figures.WAN, "亿": figures.YI}


def differing_facts(text: str, product: Product) -> list[str]:
    """The facts of a sheet's facts passage that the record states otherwise.

    A fact that the record has not got differs as well: nothing would carry it.
    """
    found = []
    for name, recorded in key_facts(product, product.min_amount).items():
        match = re.search(rf"(?:^|。){re.escape(name)}：([^。]+)", text)
        if match is None:
            continue
        stated = match[1]
        if stated != recorded and not (recorded and stated.startswith(f"{recorded}。")):
            found.append(f"{name}：资料写 {stated}，产品记录为 {recorded or '空'}")
    return found


def unknown_figures(sentence: str, product: Product) -> tuple[str, ...]:
    """Rates, amounts to start with, terms and ratings that the product's record has not got."""
    found = []
    if _RATE_WORDS.search(sentence):
        rates = _rates(product)
        found += [match[0] for match in _PERCENT.finditer(sentence) if float(match[1]) not in rates]
    for match in _START.finditer(sentence):
        number, unit = match[1] or match[3], match[2] or match[4] or ""
        yuan = float(number.replace(",", "")) * _SCALE.get(unit, 1)
        if product.min_amount is not None and round(yuan * 100) != product.min_amount:
            found.append(match[0])
    for match in _TERM.finditer(sentence):
        days = int(match[1]) * _DAYS[match[2]]
        if product.term_days and abs(days - product.term_days) > _LEEWAY * product.term_days:
            found.append(match[0])
    if product.risk_rating is not None:
        ratings = set(_RATING.findall(sentence))
        if len(ratings) == 1 and product.risk_rating not in ratings:
            found += ratings
    return tuple(found)


def _rates(product: Product) -> set[float]:
    """Every percentage that the record has."""
    points = [
        product.rate_bp,
        product.benchmark_low_bp,
        product.benchmark_high_bp,
        product.apr_bp,
        product.apr_high_bp,
        *(fee.rate_bp for fee in product.fees),
    ]
    told = (product.benchmark_basis, product.benchmark_statement, product.risk_statement)
    in_words = {float(rate) for text in told if text for rate in _PERCENT.findall(text)}
    return {round(bp / 100, 4) for bp in points if bp is not None} | in_words | {0.0}
