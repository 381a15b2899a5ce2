"""A branch's day on the sample bank: whom to contact, three pitches, two refusals.

Nothing is staged: customers, products and refusals are found by asking the same pipeline that the
other commands ask.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TypeVar

from copilot.errors import StateError
from copilot.pipeline.bank import bring_in
from copilot.pipeline.pitch import PitchRequest, draft_pitch
from copilot.pipeline.shelf import shelf_for
from copilot.pipeline.today import CallList, call_today
from copilot.pipeline.workbench import Workbench
from copilot.records.codes import Channel, ProductType, Role
from copilot.records.compliance import Usable
from copilot.records.draft import CheckedDraft
from copilot.records.matching import MatchResult, Refusal
from copilot.records.progress import Progress
from copilot.records.staff import Branch, Staff
from copilot.settings import Settings
from copilot.store import Store

Found = TypeVar("Found")

PITCHES = 3
_CHANNELS = (Channel.COUNTER, Channel.WECOM, Channel.PHONE)
_LOBBY_TRIES = ProductType.WMP


@dataclass(frozen=True, slots=True)
class BranchDay:
    """What the demo shows."""

    branch: Branch
    calls: CallList
    pitches: tuple[CheckedDraft, ...]
    refused_customer: Refusal
    refused_seller: Refusal
    lobby: Staff


def ensure_sample_bank(settings: Settings, progress: Progress) -> None:
    """Brings the sample bank in; what is there already and unchanged is skipped.

    Raises:
        StateError: the data directory holds a real bank, which the sample must not replace.
    """
    if Store.exists(settings):
        store = Store.create(settings)
        try:
            _refuse_real_bank(store)
        finally:
            store.close()
    bring_in(settings, None, progress)


def _refuse_real_bank(store: Store) -> None:
    try:
        sample = store.facts.current().sample
    except StateError:  # created, but cut off before the first load
        return
    if not sample:
        raise StateError(
            f"数据目录 {store.data_dir} 里是本行数据，演示不会覆盖它",
            next="请用 --data-dir 另选一个目录。",
        )


def branch_day(settings: Settings, branch_id: str | None = None) -> BranchDay:
    """One branch's day.

    Raises:
        StateError: the bank has no branch, staff or customers to show.
    """
    bench = Workbench.open(settings)
    try:
        staff = bench.store.staff(bench.principal)
        branches = [b for b in staff.branches() if staff.at_branch(b.branch_id, bench.as_of)]
        branch = staff.branch(branch_id) if branch_id else _first(branches, "网点")
        calls = call_today(bench, branch.branch_id)
        refused_customer = _first(_customer_refusals(bench, calls), "适当性不符的客户")
        pitches = tuple(_three_pitches(bench, calls))
        lobbies = (
            person
            for person in staff.at_branch(branch.branch_id, bench.as_of)
            if person.role is Role.LOBBY
        )
        lobby = _first(lobbies, "大堂经理")
    finally:
        bench.close()
    return BranchDay(
        branch,
        calls,
        pitches,
        refused_customer,
        _seller_refusal(settings, lobby, calls),
        lobby,
    )


def _first(found: Iterable[Found], what: str) -> Found:
    for one in found:
        return one
    raise StateError(
        f"数据中没有{what}，演示无法进行", next="请用 copilot init --sample 建示例银行。"
    )


def _three_pitches(bench: Workbench, calls: CallList) -> Iterator[CheckedDraft]:
    """Sendable pitches for customers of the call list, each of another product type."""
    shown: set[ProductType] = set()
    for call in calls.calls:
        channel = _CHANNELS[len(shown)]
        for candidate in _match(bench, call.customer_id, channel).allowed:
            if not candidate.reasons or candidate.type in shown:
                continue
            request = PitchRequest(candidate.product_code, channel, call.customer_id)
            pitch = draft_pitch(bench, request)
            if isinstance(pitch, CheckedDraft) and pitch.usable is Usable.SEND:
                shown.add(candidate.type)
                yield pitch
                break
        if len(shown) == PITCHES:
            return


def _customer_refusals(bench: Workbench, calls: CallList) -> Iterator[Refusal]:
    """Pitches of rated products that only the customer's own records forbid."""
    for call in calls.calls:
        for decision in _match(bench, call.customer_id, Channel.COUNTER).refused:
            subjects = {reason.subject for reason in decision.refusals}
            rated = bench.product(decision.product_code).risk_rating is not None
            if subjects == {"customer"} and rated:
                request = PitchRequest(decision.product_code, Channel.COUNTER, call.customer_id)
                refusal = draft_pitch(bench, request)
                if isinstance(refusal, Refusal):
                    yield refusal


def _seller_refusal(settings: Settings, lobby: Staff, calls: CallList) -> Refusal:
    bench = Workbench.open(settings, staff_id=lobby.staff_id)
    try:
        products = [p.product_code for p in bench.shelf if p.type is _LOBBY_TRIES]
        customer_id = _first([call.customer_id for call in calls.calls], "值得联系的客户")
        request = PitchRequest(_first(products, "理财产品"), Channel.COUNTER, customer_id)
        refusal = draft_pitch(bench, request)
    finally:
        bench.close()
    if not isinstance(refusal, Refusal):
        raise StateError(
            f"大堂经理 {lobby.staff_id} 有理财销售资格，演示不出转介",
            next="请用 copilot init --sample 建示例银行。",
        )
    return refusal


def _match(bench: Workbench, customer_id: str, channel: Channel) -> MatchResult:
    return shelf_for(bench, customer_id, channel)
