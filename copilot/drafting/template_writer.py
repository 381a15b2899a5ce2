"""Templates proposed for a cell: product type × channel × life stage × segment × tone.

The embedded writer joins approved moves with their slots left open; a model writes words around
slots of the same closed vocabulary. Either way it is a proposal: the checker and the bank's review
come after.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from copilot.drafting.limits import kind_on
from copilot.drafting.model_brief import placeholder
from copilot.drafting.phrases import Phrases
from copilot.drafting.slots import FILTERS, PATHS, PERSONAL_PATHS
from copilot.drafting.template_files import ELEMENTS, template_of
from copilot.records.codes import Channel, LifeStage, ProductType, label
from copilot.records.product import Product
from copilot.records.template import Move, Script, Template

EMBEDDED = "embedded"
LONGEST_LIFE = timedelta(days=365)
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
    model = {"drafted_by": drafted_by} if drafted_by else {}
    return model | {
        "id": template_id or first.template_id,
        "version": version,
        "title": title or first.title,
        "kind": kind_on(first.channel).value,
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
    phrases: Phrases,
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
        phrases: its fixed phrases, and how they are laid out.
        fits: whether a template passes the checker and keeps to its channel's length.

    Returns ``None`` where the bank has no move about the product type.
    """
    candidate: Template | None = None
    for text in _texts(cell, scripts, phrases, as_of):
        given = entries_of([cell], text, author=author, as_of=as_of, version=version)
        candidate = template_of(given)
        if fits(candidate):
            break
    return candidate


def mandated_wording(cell: Cell, phrases: Phrases) -> list[str]:
    """What a text of the cell must carry whatever else it says."""
    risk = phrases.risk_words.get(cell.product_type)
    words = [risk] if risk else []
    if cell.channel is Channel.SMS:
        first, last = phrases.phrases["signature"], phrases.phrases["opt_out"]
        words = [f"{first}（在最前）", *words, f"{last}（在最后）"]
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


def _texts(cell: Cell, scripts: Sequence[Script], phrases: Phrases, as_of: date) -> Iterator[str]:
    """The texts that the moves make for the channel, fullest first."""
    said = {move: _move(move, cell, scripts, as_of) for move in Move}
    product, close = said[Move.PRODUCT], said[Move.CLOSE]
    if not product:
        return
    spoken_to_retired = cell.life_stage is LifeStage.RETIRED
    close = phrases.no_hurry if spoken_to_retired else close
    words = phrases.risk_words.get(cell.product_type, "")
    asked = phrases.ask if cell.channel is Channel.PHONE else ""
    pieces = {
        "need": said[Move.NEED] or asked,
        "product": product,
        "close": close,
        "ending": close if spoken_to_retired else "",
        "words": words,
        "statement": phrases.statement if words else "",
        "liquidity": "" if phrases.liquidity in product else phrases.liquidity,
        "told": phrases.told_in_sms.get(cell.product_type, phrases.untold),
    }
    yield from phrases.laid_out(cell.channel, pieces)


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
        and not (script.manners or script.occasions or script.reasons or script.product_codes)
    ]
    best = min(suiting, key=lambda s: (not s.life_stages, not s.channels), default=None)
    return best.text if best else ""


def _among(one: object, all_of: Collection[object]) -> bool:
    return not all_of or one in all_of
