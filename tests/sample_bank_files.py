"""The sample bank's files, read with nothing but the standard library."""

from __future__ import annotations

import csv
import gzip
import json
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import yaml

Row = dict[str, str]
WIDE_DIGITS = str.maketrans("０１２３４５６７８９．－", "0123456789.-")


class Bank:
    """A folder that `write_sample_bank` has filled."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.mapping: dict[str, Any] = yaml.safe_load((folder / "sources.yaml").read_text("utf-8"))
        self.dirty = json.loads((folder / "dirty.json").read_text("utf-8"))
        self.stories = {
            story["story"]: story["customer_id"]
            for story in json.loads((folder / "stories.json").read_text("utf-8"))
        }
        self._tables: dict[str, list[Row]] = {}

    def table(self, name: str) -> list[Row]:
        """Every row of a table's files as written."""
        if name not in self._tables:
            source = self.mapping["tables"][name]
            encoding = source.get("encoding", "utf-8")
            self._tables[name] = [
                row
                for path in sorted(self.folder.glob(source["file"]))
                for row in csv.DictReader(_text(path, encoding).splitlines())
            ]
        return self._tables[name]

    def keys(self, kind: str, table: str) -> list[str]:
        """The keys that the manifest lists for a kind of dirt."""
        return [
            key
            for entry in self.dirty
            if (entry["kind"], entry["table"]) == (kind, table)
            for key in entry["keys"]
        ]

    def ledger(self) -> list[Row]:
        """Transactions as they were posted: strays and repetitions out, repairs made, in order."""
        strays = {
            key
            for kind in ("future_transaction", "unreadable_amount", "unknown_customer")
            for key in self.keys(kind, "transactions")
        }
        rows = {row["流水号"]: row for row in self.table("transactions")}
        return [rows[key] for key in sorted(rows) if key not in strays]

    def of(self, story: str, rows: list[Row]) -> list[Row]:
        """The rows of a planted customer."""
        return [row for row in rows if row["客户号"] == self.stories[story]]


def _text(path: Path, encoding: str) -> str:
    data = path.read_bytes()
    return (gzip.decompress(data) if path.suffix == ".gz" else data).decode(encoding)


def fen(text: str) -> int:
    """Money as written, repaired, in fen."""
    plain = text.translate(WIDE_DIGITS).replace(",", "").removesuffix("元")
    return int(Decimal(plain) * 100)


def day_of(text: str) -> date:
    """A date as written, repaired."""
    return date.fromisoformat(text.translate(WIDE_DIGITS))
