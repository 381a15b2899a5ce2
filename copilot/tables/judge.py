"""Applying the rules to a stage, and counting every one that met a row."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from copilot.records.generation import QualityCount
from copilot.records.sql import identifier, literal
from copilot.records.tables import TABLES, Table
from copilot.tables.columns import reader
from copilot.tables.landing import Landing
from copilot.tables.rules import REFERENCES, Rule, reading_rules, row_rules
from copilot.tables.sources import Sources
from copilot.tables.staging import SWAPPABLE, UNREADABLE, stage_name

_EXAMPLES = 5


class Judge:
    """Judges the stages of one load, parents before children.

    ``known`` are scratch tables, by canonical table, with the keys that earlier loads brought.
    """

    def __init__(
        self, landing: Landing, sources: Sources, known: Mapping[str, str] | None = None
    ) -> None:
        self.landing = landing
        self.sources = sources
        self.known = known or {}
        self.counts: list[QualityCount] = []

    def judge(self, table: Table) -> None:
        """Apply every rule to the stage of ``table``."""
        mapped = {name for source in self.sources.tables[table.name] for name in source.columns}
        if table.name == "customers" and mapped >= set(SWAPPABLE):
            self._unswap_gender(table)
        for rule in self._rules(table, mapped):
            self._apply(table, rule)
        self._fill(table)
        self._duplicates(table)

    def _rules(self, table: Table, mapped: set[str]) -> Iterator[Rule]:
        yield from reading_rules(table, mapped)
        yield from row_rules(table)
        for reference in REFERENCES:
            if reference.table == table.name:
                parent = TABLES[reference.parent]
                kept = []
                if parent.name in self.sources.tables:
                    kept.append(
                        f'SELECT {parent.key[0]} FROM {stage_name(parent)} WHERE "@reason" IS NULL'
                    )
                if parent.name in self.known:
                    kept.append(f"SELECT {parent.key[0]} FROM {self.known[parent.name]}")
                if kept:
                    yield reference.rule(" UNION ALL ".join(kept))

    def _apply(self, table: Table, rule: Rule) -> None:
        stage = stage_name(table)
        when = rule.when.format(
            day=f"DATE '{self.sources.business_date}'",
            currency=literal(self.sources.currency),
            stage=stage,
        )
        # A row already in quarantine is not judged again, so that no row is counted twice there.
        condition = f'"@reason" IS NULL AND ({when})'
        if not self._count(table, rule, condition):
            return
        sets = dict(rule.sets or {})
        if rule.action == "quarantined":
            sets['"@reason"'] = literal(rule.name)
        if sets:
            changes = ", ".join(f"{column} = {value}" for column, value in sets.items())
            self.landing.db.execute(f"UPDATE {stage} SET {changes} WHERE {condition}")

    def _count(self, table: Table, rule: Rule, condition: str) -> int:
        found = self.landing.db.execute(
            f'SELECT "@file", count(*), min("@row", {_EXAMPLES}) FROM {stage_name(table)} '
            f'WHERE {condition} GROUP BY "@file" ORDER BY "@file"'
        ).fetchall()
        for file, rows, examples in found:
            self.counts.append(
                QualityCount(
                    table.name, rule.name, rule.action, rows, rule.message, file, tuple(examples)
                )
            )
        return len(found)

    def _unswap_gender(self, table: Table) -> None:
        """Gender and marital status each hold a code of the other's list."""
        spec = self.sources.tables["customers"][0]
        crossed = {}
        for name, other in zip(SWAPPABLE, reversed(SWAPPABLE), strict=True):
            text = f"{other}__text"
            read = reader(table.column(name), spec.columns[name], spec.unit, self.sources.time_zone)
            crossed[name] = read.value_of(text, read.plain_of(text))
        unreadable = [f"{name}__mark = {UNREADABLE}" for name in SWAPPABLE]
        fits = [f"({value}) IS NOT NULL" for value in crossed.values()]
        marks = {f"{name}__mark": "0" for name in SWAPPABLE}
        rule = Rule(
            "swapped_columns.gender_marital",
            "repaired",
            " AND ".join([*unreadable, *fits]).replace("{", "{{").replace("}", "}}"),
            "性别与婚姻状况写反，已对调",
            crossed | marks,
        )
        self._apply(table, rule)

    def _fill(self, table: Table) -> None:
        """What follows from another column: the birth year, the bank's own currency."""
        stage = stage_name(table)
        names = {column.name for column in table.columns}
        if table.name == "customers":
            self.landing.db.execute(
                f"UPDATE {stage} SET birth_year = year(birth_date) "
                "WHERE birth_year IS NULL AND birth_date IS NOT NULL"
            )
        if "currency" in names:
            self.landing.db.execute(
                f"UPDATE {stage} SET currency = {literal(self.sources.currency)} "
                "WHERE currency IS NULL"
            )

    def _duplicates(self, table: Table) -> None:
        """Of rows with one key the last stands; the others are repeats or contradictions."""
        stage, key = stage_name(table), ", ".join(identifier(name) for name in table.key)
        columns = ", ".join(identifier(column.name) for column in table.columns)
        self.landing.db.execute(
            f"CREATE OR REPLACE TEMP TABLE repeated AS SELECT {key} FROM {stage} "
            f'WHERE "@reason" IS NULL GROUP BY {key} HAVING count(*) > 1'
        )
        self.landing.db.execute(
            "CREATE OR REPLACE TEMP TABLE superseded AS "
            "SELECT place_in_source, content = last AS same "
            "FROM (SELECT place_in_source, content, row_number() OVER latest AS place, "
            "first_value(content) OVER latest AS last "
            f"FROM (SELECT rowid AS place_in_source, {key}, "
            f"md5(CAST(({columns}) AS VARCHAR)) AS content FROM {stage} SEMI JOIN repeated "
            f'USING ({key}) WHERE "@reason" IS NULL) '
            f"WINDOW latest AS (PARTITION BY {key} ORDER BY place_in_source DESC)) WHERE place > 1"
        )
        for rule in _DUPLICATE_RULES:
            self._apply(table, rule)


_DUPLICATE_RULES = (
    Rule(
        "duplicate_row",
        "quarantined",
        "rowid IN (SELECT place_in_source FROM superseded WHERE same)",
        "整行重复，保留一行",
    ),
    Rule(
        "duplicate_key",
        "quarantined",
        "rowid IN (SELECT place_in_source FROM superseded WHERE NOT same)",
        "主键相同而内容不同，保留最后一行",
    ),
)
