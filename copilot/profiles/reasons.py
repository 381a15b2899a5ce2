"""Reasons to contact a customer: conditions over features, words for staff, rows as evidence.

``reasons.yaml`` declares them; the conditions run as SQL when profiles are built, the words are
filled from one customer's features when they are read.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field

from copilot.profiles.spec import load_features
from copilot.profiles.words import FORMATS
from copilot.records.codes import ProductType
from copilot.records.profile import Evidence, FeatureScalar, Reason
from copilot.records.tables import TABLES
from copilot.records.yaml_file import YamlFile

REASONS_FILE = Path(__file__).parent / "reasons.yaml"
_SLOT = re.compile(r"\{([a-z0-9_]+):([a-z]+)\}")


class ReasonDeclaration(BaseModel):
    """One reason as the YAML states it; ``when`` and ``rank`` are SQL over features ``f``.

    ``action`` is what staff do about it.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    code: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    title: str
    when: str
    rank: str
    text: str
    plain: str
    sayable: str = ""
    action: str
    features: tuple[str, ...] = Field(min_length=1)
    evidence: dict[str, str] = Field(default_factory=dict)
    product_types: tuple[ProductType, ...] = ()


@dataclass(frozen=True, slots=True)
class ReasonSet:
    """Every declared reason by code, and a hash over the file."""

    reasons: Mapping[str, ReasonDeclaration]
    spec_hash: str


@cache
def load_reasons(path: Path = REASONS_FILE) -> ReasonSet:
    """Read the reasons.

    Raises:
        InputError: an unknown key, feature, format or table, or a code used twice.
    """
    file = YamlFile.read(path)
    reasons: dict[str, ReasonDeclaration] = {}
    for index in range(len(file.data)):
        reason = file.validated(ReasonDeclaration, (index,))
        if reason.code in reasons:
            raise file.error(f"理由 {reason.code} 出现了两次。", (index, "code"))
        _require_known_names(file, index, reason)
        reasons[reason.code] = reason
    return ReasonSet(reasons, hashlib.sha256(path.read_bytes()).hexdigest())


def _require_known_names(file: YamlFile, index: int, reason: ReasonDeclaration) -> None:
    known = {*load_features().features, "customer_id"}
    for name in (*reason.features, *reason.evidence.values()):
        if name not in known:
            raise file.error(f"没有名为 {name} 的特征。", (index, "features"))
    for table in reason.evidence:
        if table not in TABLES:
            raise file.error(f"没有名为 {table} 的表。", (index, "evidence"))
    for field in ("text", "plain", "sayable"):
        for name, form in _SLOT.findall(getattr(reason, field)):
            if name not in known or form not in FORMATS:
                raise file.error(
                    f"不认识的变量 {{{name}:{form}}}。",
                    (index, field),
                    next=f"可用的格式：{'、'.join(FORMATS)}。",
                )


def reason_queries(declared: ReasonSet) -> dict[str, str]:
    """By code, the query that gives every customer with this reason.

    Columns: customer_id, code, rank, contact_ok, branch_id, manager_id. Customers who refused
    profiling have none. The parameter ``$as_of`` appears where the declaration uses it.
    """
    return {
        reason.code: (
            f"select f.customer_id, '{reason.code}' as code, "
            f"cast({reason.rank} as double) as rank, "
            "coalesce(f.contact_ok, false) as contact_ok, c.branch_id, c.manager_id "
            "from features f join customers c on c.customer_id = f.customer_id "
            "cross join policy p "
            f"where not coalesce(f.profiling_refused, false) and ({reason.when})"
        )
        for reason in declared.reasons.values()
    }


def reason_for(code: str, rank: float, values: Mapping[str, FeatureScalar], as_of: date) -> Reason:
    """The reason ``code`` in words, filled from one customer's feature values.

    ``values`` must hold ``customer_id`` beside the features.
    """
    declared = load_reasons().reasons[code]
    return Reason(
        code=code,
        text=_filled(declared.text, values, as_of),
        features=declared.features,
        evidence=tuple(_evidence(declared.evidence, values)),
        product_types=tuple(kind.value for kind in declared.product_types),
        sayable=_filled(declared.sayable, values, as_of),
        rank=rank,
    )


def maturing_type(code: str, values: Mapping[str, FeatureScalar]) -> str | None:
    """The type of what falls due, for a reason that speaks of a maturity."""
    named = (name for name in load_reasons().reasons[code].features if name.endswith("_type"))
    return next((str(values[name]) for name in named if values.get(name)), None)


def plain_text(code: str, values: Mapping[str, FeatureScalar], as_of: date) -> str:
    """The reason without amounts, for a screen in the lobby."""
    return _filled(load_reasons().reasons[code].plain, values, as_of)


def _filled(text: str, values: Mapping[str, FeatureScalar], as_of: date) -> str:
    def replace(slot: re.Match[str]) -> str:
        return FORMATS[slot[2]](values.get(slot[1]), as_of)

    return _SLOT.sub(replace, text)


def _evidence(
    declared: Mapping[str, str], values: Mapping[str, FeatureScalar]
) -> Iterable[Evidence]:
    customer_id = str(values["customer_id"])
    for table, feature in declared.items():
        value = values.get(feature)
        if value is None:
            continue
        # A row of a table keyed by customer and date is named by both.
        key = f"{customer_id}|{value.isoformat()}" if isinstance(value, date) else str(value)
        yield Evidence(table, (key,))
