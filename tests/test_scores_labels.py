"""Scores on labels and attributes alone, whatever the bank calls them, and on bad input."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path
from typing import Any

import known_truth
import numpy as np
import pandas as pd
import pytest

from copilot.errors import InputError
from copilot.profiles.scores import Trained, train_scores
from copilot.profiles.scores.columns import Column
from copilot.profiles.scores.models import additive_of, fit_additive, forest_of
from copilot.profiles.scores.screening import unusable
from copilot.records.score import Untrained

EARLY, LATE = date(2026, 3, 31), date(2026, 9, 30)
N = 900


def _bank(
    values: dict[str, Any], label: Any, dates: tuple[date, ...] = (EARLY, LATE)
) -> dict[str, pd.DataFrame]:
    """Customers with attributes and one label at each date; values are functions of a seed."""
    ids = [f"L{i:05d}" for i in range(N)]
    attributes, labels = [], []
    for place, day in enumerate(dates):
        generator = np.random.default_rng(place)
        signal = generator.normal(size=N)
        chance = 1 / (1 + np.exp(-(signal * 2 - 1)))
        happened = generator.random(N) < chance
        frame = {"signal": signal.round(4)} | {
            name: make(generator, signal, happened) for name, make in values.items()
        }
        attributes += [
            pd.DataFrame(
                {"customer_id": ids, "as_of": day, "name": k, "value": [str(x) for x in v]}
            )
            for k, v in frame.items()
        ]
        labels.append(
            pd.DataFrame(
                {"customer_id": ids, "as_of": day, "name": "流失", "value": label(happened)}
            )
        )
    base = known_truth.generate(5)[0]
    people = pd.DataFrame({"customer_id": ids})
    return {
        "customers": people,
        "products": base["products"],
        "attributes": pd.concat(attributes),
        "labels": pd.concat(labels),
    }


def _train(home: Path, tables: dict[str, pd.DataFrame]) -> list[Trained | Untrained]:
    store, settings = known_truth.open_tables_as_bank(home, tables)
    try:
        with store.writer_lock():
            return train_scores(store, settings)
    finally:
        store.close()


def _yes_no(happened: Any) -> list[str]:
    return ["是" if one else "否" for one in happened]


def _one(home: Path, tables: dict[str, pd.DataFrame]) -> Trained:
    (found,) = _train(home, tables)
    assert isinstance(found, Trained), found
    return found


def test_labels_and_attributes_alone_train_on_the_earlier_date(tmp_path: Path) -> None:
    kinds = {
        "channel": lambda g, s, y: g.choice(["柜面", "手机", "网银"], N),
        "last_login": lambda g, s, y: [
            f"{EARLY - timedelta(int(d))} 10:00:00" for d in g.integers(1, 90, N)
        ],
    }
    card = _one(tmp_path, _bank(kinds, _yes_no)).card
    assert card.name == "流失"
    assert (card.train_dates, card.test_dates) == ((EARLY,), (LATE,))
    assert card.shown()["auc"].value > 0.8
    assert "signal" in card.columns
    assert "channel=柜面" in card.columns


def test_an_attribute_named_as_the_label_or_equal_to_it_is_left_out(tmp_path: Path) -> None:
    leaks = {
        "流失": lambda g, s, y: y.astype(int),
        "answer": lambda g, s, y: y.astype(int) * 10 + g.random(N),
    }
    card = _one(tmp_path, _bank(leaks, _yes_no)).card
    assert card.excluded["流失"] == "与标签同名"
    assert "泄漏" in card.excluded["answer"]
    assert card.shown()["auc"].value < 0.95


def test_an_attribute_dated_after_the_label_is_not_seen(tmp_path: Path) -> None:
    tables = _bank({}, _yes_no)
    truth = tables["labels"]
    late = truth.assign(
        name="afterwards",
        as_of=[day + timedelta(30) for day in truth["as_of"]],
        value=(truth["value"] == "是").astype(int).astype(str),
    )
    tables["attributes"] = pd.concat([tables["attributes"], late])
    card = _one(tmp_path, tables).card
    assert "afterwards" not in card.columns


def test_constant_unknown_and_drifting_columns_are_left_out_with_the_reason(tmp_path: Path) -> None:
    values = {
        "same": lambda g, s, y: np.ones(N),
        "empty": lambda g, s, y: [""] * N,
        "prices": lambda g, s, y: g.normal(size=N) + (100 if s[0] == 0.1257 else 0),
    }
    tables = _bank(values, _yes_no)
    attributes = tables["attributes"]
    later = (attributes["name"] == "prices") & (attributes["as_of"] == LATE)
    moved = attributes.loc[later, "value"].astype(float) + 50
    attributes.loc[later, "value"] = moved.astype(str)
    card = _one(tmp_path, tables).card
    assert card.excluded["same"] == "取值全部相同"
    assert "PSI" in card.excluded["prices"]
    assert "empty" not in card.columns


def test_a_label_with_three_values_gives_three_scores(tmp_path: Path) -> None:
    def flow(happened: Any) -> list[str]:
        return ["-1" if one else str(place % 2) for place, one in enumerate(happened)]

    found = _train(tmp_path, _bank({}, flow))
    names = [one.card.name if isinstance(one, Trained) else one.name for one in found]
    assert names == ["流失.-1", "流失.0", "流失.1"]


def test_one_date_splits_by_customer_and_says_that_time_was_not_tested(tmp_path: Path) -> None:
    card = _one(tmp_path, _bank({}, _yes_no, dates=(EARLY,))).card
    assert "未检验跨期" in card.split
    assert any("没有跨期检验" in limit for limit in card.cannot_say)
    assert card.train_rows + card.shown()["auc"].den == N


@pytest.mark.parametrize(
    ("label", "why"),
    [
        (lambda y: ["1"] * N, "没有出现该结果的只有0例"),
        (lambda y: ["1" if i < 40 else "0" for i in range(N)], "只有40位，少于100位"),
    ],
    ids=["one class", "forty positives"],
)
def test_too_little_to_learn_from_is_said_and_nothing_trained(
    tmp_path: Path, label: Any, why: str
) -> None:
    (found,) = _train(tmp_path, _bank({}, label))
    assert isinstance(found, Untrained)
    assert why in found.why


def test_no_labels_and_no_history_stops_with_the_next_step(tmp_path: Path) -> None:
    tables = _bank({}, _yes_no)
    del tables["labels"]
    with pytest.raises(InputError, match="没有可以学习的结果") as caught:
        _train(tmp_path, tables)
    assert "labels" in caught.value.next


def test_one_customer_is_no_reason_to_fail(tmp_path: Path) -> None:
    tables = {name: frame.head(1) for name, frame in _bank({}, _yes_no).items()}
    (found,) = _train(tmp_path, tables)
    assert isinstance(found, Untrained)
    assert "少于100位" in found.why


def test_all_unknown_columns_leave_nothing_to_train_on() -> None:
    columns = [Column("a", "a", "number", "", "a")]
    matrix = np.full((50, 1), np.nan)
    assert unusable(columns, [matrix], np.arange(50) < 20, [matrix]) == {"a": "全部未知"}


def test_a_column_that_has_drifted_by_today_is_left_out() -> None:
    columns = [Column(name, name, "number", "", name) for name in ("steady", "grown")]
    then = np.random.default_rng(5).normal(size=(400, 2))
    today = then + np.array([0, 2])
    left_out = unusable(columns, [then], np.arange(400) < 200, [then, today])
    assert list(left_out) == ["grown"]
    assert "PSI" in left_out["grown"]


def test_exported_trees_answer_as_scikit_learn_does() -> None:
    from sklearn.ensemble import HistGradientBoostingClassifier

    generator = np.random.default_rng(3)
    matrix = generator.normal(size=(600, 5))
    matrix[generator.random(matrix.shape) < 0.1] = np.nan
    label = np.nan_to_num(matrix[:, 0] * matrix[:, 1]) + np.nan_to_num(matrix[:, 2]) > 0
    full = HistGradientBoostingClassifier(max_iter=40, random_state=0).fit(matrix, label)
    asked = generator.normal(size=(300, 5))
    asked[::5, 2] = np.nan
    assert np.abs(forest_of(full).margin(asked) - full.decision_function(asked)).max() < 1e-9
    single = HistGradientBoostingClassifier(
        max_iter=40, random_state=0, interaction_cst="no_interactions"
    ).fit(matrix, label)
    folded = additive_of(single, matrix)
    assert np.abs(folded.margin(asked) - single.decision_function(asked)).max() < 1e-9


def test_training_twice_gives_the_same_model() -> None:
    generator = np.random.default_rng(4)
    matrix = generator.normal(size=(400, 3))
    label = matrix[:, 0] + generator.normal(size=400) > 0
    one, other = fit_additive(matrix, label), fit_additive(matrix, label)
    assert one.as_json() == other.as_json()
