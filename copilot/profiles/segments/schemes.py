"""How customers are divided: tier, life stage, life cycle, RFM terciles, clusters; and their names.

A division is a list of segment codes by customer. What is learnt from data (RFM cuts, cluster
centres and names) is kept in one `SegmentModel`, so that next month's segments mean the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from copilot.profiles.arrays import Floats
from copilot.profiles.scores.columns import Column
from copilot.profiles.segments.clusters import Clustering, compare, places
from copilot.profiles.segments.conditions import describe
from copilot.profiles.words import LIFECYCLES
from copilot.records.codes import LABELS, LifeStage, Tier
from copilot.records.figures import amount_rounded
from copilot.settings import BankPolicy

Codes = NDArray[np.object_]

RULES = ("tier", "life_stage", "lifecycle")
RFM = ("rec_days", "freq_365", "mon_365")
SCHEMES = {
    "tier": "客户层级",
    "life_stage": "生命阶段",
    "lifecycle": "生命周期",
    "rfm": "RFM",
    "cluster": "聚类客群",
}
_LIFE_STAGE_RULES = {
    "student": ("职业为学生，或24岁以下且没有代发工资和职业",),
    "retired": ("年满60岁、有养老金入账或职业为退休",),
    "family": ("不属于学生、退休", "近期有还款或学费支出"),
    "working": ("不属于前几类", "有代发工资或职业"),
    "unknown": ("以上情况都没有记录",),
}
_LIFECYCLE_RULES = {
    "new": ("开户不超过90天",),
    "dormant": ("不是新客", "长期没有主动交易"),
    "declining": ("不是新客或睡眠", "90天资产降三成以上，或交易笔数减半"),
    "growing": ("不属于前几类", "90天资产增两成以上"),
    "mature": ("不属于前几类",),
    "unknown": ("没有交易和资产记录",),
}
_RFM_WORDS = (("近期", "较近", "久未"), ("低频", "中频", "高频"), ("低额", "中额", "高额"))
_SHORT = {
    "aum_total": ("资产多", "资产少"),
    "freq_90": ("交易勤", "交易少"),
    "mon_90": ("支出大", "支出小"),
    "inflow_90": ("进账多", "进账少"),
    "n_types": ("持有种类多", "持有种类少"),
    "sh_mobile": ("常用手机银行", "少用手机银行"),
    "idle_amount": ("活期闲置多", "活期闲置少"),
    "tenure_days": ("老客户", "新客户"),
    "age": ("年长", "年轻"),
    "aum_change_rate_90": ("资产在增", "资产在减"),
}


@dataclass(frozen=True, slots=True)
class Table:
    """What segments are read from: features of one build, one entry per customer."""

    customers: Codes
    rules: dict[str, Codes]
    rfm: dict[str, Floats]
    columns: tuple[Column, ...]
    matrix: Floats


@dataclass(frozen=True, slots=True)
class Segment:
    """One segment; ``covered`` of its customers meet every condition.

    ``precise`` is the share of its customers among all who meet the conditions.
    """

    segment_id: str
    scheme: str
    name: str
    customers: int
    share: float
    conditions: tuple[str, ...]
    covered: float
    precise: float


@dataclass(frozen=True, slots=True)
class SegmentModel:
    """What was learnt: RFM cuts, and clusters with their columns and names, if any are offered."""

    rfm_cuts: dict[str, tuple[float, float]]
    clustering: Clustering | None
    columns: tuple[str, ...]
    names: tuple[str, ...]
    comparison: tuple[dict[str, Any], ...]

    def as_json(self) -> dict[str, Any]:
        """Plain values."""
        body: dict[str, Any] = {
            "rfm_cuts": {name: list(cuts) for name, cuts in self.rfm_cuts.items()},
            "columns": list(self.columns),
            "names": list(self.names),
            "comparison": list(self.comparison),
        }
        if self.clustering is not None:
            body |= {
                "method": self.clustering.method,
                "centres": self.clustering.centres.tolist(),
                "quantiles": [q.tolist() for q in self.clustering.quantiles],
            }
        return body

    @classmethod
    def from_json(cls, body: dict[str, Any]) -> SegmentModel:
        """The model that `as_json` wrote."""
        clustering = None
        if "centres" in body:
            quantiles = tuple(np.array(q, float) for q in body["quantiles"])
            clustering = Clustering(body["method"], np.array(body["centres"], float), quantiles)
        return cls(
            {name: (cuts[0], cuts[1]) for name, cuts in body["rfm_cuts"].items()},
            clustering,
            tuple(body["columns"]),
            tuple(body["names"]),
            tuple(body["comparison"]),
        )


def learn(table: Table) -> SegmentModel:
    """RFM cuts at the terciles, and clusters where they can be repeated."""
    cuts = {
        name: tuple(np.quantile(known, [1 / 3, 2 / 3]).tolist())
        for name, values in table.rfm.items()
        if len(known := values[~np.isnan(values)])
    }
    candidates, clustering = compare(table.matrix) if table.columns else ([], None)
    names: tuple[str, ...] = ()
    if clustering is not None:
        clustering = _ordered(clustering)
        names = tuple(_names(table.columns, clustering.centres))
    return SegmentModel(
        {name: (cut[0], cut[1]) for name, cut in cuts.items()},
        clustering,
        tuple(column.name for column in table.columns),
        names,
        tuple(candidate.as_json() for candidate in candidates),
    )


def _ordered(clustering: Clustering) -> Clustering:
    """Groups by their first column, highest first: a number that does not depend on chance."""
    order = np.argsort(-clustering.centres[:, 0], kind="stable")
    return Clustering(clustering.method, clustering.centres[order], clustering.quantiles)


def _names(columns: Sequence[Column], centres: Floats) -> list[str]:
    """Each group by the two columns in which it stands furthest from the middle of all groups."""
    middle = centres.mean(axis=0)
    found: list[str] = []
    for centre in centres:
        order = np.argsort(-np.abs(centre - middle), kind="stable")
        words = [_word(columns[i], centre[i] > middle[i]) for i in order]
        length = 2
        while "、".join(words[:length]) in found and length < len(words):
            length += 1
        found.append("、".join(words[:length]))
    return found


def _word(column: Column, high: bool) -> str:
    pair = _SHORT.get(column.name, (f"{column.label}偏高", f"{column.label}偏低"))
    return pair[0] if high else pair[1]


def assign(model: SegmentModel, table: Table) -> dict[str, Codes]:
    """By scheme, the segment id of every customer; ``None`` where the bank's data do not say."""
    found = {
        scheme: np.array([None if c is None else f"{scheme}.{c}" for c in codes], dtype=object)
        for scheme, codes in table.rules.items()
    }
    if set(model.rfm_cuts) == set(RFM):
        found["rfm"] = _rfm(model, table)
    if model.clustering is not None and len(table.customers):
        groups = model.clustering.assign(table.matrix)
        found["cluster"] = np.array([f"cluster.{g + 1}" for g in groups], dtype=object)
    return found


