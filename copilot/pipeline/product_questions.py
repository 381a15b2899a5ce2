"""What a question asks of the product records: which products, which properties, which day.

Nothing is guessed: a product is meant when the question holds its code, a good part of its name,
or words for its kind (with a term, when one is named); a property is asked for when one of its
words stands in the question.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

from copilot.records.codes import ProductType
from copilot.records.product import Product

SHORTEST_NAME_PART = 4  # characters of a name in a row that tell which product is meant
_TERM_SLACK = 2  # days: three months are 90 or 91


class Property(StrEnum):
    """What a product record can be asked for."""

    RATE = "rate"
    MIN_AMOUNT = "min_amount"
    TERM = "term"
    RATING = "rating"
    FEES = "fees"
    WITHDRAWAL = "withdrawal"
    SALE = "sale"
    COOLING_OFF = "cooling_off"
    PAY_TERMS = "pay_terms"
    ISSUER = "issuer"
    INSURED = "insured"


_WORDS: dict[Property, tuple[str, ...]] = {
    Property.WITHDRAWAL: (
        "提前支取",
        "提前取",
        "提前赎回",
        "提前还",
        "赎回",
        "中途",
        "没到期",
        "急用",
        "随时取",
        "能取吗",
        "到账",
    ),
    Property.FEES: ("费率", "手续费", "管理费", "申购费", "赎回费", "托管费", "收费", "什么费"),
    Property.RATING: ("风险等级", "风险评级", "几级", "风险高吗", "r几"),
    Property.MIN_AMOUNT: (
        "起存",
        "起购",
        "起投",
        "起点",
        "起买",
        "最低",
        "门槛",
        "多少钱起",
        "最少",
    ),
    Property.COOLING_OFF: ("犹豫期", "冷静期"),
    Property.PAY_TERMS: ("交几年", "缴几年", "缴费期", "交费期", "缴多久", "交多久"),
    Property.SALE: (
        "哪天发",
        "时候发",
        "时候卖",
        "哪天卖",
        "几号发",
        "几号卖",
        "发售",
        "募集",
        "还在卖",
        "还卖吗",
        "在售",
        "卖到",
    ),
    Property.ISSUER: ("谁发行", "哪家发行", "发行机构", "谁管理", "哪家公司", "谁家的", "承保"),
    Property.INSURED: ("存款保险", "受保障吗"),
    Property.TERM: ("期限", "多长时间", "存多久", "封闭期", "持有期", "锁定", "几个月", "放多久"),
    Property.RATE: (
        "利率",
        "利息",
        "年化",
        "收益",
        "基准",
        "几个点",
        "多少点",
        "百分之几",
        "票面",
    ),
}
#: What may stand beside a product in a question that asks for nothing but 「多少」.
_FILLER = re.compile(
    r"现在|今天|目前|今年|的|是|有|都|存|买|办|你们|我们|咱们|本行|年期|期|[呢啊吗了呀]"
)

#: What no record holds: asking for it is not answered from a record that holds something else.
PAST, FUTURE = "过往或实际收益", "未来走势"
_NEVER_ON_RECORD: dict[str, tuple[str, ...]] = {
    "额度": ("额度", "限额", "剩多少", "还有多少", "抢得到"),
    PAST: (
        "历史收益",
        "上一期",
        "上期",
        "到期收益",
        "过往",
        "去年收益",
        "实际收益",
        "到手",
        "净值",
        "回撤",
        "业绩排名",
        "排名",
    ),
    FUTURE: ("会不会涨", "会涨", "会跌", "以后利率", "还会降", "预测"),
    "投资经理与规模": ("基金经理", "投资经理", "规模", "成立时间", "客户数", "多少人买", "满意度"),
    "优惠": ("加息", "优惠", "折扣", "返现", "礼品", "补贴", "贴息"),
    "质押与转让": ("质押", "抵押", "转让"),
    "税费": ("税", "印花"),
}

#: Words for kinds of products; the longest word in the question decides.
_KINDS: tuple[tuple[str, ProductType, str], ...] = (
    ("活期存款", ProductType.DEPOSIT, "活期"),
    ("活期", ProductType.DEPOSIT, "活期"),
    ("通知存款", ProductType.DEPOSIT, "通知"),
    ("定期存款", ProductType.DEPOSIT, "整存整取"),
    ("定存", ProductType.DEPOSIT, "整存整取"),
    ("定期", ProductType.DEPOSIT, "整存整取"),
    ("整存整取", ProductType.DEPOSIT, "整存整取"),
    ("大额存单", ProductType.LARGE_CD, ""),
    ("大额", ProductType.LARGE_CD, ""),
    ("储蓄国债", ProductType.GOV_BOND, ""),
    ("国债", ProductType.GOV_BOND, ""),
    ("结构性存款", ProductType.STRUCTURED_DEPOSIT, ""),
    ("结构性", ProductType.STRUCTURED_DEPOSIT, ""),
    ("现金管理", ProductType.WMP, "现金管理"),
    ("封闭式理财", ProductType.WMP, "封闭"),
    ("固收增强", ProductType.WMP, "增强"),
    ("固收+", ProductType.WMP, "增强"),
    ("理财产品", ProductType.WMP, ""),
    ("理财", ProductType.WMP, ""),
    ("指数基金", ProductType.FUND, "指数"),
    ("债券基金", ProductType.FUND, "债券"),
    ("混合基金", ProductType.FUND, "混合"),
    ("基金", ProductType.FUND, ""),
    ("私募", ProductType.PRIVATE_FUND, ""),
    ("年金险", ProductType.INSURANCE, "年金"),
    ("年金保险", ProductType.INSURANCE, "年金"),
    ("终身寿", ProductType.INSURANCE, "终身寿"),
    ("分红险", ProductType.INSURANCE, "分红"),
    ("个人养老金", ProductType.PENSION, ""),
    ("消费贷款", ProductType.LOAN, "消费"),
    ("消费贷", ProductType.LOAN, "消费"),
    ("房贷", ProductType.LOAN, "住房"),
    ("按揭", ProductType.LOAN, "住房"),
    ("账单分期", ProductType.CREDIT_CARD, "分期"),
    ("信用卡分期", ProductType.CREDIT_CARD, "分期"),
    ("积存金", ProductType.GOLD, ""),
    ("美元定期", ProductType.FX, "美元"),
    ("美元定存", ProductType.FX, "美元"),
    ("美元存款", ProductType.FX, "美元"),
)
#: Currencies, metals, customers and covers that the product types do not include.
_NOT_SOLD = (
    "日元",
    "港币",
    "欧元",
    "英镑",
    "澳元",
    "白银",
    "企业存款",
    "企业定期",
    "企业大额",
    "企业贷款",
    "企业开户",
    "对公",
    "公司账户",
    "信托",
    "重疾险",
    "车险",
)
_YEAR = re.compile(r"(?<!\d)((?:19|20)\d\d)年?(?:(\d{1,2})月)?(?:(\d{1,2})[日号])?")
_BARE_MONTH = re.compile(r"(?<![\d年])(\d{1,2})月(?:(\d{1,2})[日号]|份)")
_TERM_WORDS = re.compile(r"[0-9一二两三四五六七八九十半]+(?:年|个月|天|日)")
_QUANTITY = ("多少", "几", "哪天", "什么时候", "多久", "比例", "率")


@dataclass(frozen=True, slots=True)
class Period:
    """The days a question is about, both included; ``words`` are those of the question."""

    start: date
    end: date
    words: str = ""


@dataclass(frozen=True, slots=True)
class ProductQuestion:
    """A question about product records.

    ``products`` are the current versions of those meant, by code; ``no_such`` names a kind and
    term that the shelf does not have; ``absent`` names what is asked and no record holds;
    ``wants_figure`` tells a question for a quantity from one for advice.
    """

    products: tuple[Product, ...]
    properties: tuple[Property, ...]
    absent: tuple[str, ...]
    period: Period
    named: bool
    wants_figure: bool
    no_such: str = ""


def read_question(question: str, shelf: Sequence[Product], as_of: date) -> ProductQuestion:
    """What a question asks of the records.

    Args:
        question: as the employee typed it.
        shelf: the products valid on ``as_of``.
        as_of: today, as far as the question is concerned.
    """
    text = folded(question)
    products, named, kind_word = _products_meant(text, shelf)
    return ProductQuestion(
        products=products,
        properties=_properties(text, products),
        absent=tuple(n for n, words in _NEVER_ON_RECORD.items() if _any(words, text)),
        period=_period(text, as_of),
        named=named,
        wants_figure=_any(_QUANTITY, text),
        no_such=_not_sold(text) or (f"这个期限的{kind_word}" if named and not products else ""),
    )


def folded(question: str) -> str:
    """A question in half-width lower case without spaces."""
    return re.sub(r"\s+", "", unicodedata.normalize("NFKC", question)).lower()


def _properties(text: str, products: Sequence[Product]) -> tuple[Property, ...]:
    found = {p for p, words in _WORDS.items() if _any(words, text)}
    if not found and _asks_how_much(text, products):
        found.add(Property.RATE)
    if _any((*_NEVER_ON_RECORD[PAST], *_NEVER_ON_RECORD[FUTURE]), text):
        found.discard(Property.RATE)  # 「历史收益」 is another thing than the benchmark
    if Property.WITHDRAWAL in found and "利率" not in text:
        found.discard(Property.RATE)  # 「提前支取利息怎么算」 asks about withdrawal
    if "赎回费" in text:
        found.discard(Property.WITHDRAWAL)
    return tuple(sorted(found, key=list(Property).index))


def _asks_how_much(text: str, products: Sequence[Product]) -> bool:
    """Whether a part of the question is a product and 「多少」 and nothing else."""
    if not products:
        return False
    for part in re.split(r"[,，。?？、;；!！]", text):
        if "多少" not in part:
            continue
        rest = part.replace("多少", "", 1).replace(products[0].product_code.lower(), "")
        rest = rest.replace(_shared(part, products[0].name) or "多少", "")
        for word, _, _ in sorted(_KINDS, key=lambda kind: -len(kind[0])):
            rest = rest.replace(word, "")
        if not _FILLER.sub("", _TERM_WORDS.sub("", rest)):
            return True
    return False


def _not_sold(text: str) -> str:
    """A word of the question for what no retail shelf of this bank holds, or an empty string."""
    return next((word for word in _NOT_SOLD if word in text), "")


def _products_meant(text: str, shelf: Sequence[Product]) -> tuple[tuple[Product, ...], bool, str]:
    """The products meant, whether they are named more closely than by kind, and the kind's word."""
    by_code = [p for p in shelf if p.product_code.lower() in text]
    if by_code:
        longest = max(len(p.product_code) for p in by_code)
        return tuple(p for p in by_code if len(p.product_code) == longest), True, ""
    kinds = _kinds_in(text)
    terms = _terms(text)
    named = _named(text, shelf)
    words = "、".join(word for word, _, _ in kinds)
    holding = _any(_WORDS[Property.WITHDRAWAL], text)
    if named and all(len(_shared(text, named[0].name)) > len(word) for word, _, _ in kinds):
        return _narrowed(named, terms, holding)[0], True, words or named[0].name
    found: dict[str, Product] = {}
    asked_terms = False
    for _, product_type, part in kinds:
        of_kind = [p for p in shelf if p.type is product_type and part in p.name]
        narrowed, by_term = _narrowed(of_kind, terms, holding)
        asked_terms = asked_terms or by_term
        found |= {product.product_code: product for product in narrowed}
    return tuple(found[code] for code in sorted(found)), asked_terms, words


