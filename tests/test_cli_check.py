"""``copilot check`` and ``copilot rules`` as a shell sees them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.shell import Shell

POSTER = "这款理财零风险，\n保 本保息，欢迎咨询"


@pytest.fixture
def poster(tmp_path: Path) -> Path:
    path = tmp_path / "海报 一.txt"
    path.write_text(POSTER, "utf-8")
    return path


def test_a_blocked_text_exits_one_with_findings_in_original_offsets(
    shell: Shell, poster: Path
) -> None:
    code, document = shell.json("check", poster, "--product", "wmp", "--as-of", "2026-11-20")
    assert code == 1
    assert (document["verdict"], document["usable"]) == ("block", "no")
    spans = {f["text"]: (f["start"], f["end"]) for f in document["findings"]}
    assert spans["保 本保息"] == (POSTER.index("保 本"), POSTER.index("保 本") + 5)
    assert set(document) == {"verdict", "usable", "findings", "pack_version"}
    for finding in document["findings"]:
        assert POSTER[finding["start"] : finding["end"]] == finding["text"]
        assert finding["citations"][0].keys() == {"regulation", "article", "evidence"}


def test_the_readable_view_underlines_the_span_and_names_the_article(
    shell: Shell, poster: Path
) -> None:
    code, out, _ = shell("check", poster, "--product", "wmp", "--fragment", "--channel", "counter")
    assert code == 1
    lines = out.splitlines()
    row = next(i for i, line in enumerate(lines) if "第1行" in line)
    assert lines[row].split("第1行")[1].strip() == "这款理财零风险，"
    assert lines[row + 1].strip() == "~" * 6
    assert "cn.guarantee.no-risk" in out
    assert "中华人民共和国广告法" in out
    assert "建议：" in out


def test_a_lawful_text_exits_zero_from_standard_input(
    shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    import io

    stream = io.TextIOWrapper(io.BytesIO("三年定期50元起存".encode()))
    monkeypatch.setattr(sys, "stdin", stream)
    code, document = shell.json("check", "-", "--product", "deposit", "--channel", "counter")
    assert (code, document["verdict"], document["usable"]) == (0, "pass", "internal")


@pytest.mark.parametrize(
    ("option", "value", "allowed"),
    [
        ("--product", "savings", "deposit"),
        ("--channel", "fax", "wecom"),
        ("--kind", "novel", "poster"),
        ("--audience", "public", "internal"),
    ],
)
def test_unknown_values_list_the_allowed_ones(
    shell: Shell, poster: Path, option: str, value: str, allowed: str
) -> None:
    code, document = shell.json("check", poster, option, value)
    assert code == 2
    assert value in document["error"]["message"]
    assert allowed in document["error"]["next"]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "没有可检查"),
        (b" \n\t", "没有可检查"),
        (b"\x00\x01", "不是文本"),
        (b"\xb1\xa3", "UTF-8"),
    ],
)
def test_empty_and_binary_files_are_refused(
    shell: Shell, tmp_path: Path, content: bytes, reason: str
) -> None:
    path = tmp_path / "x.txt"
    path.write_bytes(content)
    code, document = shell.json("check", path)
    assert code == 2
    assert reason in document["error"]["message"]
    assert document["error"]["file"] == str(path)


def test_a_missing_file_is_named(shell: Shell, tmp_path: Path) -> None:
    code, out, err = shell("check", tmp_path / "没有.txt")
    assert (code, out) == (2, "")
    assert "没有.txt" in err
    assert "Traceback" not in err


def test_json_lines_keep_their_order_and_contexts(shell: Shell, tmp_path: Path) -> None:
    rows = [
        {"id": 3, "text": "保本保息", "context": {"product": "wmp", "whole": False}},
        {"id": "a", "text": "保本保息", "context": {"product": "deposit", "whole": False}},
        {
            "id": "b",
            "text": "低门槛",
            "context": {"product": "fund", "as_of": "2026-09-29", "whole": False},
        },
        {"id": "c", "text": "低门槛", "context": {"product": "fund", "whole": False}},
        {"id": "d", "text": "年利率3.6%"},
    ]
    source, target = tmp_path / "in.jsonl", tmp_path / "out.jsonl"
    source.write_text("".join(json.dumps(r, ensure_ascii=False) + "\n" for r in rows), "utf-8")
    code, _, _ = shell("check", "--jsonl", source, "--out", target, "--as-of", "2026-11-20")
    assert code == 0
    results = [json.loads(line) for line in target.read_text("utf-8").splitlines()]
    assert [r["id"] for r in results] == [3, "a", "b", "c", "d"]
    assert [r["verdict"] for r in results][:4] == ["block", "pass", "pass", "block"]
    assert results[0]["findings"][0]["text"] == "保本保息"


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("{", "JSON"),
        ('{"id": 1, "text": "x", "extra": 1}', "键"),
        ('{"id": 1}', "text"),
        ('{"text": "x"}', "id"),
        ('{"id": 1, "text": "x", "context": {"product": "savings"}}', "savings"),
        ('{"id": 1, "text": "x", "context": {"colour": "red"}}', "context"),
        ('{"id": 1, "text": "x", "context": {"whole": "no"}}', "whole"),
        ('{"id": 1, "text": "x", "context": {"as_of": "2026-13-01"}}', "2026-13-01"),
    ],
)
def test_a_bad_line_is_named_and_nothing_is_half_written(
    shell: Shell, tmp_path: Path, line: str, reason: str
) -> None:
    source, target = tmp_path / "in.jsonl", tmp_path / "out.jsonl"
    source.write_text('{"id": 0, "text": "好"}\n' + line + "\n", "utf-8")
    code, document = shell.json("check", "--jsonl", source, "--out", target)
    assert code == 2
    assert document["error"]["row"] == 2
    assert document["error"]["file"] == str(source)
    assert reason in document["error"]["message"]
    assert sorted(p.name for p in tmp_path.iterdir()) == ["in.jsonl"]


@pytest.mark.parametrize("link", [None, "symlink", "hard link"])
def test_the_results_never_replace_the_texts_that_are_checked(
    shell: Shell, tmp_path: Path, link: str | None
) -> None:
    source, target = tmp_path / "文案.jsonl", tmp_path / "结果.jsonl"
    texts = '{"id": 0, "text": "好"}\n'
    source.write_text(texts, "utf-8")
    if link == "symlink":
        target.symlink_to(source)
    elif link == "hard link":
        target.hardlink_to(source)
    else:
        target = source
    code, document = shell.json("check", "--jsonl", source, "--out", target)
    assert (code, document["error"]["field"]) == (2, "out")
    assert "覆盖原文" in document["error"]["message"]
    assert "--out" in document["error"]["next"]
    assert source.read_text("utf-8") == texts


def test_results_can_go_into_a_pipe(shell: Shell, tmp_path: Path) -> None:
    source, pipe = tmp_path / "文案.jsonl", tmp_path / "管道"
    source.write_text('\ufeff{"id": 0, "text": "保本保息", "context": {"whole": false}}\n', "utf-8")
    os.mkfifo(pipe)
    with ThreadPoolExecutor(1) as reader:
        received = reader.submit(pipe.read_text, "utf-8")
        code, _, _ = shell("check", "--jsonl", source, "--out", pipe)
        assert code == 0
        assert json.loads(received.result(timeout=30))["verdict"] == "block"
    assert pipe.is_fifo()


@pytest.mark.parametrize(("name", "reason"), [("没有/结果.jsonl", "不存在"), (".", "是一个文件夹")])
def test_results_that_cannot_be_written_are_an_input_error_before_any_work(
    shell: Shell, tmp_path: Path, name: str, reason: str
) -> None:
    source = tmp_path / "文案.jsonl"
    source.write_text('{"id": 0, "text": "好"}\n', "utf-8")
    code, document = shell.json("check", "--jsonl", source, "--out", tmp_path / name)
    assert (code, document["error"]["field"]) == (2, "out")
    assert reason in document["error"]["message"]
    assert sorted(p.name for p in tmp_path.iterdir()) == ["文案.jsonl"]


def test_a_rule_that_is_broken_twice_tells_its_articles_once(shell: Shell, tmp_path: Path) -> None:
    (tmp_path / "稿.txt").write_text("本产品保本保息，稳赚。", "utf-8")
    _, out, _ = shell("check", "稿.txt", "--product", "wmp", "--fragment", "--channel", "counter")
    title = "（cn.guarantee.principal-or-return，不得使用）"
    numbers = [line[0] for line in out.splitlines() if line.endswith(title)]
    assert len(numbers) == 2
    assert out.count(f"同第{numbers[0]}条") == 1
    assert "结论：不得使用（block）。" in out


def test_a_rule_is_shown_in_the_words_of_a_bank(shell: Shell) -> None:
    _, out, _ = shell("rules", "show", "cn.guarantee.no-risk")
    assert "结论：不得使用（block）" in out
    assert "2015-09-01 起施行，长期有效" in out
    assert "理财产品" in out
    assert "［原文］" in out
    assert not {"wmp", "credit_card", "［text］"} & set(out.replace("、", " ").split())


def test_rules_are_listed_shown_and_tested(shell: Shell) -> None:
    code, listed = shell.json("rules", "list")
    assert code == 0
    assert len(listed["rules"]) >= 60
    code, shown = shell.json("rules", "show", "cn.guarantee.no-risk")
    assert (code, shown["id"]) == (0, "cn.guarantee.no-risk")
    assert shown["citations"][0]["article"]
    code, report = shell.json("rules", "test")
    assert (code, report["failures"], report["dead_terms"]) == (0, [], [])
    code, document = shell.json("rules", "show", "cn.nothing")
    assert (code, document["error"]["code"]) == (2, "not_found")


def test_checking_loads_neither_yaml_nor_the_heavy_libraries(poster: Path) -> None:
    script = (
        "import sys; from copilot.cli.main import main\n"
        f"sys.argv = ['copilot', 'check', {str(poster)!r}, '--product', 'wmp']\n"
        "try: main()\n"
        "except SystemExit: pass\n"
        "heavy = {'yaml', 'pydantic_settings', 'sqlalchemy', 'pandas', 'duckdb', 'langchain'}\n"
        "print(sorted(heavy & set(sys.modules)), file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stderr.strip() == "[]"


def test_a_product_code_brings_its_record(shell: Shell, sample_home: Path, tmp_path: Path) -> None:
    text = tmp_path / "定期.txt"
    arguments = ("check", text, "--product", "DEP-3Y", "--channel", "counter")
    arguments += ("--data-dir", sample_home)
    text.write_text("三年定期，50元起存，利率以办理当日公示为准", "utf-8")
    assert shell.json(*arguments)[1]["verdict"] == "pass"
    text.write_text("三年定期年利率9.99%，50元起存", "utf-8")
    code, document = shell.json(*arguments)
    assert code == 1
    assert [(f["rule_id"], f["text"]) for f in document["findings"]] == [
        ("core.ungrounded-figure", "9.99%")
    ]


def test_an_unknown_product_code_is_named(shell: Shell, sample_home: Path, poster: Path) -> None:
    code, document = shell.json("check", poster, "--product", "DEP-99Y", "--data-dir", sample_home)
    assert (code, document["error"]["code"]) == (2, "not_found")
    assert "DEP-99Y" in document["error"]["message"]
