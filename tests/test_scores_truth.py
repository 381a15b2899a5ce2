"""Scores on a generated bank whose true chances are known."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import known_truth
import numpy as np
import pytest

from copilot.errors import InputError, NotFound
from copilot.profiles import build_profiles, read_profile
from copilot.profiles.scores import (
    Applied,
    Trained,
    applied_to,
    apply_scores,
    highest,
    load_score,
    score_models,
    train_scores,
)
from copilot.profiles.scores.measure import auc
from copilot.profiles.scores.service import drift_of
from copilot.records.score import Band, Untrained
from copilot.records.staff import Principal
from copilot.settings import Settings
from copilot.store import Store

CUSTOMERS = 1_600


@dataclass
class Bank:
    store: Store
    settings: Settings
    truth: known_truth.Truth
    trained: dict[str, Trained]
    untrained: dict[str, Untrained]
    applied: Applied


@pytest.fixture(scope="module")
def bank(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bank]:
    tables, truth = known_truth.generate(CUSTOMERS)
    store, settings = known_truth.open_tables_as_bank(tmp_path_factory.mktemp("truth"), tables)
    with store.writer_lock():
        found = train_scores(store, settings)
        applied = apply_scores(store, settings)
    trained = {one.card.name: one for one in found if isinstance(one, Trained)}
    untrained = {one.name: one for one in found if isinstance(one, Untrained)}
    yield Bank(store, settings, truth, trained, untrained, applied)
    store.close()


def _best(bank: Bank, name: str) -> float:
    """The AUC of the true chances over the customers whose outcome the test date shows."""
    day = bank.trained[name].card.test_dates[-1]
    chances = bank.truth.chances[name, day]
    from copilot.profiles.scores.population import opened
    from copilot.profiles.scores.targets import cases_of, targets_of

    build = build_profiles(bank.store, bank.settings, day)
    with opened(bank.store.facts.current(), bank.settings, build) as connection:
        known = targets_of(connection, known_truth.BUSINESS_DATE)
        cases = cases_of(connection, next(t for t in known if t.name == name), day)
    return auc(cases.positive, np.array([chances[c] for c in cases.customers]))


@pytest.mark.parametrize("name", ["outflow_90", "acquire_wmp_90", "acquire_fund_90"])
def test_a_score_reaches_95_percent_of_the_best_possible_auc(bank: Bank, name: str) -> None:
    measure = bank.trained[name].card.shown()["auc"]
    best = _best(bank, name)
    assert best > 0.7
    assert measure.value >= 0.95 * best
    assert measure.low <= measure.value <= measure.high
    assert measure.den > CUSTOMERS / 2
    assert 0 < measure.num < measure.den


def test_probabilities_shown_are_calibrated_on_the_later_slice(bank: Bank) -> None:
    assert bank.trained["outflow_90"].card.shown()["ece"].value <= 0.04


def test_the_test_date_lies_a_horizon_after_every_training_date(bank: Bank) -> None:
    for one in bank.trained.values():
        latest = max(one.card.train_dates)
        assert (min(one.card.test_dates) - latest).days >= one.card.horizon_days


def test_many_positives_give_an_additive_model_and_few_a_logistic_one(bank: Bank) -> None:
    assert bank.trained["outflow_90"].card.train_positives > 700
    assert "多于700" in bank.trained["outflow_90"].card.why
    assert set(bank.trained["outflow_90"].card.measures) == {"logistic", "additive", "ranking"}
    few = bank.trained["acquire_insurance_90"].card
    assert few.method == "logistic"
    assert set(few.measures) == {"logistic"}
    assert "在100到700之间" in few.why


def test_an_outcome_that_nobody_had_is_not_trained_and_says_how_many(bank: Bank) -> None:
    gold = bank.untrained["acquire_gold_90"]
    assert gold.positives == 0
    assert "0位，少于100位" in gold.why
    assert "acquire_gold_90" not in score_models(bank.store)


def test_parts_add_up_to_the_score_exactly(bank: Bank) -> None:
    one = bank.trained["outflow_90"]
    matrix = np.random.default_rng(1).normal(size=(200, len(one.columns)))
    matrix[::7, 0] = np.nan
    total = one.model.base + one.model.parts(matrix).sum(axis=1)
    assert np.abs(one.model.margin(matrix) - total).max() < 1e-12


def test_a_saved_model_answers_as_the_one_that_was_measured(bank: Bank) -> None:
    one, again = bank.trained["outflow_90"], load_score(bank.store, "outflow_90")
    matrix = np.random.default_rng(2).normal(size=(100, len(one.columns)))
    assert np.array_equal(one.model.margin(matrix), again.model.margin(matrix))
    assert one.card == again.card
    entry = score_models(bank.store)["outflow_90"]
    files = {path.suffix for path in (bank.store.data_dir / entry["directory"]).iterdir()}
    assert files <= {".json", ".npz"}


def test_a_profile_carries_bands_and_reasons_in_words(bank: Bank) -> None:
    first = highest(bank.store, Principal.operator(), "outflow_90", 5)
    profile = read_profile(bank.store, Principal.operator(), first[0])
    score = profile.scores["outflow_90"]
    assert score.band is Band.HIGH
    assert 1 <= len(score.reasons) <= 3
    assert any("visits_drop" in reason for reason in score.reasons)
    assert "跨期AUC" in score.model
    assert set(profile.as_json()["scores"]["outflow_90"]) >= {"band", "value", "reasons", "model"}


def test_the_card_shows_a_band_and_never_the_bare_number(bank: Bank) -> None:
    first = highest(bank.store, Principal.operator(), "outflow_90", 1)[0]
    profile = read_profile(bank.store, Principal.operator(), first)
    line = next(line for line in profile.card.splitlines() if line.startswith("预判："))
    assert "90天内资金流出：高（" in line
    assert str(profile.scores["outflow_90"].value) not in profile.card


def test_the_top_band_holds_about_a_tenth_and_is_riskier_than_the_rest(bank: Bank) -> None:
    group = [g for g in bank.trained["outflow_90"].card.fairness if g.dimension == "性别"]
    assert {g.group for g in group} == {"男", "女"}
    share = sum(g.high_band_share * g.customers for g in group) / sum(g.customers for g in group)
    assert 0.05 <= share <= 0.16
    assert bank.trained["outflow_90"].card.shown()["lift_10"].low > 1.5


def test_a_population_unlike_the_training_one_is_refused(bank: Bank) -> None:
    one = bank.trained["outflow_90"]
    matrix = np.zeros((500, len(one.columns)))
    assert "PSI" in drift_of(one, matrix)
    assert drift_of(one, matrix[:0]) == "没有可评分的客户"


def test_features_later_than_the_case_are_refused(bank: Bank) -> None:
    from copilot.profiles.scores.population import opened, slice_of
    from copilot.profiles.scores.targets import Cases

    today = build_profiles(bank.store, bank.settings)
    early = Cases(known_truth.period(0), np.array(["K000001"], dtype=object), np.array([True]))
    with (
        opened(bank.store.facts.current(), bank.settings) as connection,
        pytest.raises(InputError, match="特征日期晚于样本日期"),
    ):
        slice_of(connection, early, [], today)


def test_applied_scores_name_model_version_and_count(bank: Bank) -> None:
    assert bank.applied.scored["outflow_90"] > CUSTOMERS / 2
    build = build_profiles(bank.store, bank.settings)
    body = applied_to(bank.store, build)
    assert body["models"]["outflow_90"] == bank.trained["outflow_90"].card.version


def test_an_unknown_score_names_those_there_are(bank: Bank) -> None:
    with pytest.raises(NotFound, match="outflow_90"):
        load_score(bank.store, "churn")
    with bank.store.writer_lock(), pytest.raises(NotFound, match="acquire_wmp_90"):
        train_scores(bank.store, bank.settings, "churn")


def test_scores_stay_out_of_a_directory_without_them(tmp_path: Path) -> None:
    tables, _ = known_truth.generate(30)
    store, settings = known_truth.open_tables_as_bank(tmp_path, tables)
    with store.writer_lock():
        build_profiles(store, settings)
    profile = read_profile(store, Principal.operator(), "K000001")
    assert profile.scores == {}
    assert "预判" not in profile.card
    store.close()