def _narrowed(
    products: Sequence[Product], terms: set[int], holding: bool
) -> tuple[tuple[Product, ...], bool]:
    """The products of the terms named, and whether a term was used to choose.

    A term is the product's only where such products have terms, and not when it is how long
    somebody has held one (「买了半年能取吗」).
    """
    fitting = tuple(_of_term(products, terms))
    by_term = bool(terms) and any(p.term_days is not None for p in products)
    if not by_term or (holding and not fitting):
        return tuple(products), False
    return fitting, True


def _kinds_in(text: str) -> list[tuple[str, ProductType, str]]:
    """The words for kinds of products in a text, longest first, none inside another."""
    kinds = []
    for kind in sorted(_KINDS, key=lambda kind: -len(kind[0])):
        if kind[0] in text:
            kinds.append(kind)
            text = text.replace(kind[0], "□")
    return kinds


def _named(text: str, shelf: Sequence[Product]) -> list[Product]:
    """The products that share the longest run with the text, and of those the most in all."""
    scores = {p.product_code: _likeness(text, p.name) for p in shelf}
    best = max(scores.values(), default=(0, 0))
    return [p for p in shelf if best[0] and scores[p.product_code] == best]


def _likeness(text: str, name: str) -> tuple[int, int]:
    longest = _shared(text, name)
    if not longest:
        return 0, 0
    total, rest = len(longest), folded(name).replace(longest, "", 1)
    while part := _shared(text, rest):
        total, rest = total + len(part), rest.replace(part, "", 1)
    return len(longest), total


