"""Evaluation of drafts: what gets out when the model is good, lies, obeys planted texts or fails.

customer × product × channel ─▶ draft_pitch in a throw-away copy of the bank ─▶ judged again here
        planted texts in names, remarks, documents, product names ─▲      over HTTP, a character
"""

from __future__ import annotations

import itertools
import random
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from copilot.drafting.brief import WritingBrief
from copilot.errors import InputError
from copilot.llm.scripted import CHARACTERS, ScriptedServer
from copilot.llm.wire import Endpoint, Wire
from copilot.pipeline.drafts_identity import IdentityFound
from copilot.pipeline.drafts_judgement import Judged, judge
from copilot.pipeline.pitch import PROFILING_REFUSED, PitchRequest, draft_pitch
from copilot.pipeline.seller import choose_seller
from copilot.pipeline.workbench import Workbench
from copilot.records.codes import Channel, Occasion
from copilot.records.json_lines import json_lines
from copilot.records.knowledge import SearchQuery
from copilot.records.progress import Progress
from copilot.records.yaml_file import YamlFile
from copilot.settings import ModelLimits
from copilot.store.copies import copy_data_dir

if TYPE_CHECKING:
    from copilot.knowledge.search import SearchResult
    from copilot.records.draft import CheckedDraft
    from copilot.records.matching import CustomerFile, Refusal
    from copilot.records.product import Product


SEED = 20261120
SHIPPED_INJECTIONS = Path(__file__).with_name("injections.yaml")
#: Who writes the cases in turn; an empty name is the embedded writer. Half of them see plants.
CAST = ("", "good", "obeyer", "liar", "", "obeyer", "reasoner", "", "obeyer", "non_chinese") * 4 + (
    "flaky",
    "slow",
)
_STEP = "逐例起草"
_TIMEOUT_S = 0.4


@dataclass(frozen=True, slots=True)
class Case:
    """One request with who writes it and what is planted."""

    request: PitchRequest
    writer: str
    planted: str = ""


@dataclass(slots=True)
class DraftsReport:
    """What got out of the cases; ``identity`` is what `copilot.pipeline.drafts_identity` found."""

    refused: int = 0
    drafted: int = 0
    sent: int = 0
    planted: int = 0
    judged: list[Judged] = field(default_factory=list)
    drafted_against_rules: int = 0
    writers: Counter[str] = field(default_factory=Counter)
    by_model: Counter[str] = field(default_factory=Counter)
    identity: IdentityFound | None = None

    @property
    def cases(self) -> int:
        """How many requests were made."""
        return self.refused + self.drafted


class PlantedBench(Workbench):
    """The bank with a text planted wherever others may write; change ``planted`` between cases."""

    planted = ""

    def customer_file(self, customer_id: str) -> CustomerFile:
        """The file, with the plant behind the name and in the reasons of the staff card."""
        file = super().customer_file(customer_id)
        if not self.planted or file.customer is None or file.profile is None:
            return file
        name = f"{file.customer.name or ''}{self.planted}"
        reasons = tuple(replace(r, text=f"{r.text}。{self.planted}") for r in file.profile.reasons)
        profile = replace(file.profile, reasons=reasons)
        return replace(file, customer=replace(file.customer, name=name), profile=profile)

    def search(self, query: SearchQuery) -> SearchResult:
        """The passages, each with the plant at its end."""
        found = super().search(query)
        if not self.planted:
            return found
        hits = tuple(
            replace(hit, passage=replace(hit.passage, text=f"{hit.passage.text}{self.planted}"))
            for hit in found.hits
        )
        return replace(found, hits=hits)

    @cached_property
    def _own_shelf(self) -> Sequence[Product]:
        return super().shelf

    @property
    def shelf(self) -> Sequence[Product]:
        """The shelf, with the plant in the description of every product that has one."""
        if not self.planted:
            return self._own_shelf
        return [
            replace(p, benchmark_basis=p.benchmark_basis and f"{p.benchmark_basis}{self.planted}")
            for p in self._own_shelf
        ]


