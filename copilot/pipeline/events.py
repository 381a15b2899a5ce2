"""The one entry for what happens between loads: recorded, audited, and felt within seconds.

A large inflow, a maturity, a complaint, a withdrawn consent or a life event changes the gate at
once (the database), and the profile and the call list when the touched customers are computed
again, which is the last step here.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

from copilot.errors import CopilotError, InputError
from copilot.pipeline.workbench import Workbench
from copilot.records.event import CUSTOMER_EVENT, EVENT_LABELS, CustomerEvent

if TYPE_CHECKING:
    from pydantic import ValidationError

Line = tuple[int, Any]
"""A row number (from 1) and the document that stands there."""


@dataclass(frozen=True, slots=True)
class EventsReport:
    """What came of a batch of events; ``repeated`` were recorded before, word for word."""

    recorded: int
    repeated: int
    customers: tuple[str, ...]
    kinds: Mapping[str, int]
    as_of: date
    recomputed: int

    def as_json(self) -> dict[str, Any]:
        """The document of ``copilot events add --format json``."""
        return {
            "recorded": self.recorded,
            "repeated": self.repeated,
            "customers": list(self.customers),
            "kinds": dict(self.kinds),
            "as_of": self.as_of.isoformat(),
            "recomputed": self.recomputed,
        }


def add_events(bench: Workbench, lines: Iterable[Line], file: str | None = None) -> EventsReport:
    """Record events and bring the profiles of their customers up to date as of the bench's day.

    All of the lines are recorded, or none. An event recorded before is skipped.

    Raises:
        InputError: a line breaks the schema, lies after the day, names an unknown customer, or
            gives other content under a known id; names file, row and field.
        Forbidden: a customer is out of the principal's scope.
        Busy: another process is writing to the data directory.
    """
    from copilot.profiles import build_profiles, recomputed_of

    events = [_event(bench, row, document, file) for row, document in lines]
    with bench.store.writer_lock():
        new = _record(bench, events, file)
        build = build_profiles(bench.store, bench.settings, bench.as_of, incremental=True)
    return EventsReport(
        len(new),
        len(events) - len(new),
        tuple(sorted({event.customer_id for event in new})),
        Counter(event.kind for event in new),
        build.as_of,
        recomputed_of(build) if new else 0,
    )


def _event(
    bench: Workbench, row: int, document: Any, file: str | None
) -> tuple[int, CustomerEvent]:
    from pydantic import ValidationError

    try:
        event = CUSTOMER_EVENT.validate_python(document)
    except ValidationError as error:
        raise _violation(error, row, file) from None
    if event.at.date() > bench.as_of:
        raise InputError(
            f"事件日期 {event.at.date()} 晚于数据日 {bench.as_of}",
            file=file,
            row=row,
            field="at",
            next="请核对时间，或用 --as-of 指定事件所在的日期。",
        )
    try:
        bench.customer(event.customer_id)
    except CopilotError as error:
        error.file, error.row, error.field = file, row, "customer_id"
        raise
    return row, event


def _record(
    bench: Workbench, events: Sequence[tuple[int, CustomerEvent]], file: str | None
) -> list[CustomerEvent]:
    from copilot.store import events as store_events
    from copilot.tables.brought import brought_keys

    store = bench.store
    with store.transaction() as connection:
        known = store_events.known_documents(connection, {event.id for _, event in events})
        new: dict[str, CustomerEvent] = {}
        for row, event in events:
            earlier = known.get(event.id)
            if event.id in new:
                earlier = new[event.id].model_dump(mode="json")
            if earlier is None:
                new[event.id] = event
            elif earlier != event.model_dump(mode="json"):
                raise InputError(
                    f"编号 {event.id} 已用于另一条内容不同的事件",
                    file=file,
                    row=row,
                    field="id",
                    next="更正请用新的编号。",
                )
        if new:
            store_events.record(connection, new.values())
            store.audit.append(
                connection,
                "events.add",
                next(iter(new)),
                {"events": list(new), "kinds": Counter(event.kind for event in new.values())},
                actor=bench.principal.user_id,
            )
    # A transaction that the ledger holds already is not counted twice.
    loaded = brought_keys(store.facts.current(), store, only=("transactions",))
    if any(loaded.values()):
        with store.transaction() as connection:
            store_events.settle(connection, date.min, loaded)
    return list(new.values())


def _violation(error: ValidationError, row: int, file: str | None) -> InputError:
    first = error.errors(include_url=False)[0]
    # The first step of a place below a kind is the kind's own name.
    field = ".".join(str(step) for step in first["loc"][1:]) or "kind"
    context = first.get("ctx", {})
    match first["type"]:
        case "missing":
            message, step = f"缺少必填的字段 {field}", "请补上。"
        case "extra_forbidden":
            message, step = f"未知的字段 {field}", "请删去或改名。"
        case "union_tag_invalid" | "union_tag_not_found":
            kinds = "、".join(f"{kind}（{label}）" for kind, label in EVENT_LABELS.items())
            given = f"：{str(context['tag'])[:40]}" if "tag" in context else ""
            message, step = f"kind 不是可用的事件种类{given}", f"可用的种类：{kinds}。"
        case "enum" | "literal_error":
            allowed = str(context["expected"]).replace(" or ", ", ")
            message, step = f"{field} 的值不在允许范围内", f"可用的值：{allowed}。"
        case "model_type" | "model_attributes_type" | "dict_type":
            message, step = "这一行不是 JSON 对象", "请每行写一个 JSON 对象。"
        case _:
            # The value itself may be an amount or a name, so only its place is told.
            message, step = f"{field} 的值不符合要求", _EXPECTED.get(field, "请核对格式。")
    return InputError(message, file=file, row=row, field=field, next=step)


_EXPECTED = {
    "at": "请写本行当地时间，例如 2026-11-20T14:05:00，不带时区。",
    "amount": "金额以元为单位，大于零，最多两位小数。",
    "matures_on": "请写成 2026-12-08 这样的日期。",
    "currency": "请写三个大写字母，例如 CNY。",
}
