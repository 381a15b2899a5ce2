"""How a score does by age band and gender; groups too small to be anonymous are left out."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from copilot.profiles.arrays import Bools, Floats
from copilot.profiles.scores.measure import auc
from copilot.records.codes import GENDERS
from copilot.records.score import GroupMeasure

SMALLEST_GROUP = 10
_AGES = ((18, "18岁以下"), (30, "18–29岁"), (45, "30–44岁"), (60, "45–59岁"), (200, "60岁以上"))


def fairness_of(
    age: Floats, gender: NDArray[np.object_], positive: Bools, probability: Floats, high: float
) -> tuple[GroupMeasure, ...]:
    """One line per age band and gender with at least ten customers."""
    groups = [("年龄", name, np.array([_band(a) == name for a in age])) for name in _age_names()]
    words = np.array([GENDERS.get(str(g), "未知") for g in gender], dtype=object)
    groups += [("性别", name, words == name) for name in ("男", "女", "未知")]
    found = []
    for dimension, name, members in groups:
        if members.sum() < SMALLEST_GROUP:
            continue
        ordered = auc(positive[members], probability[members])
        found.append(
            GroupMeasure(
                dimension,
                name,
                int(members.sum()),
                int(positive[members].sum()),
                float(probability[members].mean()),
                float(positive[members].mean()),
                float((probability[members] >= high).mean()),
                None if np.isnan(ordered) else ordered,
            )
        )
    return tuple(found)


def _age_names() -> list[str]:
    return [*(name for _, name in _AGES), "未知"]


def _band(age: float) -> str:
    if np.isnan(age):
        return "未知"
    return next(name for limit, name in _AGES if age < limit)
