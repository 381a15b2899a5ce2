"""The data that the embedded writer works from: facts for the staff card, phrases and layouts."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from drafting_bank import DEPOSIT, PROFILE, WEALTH, features

from copilot.drafting.grounds import grounds_for, load_grounds
from copilot.drafting.phrases import load_phrases
from copilot.errors import InputError
from copilot.paths import shipped
from copilot.profiles.spec import load_features
from copilot.records.codes import Channel

GROUND = """\
- text: "活期{aum_demand:amount}"
  product_types: [deposit]
  when: {aum_demand: "about 5"}
"""


def test_every_ground_compares_features_that_profiles_have() -> None:
    known = load_features().features.keys()
    for ground in load_grounds():
        assert {*ground.when} <= known, ground.text


def test_a_ground_with_a_comparison_nobody_can_make_is_named_with_its_line(tmp_path: Path) -> None:
    path = tmp_path / "grounds.yaml"
    path.write_text(GROUND, "utf-8")
    with pytest.raises(InputError) as wrong:
        load_grounds(path)
    assert wrong.value.row == 3


def test_what_is_unknown_is_no_ground() -> None:
    unknown = replace(PROFILE, features=features(aum_time=None))
    held = replace(PROFILE, features=features(aum_time=5_0000_00))

    assert [*grounds_for(DEPOSIT, unknown)] == []
    assert [*grounds_for(DEPOSIT, held)] == ["手里有定期5万元，习惯存定期"]


def test_money_at_hand_has_to_reach_the_minimum() -> None:
    costly = replace(WEALTH, min_amount=5_0000_00)
    for demand, reached in ((4_9999_00, False), (5_0000_00, True)):
        profile = replace(PROFILE, features=features(aum_demand=demand))
        told = [ground for ground in grounds_for(costly, profile) if "够得上起点" in ground]
        assert bool(told) is reached


def test_every_channel_has_a_layout_and_an_unknown_piece_is_named(tmp_path: Path) -> None:
    phrases = load_phrases(tmp_path)
    assert phrases.layouts.keys() == {*Channel}

    text = (shipped("knowledge") / "templates" / "phrases.yaml").read_text("utf-8")
    (tmp_path / "templates").mkdir()
    (tmp_path / "templates" / "phrases.yaml").write_text(
        text.replace("<product>", "<prodcut>"), "utf-8"
    )
    with pytest.raises(InputError, match="prodcut"):
        [*load_phrases(tmp_path).laid_out(Channel.SOCIAL, {"product": "三年期"})]
