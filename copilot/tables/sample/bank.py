"""Puts the sample bank together: people, portfolios, flows, contacts, dirt, files."""

from __future__ import annotations

import csv
import io
import json
from importlib.resources import files
from pathlib import Path
from random import Random

from copilot.errors import InputError
from copilot.records.progress import Progress
from copilot.tables.sample import consents as said
from copilot.tables.sample import contacts, exports
from copilot.tables.sample.dirt import DirtBook
from copilot.tables.sample.exports import Export
from copilot.tables.sample.flows import FlowBook
from copilot.tables.sample.income import add_regular_flows
from copilot.tables.sample.ledger import Ledger, accounts_of, add_product_flows, post
from copilot.tables.sample.people import Person, random_people
from copilot.tables.sample.portfolio import Episode, NetValues, Portfolio, loans_of
from copilot.tables.sample.shelf import Shelf, read_shelf
from copilot.tables.sample.spending import add_everyday_flows, add_savings_moved_out
from copilot.tables.sample.stories import STORIES, add_story_flows, story_episodes, story_people
from copilot.tables.sample.transactions import transaction_dirt, write_transactions
from copilot.tables.sample.worklog import work_log

MIN_CUSTOMERS = 100
_ALWAYS_HELD = ("DEP-CUR", "DEP-3M", "DEP-6M", "DEP-1Y", "WMP-CASH")
_DEBTS = ("LOAN-MORT", "LOAN-CONS", "CARD-INST")
_STEPS = ("客户与产品", "持仓", "交易流水", "写出流水", "触达与工作记录", "写出其余各表")
_DIRTY_TRANSACTIONS = {
    "amount_with_unit": "repair",
    "full_width_amount": "repair",
    "full_width_date": "repair",
    "exact_duplicate": "quarantine",
    "future_transaction": "quarantine",
    "unreadable_amount": "quarantine",
    "unknown_customer": "quarantine",
}


def write_sample_bank(
    out: Path,
    *,
    knowledge_dir: Path,
    seed: int = 20261120,
    customers: int = 2000,
    progress: Progress | None = None,
) -> Path:
    """Write the raw exports of a fictional bank into ``out`` and return its ``sources.yaml``.

    The same seed and product sheets give the same bytes. Beside the exports lie ``dirty.json``
    (what is wrong in them, on purpose) and ``stories.json`` (the planted customers); the mapping
    file is written last, so that a folder with one is complete.

    Args:
        out: a folder, made if absent.
        knowledge_dir: the folder whose ``products/*.md`` are the shelf.
        customers: at least 100.
        progress: called with the step, how many are done, and how many there are.

    Raises:
        InputError: too few customers, or a product that the bank's customers hold is missing.
    """
    if customers < MIN_CUSTOMERS:
        raise InputError(
            f"示例银行至少要有 {MIN_CUSTOMERS} 位客户，给的是 {customers}。",
            next=f"请把客户数设为 {MIN_CUSTOMERS} 以上。",
            field="customers",
        )
    out.mkdir(parents=True, exist_ok=True)
    steps = _Steps(progress)
    steps.next()
    world = _World(_Streams(seed), read_shelf(knowledge_dir), customers)
    held = {part.code for story in STORIES for part in story.parts}
    world.shelf.require((*sorted(held), *_DEBTS, *_ALWAYS_HELD), knowledge_dir)
    steps.next()
    world.hold()
    steps.next()
    ledger = world.ledger()
    steps.next()
    book = DirtBook(world.streams.of("dirt"), len(STORIES))
    _write_transactions(out, world, ledger, book)
    steps.next()
    made = _exports(world, ledger)
    _spoil(made, world, book)
    steps.next()
    for export in made:
        _write_export(out, export)
    book.write(out / "dirty.json")
    _write_stories(out / "stories.json")
    mapping = out / "sources.yaml"
    mapping.write_bytes(files(__package__).joinpath("sources.yaml").read_bytes())
    steps.next()
    return mapping


class _Steps:
    """Reports each step as it begins, and the end."""

    def __init__(self, progress: Progress | None) -> None:
        self._progress = progress
        self._done = 0

    def next(self) -> None:
        if self._progress is not None:
            label = _STEPS[min(self._done, len(_STEPS) - 1)]
            self._progress(label, self._done, len(_STEPS))
        self._done += 1


