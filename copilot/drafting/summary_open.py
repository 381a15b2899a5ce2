"""What a work summary says of open items: how many, how much money, and who takes which."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from copilot.drafting.summary_said import AMOUNT_ROLE, ROLE, Said, date_fact
from copilot.records.codes import SummaryPeriod
from copilot.records.compliance import Fact
from copilot.records.figures import amount_reported, month_day, reported
from copilot.records.work import OpenItem, OpenKind, Work

LISTED = {SummaryPeriod.DAY: 3, SummaryPeriod.WEEK: 5, SummaryPeriod.MONTH: 8}
PROSPECTS_LISTED = 3
_COUNTER = {OpenKind.COMPLAINT: "件"}
_VERBS = {
    OpenKind.MATURITY: "先联系",
    OpenKind.COMPLAINT: "处理",
    OpenKind.LOST: "回访",
    OpenKind.CALLBACK: "回访",
    OpenKind.REFERRAL: "承接",
    OpenKind.SETTLING: "跟进",
    OpenKind.UNMATCHED: "核对",
    OpenKind.PROSPECT: "联系",
}
_WHY = {
    OpenKind.COMPLAINT: "投诉未办结",
    OpenKind.LOST: "到期资金流失",
    OpenKind.CALLBACK: "还在考虑",
    OpenKind.REFERRAL: "转介待承接",
    OpenKind.SETTLING: "转介尚无结果",
    OpenKind.UNMATCHED: "成交待核对",
}


def open_values(work: Work) -> dict[str, Said]:
    """The placeholders of everything open, by kind; prospects by target."""
    found: dict[str, Said] = {}
    groups = dict.fromkeys((item.kind, item.kpi) for item in work.open_items)
    for kind, kpi in groups:
        name = f"open.{kind.value}" + (f".{kpi}" if kpi else "")
        found |= _Group(work, kind, name, work.open(kind, kpi)).values()
    pressing = [item for item in work.open_items if item.kind is not OpenKind.PROSPECT]
    today = [item for item in pressing if item.due and item.due < work.period.next_workday]
    later = [item for item in pressing if item not in today]
    if later and not work.subject.is_bank:
        found["open.first"] = _in_a_row("open.first", later)
    if today:
        group = _Group(work, OpenKind.MATURITY, "open.today", tuple(today))
        found |= group.values()
        if not work.subject.is_bank:
            found["open.today.list"] = _in_a_row("open.today", today)
    return found


def _in_a_row(name: str, items: Sequence[OpenItem]) -> Said:
    """The first of some customers, whoever takes them, each with what is open."""
    first = _first_of_each(items)[: LISTED[SummaryPeriod.DAY]]
    noted = "、".join(_noted(item, _WHY.get(item.kind, "")) for item in first)
    return Said(noted, name, _dates(first), rows=_rows(first))


@dataclass(frozen=True, slots=True)
class _Group:
    """The open items of one kind."""

    work: Work
    kind: OpenKind
    name: str
    items: tuple[OpenItem, ...]

    def values(self) -> dict[str, Said]:
        people = len({item.customer_id for item in self.items})
        counter = _COUNTER.get(self.kind, "笔")
        found = {
            self.name: self._counted(people, "户"),
            f"{self.name}.items": self._counted(len(self.items), counter),
            f"{self.name}.list": self._listed(),
        }
        money = sum(item.amount or 0 for item in self.items)
        if money:
            fen = reported(money)
            fact = Fact(self.name, AMOUNT_ROLE, "amount", fen)
            found[f"{self.name}.amount"] = self._said(amount_reported(fen), (fact,))
        return found

    def _counted(self, count: int, counter: str) -> Said:
        return self._said(f"{count}{counter}", (Fact(self.name, ROLE, "count", count),))

    def _said(self, text: str, facts: tuple[Fact, ...]) -> Said:
        return Said(text, self.name, facts, rows=_rows(self.items))

    def _listed(self) -> Said:
        """Customers by the bank's own ids, by who takes them; of the whole bank their number."""
        every = _first_of_each(self.items)
        if self.work.subject.is_bank:
            return self._by_branch(every)
        most = PROSPECTS_LISTED if self.kind is OpenKind.PROSPECT else LISTED[self.work.period.kind]
        shown = every[:most]
        rest = "等" if len(every) > most and self.kind is not OpenKind.MATURITY else ""
        text = "；".join(self._shares(shown)) + rest
        return Said(text, self.name, _dates(shown), rows=_rows(shown))

    def _shares(self, items: Sequence[OpenItem]) -> Iterator[str]:
        verb = _VERBS[self.kind]
        alone = self.work.subject.staff is not None and not self.work.answers_for
        for owner, mine in _by_owner(self.work, items):
            named = "、".join(_noted(item, item.why) for item in mine)
            yield named if alone else f"{owner or '无人管户的由专人'}{verb}{named}"

    def _by_branch(self, items: Sequence[OpenItem]) -> Said:
        counts = [(owner or "未分支行", len(mine)) for owner, mine in _by_owner(self.work, items)]
        facts = tuple(Fact(self.name, ROLE, "count", count) for _, count in counts)
        text = "、".join(f"{owner}{count}户" for owner, count in counts)
        return self._said(text, facts)


def _by_owner(work: Work, items: Sequence[OpenItem]) -> Iterator[tuple[str, list[OpenItem]]]:
    """The items of each member in charge, in the order of the members; nobody's come last."""
    for member in work.members:
        mine = [item for item in items if item.owner == member.member_id]
        if mine:
            yield member.name, mine
    known = {member.member_id for member in work.members}
    nobody = [item for item in items if item.owner not in known]
    if nobody:
        yield "", nobody


def _noted(item: OpenItem, why: str) -> str:
    note = f"{month_day(item.due)}到期" if item.due else why
    note += "，自动转存" if item.renews else ""
    return f"{item.customer_id}（{note}）" if note else item.customer_id


def _dates(items: Sequence[OpenItem]) -> tuple[Fact, ...]:
    return tuple(date_fact(item.due, "open") for item in items if item.due)


def _rows(items: Sequence[OpenItem]) -> tuple[str, ...]:
    return tuple(f"{item.table}:{row}" for item in items for row in item.rows)


def _first_of_each(items: Sequence[OpenItem]) -> list[OpenItem]:
    """One item a customer, the most pressing."""
    first: dict[str, OpenItem] = {}
    for item in items:
        first.setdefault(item.customer_id, item)
    return list(first.values())
