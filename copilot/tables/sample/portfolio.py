"""What customers hold beside current accounts: episodes of holding a product, through time."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import count
from random import Random

from copilot.tables.sample.calendar import BUSINESS_DATE, WINDOW_START
from copilot.tables.sample.people import YUAN, Person
from copilot.tables.sample.shelf import Shelf, ShelfProduct

LIABILITIES = ("loan", "credit_card")


@dataclass(frozen=True, slots=True, kw_only=True)
class Episode:
    """One customer holding one product from ``opened_on`` to ``held_to`` (last day, included).

    ``bought``: the purchase left the current account in the window; ``funded``: the money came
    from another bank on the same day; ``paid_out``: fen credited the day after ``held_to``;
    ``moved_away``: the money then left the bank.
    """

    holding_id: str
    person: int
    code: str
    type: str
    amount: int
    opened_on: date
    matures_on: date | None = None
    auto_renew: bool | None = None
    held_to: date = BUSINESS_DATE
    bought: bool = False
    funded: bool = False
    paid_out: int = 0
    moved_away: bool = False

    def held_on(self, day: date) -> bool:
        """Whether the holding is in the snapshot of ``day``."""
        return self.opened_on <= day <= self.held_to


_DEPOSITS = "DEP-CALL7 DEP-3M DEP-6M DEP-1Y DEP-2Y DEP-3Y DEP-5Y"
_WEIGHTS = {
    "DEP-CALL7": 2, "DEP-3M": 3, "DEP-6M": 5, "DEP-1Y": 14, "DEP-2Y": 6, "DEP-3Y": 14,
    "DEP-5Y": 3, "CD-1Y": 5, "CD-3Y": 7, "GB-3Y": 5, "GB-5Y": 4, "SD-90": 3, "SD-180": 3,
    "SD-365": 3, "WMP-CASH": 10, "WMP-MH7": 5, "WMP-MH30": 6, "WMP-MH90": 5, "WMP-FX180": 4,
    "WMP-FX365": 5, "WMP-FX540": 2, "WMP-PLUS365": 4, "WMP-PLUS730": 2, "FUND-BOND": 6,
    "FUND-INDEX": 4, "FUND-MIX": 4, "INS-ANN": 4, "INS-LIFE": 3, "PEN-ACC": 3, "GOLD-ACC": 3,
}  # fmt: skip
# how age bends the weights, by the code's family
_TASTE = {
    "student": {"WMP": 2.0, "GB": 0.3, "CD": 0.0, "INS": 0.0, "PEN": 0.3},
    "young": {"WMP": 1.8, "FUND": 2.2, "GB": 0.3, "CD": 0.5, "PEN": 2.0},
    "family": {"INS": 1.6, "FUND": 1.3, "PEN": 1.5},
    "senior": {"DEP": 1.4, "GB": 1.5, "INS": 1.2},
    "retired": {"DEP": 2.0, "GB": 3.0, "FUND": 0.3, "INS": 0.0, "PEN": 0.0, "GOLD": 0.6},
}
# monthly change of net values by type: mean and spread
_DRIFT = {"fund": (0.002, 0.03), "gold": (0.006, 0.025), "wmp": (0.0017, 0.0006)}
_MOVING = tuple(_DRIFT)
_MONTHS = 60


class Portfolio:
    """Builds the episodes of every customer from the shelf."""

    def __init__(self, rng: Random, shelf: Shelf) -> None:
        self._rng = rng
        self._shelf = shelf
        self._numbers = count(1)

    def holding_id(self) -> str:
        """The next holding number."""
        return f"H{next(self._numbers):08d}"

    def of(self, people: list[Person]) -> list[Episode]:
        """The episodes of all ordinary customers, in customer order."""
        episodes: list[Episode] = []
        for index, person in enumerate(people):
            if person.story:
                continue
            for part in self._shares(person):
                episodes += self._chosen(index, person, part)
            if person.trend == "declining":
                episodes.append(self._withdrawn(index, person, 10, 100))
            elif person.wealth and self._rng.random() < 0.3:
                episodes.append(self._withdrawn(index, person, 2, 540))
        return episodes

    def _shares(self, person: Person) -> Iterator[int]:
        """Split the wealth into purchases, in fen, rounded as people do."""
        bounds = ((50_000, (1, 1)), (200_000, (1, 3)), (500_000, (2, 4)), (3_000_000, (3, 6)))
        slots = next((s for b, s in bounds if person.wealth < b * YUAN), (5, 8))
        parts = [self._rng.uniform(0.3, 1) for _ in range(self._rng.randint(*slots))]
        for part in parts:
            amount = person.wealth * part / sum(parts)
            step = 10_000 * YUAN if amount >= 100_000 * YUAN else 1_000 * YUAN
            if amount >= step:
                yield int(amount // step * step)

    def _chosen(self, index: int, person: Person, amount: int) -> list[Episode]:
        codes = [code for code in _WEIGHTS if self._suits(person, code, amount)]
        taste = _TASTE.get(person.stage, {})
        weights = [_WEIGHTS[code] * taste.get(code.split("-")[0], 1.0) for code in codes]
        if amount >= 200_000 * YUAN:  # who reaches the minimum of certificates mostly takes them
            weights = [
                weight * (4 if code.startswith("CD") else 1)
                for code, weight in zip(codes, weights, strict=True)
            ]
        if not sum(weights):
            return []
        product = self._shelf.products[self._rng.choices(codes, weights)[0]]
        if product.type == "pension":
            amount = min(amount, 12_000 * YUAN * self._rng.randint(1, 3))
        if product.term_days is None or product.code.startswith("WMP-MH"):
            return [self._open_ended(index, person, product, amount)]
        return list(self._chain(index, person, product, amount))

    def _suits(self, person: Person, code: str, amount: int) -> bool:
        """Sales of this bank were suitable: no assessment, no rated product."""
        product = self._shelf.products.get(code)
        if product is None or amount < product.min_amount:
            return False
        if person.stage == "minor":
            return code in _DEPOSITS.split()
        if product.type == "insurance" and person.age > 62:
            return False
        level = int(person.risk_level[1:]) if person.risk_level else 0
        return product.rating is None or product.rating <= level

    def _open_ended(
        self, index: int, person: Person, product: ShelfProduct, amount: int
    ) -> Episode:
        ago = self._rng.randrange(5, 60) if person.trend == "growing" else self._rng.randrange(1500)
        opened = max(BUSINESS_DATE - timedelta(days=ago), person.opened_on)
        bought = opened >= WINDOW_START
        return Episode(
            holding_id=self.holding_id(),
            person=index,
            code=product.code,
            type=product.type,
            amount=self._priced(product, amount),
            opened_on=opened,
            bought=bought,
            funded=bought and (person.trend == "growing" or self._rng.random() < 0.6),
        )

    def _priced(self, product: ShelfProduct, amount: int) -> int:
        """Products with a net value are not worth round sums."""
        if product.type not in _MOVING:
            return amount
        return round(amount * (1 + self._rng.uniform(-0.02, 0.05)))

    def _chain(
        self, index: int, person: Person, product: ShelfProduct, amount: int
    ) -> Iterator[Episode]:
        """The current period of a fixed term and the periods before it within the window."""
        term = product.term_days or 0
        left = self._days_left(term)
        opened = max(BUSINESS_DATE - timedelta(days=term - left), person.opened_on)
        auto = self._rng.random() < 0.3 if product.type == "deposit" else None
        holding_id, matures = self.holding_id(), opened + timedelta(days=term)
        held_to, paid_out = BUSINESS_DATE, 0
        while True:
            earlier = opened - timedelta(days=term if auto else term + 1)
            goes_on = earlier >= person.opened_on and (auto or self._rng.random() < 0.8)
            in_window = opened >= WINDOW_START
            starts_here = in_window and not (auto and goes_on)
            yield Episode(
                holding_id=holding_id,
                person=index,
                code=product.code,
                type=product.type,
                amount=amount,
                opened_on=opened,
                matures_on=matures,
                auto_renew=auto,
                held_to=held_to,
                bought=starts_here,
                funded=in_window and not goes_on and self._rng.random() < 0.6,
                paid_out=paid_out,
            )
            if not (in_window and goes_on):
                return
            opened, matures, held_to = earlier, earlier + timedelta(days=term), opened
            held_to -= timedelta(days=1)
            if not auto:
                holding_id = self.holding_id()
                paid_out = amount + interest_of(product, amount)

    def _days_left(self, term: int) -> int:
        """Days to maturity: anywhere in the term, with a few today and more within the month."""
        draw = self._rng.random()
        if draw < 0.005:
            return 0
        return self._rng.randrange(1, min(31, term) if draw < 0.05 else term)

    def _withdrawn(self, index: int, person: Person, least: int, most: int) -> Episode:
        """A holding that ended ``least`` to ``most`` days ago and whose money left the bank."""
        codes = ["DEP-3M", "DEP-6M", "DEP-1Y"] + ["WMP-CASH"] * (person.risk_level != "")
        product = self._shelf.products[self._rng.choice(codes)]
        amount = round(person.wealth * self._rng.uniform(0.6, 1.4) / 1_000_000) * 1_000_000
        amount = max(amount, 1_000_000)
        held_to = BUSINESS_DATE - timedelta(days=self._rng.randrange(least, most))
        held_to = max(held_to, person.opened_on)
        opened = held_to - timedelta(days=product.term_days or self._rng.randrange(200, 900))
        opened = max(opened, person.opened_on)
        return Episode(
            holding_id=self.holding_id(),
            person=index,
            code=product.code,
            type=product.type,
            amount=amount,
            opened_on=opened,
            matures_on=held_to if product.term_days else None,
            auto_renew=False if product.term_days else None,
            held_to=held_to,
            bought=opened >= WINDOW_START,
            funded=opened >= WINDOW_START,
            paid_out=amount + interest_of(product, amount),
            moved_away=True,
        )


def interest_of(product: ShelfProduct, amount: int) -> int:
    """Simple interest of one term, in fen."""
    return round(amount * product.rate_bp / 10_000 * (product.term_days or 0) / 365)


def loans_of(rng: Random, people: list[Person], ids: Iterator[str]) -> list[Episode]:
    """Mortgages, a few consumer loans and card instalments; ``amount`` is what is still owed."""
    loans = []
    for index, person in enumerate(people):
        owed: list[tuple[str, str, int]] = []
        if person.mortgage_left:
            owed.append(("LOAN-MORT", "loan", person.mortgage_left))
        if not person.story and person.stage in ("young", "family") and not person.dormant:
            if rng.random() < 0.05:
                owed.append(("LOAN-CONS", "loan", rng.randrange(10, 150) * 1000 * YUAN))
            if rng.random() < 0.07:
                owed.append(("CARD-INST", "credit_card", rng.randrange(10, 200) * 100 * YUAN))
        for code, kind, amount in owed:
            days = rng.randrange(200, 1500) if code == "LOAN-MORT" else rng.randrange(20, 300)
            opened = max(BUSINESS_DATE - timedelta(days=days), person.opened_on)
            loans.append(
                Episode(
                    holding_id=next(ids),
                    person=index,
                    code=code,
                    type=kind,
                    amount=amount,
                    opened_on=opened,
                )
            )
    return loans


class NetValues:
    """Month by month net values of funds, gold and wealth products; 1 on the business date."""

    def __init__(self, rng: Random, products: Iterable[ShelfProduct]) -> None:
        self._path: dict[str, list[float]] = {}
        for product in sorted(products, key=lambda each: each.code):
            if product.type in _MOVING:
                mean, spread = _DRIFT[product.type]
                path = [1.0]
                for _ in range(_MONTHS):
                    path.append(path[-1] / (1 + rng.gauss(mean, spread)))
                self._path[product.code] = path

    def at(self, code: str, day: date) -> float:
        """The net value of ``code`` in the month of ``day``."""
        path = self._path.get(code)
        if path is None:
            return 1.0
        months = (BUSINESS_DATE.year - day.year) * 12 + BUSINESS_DATE.month - day.month
        return path[min(months, _MONTHS)]
