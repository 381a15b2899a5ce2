"""Planted groups and product pairs: what of them is found again, and what else is."""

from __future__ import annotations

import numpy as np
import planted

from copilot.profiles.associations import FALSE_DISCOVERIES, pairs_of
from copilot.profiles.segments.clusters import compare

_POPULATIONS = 20
_CUSTOMERS = 2_000


def print_planted() -> None:
    """A table of the groups and pairs, each over several generated populations."""
    print("\n### 种下的客群与产品对\n")
    print(
        f"{_POPULATIONS} 批生成客户，每批三个客群，两两有三四列不同、各差5到9个标准差；"
        f"另 {_POPULATIONS} 批，每批16种产品、三对有关联。\n"
    )
    print("| 量什么 | 实测 | 目标 |\n|---|---|---|")
    agreement = [_agreement(seed) for seed in range(_POPULATIONS)]
    print(
        f"| 找回的客群与种下的一致（ARI，中位 / 最低） | {np.median(agreement):.3f} / "
        f"{min(agreement):.3f} | ≥ 0.8 |"
    )
    found = [_pairs(seed) for seed in range(_POPULATIONS)]
    hits = sum(len(pairs & planted.PAIRS) for pairs in found)
    listed = sum(len(pairs) for pairs in found)
    print(f"| 种下的产品对找到 | {hits}/{len(planted.PAIRS) * _POPULATIONS} | 全部 |")
    print(
        f"| 列出而没有种下的 | {listed - hits}/{listed}（{(listed - hits) / listed:.1%}） | "
        f"≤ {FALSE_DISCOVERIES:.0%} |"
    )


def _agreement(seed: int) -> float:
    """The ARI of the clusters offered with the groups planted; none offered counts as 0."""
    from sklearn.metrics import adjusted_rand_score

    values, groups = planted.grouped(_CUSTOMERS, seed)
    _, clustering = compare(values)
    return (
        0.0 if clustering is None else float(adjusted_rand_score(groups, clustering.assign(values)))
    )


def _pairs(seed: int) -> set[tuple[str, str]]:
    return {(pair.first, pair.second) for pair in pairs_of(*planted.paired(seed))}
