"""The embedded writer: whole approved templates, and talking points joined from approved moves.

It uses no model. What it writes depends on its brief alone, so the same records give the same
text, and every figure stands in a slot filled from a record.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from copilot.drafting.brief import (
    WritingBrief,
    leading_reason,
    order_among_equals,
    sayable_reason,
    staff_card,
)
from copilot.drafting.citations import cite
from copilot.drafting.composer import Composer
from copilot.drafting.fill import Filled, MissingSlot, fill
from copilot.drafting.limits import kind_on, too_long
from copilot.drafting.moves import (
    MAIN_MOVES,
    MOVE_TITLES,
    Chosen,
    likely_objections,
    main_moves,
    script_moves,
)
from copilot.drafting.product_lines import paths_in, record_facts, risk_reminder
from copilot.records.codes import Channel, Occasion, label
from copilot.records.draft import INTERNAL_NOTICE, Draft
from copilot.records.profile import FeatureScalar, Profile
from copilot.records.template import Approval, Condition, Move, Script, Template

_CUSTOMERS_WORDS = re.compile(r"(?<=客户说“)[^”]+(?=”)")
#: Where one answers the other: by voice, or in a chat.
_TALKED = (Channel.COUNTER, Channel.PHONE, Channel.WECOM)
#: A benchmark needs its basis and statement beside it, which nobody takes in by ear.
_NOT_SPOKEN = frozenset(
    {
        "product.benchmark_low_bp",
        "product.benchmark_high_bp",
        "product.benchmark_basis",
        "product.benchmark_statement",
    }
)

#: Decides whether a filled template may be used now: the approval that covers it, or ``None``.
Admission = Callable[[Template, Draft], Approval | None]


def fill_approved(
    brief: WritingBrief,
    templates: Sequence[Template],
    admit: Admission,
) -> Draft | None:
    """The best approved template for the brief, filled whole; ``None`` when none fits.

    The most specific template goes first: conditions of the customer's situation, which must be
    the situation that the staff card gives as the reason, then the occasion, this very product,
    life stage and segment; equals are chosen by customer and product. A template with an empty
    slot, over the channel's length, or not admitted gives way to the next.
    """
    fitting = [template for template in templates if _written_for(template, brief)]
    order = order_among_equals(brief.seed, (t.template_id for t in fitting))
    values = brief.slot_values
    for template in sorted(fitting, key=lambda t: (_specificity(t), order[t.template_id])):
        try:
            filled = fill(template.text, values)
        except MissingSlot:
            continue
        if too_long(filled.text, brief.channel):
            continue
        draft = replace(
            draft_of(brief, filled), kind=template.kind, template_id=template.template_id
        )
        approval = admit(template, draft)
        if approval is not None:
            return replace(draft, approval_number=approval.number)
    return None


@dataclass(frozen=True, slots=True)
class Approach:
    """One way to lead the conversation; an objection in it is answered before it comes up."""

    title: str
    moves: tuple[Move, ...]


APPROACHES = (
    Approach("先问用途", MAIN_MOVES),
    Approach("先讲清楚", (Move.OPENING, Move.PRODUCT, Move.RISK, Move.NEED, Move.CLOSE)),
    Approach(
        "先答疑问",
        (Move.OPENING, Move.NEED, Move.OBJECTION, Move.PRODUCT, Move.RISK, Move.CLOSE),
    ),
)


def talking_points(brief: WritingBrief, scripts: Sequence[Script]) -> Draft:
    """Internal talking points in the usual approach."""
    return next(approaches(brief, scripts))


def approaches(brief: WritingBrief, scripts: Sequence[Script]) -> Iterator[Draft]:
    """Internal talking points in each approach: five moves and the likeliest objections.

    Moves come from approved scripts; the record states what they leave out about the product and
    its risk, so both are there even where the bank has no script. Each approach uses other
    scripts than those before it, as far as the bank has some.
    """
    talk = _conversation(brief)
    menu = {move: script_moves(move, talk, scripts) for move in MOVE_TITLES}
    used: set[str] = set()
    for approach in APPROACHES:
        chosen = main_moves(menu, used)
        objections = likely_objections(menu[Move.OBJECTION], brief.asked_for, used)
        used |= {script.script_id for script, _ in (*chosen.values(), *objections)}
        yield draft_of(brief, _told(approach, brief, chosen, objections))


def _conversation(brief: WritingBrief) -> WritingBrief:
    """The talk that a text leads to: nobody talks in a leaflet, but who has read it may come in."""
    if brief.channel in _TALKED:
        return brief
    first = brief.occasion is Occasion.FIRST
    occasion = Occasion.ASKED if first else brief.occasion
    return replace(brief, channel=Channel.COUNTER, occasion=occasion)


def _told(
    approach: Approach,
    brief: WritingBrief,
    chosen: Mapping[Move, Chosen],
    objections: Sequence[Chosen],
) -> Filled:
    waiting = list(objections)
    told = paths_in(script.text for script, _ in chosen.values())
    read_first = "" if brief.channel in _TALKED else f"（客户看到{label(brief.channel)}来问时用）"
    composer = Composer().add(INTERNAL_NOTICE).line(f"谈法：{approach.title}{read_first}")
    for move in approach.moves:
        if move is Move.OBJECTION:
            if waiting:
                _answer(composer, *waiting.pop(0))
            continue
        pieces = [chosen[move][1]] if move in chosen else []
        pieces = [*_before(move, brief), *pieces, *_after(move, brief, told)]
        if pieces:
            composer.line(f"【{MOVE_TITLES[move]}】", *pieces)
    for objection in waiting:
        _answer(composer, *objection)
    return composer.filled


def _answer(composer: Composer, script: Script, filled: Filled) -> None:
    heading = f"【{MOVE_TITLES[Move.OBJECTION]}】客户说“{script.situation}”，可以答："
    composer.line(heading, filled)


def own_words(text: str) -> str:
    """Talking points with the customer's words blanked out: what is left is the bank's to answer.

    The length stays the same, so that spans hold.

    >>> own_words("客户说“会不会亏”，可以答：会。")
    '客户说“□□□□”，可以答：会。'
    """
    return _CUSTOMERS_WORDS.sub(lambda match: "□" * len(match.group()), text)


def referral_line(brief: WritingBrief, scripts: Sequence[Script]) -> str:
    """What a seller without the authority says instead, or nothing when no script is there."""
    return next((f.text for _, f in script_moves(Move.REFERRAL, brief, scripts)), "")


def dissuasion(brief: WritingBrief, scripts: Sequence[Script]) -> str:
    """What is said to a customer who may be falling for fraud; nothing when no script is there."""
    return next((f.text for _, f in script_moves(Move.DISSUADE, brief, scripts)), "")


def service_line(brief: WritingBrief, scripts: Sequence[Script], rules: Collection[str]) -> str:
    """What is said to a customer whom one of these rules has served first, or nothing."""
    serving = [script for script in scripts if {*script.reasons} & {*rules}]
    plain = [replace(script, reasons=()) for script in serving]
    return next((f.text for _, f in script_moves(Move.SERVE, brief, plain)), "")


def _written_for(template: Template, brief: WritingBrief) -> bool:
    if not template.fits(brief.product, brief.channel) or not template.valid_on(brief.as_of):
        return False
    if template.life_stages and brief.life_stage not in template.life_stages:
        return False
    # A follow-up goes on from a visit: a text for a first contact would start again.
    anytime = () if brief.occasion is Occasion.FOLLOW_UP else Occasion
    if brief.occasion not in (template.occasions or anytime):
        return False
    profile = brief.profile
    segments = {*profile.segments, *profile.segments.values()} if profile else set()
    if template.segments and not segments & set(template.segments):
        return False
    return all(
        condition.met(_situation(profile, condition.feature) if profile else None)
        and _agrees(condition, brief)
        for condition in template.conditions
    )


def _situation(profile: Profile, feature: str) -> FeatureScalar:
    """What a template's condition is held against: money due within 30 days may be due today."""
    value = profile.value(feature)
    today = profile.value("maturing_today")
    if feature == "maturing_30" and isinstance(today, (int, float)):
        return (value if isinstance(value, (int, float)) else 0) + today
    return value


