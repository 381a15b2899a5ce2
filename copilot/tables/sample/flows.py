"""A book of money movements kept as arrays: what the ledger posts."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any

from copilot.records.codes import TxnChannel, TxnKind
from copilot.tables.sample.calendar import BUSINESS_DATE, branch_open
from copilot.tables.sample.house import EMPLOYERS
from copilot.tables.sample.people import Person

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Ints = NDArray[np.int64]
    Floats = NDArray[np.float64]
    Bools = NDArray[np.bool_]

KINDS = tuple(TxnKind)
CHANNELS = tuple(TxnChannel)
FIELDS = (
    "person", "account", "day", "second", "amount", "kind", "channel", "counterparty", "memo",
)  # fmt: skip

NOBODY = 0
OWN = 1
_FIXED = ("", "OWN", *(firm.employer_id for firm in EMPLOYERS), "E900", "U001", "U002", "U003")
PENSION_OFFICE = _FIXED.index("E900")
UTILITIES = _FIXED.index("U001")
MERCHANTS = len(_FIXED)
MERCHANT_COUNT = 600
PRIVATE = MERCHANTS + MERCHANT_COUNT
PRIVATE_COUNT = 8000

# which hours of the day each channel is used, from midnight to 23 h
_HOURS: dict[TxnChannel, str] = {
    TxnChannel.COUNTER: "000000000599733785000000",
    TxnChannel.ATM: "000000137787654678742100",
    TxnChannel.POS: "000000025566885555798530",
    TxnChannel.MOBILE: "210000135566875555678863",
    TxnChannel.WEB: "000000014798536886445320",
    TxnChannel.AUTO: "003553100000000000000000",
    TxnChannel.OTHER: "000000005555555555000000",
}


def counterparty_names() -> list[str]:
    """The counterparty number of each index used in a book."""
    merchants = [f"M{number:05d}" for number in range(MERCHANT_COUNT)]
    private = [f"P{number:06d}" for number in range(PRIVATE_COUNT)]
    return [*_FIXED, *merchants, *private]


def employer_index(employer_id: str) -> int:
    """The counterparty index of an employer."""
    return _FIXED.index(employer_id)


class FlowBook:
    """Collects movements; those outside a customer's active time are left out.

    Days are proleptic ordinals, ``second`` counts from midnight, amounts are signed fen.
    """

    def __init__(self, people: list[Person], rng: np.random.Generator) -> None:
        import numpy as np

        self.people = people
        self.rng = rng
        self._np = np
        self.opened = np.array([p.opened_on.toordinal() for p in people], dtype=np.int64)
        self.active_to = np.array([p.active_to.toordinal() for p in people], dtype=np.int64)
        self._parts: dict[str, list[Ints]] = {field: [] for field in FIELDS}
        self.memos: dict[str, int] = {"": 0}

    def seconds(self, channel: TxnChannel, size: int) -> Ints:
        """Random times of day at which a channel is used."""
        np = self._np
        weights = np.array([int(digit) for digit in _HOURS[channel]], dtype=np.float64)
        hours = self.rng.choice(24, size=size, p=weights / weights.sum())
        seconds: Ints = hours * 3600 + self.rng.integers(0, 3600, size)
        return seconds

    def add(
        self,
        person: Any,
        day: Any,
        amount: Any,
        *,
        kind: TxnKind,
        channel: TxnChannel,
        counterparty: Any = NOBODY,
        memo: str = "",
        account: Any = 0,
        second: Any = None,
    ) -> None:
        """Add movements; the arguments are broadcast against ``person``."""
        np = self._np
        person = np.atleast_1d(np.asarray(person, dtype=np.int64))
        day, amount = np.broadcast_to(day, person.shape), np.broadcast_to(amount, person.shape)
        until = self.active_to[person]
        if kind in (TxnKind.INTEREST, TxnKind.FEE):
            until = np.full(person.shape, BUSINESS_DATE.toordinal())
        keep = (day >= self.opened[person]) & (day <= until) & (amount != 0)
        if second is None:
            second = self.seconds(channel, len(person))
        channels = self._possible(channel, day)
        row = {
            "person": person,
            "account": account,
            "day": day,
            "second": second,
            "amount": amount,
            "kind": KINDS.index(kind),
            "channel": channels,
            "counterparty": counterparty,
            "memo": self.memos.setdefault(memo, len(self.memos)),
        }
        for field, values in row.items():
            self._parts[field].append(np.broadcast_to(values, person.shape)[keep].astype(np.int64))

    def _possible(self, channel: TxnChannel, day: Ints) -> Ints:
        """On days when the branch is shut, people use a machine instead of the counter."""
        np = self._np
        if channel is not TxnChannel.COUNTER or not day.size:
            everywhere: Ints = np.full(day.shape, CHANNELS.index(channel))
            return everywhere
        first = int(day.min())
        served = np.array(
            [branch_open(date.fromordinal(number)) for number in range(first, int(day.max()) + 1)]
        )
        counter, machine = CHANNELS.index(TxnChannel.COUNTER), CHANNELS.index(TxnChannel.ATM)
        channels: Ints = np.where(served[day - first], counter, machine)
        return channels

    def columns(self) -> dict[str, Ints]:
        """All movements so far, one array per field."""
        np = self._np
        return {field: np.concatenate(parts) for field, parts in self._parts.items()}
