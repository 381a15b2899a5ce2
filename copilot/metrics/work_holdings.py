"""What customers hold at the ends of a period, from the bank's snapshots."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date

from copilot.metrics.work_rows import WorkRows
from copilot.records.customer import Holding
from copilot.records.metric import Unit
from copilot.records.work import Measured, Window

DEBTS = ("loan", "credit_card")
DEPOSITS = ("deposit", "large_cd")
FUNDS = ("fund", "private_fund")

Of = Callable[[Holding], bool]


def is_asset(holding: Holding) -> bool:
    """Whether a holding counts as assets under management."""
    return holding.product_type not in DEBTS


def balances(work: WorkRows) -> Iterator[Measured]:
    """Assets at the end of the period, and their change in it.

    Without a snapshot at both ends there is no change to tell.
    """
    if not work.customers:
        return
    yield _level(work, "aum", "管户资产", "资产类持仓余额合计（不含贷款、信用卡）", is_asset)
    yield _level(
        work, "deposits", "储蓄时点余额", "存款与大额存单余额合计",
        lambda holding: holding.product_type in DEPOSITS,
    )  # fmt: skip
    yield _level(
        work, "funds", "基金保有量", "基金持仓余额合计",
        lambda holding: holding.product_type in FUNDS,
    )  # fmt: skip
    yield change(work, "aum_change", "资产净增", is_asset)


def changes_by_type(work: WorkRows) -> Iterator[Measured]:
    """The change of the balance of every product type that was held."""
    kinds = {h.product_type for day in _ends(work) for h in work.holdings.get(day, ())}
    for kind in sorted(kinds):
        yield change(work, f"held_change.{kind}", "余额变动", _of_type(kind))


def change(work: WorkRows, name: str, label: str, of: Of) -> Measured:
    """How much a balance changed between the snapshots at the ends of the period.

    Its rows are the holdings that are new, gone or of another amount.
    """
    window = work.period.window
    rows, value = _moved(work, window, of)
    _, previous = _moved(work, work.period.previous, of)
    return Measured(
        name=name,
        label=label,
        value=value,
        unit=Unit.FEN,
        counter="",
        formula="期末快照余额 − 期初快照余额",
        table="holdings",
        window=window,
        rows=rows,
        previous=previous,
        missing="" if value is not None else "期初或期末没有持仓快照",
    )


def _level(work: WorkRows, name: str, label: str, formula: str, of: Of) -> Measured:
    day = work.current
    rows = [holding for holding in work.holdings.get(day, ()) if of(holding)] if day else []
    return Measured(
        name=name,
        label=label,
        value=sum(holding.amount for holding in rows) if day else None,
        unit=Unit.FEN,
        counter="",
        formula=formula,
        table="holdings",
        window=Window(day, day) if day else work.period.window,
        rows=tuple(holding.holding_id for holding in rows),
        missing="" if day else "没有持仓快照",
    )


def _moved(work: WorkRows, window: Window, of: Of) -> tuple[tuple[str, ...], int | None]:
    first, last = work.opening(window), work.closing(window)
    if first is None or last is None:
        return (), None
    before = {h.holding_id: h.amount for h in work.holdings.get(first, ()) if of(h)}
    after = {h.holding_id: h.amount for h in work.holdings.get(last, ()) if of(h)}
    moved = [key for key in sorted(before | after) if before.get(key) != after.get(key)]
    return tuple(moved), sum(after.get(key, 0) - before.get(key, 0) for key in moved)


def _ends(work: WorkRows) -> Iterator[date]:
    for day in (work.opening(work.period.window), work.closing(work.period.window)):
        if day is not None:
            yield day


def _of_type(kind: str) -> Of:
    return lambda holding: holding.product_type == kind
