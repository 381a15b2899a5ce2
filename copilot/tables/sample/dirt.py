"""The dirt of real exports, put in on purpose and listed in ``dirty.json`` for the tests."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from random import Random

from copilot.tables.sample.calendar import BUSINESS_DATE
from copilot.tables.sample.exports import Export

_IMPOSSIBLE = ("1885-03-12", "2027-05-01", "1990-02-30")


@dataclass(frozen=True, slots=True)
class Dirt:
    """One kind of dirt in one table.

    ``keys`` are the keys of the rows; ``handling`` is what a careful loader does with them:
    ``repair``, ``quarantine``, ``note`` (the row stays, the finding is reported).
    """

    kind: str
    table: str
    file: str
    handling: str
    count: int
    keys: tuple[str, ...]


class DirtBook:
    """Spoils exports and remembers where."""

    def __init__(self, rng: Random, stories: int) -> None:
        self._rng = rng
        self._stories = stories
        self._used: set[int] = set()
        self.entries: list[Dirt] = []

    def note(self, kind: str, table: str, file: str, handling: str, keys: list[str]) -> None:
        """Record rows that are dirty; their first column is their key."""
        self.entries.append(Dirt(kind, table, file, handling, len(keys), tuple(keys)))

    def spoil_customers(self, export: Export) -> None:
        """Birthdays that cannot be, swapped columns, two date formats, spaces, double entries."""
        few = max(3, len(export.rows) // 250)
        birth, opened = export.column("出生日期"), export.column("开户日期")
        gender, marital = export.column("性别"), export.column("婚姻状况")

        def impossible(row: list[str], number: int) -> None:
            row[birth] = _IMPOSSIBLE[number % len(_IMPOSSIBLE)]

        def slashes(row: list[str], _: int) -> None:
            row[birth] = row[birth].replace("-", "/")

        def swapped_dates(row: list[str], _: int) -> None:
            row[birth], row[opened] = row[opened], row[birth]

        def swapped_codes(row: list[str], _: int) -> None:
            row[gender], row[marital] = row[marital], row[gender]

        def spaces(row: list[str], number: int) -> None:
            row[1] += "  " if number % 2 else "\u3000"
            row[0] += " "

        self._spoil(export, "impossible_birth_date", "note", few, impossible)
        self._spoil(export, "two_date_formats", "repair", 5 * few, slashes)
        self._spoil(export, "swapped_dates", "repair", few, swapped_dates)
        self._spoil(export, "swapped_codes", "repair", few, swapped_codes)
        self._spoil(export, "trailing_spaces", "repair", 2 * few, spaces)
        self._double_entries(export, few)
        self.note("byte_order_mark", export.table, export.file, "repair", [])

    def _spoil(
        self,
        export: Export,
        kind: str,
        handling: str,
        count: int,
        change: Callable[[list[str], int], None],
    ) -> None:
        keys = []
        for number in range(count):
            row = export.rows[self._fresh_row(export)]
            keys.append(row[0])
            change(row, number)
        self.note(kind, export.table, export.file, handling, keys)

    def _fresh_row(self, export: Export) -> int:
        """A row of an ordinary customer that nothing else has spoilt."""
        while True:
            index = self._rng.randrange(self._stories, len(export.rows))
            if index not in self._used:
                self._used.add(index)
                return index

    def _double_entries(self, export: Export, count: int) -> None:
        """The same person entered again under a new number at another branch counter."""
        keys = []
        for number in range(count):
            again = list(export.rows[self._fresh_row(export)])
            again[0] = f"C8{number:05d}"
            again[export.column("开户日期")] = "2026-08-03"
            again[export.column("管户经理")] = ""
            export.rows.append(again)
            keys.append(again[0])
        self.note("probable_duplicate", export.table, export.file, "note", keys)

    def spoil_holdings(self, export: Export) -> None:
        """Rows too many in the last snapshot: negative amounts and products nobody sells."""
        few = max(3, len(export.rows) // 800)
        amount, code = export.column("金额"), export.column("产品代码")
        for kind, prefix, handling in (
            ("negative_holding", "HN", "quarantine"),
            ("unknown_product_code", "HU", "note"),
        ):
            keys = []
            for number in range(few):
                row = list(export.rows[self._rng.randrange(len(export.rows))])
                row[export.column("产品大类")] = "理财产品"
                row[export.column("持仓编号")] = f"{prefix}{number:06d}"
                row[code], row[amount] = "WMP-CASH", "-5000.00"
                if kind == "unknown_product_code":
                    row[code], row[amount] = f"ZZ-{number + 9001}", "8000.00"
                export.rows.append(row)
                keys.append(row[export.column("持仓编号")])
            self.note(kind, export.table, export.file, handling, keys)

    def spoil_assessments(self, export: Export, expired: list[str]) -> None:
        """A level that does not exist, a second way of writing dates, results out of date."""
        few = max(3, len(export.rows) // 400)
        for row in self._rng.sample(export.rows, 4 * few):
            row[1] = row[1].replace("-", "/")
        slashed = [row[0] for row in export.rows if "/" in row[1]]
        self.note("two_date_formats", export.table, export.file, "repair", slashed)
        keys = [row[0] for row in self._rng.sample(export.rows, few)]
        export.rows += [[key, BUSINESS_DATE.replace(day=2).isoformat(), "C9"] for key in keys]
        self.note("unknown_risk_level", export.table, export.file, "quarantine", keys)
        self.note("expired_assessment", export.table, export.file, "note", expired)

    def spoil_interactions(self, export: Export) -> None:
        """Repeated rows and spaces after the customer number, in an encoding of its own."""
        few = max(3, len(export.rows) // 500)
        column = export.column("客户号")
        picks = self._rng.sample(range(len(export.rows)), 2 * few)
        for index in picks[:few]:
            export.rows[index][column] += " "
        keys = [export.rows[index][0] for index in picks[:few]]
        self.note("trailing_spaces", export.table, export.file, "repair", keys)
        repeated = [list(export.rows[index]) for index in picks[few:]]
        export.rows += repeated
        keys = [row[0] for row in repeated]
        self.note("exact_duplicate", export.table, export.file, "quarantine", keys)
        self.note("gb18030_file", export.table, export.file, "repair", [])

    def write(self, path: Path) -> None:
        """Write the list of everything that was spoilt."""
        listed = [asdict(entry) for entry in self.entries]
        path.write_text(json.dumps(listed, ensure_ascii=False, indent=1) + "\n", "utf-8")