class _Streams:
    """Independent random streams by name, so that one part can change without moving another."""

    def __init__(self, seed: int) -> None:
        self.seed = seed

    def of(self, name: str) -> Random:
        return Random(f"{self.seed}/{name}")


class _World:
    """The people, what they hold and what they agreed to, before it becomes files."""

    def __init__(self, streams: _Streams, shelf: Shelf, customers: int) -> None:
        self.streams = streams
        self.shelf = shelf
        self.people: list[Person] = story_people(streams.of("stories"))
        first = len(self.people) + 1
        self.people += random_people(streams.of("people"), first, customers)
        self.values = NetValues(streams.of("net values"), shelf.products.values())
        self.consents = said.Consents(streams.of("consents"), self.people)
        self.assessed = said.assessments(streams.of("assessments"), self.people)
        self.episodes: list[Episode] = []

    def hold(self) -> None:
        """Give everybody their products and debts."""
        portfolio = Portfolio(self.streams.of("portfolio"), self.shelf)
        ids = iter(portfolio.holding_id, "")
        types = {code: product.type for code, product in self.shelf.products.items()}
        self.episodes = story_episodes(types, ids) + portfolio.of(self.people)
        self.episodes += loans_of(self.streams.of("loans"), self.people, ids)

    def ledger(self) -> Ledger:
        """Let the money move, and post it."""
        import numpy as np

        book = FlowBook(self.people, np.random.default_rng([self.streams.seed, 1]))
        add_regular_flows(book)
        add_everyday_flows(book)
        add_product_flows(book, self.episodes, self.values)
        add_story_flows(book)
        add_savings_moved_out(book)
        return post(book, accounts_of(self.people))


def _write_transactions(out: Path, world: _World, ledger: Ledger, book: DirtBook) -> None:
    dirt = transaction_dirt(world.streams.of("dirty transactions"), ledger, world.people)
    write_transactions(out, ledger, world.people, dirt)
    for kind, handling in _DIRTY_TRANSACTIONS.items():
        book.note(kind, "transactions", "transactions_*.csv*", handling, dirt.keys[kind])


def _exports(world: _World, ledger: Ledger) -> list[Export]:
    """All files but the transactions, clean."""
    people, stream = world.people, world.streams.of
    met = contacts.interactions(stream("interactions"), people, world.consents)
    seen = contacts.visits(stream("visits"), people, ledger)
    handed = contacts.referrals(stream("referrals"), people, seen)
    complained = contacts.complaints(stream("complaints"), people)
    events = work_log(stream("events"), people, met, handed, world.episodes)
    return [
        *exports.house_exports(world.shelf),
        exports.customer_export(people),
        exports.account_export(ledger, people),
        *exports.holding_exports(world.episodes, ledger, people, world.values),
        *exports.statement_exports(world.consents.rows, world.assessed),
        exports.interaction_export(met),
        *exports.service_exports(seen, handed, complained),
        exports.work_export(events),
        exports.attribute_export(stream("attributes"), people),
    ]


def _spoil(made: list[Export], world: _World, book: DirtBook) -> None:
    last = {export.table: export for export in made}
    book.spoil_customers(last["customers"])
    book.spoil_holdings(last["holdings"])
    book.spoil_assessments(last["risk_assessments"], said.expired(world.assessed))
    book.spoil_interactions(last["interactions"])
    book.note("missing_consent", "consents", "consents.csv", "note", world.consents.missing)


def _write_export(out: Path, export: Export) -> None:
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(export.header)
    writer.writerows(export.rows)
    (out / export.file).write_bytes(text.getvalue().encode(export.encoding))


def _write_stories(path: Path) -> None:
    listed = [
        {
            "customer_id": f"C{number:06d}",
            "story": story.key,
            "branch_id": story.person["branch_id"],
            "finding": story.finding,
        }
        for number, story in enumerate(STORIES, start=1)
    ]
    path.write_text(json.dumps(listed, ensure_ascii=False, indent=1) + "\n", "utf-8")
