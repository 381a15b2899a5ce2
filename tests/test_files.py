"""A file or a folder appears whole, or what was there before stays."""

from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from copilot.files import left_behind, publish, whole_file, whole_folder, write_whole


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def _half_written(place: AbstractContextManager[Path]) -> None:
    with place as aside:
        (aside / "半" if aside.is_dir() else aside).write_text("一半")
        raise OSError("磁盘已满")


def test_a_file_is_written_with_the_folders_above_it(tmp_path: Path) -> None:
    write_whole(tmp_path / "规则包" / "启用记录", "第一版\n")
    write_whole(tmp_path / "规则包" / "启用记录", "第二版\n".encode())

    assert (tmp_path / "规则包" / "启用记录").read_text("utf-8") == "第二版\n"
    assert names(tmp_path / "规则包") == ["启用记录"]


def test_a_file_whose_name_is_as_long_as_names_may_be_is_written(tmp_path: Path) -> None:
    path = tmp_path / ("制" * 85)
    write_whole(path, "全文")

    assert path.read_text("utf-8") == "全文"


def test_the_file_before_stays_when_its_successor_fails(tmp_path: Path) -> None:
    path = tmp_path / "结果.jsonl"
    write_whole(path, "旧")
    with pytest.raises(OSError, match="磁盘已满"):
        _half_written(whole_file(path))

    assert path.read_text("utf-8") == "旧"
    assert names(tmp_path) == ["结果.jsonl"]


def test_nothing_is_seen_of_a_folder_before_it_is_whole(tmp_path: Path) -> None:
    home = tmp_path / "models" / "outflow"
    with whole_folder(home) as aside:
        (aside / "card.json").write_text("{}")
        assert not home.exists()
    assert names(home) == ["card.json"]

    with pytest.raises(OSError, match="磁盘已满"):
        _half_written(whole_folder(home))
    assert names(home) == ["card.json"]
    assert names(home.parent) == ["outflow"]


def test_a_published_folder_replaces_the_one_of_its_name(tmp_path: Path) -> None:
    finished, home = tmp_path / "out", tmp_path / "gen-1"
    for folder, name in ((home, "旧"), (finished, "新")):
        folder.mkdir()
        (folder / name).touch()
    publish(finished, home)

    assert names(tmp_path) == ["gen-1"]
    assert names(home) == ["新"]


def test_what_a_killed_writer_left_is_found_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "lexical.db"
    write_whole(path, "")
    write_whole(tmp_path / "other.db", "")
    with whole_file(path) as aside:
        aside.touch()
        assert list(left_behind(path)) == [aside]
    assert not list(left_behind(path))