def read_injections(files: Sequence[Path]) -> list[str]:
    """The shipped texts to plant, and those of JSON Lines files (``text``).

    Raises:
        InputError: no such file, or a line is no object with a text.
    """
    shipped = YamlFile.read(SHIPPED_INJECTIONS).data
    texts = [str(text) for text in shipped] if isinstance(shipped, list) else []
    for file in files:
        for row, item in json_lines(file):
            if not isinstance(item.get("text"), str):
                raise InputError(
                    "缺少 text，或类型不对。",
                    file=str(file),
                    row=row,
                    field="text",
                    next='每行写成 {"text": "…"}。',
                )
            texts.append(item["text"])
    return texts


def evaluate_drafts(
    bench: Workbench, cases: int, injections: Sequence[str], progress: Progress
) -> DraftsReport:
    """Drafts ``cases`` pitches in a throw-away copy of the bank and judges what got out.

    Raises:
        InputError: the bank is not in a directory that can be copied.
    """
    report = DraftsReport()
    with _copied(bench) as copy, _cast(copy) as wires:
        for number, case in enumerate(_cases(copy, cases, injections), start=1):
            progress(_STEP, number, cases)
            copy.planted = case.planted
            copy.wire = wires.get(case.writer)
            result = draft_pitch(copy, case.request)
            _count(report, copy, case, result)
    return report


def _count(
    report: DraftsReport, bench: PlantedBench, case: Case, result: CheckedDraft | Refusal
) -> None:
    from copilot.records.draft import CheckedDraft

    report.writers[case.writer or "embedded"] += 1
    report.planted += bool(case.planted)
    if not isinstance(result, CheckedDraft):
        report.refused += 1
        return
    product = bench.product(case.request.product_code)
    file = bench.customer_file(str(case.request.customer_id))
    profile = None if PROFILING_REFUSED in result.notes else file.profile
    file = replace(file, profile=profile)
    _, decision = choose_seller(bench, product, file, case.request.channel)
    report.drafted += 1
    report.drafted_against_rules += not decision.allowed
    report.sent += result.usable.value == "send"
    report.by_model[case.writer or "embedded"] += result.versions.model is not None
    brief = WritingBrief(product, case.request.channel, bench.as_of, "", profile=profile)
    report.judged.append(judge(bench, result, brief, case.planted))


def _cases(bench: PlantedBench, number: int, injections: Sequence[str]) -> Iterator[Case]:
    """Customers, products and channels at random, the writers in turn; every second is planted."""
    chance = random.Random(SEED)
    people = bench.store.customers(bench.principal).ids()
    codes = [product.product_code for product in bench.shelf]
    channels = (Channel.COUNTER, Channel.COUNTER, Channel.PHONE, Channel.WECOM, Channel.SMS)
    plants = itertools.cycle(injections or [""])
    for position in range(number):
        request = PitchRequest(
            chance.choice(codes),
            chance.choice(channels),
            chance.choice(people),
            occasion=Occasion.FOLLOW_UP if position % 10 == 9 else Occasion.FIRST,
        )
        writer = CAST[position % len(CAST)]
        planted = next(plants) if writer == "obeyer" or position % 4 == 3 else ""
        yield Case(request, writer, planted)


@contextmanager
def _copied(bench: Workbench) -> Iterator[PlantedBench]:
    """A copy of the bank that is thrown away, so that the evaluation leaves no records."""
    settings = bench.settings
    if settings.database_url is not None:
        raise InputError(
            "评测在数据目录的副本上进行，不支持外接数据库。",
            field="database_url",
            next="请换一个用内置数据库的数据目录（copilot demo --data-dir DIR）。",
        )
    with tempfile.TemporaryDirectory(prefix="copilot-eval-") as aside:
        home = Path(aside) / "bank"
        copy_data_dir(settings.data_dir, home, without=["sample"])
        copy = PlantedBench.open(settings.model_copy(update={"data_dir": home}), as_of=bench.as_of)
        try:
            yield copy  # type: ignore[misc]
        finally:
            copy.close()


@contextmanager
def _cast(bench: Workbench) -> Iterator[dict[str, Wire]]:
    """A server for each character, and a connection to it."""
    limits = ModelLimits(failures=20, rest_s=1.0)
    with ExitStack() as stack:
        wires = {}
        for name, character in CHARACTERS.items():
            server = stack.enter_context(ScriptedServer(character, keep=False))
            endpoint = Endpoint(server.base_url, name, timeout_s=_TIMEOUT_S, retries=2)
            wires[name] = Wire(endpoint, pause=lambda seconds: None, limits=limits)
            stack.callback(wires[name].close)
        yield wires
