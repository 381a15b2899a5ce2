"""Probable duplicates: one person under two customer numbers, proposed with evidence, never merged.

    customers ─▶ normalised ─▶ pairs that share a key ─▶ weight of evidence ─▶ chance

A pair is compared only when it shares an identity number, a phone, name and birth date, or birth
date and surname (for a mistyped name), so that work grows with shared keys and not with all
pairs. Each agreement weighs as much as it is rare: log2(1 ÷ how often chance would give it), as
in the record linkage of Fellegi and Sunter. Values never leave: a reason says what agrees, and a
name is shown by its surname.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from copilot.records.sql import identifier, parquet
from copilot.records.staff import Principal

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from duckdb import DuckDBPyConnection

LIKELY, POSSIBLE = 0.95, 0.5
_DUPLICATE_SHARE = 0.01  # of customers, before any evidence: entry errors are rare
_MOST_OF_A_KEY = 50  # a key that more customers share is a switchboard or a placeholder
_USED = (
    "customer_id", "name", "gender", "birth_date", "birth_year", "phone", "id_number",
    "employer_id", "branch_id",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class ProbableDuplicate:
    """Two customer numbers that may be one person; ``weight`` in bits, ``chance`` after prior."""

    first: str
    second: str
    first_branch: str | None
    second_branch: str | None
    shown_name: str
    chance: float
    weight: float
    agree: tuple[str, ...]
    differ: tuple[str, ...]

    def as_json(self) -> dict[str, Any]:
        """Ids, masked name and evidence; no other value of the customers."""
        return {
            "customers": [self.first, self.second],
            "branches": [self.first_branch, self.second_branch],
            "name": self.shown_name,
            "chance": round(self.chance, 4),
            "weight_bits": round(self.weight, 1),
            "likely": self.chance >= LIKELY,
            "agree": list(self.agree),
            "differ": list(self.differ),
        }


@dataclass(frozen=True, slots=True)
class DuplicateReport:
    """All proposed pairs, most likely first, and how many pairs were compared."""

    customers: int
    compared: int
    pairs: tuple[ProbableDuplicate, ...]

    def seen_by(self, principal: Principal) -> DuplicateReport:
        """The pairs of which the principal may see both."""
        seen = (
            pair
            for pair in self.pairs
            if principal.sees_customer(pair.first, pair.first_branch)
            and principal.sees_customer(pair.second, pair.second_branch)
        )
        return replace(self, pairs=tuple(seen))

    def as_json(self, limit: int) -> dict[str, Any]:
        """The document of ``copilot tables duplicates``, with the first pairs."""
        return {
            "customers": self.customers,
            "compared": self.compared,
            "found": len(self.pairs),
            "pairs": [pair.as_json() for pair in self.pairs[:limit]],
        }


def probable_duplicates(files: Sequence[Path]) -> DuplicateReport:
    """Pairs of a customers table that are more likely than not one person.

    ``files`` are the Parquet files of the canonical table; columns that are absent say nothing.
    """
    import duckdb

    connection = duckdb.connect()
    try:
        _normalise(connection, files)
        _pair(connection)
        counted = connection.execute(
            "select (select count(*) from people), (select count(*) from pairs)"
        ).fetchone()
        customers, compared = counted or (0, 0)
        rows = connection.execute(_EVIDENCE).fetchall()
    finally:
        connection.close()
    prior = math.log2(max(customers, 2) / (2 * _DUPLICATE_SHARE))
    judged = (_judge(row, prior) for row in rows)
    kept = [pair for pair in judged if pair.chance >= POSSIBLE]
    kept.sort(key=lambda pair: (-pair.weight, pair.first, pair.second))
    return DuplicateReport(customers, compared, tuple(kept))


def _normalise(connection: DuckDBPyConnection, files: Sequence[Path]) -> None:
    source = parquet(*files)
    given = {row[0] for row in connection.execute(f"describe select * from {source}").fetchall()}
    columns = ", ".join(
        identifier(name) if name in given else f"null as {identifier(name)}" for name in _USED
    )
    connection.execute(f"create temp table raw as select {columns} from {source}")
    connection.execute(_PEOPLE)


def _pair(connection: DuckDBPyConnection) -> None:
    connection.execute("create temp table pairs (a bigint, b bigint)")
    for keys in ("id17", "phone", "name, born", "born, surname"):
        names: Iterable[str] = keys.split(", ")
        known = " and ".join(f"{name} is not null" for name in names)
        connection.execute(
            f"create or replace temp table blocked as select {keys}, n from people where {known} "
            f"qualify count(*) over (partition by {keys}) between 2 and {_MOST_OF_A_KEY}"
        )
        connection.execute(
            f"insert into pairs select l.n, r.n from blocked l join blocked r using ({keys}) "
            "where l.n < r.n"
        )
    connection.execute("create or replace temp table pairs as select distinct a, b from pairs")


_PEOPLE = """
create temp table people as
with cleaned as (
  select customer_id, branch_id, gender, employer_id,
    nullif(regexp_replace(nfc_normalize(cast(name as varchar)), '[\\s·•.]', '', 'g'), '') as name,
    cast(birth_date as date) as birth_date, cast(birth_year as int) as birth_year,
    right(regexp_replace(cast(phone as varchar), '[^0-9]', '', 'g'), 11) as digits,
    upper(regexp_replace(cast(id_number as varchar), '[^0-9Xx]', '', 'g')) as number
  from raw
),
numbered as (
  select *,
    case when length(digits) >= 7 then digits end as phone,
    case
      when length(number) = 18 then left(number, 17)
      when length(number) = 15 then left(number, 6) || '19' || substr(number, 7, 9)
    end as id17
  from cleaned
)
select row_number() over (order by customer_id) as n, customer_id, branch_id, gender, employer_id,
  name, left(name, 1) as surname, phone, id17,
  coalesce(birth_date, try_strptime(substr(id17, 7, 8), '%Y%m%d')::date) as born,
  coalesce(year(birth_date), birth_year, try_cast(substr(id17, 7, 4) as int)) as born_year