def _shared(text: str, name: str) -> str:
    """The longest run of a name's characters that stands in the text."""
    name = folded(name).removeprefix("示例")
    for length in range(len(name), SHORTEST_NAME_PART - 1, -1):
        for start in range(len(name) - length + 1):
            if name[start : start + length] in text:
                return name[start : start + length]
    return ""


def _terms(text: str) -> set[int]:
    """The terms in days that a question names: 「三年」, 「90天」, 「半年」."""
    from copilot.compliance.quantities import figures

    years = _YEAR.sub("", text)
    return {int(f.value) for f in figures(years) if f.kind == "term" and int(f.value) > 0}


def _of_term(products: Iterable[Product], terms: set[int]) -> list[Product]:
    return [
        p
        for p in products
        if p.term_days is not None and any(abs(p.term_days - t) <= _TERM_SLACK for t in terms)
    ]


def _period(text: str, today: date) -> Period:
    match = _YEAR.search(text)
    if match:
        year, month, day = (int(part) if part else None for part in match.groups())
        return _span(year or today.year, month, day, match.group(), today)
    relative = {
        "前年": (date(today.year - 2, 1, 1), date(today.year - 2, 12, 31)),
        "去年": (date(today.year - 1, 1, 1), date(today.year - 1, 12, 31)),
        "明年": (date(today.year + 1, 1, 1), date(today.year + 1, 12, 31)),
        "上个月": _month_before(today),
        "上月": _month_before(today),
        "昨天": (today - timedelta(days=1), today - timedelta(days=1)),
        "明天": (today + timedelta(days=1), today + timedelta(days=1)),
        "下个月": _month_after(today),
        "下月": _month_after(today),
    }
    for words, (start, end) in relative.items():
        if words in text:
            return Period(start, end, words)
    match = _BARE_MONTH.search(text)
    if match and "到期" not in text:
        month, day = int(match[1]), int(match[2]) if match[2] else None
        return _span(today.year, month, day, match.group(), today)
    return Period(today, today)


def _span(year: int, month: int | None, day: int | None, words: str, today: date) -> Period:
    try:
        if month is None:
            return Period(date(year, 1, 1), date(year, 12, 31), words)
        if day is not None:
            return Period(date(year, month, day), date(year, month, day), words)
        start = date(year, month, 1)
        return Period(start, _month_after(start)[0] - timedelta(days=1), words)
    except ValueError:  # 2月30日: no such day, so the question is taken to be about today
        return Period(today, today)


def _month_before(day: date) -> tuple[date, date]:
    end = day.replace(day=1) - timedelta(days=1)
    return end.replace(day=1), end


def _month_after(day: date) -> tuple[date, date]:
    start = (day.replace(day=1) + timedelta(days=32)).replace(day=1)
    return start, (start + timedelta(days=32)).replace(day=1) - timedelta(days=1)


def _any(words: Iterable[str], text: str) -> bool:
    return any(word in text for word in words)
