"""The embedded writer: whole approved templates, and talking points joined from approved moves.

It uses no model. What it writes depends on its brief alone, so the same records give the same
text, and every figure stands in a slot filled from a record.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

from copilot.drafting.brief import WritingBrief, order_among_equals, sayable_reason, staff_card
from copilot.drafting.citations import cite
from copilot.drafting.composer import Composer
from copilot.drafting.fill import Filled, MissingSlot, fill
from copilot.drafting.limits import too_long
from copilot.drafting.product_lines import (
    WHOLE_SENTENCES,
    paths_in,
    record_facts,
    risk_reminder,
)
from copilot.records.codes import Channel, DraftKind
from copilot.records.draft import INTERNAL_NOTICE, Draft
from copilot.records.template import Approval, Move, Script, Template

MOST_OBJECTIONS = 3
MOVE_TITLES = {
    Move.OPENING: "开场",
    Move.NEED: "需求",
    Move.PRODUCT: "产品",
    Move.RISK: "风险",
    Move.CLOSE: "收口",
    Move.OBJECTION: "异议应对",
}
MAIN_MOVES = (Move.OPENING, Move.NEED, Move.PRODUCT, Move.RISK, Move.CLOSE)
#: Moves whose first script in the file is the usual one and whose others are for special moments.
_AUTHORED_ORDER = (Move.OPENING, Move.CLOSE, Move.REFERRAL)
_CUSTOMERS_WORDS = re.compile(r"(?<=客户说“)[^”]+(?=”)")
SPOKEN = (Channel.COUNTER, Channel.PHONE)

#: Decides whether a filled template may be used now: the approval that covers it, or ``None``.
Admission = Callable[[Template, Draft], Approval | None]


def draft_kind(channel: Channel) -> DraftKind:
    """A pitch where people speak, a message where they read."""
    return DraftKind.PITCH if channel in SPOKEN else DraftKind.MESSAGE


def fill_approved(
    brief: WritingBrief,
    templates: Sequence[Template],
    admit: Admission,
) -> Draft | None:
    """The best approved template for the brief, filled whole; ``None`` when none fits.

    The most specific template goes first: conditions of the customer's situation, then this very
    product, life stage and segment; equals are chosen by customer and product. A template with an
    empty slot, over the channel's length, or not admitted gives way to the next.
    """
    fitting = [template for template in templates if _written_for(template, brief)]
    order = order_among_equals(brief.seed, (t.template_id for t in fitting))
    values = brief.slot_values
    for template in sorted(fitting, key=lambda t: (_specificity(t), order[t.template_id])):
        try:
            filled = fill(template.text, values)
        except MissingSlot:
            continue
        if too_long(filled.text, brief.channel, mandated=mandated_wording(brief)):
            continue
        draft = replace(
            draft_of(brief, filled), kind=template.kind, template_id=template.template_id
        )
        approval = admit(template, draft)
        if approval is not None:
            return replace(draft, approval_number=approval.number)
    return None


def talking_points(brief: WritingBrief, scripts: Sequence[Script]) -> Draft:
    """Internal talking points: opening, need, product, risk, close, then likely objections.

    Moves come from approved scripts; the record states what they leave out about the product and
    its risk, so both are there even where the bank has no script.
    """
    chosen = _chosen(brief, scripts)
    told = paths_in(script.text for script, _ in chosen.values())
    composer = Composer().add(INTERNAL_NOTICE)
    for move in MAIN_MOVES:
        pieces = [chosen[move][1]] if move in chosen else []
        pieces = [*_before(move, brief), *pieces, *_after(move, brief, told)]
        if pieces:
            composer.line(f"【{MOVE_TITLES[move]}】", *pieces)
    for script, filled in script_moves(Move.OBJECTION, brief, scripts)[:MOST_OBJECTIONS]:
        heading = f"【{MOVE_TITLES[Move.OBJECTION]}】客户说“{script.situation}”，可以答："
        composer.line(heading, filled)
    return draft_of(brief, composer.filled)


def own_words(text: str) -> str:
    """Talking points with the customer's words blanked out: what is left is the bank's to answer.

    The length stays the same, so that spans hold.

    >>> own_words("客户说“会不会亏”，可以答：会。")
    '客户说“□□□□”，可以答：会。'
    """
    return _CUSTOMERS_WORDS.sub(lambda match: "□" * len(match.group()), text)


def referral_line(brief: WritingBrief, scripts: Sequence[Script]) -> str:
    """What a seller without the authority may say instead: a hand-over and nothing else."""
    for _, filled in script_moves(Move.REFERRAL, brief, scripts):
        return filled.text
    return "这项业务由有资格的理财经理为您介绍，我请同事过来，您看方便吗？"


def mandated_wording(brief: WritingBrief) -> tuple[str, ...]:
    """Wording of the record that may not be shortened."""
    product = brief.product
    given = (product.risk_statement, product.benchmark_statement, product.benchmark_basis)
    return tuple(wording for wording in given if wording)


def _written_for(template: Template, brief: WritingBrief) -> bool:
    if not template.fits(brief.product, brief.channel) or not template.valid_on(brief.as_of):
        return False
    if template.life_stages and brief.life_stage not in template.life_stages:
        return False
    profile = brief.profile
    segments = {*profile.segments, *profile.segments.values()} if profile else set()
    if template.segments and not segments & set(template.segments):
        return False
    return all(
        condition.met(profile.value(condition.feature) if profile else None)
        for condition in template.conditions
    )


def _specificity(template: Template) -> tuple[int, ...]:
    """Smaller is more specific."""
    return (
        -len(template.conditions),
        not template.product_codes,
        not template.life_stages,
        not template.segments,
        len(template.product_types),
    )


def _chosen(brief: WritingBrief, scripts: Sequence[Script]) -> dict[Move, tuple[Script, Filled]]:
    """One script for each main move; none repeats a whole sentence that another tells.

    The risk goes first: what it must tell, the product move need not.
    """
    chosen: dict[Move, tuple[Script, Filled]] = {}
    told: frozenset[str] = frozenset()
    for move in sorted(MAIN_MOVES, key=lambda move: move is not Move.RISK):
        moves = script_moves(move, brief, scripts)
        fresh = [m for m in moves if not paths_in([m[0].text]) & told & WHOLE_SENTENCES]
        if moves:
            chosen[move] = (fresh or moves)[0]
            told |= paths_in([chosen[move][0].text])
    return chosen


def _before(move: Move, brief: WritingBrief) -> Iterable[Filled]:
    """The one reason that the customer expects to hear opens the question about the need.

    Only where people speak: a holding does not belong in a message that may be read elsewhere.
    """
    if move is Move.NEED and brief.channel in SPOKEN and (reason := sayable_reason(brief)).text:
        yield reason


def _after(move: Move, brief: WritingBrief, told: frozenset[str]) -> Iterable[Filled]:
    """What the record adds to a move, as far as no script of the talking points tells it."""
    if move is Move.PRODUCT:
        facts = record_facts(brief.product, brief.slot_values, told)
        if facts.text:
            yield facts
    if move is Move.RISK:
        risk = risk_reminder(brief.product, told)
        if risk.text:
            yield risk


def draft_of(brief: WritingBrief, filled: Filled) -> Draft:
    """A filled text as a draft of the brief, cited and with its staff card."""
    return Draft(
        kind=draft_kind(brief.channel),
        channel=brief.channel,
        product_code=brief.product.product_code,
        text=filled.text,
        figures=filled.figures,
        citations=cite(filled.text, filled.figures, brief.passages),
        staff_card=staff_card(brief),
        customer_id=brief.customer.customer_id if brief.customer else None,
    )


def script_moves(
    move: Move, brief: WritingBrief, scripts: Sequence[Script]
) -> list[tuple[Script, Filled]]:
    """The scripts of a move that suit the brief and can be filled, most specific first."""
    suiting = [s for s in scripts if s.move is move and _suits(s, brief)]
    order = order_among_equals(brief.seed, (s.script_id for s in suiting))
    suiting.sort(
        key=lambda s: (
            not s.product_types,
            not s.life_stages,
            not s.channels,
            "" if move in _AUTHORED_ORDER else order[s.script_id],
        )
    )
    filled = []
    for script in suiting:
        try:
            filled.append((script, fill(script.text, brief.slot_values)))
        except MissingSlot:
            continue
    return filled


def _suits(script: Script, brief: WritingBrief) -> bool:
    return (
        script.valid_on(brief.as_of)
        and (not script.product_types or brief.product.type in script.product_types)
        and (not script.life_stages or brief.life_stage in script.life_stages)
        and (not script.channels or brief.channel in script.channels)
    )