def _rfm(model: SegmentModel, table: Table) -> Codes:
    levels, unknown = [], np.zeros(len(table.customers), dtype=bool)
    for name in RFM:
        values = table.rfm[name]
        unknown |= np.isnan(values)
        levels.append(np.searchsorted(np.array(model.rfm_cuts[name]), values, side="left"))
    codes = ["".join(str(level + 1) for level in row) for row in zip(*levels, strict=True)]
    return np.array(
        [None if u else f"rfm.{c}" for u, c in zip(unknown, codes, strict=True)], dtype=object
    )


def segments_in(
    model: SegmentModel, table: Table, assigned: dict[str, Codes], policy: BankPolicy
) -> list[Segment]:
    """Every segment that has customers, with its conditions."""
    found = []
    for scheme, codes in assigned.items():
        ids = sorted({str(code) for code in codes if code is not None})
        for segment_id in ids:
            members = codes == segment_id
            name, conditions = _meaning(model, scheme, segment_id, policy)
            covered = precise = 1.0
            if scheme == "cluster":
                described = describe(table.columns, table.matrix, members)
                conditions = described.words
                covered, precise = described.covered, described.precise
            count = int(members.sum())
            share = count / max(1, len(codes))
            found.append(
                Segment(segment_id, scheme, name, count, share, conditions, covered, precise)
            )
    return found


def _meaning(
    model: SegmentModel, scheme: str, segment_id: str, policy: BankPolicy
) -> tuple[str, tuple[str, ...]]:
    code = segment_id.partition(".")[2]
    if scheme == "tier":
        return f"{LABELS[Tier].get(code, code)}客户", _tier_conditions(code, policy)
    if scheme == "life_stage":
        return LABELS[LifeStage].get(code, code), _LIFE_STAGE_RULES.get(code, ())
    if scheme == "lifecycle":
        return LIFECYCLES.get(code, code), _LIFECYCLE_RULES.get(code, ())
    if scheme == "rfm":
        levels = [int(digit) - 1 for digit in code]
        name = "·".join(words[level] for words, level in zip(_RFM_WORDS, levels, strict=True))
        return name, _rfm_conditions(model, levels)
    return model.names[int(code) - 1], ()


def _tier_conditions(code: str, policy: BankPolicy) -> tuple[str, ...]:
    floors = sorted(policy.tiers.values())
    floor = policy.tiers[code]
    above = [other for other in floors if other > floor]
    conditions = [f"月均资产不少于{amount_rounded(floor)}"] if floor else []
    conditions += [f"月均资产不到{amount_rounded(above[0])}"] if above else []
    return tuple(conditions)


def _rfm_conditions(model: SegmentModel, levels: list[int]) -> tuple[str, ...]:
    words = ("最近一次主动交易距今{}天", "近一年主动交易{}笔", "近一年主动支出{}")
    found = []
    for name, level, word in zip(RFM, levels, words, strict=True):
        low, high = model.rfm_cuts[name]
        below, upto = (
            (amount_rounded(int(low)), amount_rounded(int(high)))
            if name == "mon_365"
            else (f"{low:.0f}", f"{high:.0f}")
        )
        span = (f"不超过{below}", f"{below}至{upto}", f"超过{upto}")[level]
        found.append(word.format(span))
    return tuple(found)


def moved(model: SegmentModel, before: Floats, after: Floats) -> list[int]:
    """Columns whose place moved most between two rows of the cluster matrix, most first."""
    if model.clustering is None:
        return []
    quantiles = model.clustering.quantiles
    distance = np.abs(places(after[None, :], quantiles) - places(before[None, :], quantiles))[0]
    return [int(i) for i in np.argsort(-distance, kind="stable") if distance[i] > 0.02]
