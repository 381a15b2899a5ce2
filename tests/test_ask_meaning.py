"""What a question means, learned from examples: by the shipped bank and by one's own."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from copilot.errors import InputError
from copilot.pipeline.ask import answer
from copilot.pipeline.ask_examples import Example, Group, example_files, label, read_examples
from copilot.pipeline.ask_learning import AskedEntry, learned
from copilot.pipeline.ask_meaning import MeaningReader
from copilot.pipeline.ask_reader import FOLDER, reader_of
from copilot.pipeline.workbench import Workbench

ENTRIES = [
    AskedEntry("card.swallowed", ("吞卡了怎么办", "卡被机器吞了"), "先别走开，打客服热线登记。"),
    AskedEntry("card.lost", ("卡丢了怎么挂失", "找不到卡了"), "先挂失，再补卡。"),
]
EXAMPLES = [
    *(Example(t, label(Group.ENTRY, "card.swallowed")) for t in ("机子把卡咽了", "卡插进去出不来")),
    *(Example(t, label(Group.ENTRY, "card.lost")) for t in ("银行卡掉了", "卡不见了咋整")),
    *(
        Example(t, label(Group.BESIDE, "card.swallowed"))
        for t in ("吞的卡放几天会剪掉", "吞卡几天不领要剪")
    ),
    *(
        Example(t, label(Group.ELSEWHERE, "生活问题"), "-")
        for t in ("今天天气怎么样", "明天天气冷吗")
    ),
]


@pytest.fixture(scope="module")
def reader() -> MeaningReader:
    found = learned(EXAMPLES, ENTRIES)
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("question", "group", "name"),
    [
        ("我的卡让机子咽了", Group.ENTRY, "card.swallowed"),
        ("银行卡不见了", Group.ENTRY, "card.lost"),
        ("吞了的卡几天不领会剪掉", Group.BESIDE, "card.swallowed"),
        ("今天天气冷吗", Group.ELSEWHERE, "生活问题"),
    ],
)
def test_a_question_means_what_the_examples_like_it_mean(
    reader: MeaningReader, question: str, group: Group, name: str
) -> None:
    assert reader.read(question).best(*Group) == reader.read(question).best(group)
    assert reader.read(question).best(group)[0] == name


def test_the_same_examples_give_the_same_weights(reader: MeaningReader) -> None:
    again = learned(EXAMPLES, ENTRIES)

    assert again is not None
    assert np.array_equal(again.weights, reader.weights)
    assert again.read("卡丢了").scores == reader.read("卡丢了").scores


def test_what_is_kept_reads_as_what_was_learned(reader: MeaningReader, tmp_path: Path) -> None:
    path = tmp_path / "深" / "weights.npz"
    reader.save(path)
    kept = MeaningReader.load(path)

    assert kept is not None
    assert kept.read("机子咽卡").scores == reader.read("机子咽卡").scores
    meaning = kept.read("机子咽卡天气")
    assert kept.strange(meaning, Group.ENTRY, "card.swallowed") > 0
    path.write_bytes(path.read_bytes()[:200])  # cut off
    assert MeaningReader.load(path) is None


def test_examples_of_an_entry_that_is_not_there_are_left_out() -> None:
    one = [e for e in ENTRIES if e.entry_id == "card.lost"]

    found = learned(EXAMPLES, one)

    assert found is not None
    assert not [name for name in found.labels if "card.swallowed" in name]


def test_nothing_is_learned_from_nothing() -> None:
    assert learned([], []) is None
    assert learned([], ENTRIES[:1]) is None


def test_every_example_of_an_entry_is_about_one_that_is_shipped(bench: Workbench) -> None:
    reader = reader_of(bench.store)

    assert reader is not None
    there = {name.partition(":")[2] for name in reader.told if name.startswith(Group.ENTRY)}
    named = {
        example.label.partition(":")[2]
        for example in read_examples(bench.settings.knowledge_dir)
        if example.label.startswith((Group.ENTRY, Group.BESIDE))
    }
    assert named == there


def test_what_was_learned_is_kept_with_the_bank(bench: Workbench) -> None:
    answer(bench, "吞卡了")

    assert len(list((bench.store.data_dir / FOLDER).glob("*.npz"))) == 1


@pytest.mark.parametrize(
    ("name", "text", "field"),
    [
        ("faq/card.yaml", "card.lost:\n  asked: ['卡丢了']\n  besides: ['几天']\n", "besides"),
        ("products.yaml", "records:\n- asks: colour\n  questions: ['什么颜色']\n", "asks"),
        ("elsewhere.yaml", "生活问题: 今天天气\n", "生活问题"),
    ],
)
def test_a_wrong_example_file_is_named_with_its_field(
    tmp_path: Path, name: str, text: str, field: str
) -> None:
    path = tmp_path / "examples" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, "utf-8")

    with pytest.raises(InputError) as caught:
        read_examples(tmp_path)

    assert path.name in str(caught.value.as_json())
    assert field in str(caught.value.as_json())


def test_a_bank_without_examples_has_the_shipped_ones(tmp_path: Path) -> None:
    assert example_files(tmp_path)
