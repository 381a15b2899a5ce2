"""Generated customers with groups or product pairs planted in them."""

from __future__ import annotations

import numpy as np

PAIRS = {("p00", "p01"), ("p02", "p03"), ("p04", "p05")}


def grouped(customers: int = 400, seed: int = 1) -> tuple[np.ndarray, np.ndarray]:
    """Three groups of customers on five attributes, and the group of each."""
    generator = np.random.default_rng(seed)
    sizes = [customers - 2 * (customers // 4), customers // 4, customers // 4]
    groups = np.repeat([0, 1, 2], sizes)
    centres = np.array([[0, 0, 0, 0, 0], [9, 0, 9, 0, 5], [0, 9, 9, 6, 0]], dtype=float)
    return centres[groups] + generator.normal(size=(customers, 5)) + 20, groups


def paired(seed: int, customers: int = 2_500, items: int = 16) -> tuple[list[str], list[str]]:
    """Independent holdings, but who holds the first of a planted pair holds the second oftener."""
    generator = np.random.default_rng(seed)
    held = generator.random((customers, items)) < generator.uniform(0.05, 0.3, items)
    for first, second in PAIRS:
        one, other = int(first[1:]), int(second[1:])
        held[:, other] |= held[:, one] & (generator.random(customers) < 0.35)
    rows, columns = np.nonzero(held)
    return [f"H{r:05d}" for r in rows], [f"p{c:02d}" for c in columns]