from numbered
"""

_EVIDENCE = """
with total as (select count(*)::double as n from people),
names as (select name, count(*) / (select n from total) as share from people group by name),
births as (select count(*)::double as n from (select distinct born from people))
select l.customer_id, r.customer_id, l.branch_id, r.branch_id, l.surname, length(l.name),
  l.id17 = r.id17, damerau_levenshtein(l.id17, r.id17),
  l.phone = r.phone,
  l.name = r.name, damerau_levenshtein(l.name, r.name), l.surname = r.surname, coalesce(s.share, 0),
  l.born = r.born, l.born_year - r.born_year,
  month(l.born) = day(r.born) and day(l.born) = month(r.born),
  l.gender = r.gender, l.employer_id = r.employer_id,
  (select n from total)
from pairs p
join people l on l.n = p.a join people r on r.n = p.b
left join names s on s.name = l.name
"""

_BIRTHDAYS = 60 * 365  # dates that adults' births spread over


def _judge(row: tuple[Any, ...], prior: float) -> ProbableDuplicate:
    (first, second, first_branch, second_branch, surname, length, same_id, id_edits, same_phone,
     same_name, name_edits, same_surname, name_share, same_birth, years, swapped, same_gender,
     same_employer, total) = row  # fmt: skip
    rarity = math.log2(total)
    parts: list[tuple[str, float]] = []
    if same_id is not None:
        parts.append(_of_id(same_id, id_edits))
    if same_phone is not None:
        parts.append(("手机号", min(rarity, 12.0) if same_phone else -1.0))
    if same_name is not None:
        parts.append(_of_name(same_name, name_edits, same_surname, length, name_share, total))
    if same_birth is not None:
        parts.append(_of_birth(same_birth, swapped, years))
    if same_gender is not None:
        parts.append(("性别", 1.0 if same_gender else -5.0))
    if same_employer:
        parts.append(("单位", 2.0))
    weight = sum(part for _, part in parts)
    return ProbableDuplicate(
        first,
        second,
        first_branch,
        second_branch,
        f"{surname}{'*' * (length - 1)}" if surname else "",
        1 / (1 + 2 ** min(prior - weight, 60.0)),
        weight,
        tuple(name for name, part in parts if part > 0),
        tuple(name for name, part in parts if part < 0),
    )


def _of_id(same: bool, edits: int) -> tuple[str, float]:
    if same:
        return "证件号码", 20.0
    return ("证件号码（只差一位）", 8.0) if edits == 1 else ("证件号码", -12.0)


def _of_name(
    same: bool, edits: int, same_surname: bool, length: int, share: float, total: float
) -> tuple[str, float]:
    if same:
        # The pair itself is two of those who bear the name; chance needs another.
        others = max(share - 1 / total, 0.2 / total)
        return "姓名", min(-math.log2(others), 14.0)
    if edits == 1 and same_surname and length >= 3:
        return "姓名（只差一字）", 2.0
    return "姓名", -7.0


def _of_birth(same: bool, swapped: bool, years: int) -> tuple[str, float]:
    if same:
        return "出生日期", math.log2(_BIRTHDAYS)
    if swapped and years == 0:
        return "出生日期（日月颠倒）", 6.0
    return "出生日期", -4.0 if years == 0 else -8.0
