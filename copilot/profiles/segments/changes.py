"""Why a customer is in another segment than before: the values that moved."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import date, timedelta
from typing import Any

import numpy as np

from copilot.errors import StateError
from copilot.profiles.build import build_profiles
from copilot.profiles.scores.words import amount_words
from copilot.profiles.segments.schemes import SegmentModel, Table, assign, moved
from copilot.profiles.segments.service import MONTH_DAYS, known_model, read_table, segments_of
from copilot.profiles.spec import load_features
from copilot.profiles.words import readable
from copilot.records.profile import Profile
from copilot.settings import Settings
from copilot.store import Store

_BEHIND = {
    "tier": ("aum_month_avg",),
    "life_stage": ("age", "salary_first_on", "pension_in_90", "loan_repay_90", "tuition_365"),
    "lifecycle": ("tenure_days", "rec_days", "aum_change_rate_90", "freq_90", "freq_prev_90"),
    "rfm": ("rec_days", "freq_365", "mon_365"),
}
_SHOWN = 3


@dataclass(frozen=True, slots=True)
class SegmentChange:
    """A move between two dates; ``because`` are the values that changed, before and after."""

    scheme: str
    before: str
    after: str
    because: tuple[str, ...]

    def as_json(self) -> dict[str, Any]:
        """One entry of ``copilot segment change --format json``."""
        return asdict(self)


def segment_changes(
    store: Store, settings: Settings, before: Profile, after: Profile
) -> list[SegmentChange]:
    """The schemes in which a customer's segment differs between two profiles of theirs.

    Raises:
        StateError: segments have not been built.
    """
    model = known_model(store)
    if model is None:
        raise StateError("还没有客群", next="请先运行 copilot segment list 生成客群。")
    earlier = _row(store, settings, model, before)
    later = _row(store, settings, model, after)
    codes = {scheme: (earlier[1].get(scheme), code) for scheme, code in later[1].items()}
    names = {s.segment_id: s.name for s in segments_of(store, after.as_of).segments}
    found = []
    for scheme, (old, new) in codes.items():
        if old is None or old == new:
            continue
        because = _because(scheme, model, before, after, earlier[0], later[0])
        found.append(SegmentChange(scheme, names.get(old, old), names.get(new, new), because))
    return found


def month_before(day: date) -> date:
    """The date that a change is measured from by default."""
    return day - timedelta(MONTH_DAYS)


def _row(
    store: Store, settings: Settings, model: SegmentModel, profile: Profile
) -> tuple[Table, dict[str, str]]:
    build = build_profiles(store, settings, profile.as_of)
    table = read_table(store, settings, build, model.columns)
    mine = np.flatnonzero(table.customers == profile.customer_id)
    one = Table(
        table.customers[mine],
        {scheme: codes[mine] for scheme, codes in table.rules.items()},
        {name: values[mine] for name, values in table.rfm.items()},
        table.columns,
        table.matrix[mine],
    )
    codes = assign(model, one) if len(mine) else {}
    return one, {scheme: str(c[0]) for scheme, c in codes.items() if c[0] is not None}


def _because(
    scheme: str,
    model: SegmentModel,
    before: Profile,
    after: Profile,
    earlier: Table,
    later: Table,
) -> tuple[str, ...]:
    if scheme == "cluster":
        old, new = earlier.matrix[0], later.matrix[0]
        return tuple(
            f"{later.columns[i].label}：{_value(later, i, old[i])} → {_value(later, i, new[i])}"
            for i in moved(model, old, new)[:_SHOWN]
        )
    found = []
    for name in _BEHIND[scheme]:
        was, now = before.features.get(name), after.features.get(name)
        if was is not None and now is not None and was.value != now.value:
            found.append(f"{_label(name)}：{readable(was)} → {readable(now)}")
    return tuple(found[:_SHOWN])


def _value(table: Table, place: int, value: float) -> str:
    return "未知" if np.isnan(value) else amount_words(table.columns[place].unit, float(value))


def _label(name: str) -> str:
    return load_features().features[name].label