#: Features of a situation that is a reason of its own, and the reasons that speak of it.
_REASONS_OF = {
    "maturing_30": ("maturity_today", "maturity_soon"),
    "maturing_today": ("maturity_today",),
    "days_to_maturity": ("maturity_today", "maturity_soon"),
    "idle_amount": ("idle_demand",),
    "idle_days": ("idle_demand",),
    "bonus_30": ("bonus_arrived",),
    "inflow_max_7": ("large_inflow",),
}


def _agrees(condition: Condition, brief: WritingBrief) -> bool:
    """Whether a template's situation is the reason that leads the staff card.

    A condition that holds where there is nothing describes no situation.
    """
    leading = leading_reason(brief)
    reasons = _REASONS_OF.get(condition.feature)
    if reasons is None or condition.met(0):
        return True
    return leading is not None and leading.code in reasons


def _specificity(template: Template) -> tuple[int, ...]:
    """Smaller is more specific."""
    return (
        -len(template.conditions),
        not template.occasions,
        not template.product_codes,
        not template.life_stages,
        not template.segments,
        len(template.product_types),
    )


def _before(move: Move, brief: WritingBrief) -> Iterable[Filled]:
    """The one reason that the customer expects to hear opens the question about the need.

    Only where people speak: a holding does not belong in a message that may be read elsewhere.
    """
    if move is Move.NEED and brief.channel.spoken and (reason := sayable_reason(brief)).text:
        yield reason


def _after(move: Move, brief: WritingBrief, told: frozenset[str]) -> Iterable[Filled]:
    """What the record adds to a move, as far as no script of the talking points tells it."""
    if move is Move.PRODUCT:
        talk = _conversation(brief)
        facts = record_facts(brief.product, talk.slot_values, told | unspoken(talk.channel))
        if facts.text:
            yield facts
    if move is Move.RISK:
        risk = risk_reminder(brief.product, told)
        if risk.text:
            yield risk


def unspoken(channel: Channel) -> frozenset[str]:
    """Slots that are left to the written material on a channel."""
    return _NOT_SPOKEN if channel.spoken else frozenset()


def draft_of(brief: WritingBrief, filled: Filled) -> Draft:
    """A filled text as a draft of the brief, cited and with its staff card."""
    return Draft(
        kind=kind_on(brief.channel),
        channel=brief.channel,
        product_code=brief.product.product_code,
        text=filled.text,
        figures=filled.figures,
        citations=cite(filled.text, filled.figures, brief.passages),
        staff_card=staff_card(brief),
        customer_id=brief.customer.customer_id if brief.customer else None,
    )
