"""Choosing the moves of a conversation from approved scripts, the most specific first."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from copilot.drafting.brief import WritingBrief, leading_reason, order_among_equals
from copilot.drafting.fill import Filled, MissingSlot, fill
from copilot.drafting.product_lines import WHOLE_SENTENCES, paths_in
from copilot.records.codes import Occasion
from copilot.records.template import Condition, Move, Script

MOST_OBJECTIONS = 3
#: Moves that a talking point may have, with their headings.
MOVE_TITLES = {
    move: move.shown
    for move in (Move.OPENING, Move.NEED, Move.PRODUCT, Move.RISK, Move.CLOSE, Move.OBJECTION)
}
MAIN_MOVES = (Move.OPENING, Move.NEED, Move.PRODUCT, Move.RISK, Move.CLOSE)
#: Moves whose first script in the file is the usual one and whose others are for special moments.
_AUTHORED_ORDER = (Move.OPENING, Move.CLOSE, Move.REFERRAL)

Chosen = tuple[Script, Filled]


def script_moves(move: Move, brief: WritingBrief, scripts: Sequence[Script]) -> list[Chosen]:
    """The scripts of a move that suit the brief and can be filled, most specific first.

    What a walk-in asks about comes first, then what is written for the occasion, for the leading
    reason, for the customer's manner, for the product, life stage and channel.
    """
    reason = leading_reason(brief)
    leading = reason.code if reason else ""
    suiting = [s for s in scripts if s.move is move and _suits(s, brief, leading)]
    order = order_among_equals(brief.seed, (s.script_id for s in suiting))
    asked = {script_id: number for number, script_id in enumerate(brief.asked_for)}
    suiting.sort(
        key=lambda s: (
            asked.get(s.script_id, len(asked)),
            not s.occasions,
            not s.reasons,
            _manner_rank(s, brief),
            not s.product_codes,
            not s.product_types,
            not s.life_stages,
            not s.channels,
            "" if move in _AUTHORED_ORDER else order[s.script_id],
        )
    )
    filled, values = [], brief.slot_values
    for script in suiting:
        try:
            filled.append((script, fill(script.text, values)))
        except MissingSlot:
            continue
    return filled


def main_moves(
    menu: Mapping[Move, Sequence[Chosen]], used: Collection[str] = ()
) -> Mapping[Move, Chosen]:
    """One script for each main move; none repeats a whole sentence that another tells.

    The risk goes first: what it must tell, the product move need not. Scripts in ``used`` give
    way to others that are written for the occasion like them.
    """
    chosen: dict[Move, Chosen] = {}
    told: frozenset[str] = frozenset()
    for move in sorted(MAIN_MOVES, key=lambda move: move is not Move.RISK):
        moves = menu[move]
        fresh = [m for m in moves if not paths_in([m[0].text]) & told & WHOLE_SENTENCES] or moves
        peers = [m for m in fresh if _as_fitting(move, m[0], fresh[0][0])]
        unused = [m for m in peers if m[0].script_id not in used]
        if fresh:
            chosen[move] = (unused or fresh)[0]
            told |= paths_in([chosen[move][0].text])
    return chosen


def likely_objections(
    ranked: Sequence[Chosen], asked_for: Collection[str], used: Collection[str] = ()
) -> list[Chosen]:
    """The objections to prepare for: what is asked about, the likeliest not yet answered, others.

    ``used`` are scripts of approaches before this one.
    """
    order = sorted(
        ranked,
        key=lambda move: (move[0].script_id not in asked_for, move[0].script_id in used),
    )
    return order[:MOST_OBJECTIONS]


def _as_fitting(move: Move, script: Script, best: Script) -> bool:
    """Whether a script may stand in for the best one.

    A call never opens with words for any channel, which would not ask for the identity first.
    """
    here = move is not Move.OPENING or bool(script.channels) >= bool(best.channels)
    return here and bool(script.occasions) >= bool(best.occasions)


def _manner_rank(script: Script, brief: WritingBrief) -> int:
    """The place of the script's manner among the customer's; those without one come last."""
    places = [brief.manners.index(m) for m in script.manners if m in brief.manners]
    return min(places, default=len(brief.manners))


def _suits(script: Script, brief: WritingBrief, leading: str) -> bool:
    return (
        script.valid_on(brief.as_of)
        and (not script.product_types or brief.product.type in script.product_types)
        and (not script.life_stages or brief.life_stage in script.life_stages)
        and (not script.channels or brief.channel in script.channels)
        and (not script.manners or bool({*script.manners} & {*brief.manners}))
        and (not script.reasons or leading in script.reasons)
        and brief.occasion in (script.occasions or Occasion)
        and (not script.raised or script.script_id in brief.asked_for)
        and (not script.product_codes or brief.product.product_code in script.product_codes)
        and not any(_met(condition, brief) for condition in script.unless)
    )


def _met(condition: Condition, brief: WritingBrief) -> bool:
    return brief.profile is not None and condition.met(brief.profile.value(condition.feature))
