"""Templates proposed for a cell: product type × channel × life stage × segment × tone.

The embedded writer joins approved moves with their slots left open; a model writes words around
slots of the same closed vocabulary. Either way it is a proposal: the checker and the bank's review
come after.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from copilot.drafting.model_brief import placeholder
from copilot.drafting.slots import FILTERS, PATHS, PERSONAL_PATHS
from copilot.drafting.template_files import ELEMENTS, MESSAGE_CHANNELS, template_of
from copilot.records.codes import Channel, DraftKind, LifeStage, ProductType, label
from copilot.records.product import Product
from copilot.records.template import Move, Script, Template

EMBEDDED = "embedded"
LONGEST_LIFE = timedelta(days=365)
_GREETING = "{{ customer.salutation | greeting }}，"
_IDENTITY = (
    "我是{{ bank.name }}{{ branch.name }}的{{ staff.name }}，工号{{ staff.number }}，"
    "您现在说话方便吗？"
)
_VERIFY = "（方便再往下说）按规定先跟您核对一下身份，密码和验证码我都不会问。"
_FAREWELL = "（不方便或者不需要）好的，不打扰您了，再见。"
_UNSUBSCRIBE = "不想再收到此类消息，可在消息设置中关闭。"
_NO_HURRY = "今天不必决定，和家里人商量好再说。"
_PROVIDER = "发行机构：{{ product.issuer }}。"
_LIQUIDITY, _RISK = "{{ product.liquidity }}", "{{ product.risk_statement }}"
#: The risk in a few words, where the whole statement would not be heard out.
_RISK_WORDS: Mapping[ProductType, str] = {
    ProductType.WMP: "理财非存款、产品有风险、投资须谨慎。",
    ProductType.FUND: "基金有风险，投资需谨慎。",
    ProductType.GOLD: "金价涨跌都可能很大，可能亏损本金。",
    ProductType.PENSION: "账户里的投资可能亏损。",
    ProductType.FX: "换回人民币可能有汇率损失。",
    ProductType.INSURANCE: "犹豫期后退保可能有损失。",
    ProductType.LOAN: "贷款有成本，请结合还款能力理性借贷。",
    ProductType.CREDIT_CARD: "分期会产生利息，逾期会影响征信。",
    ProductType.STRUCTURED_DEPOSIT: _RISK,
    ProductType.PRIVATE_FUND: _RISK,
}
#: What even a text message must say of a product.
_TOLD_IN_SMS: Mapping[ProductType, str] = {
    **dict.fromkeys(
        (ProductType.WMP, ProductType.FUND, ProductType.INSURANCE),
        "由{{ product.issuer }}提供，本行代销",
    ),
    ProductType.LOAN: "年化利率{{ product.apr_bp | percent }}至"
    "{{ product.apr_high_bp | percent }}（单利，{{ today | date }}）",
}
_NAMED = re.compile(r"[^a-z0-9]+")


@dataclass(frozen=True, slots=True)
class Cell:
    """What a template is for; ``None`` means any life stage or segment."""

    product_type: ProductType
    channel: Channel
    life_stage: LifeStage | None = None
    segment: str | None = None
    tone: str = "plain"

    @property
    def template_id(self) -> str:
        """The id of the template proposed for the cell.

        >>> Cell(ProductType.WMP, Channel.WECOM, LifeStage.FAMILY).template_id
        'p-wmp-wecom-family-plain'
        """
        parts = (
            self.product_type.value,
            self.channel.value,
            self.life_stage.value if self.life_stage else "",
            self.segment or "",
            self.tone,
        )
        return "-".join(
            ["p", *filter(None, (_NAMED.sub("-", p.lower()).strip("-") for p in parts))]
        )

    @property
    def title(self) -> str:
        """What people read for the cell."""
        who = [label(self.life_stage)] if self.life_stage else []
        who += [self.segment] if self.segment else []
        for_whom = f"，{'、'.join(who)}" if who else ""
        return f"{label(self.product_type)}（{label(self.channel)}{for_whom}）"


def entries_of(
    cells: Sequence[Cell],
    text: str,
    *,
    author: str,
    as_of: date,
    version: int = 1,
    template_id: str | None = None,
    title: str | None = None,
    drafted_by: str = "",
) -> dict[str, Any]:
    """The entries of a template file for a text that is to serve all ``cells``."""
    first = cells[0]
    message = first.channel in MESSAGE_CHANNELS
    model = {"drafted_by": drafted_by} if drafted_by else {}
    return model | {
        "id": template_id or first.template_id,
        "version": version,
        "title": title or first.title,
        "kind": (DraftKind.MESSAGE if message else DraftKind.PITCH).value,
        "product_types": list(dict.fromkeys(cell.product_type.value for cell in cells)),
        "life_stages": list(dict.fromkeys(c.life_stage.value for c in cells if c.life_stage)),
        "segments": list(dict.fromkeys(cell.segment for cell in cells if cell.segment)),
        "channels": list(dict.fromkeys(cell.channel.value for cell in cells)),
        "tone": first.tone,
        "valid_from": as_of,
        "valid_to": as_of + LONGEST_LIFE,
        "required": required_elements(text),
        "author": author,
        "text": text,
    }


def required_elements(text: str) -> list[str]:
    """The elements that a text carries: a later version may not lose them unnoticed."""
    return [
        element
        for element, carriers in ELEMENTS.items()
        if any(carrier in text for carrier in carriers)
    ]


def embedded_proposal(
    cell: Cell,
    scripts: Sequence[Script],
    fits: Callable[[Template], bool],
    *,
    author: str,
    as_of: date,
    version: int = 1,
) -> Template | None:
    """The fullest text joined from approved moves that fits; the leanest when none does.

    Args:
        cell: what it is for.
        scripts: the bank's approved moves.
        fits: whether a template passes the checker and keeps to its channel's length.

    Returns ``None`` where the bank has no move about the product type.
    """
    candidate: Template | None = None
    for text in _texts(cell, scripts, as_of):
        given = entries_of([cell], text, author=author, as_of=as_of, version=version)
        candidate = template_of(given)
        if fits(candidate):
            break
    return candidate


def mandated_wording(cell: Cell) -> list[str]:
    """What a text of the cell must carry whatever else it says."""
    words = [_RISK_WORDS[cell.product_type]] if cell.product_type in _RISK_WORDS else []
    if cell.channel is Channel.SMS:
        words = ["【{{ bank.name }}】（在最前）", *words, "拒收请回复R（在最后）"]
    return words


def usable_placeholders(cell: Cell, products: Sequence[Product]) -> list[str]:
    """The slots that a template of the cell may use: on record for one of its products at least.

    A text for many readers has none that speak of one customer; only a text about a maturity may
    name its date, and that takes a condition that a proposal does not have.
    """
    return [
        placeholder(path, filter)
        for path, kind in PATHS.items()
        if path != "maturity.date" and not (cell.channel.shared and path in PERSONAL_PATHS)
        if not path.startswith("product.") or _on_record(path, products)
        for filter in FILTERS[kind]
    ]


def _on_record(path: str, products: Sequence[Product]) -> bool:
    field = path.removeprefix("product.")
    return any(getattr(product, field) not in (None, "") for product in products)


def _texts(cell: Cell, scripts: Sequence[Script], as_of: date) -> Iterator[str]:
    """The texts that the moves make for the channel, fullest first."""
    said = {move: _move(move, cell, scripts, as_of) for move in Move}
    if not said[Move.PRODUCT]:
        return
    need, product, close = said[Move.NEED], said[Move.PRODUCT], said[Move.CLOSE]
    words = _RISK_WORDS.get(cell.product_type, "")
    statement = _RISK if words else ""
    if cell.life_stage is LifeStage.RETIRED:
        close = _NO_HURRY
    match cell.channel:
        case Channel.PHONE:
            told = product + (_LIQUIDITY if _LIQUIDITY not in product else "") + statement
            yield "\n".join(
                (
                    _GREETING + _IDENTITY,
                    _VERIFY,
                    f"（核对无误）{need or '想问问您，愿不愿意了解一下？'}",
                    f"（愿意）{told}{close}",
                    _FAREWELL,
                )
            )
        case Channel.COUNTER | Channel.WECOM:
            ending = close if cell.life_stage is LifeStage.RETIRED else ""
            for parts in ((need, product, words, close), (product, words, close)):
                yield _GREETING + "".join(parts)
            yield _GREETING + product + words + ending
            yield product + words + ending
            yield _GREETING + product + _PROVIDER + words
        case Channel.SMS:
            about = "【{{ bank.name }}】{{ product.name }}"
            where = "的规则可到{{ branch.name }}或在官方手机银行查看，"
            told = _TOLD_IN_SMS.get(cell.product_type, "")
            yield f"{about}{where}看清再决定。{words}拒收请回复R"
            yield f"{about}{told or '可到网点了解'}。{words}拒收请回复R"
        case Channel.APP | Channel.EMAIL:
            yield f"{_GREETING}{product}{_LIQUIDITY}{statement}{_UNSUBSCRIBE}"
            yield f"{_GREETING}{product}{statement}{_UNSUBSCRIBE}"
            yield f"{_GREETING}{product}{_PROVIDER}{statement}{_UNSUBSCRIBE}"
        case _:
            where = "办理请到{{ bank.name }}网点或官方手机银行。"
            yield f"{product}{_LIQUIDITY}{statement}{where}"
            yield f"{product}{statement}{where}"
            yield f"{product}{_PROVIDER}{statement}{where}"


def _move(move: Move, cell: Cell, scripts: Sequence[Script], as_of: date) -> str:
    """The text of the script that suits the cell best, or nothing."""
    suiting = [
        script
        for script in scripts
        if script.move is move
        and script.valid_on(as_of)
        and cell.product_type in script.product_types
        and _among(cell.life_stage, script.life_stages)
        and _among(cell.channel, script.channels)
        and not (script.manners or script.occasions or script.reasons)
    ]
    best = min(suiting, key=lambda s: (not s.life_stages, not s.channels), default=None)
    return best.text if best else ""


def _among(one: object, all_of: Collection[object]) -> bool:
    return not all_of or one in all_of
