"""The README promises only what can be run."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from tests.shell import Shell

REPOSITORY = Path(__file__).resolve().parent.parent
README = (REPOSITORY / "README.md").read_text(encoding="utf-8")
_COMMAND = re.compile(
    r"(?m)(?:^|`)copilot ([a-z]+)(?: (build|show|explain|check|list|test|verify|codes))?"
)
COMMANDS = sorted({" ".join(filter(None, found)) for found in _COMMAND.findall(README)})
#: Whole commands of the daily work; those that name a file, or take long, have tests of their own.
_ELSEWHERE = re.compile(r"文案|文件|编号|名称|score train|eval|doctor|template|events|init")
WHOLE = [
    words
    for words in re.findall(r"`copilot ([^`]+ [^`]+)`", README)
    if not _ELSEWHERE.search(words)
]


def test_the_readme_names_the_commands_of_the_daily_work() -> None:
    assert {"init", "today", "match", "pitch", "ask", "search", "check", "doctor"} <= set(COMMANDS)


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_in_the_readme_exists(command: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "copilot", *command.split(), "--help"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("words", WHOLE)
def test_every_daily_command_works_on_the_sample_bank_as_it_stands(
    shell: Shell, sample_home: Path, words: str
) -> None:
    code, out, err = shell(*shlex.split(words), "--data-dir", sample_home)
    assert (code, err) == (0, "")
    assert out.strip()


@pytest.mark.parametrize("target", re.findall(r"\]\(([^)#]+)\)", README))
def test_every_link_in_the_readme_leads_somewhere(target: str) -> None:
    assert (REPOSITORY / target).exists()


def test_both_make_targets_run_the_same_file_as_without_make() -> None:
    makefile = (REPOSITORY / "Makefile").read_text(encoding="utf-8")
    assert "bootstrap.py run" in makefile
    assert "bootstrap.py test" in makefile
    assert "make test" in (REPOSITORY / ".ci" / "run").read_text(encoding="utf-8")


def test_the_mapping_in_the_readme_takes_in_a_bank_s_two_files(tmp_path: Path) -> None:
    from copilot.tables import check_tables, read_sources

    found = re.search(r"```yaml\n(version: 1\n.*?)```", README, re.DOTALL)
    assert found is not None
    (tmp_path / "sources.yaml").write_text(found[1], encoding="utf-8")
    (tmp_path / "客户.csv").write_text(
        "客户号,姓名,性别,出生日期\nK001,林晓梅,女,1975-03-04\n", encoding="utf-8"
    )
    (tmp_path / "产品.csv").write_text(
        "代码,名称,类型,利率\nP1,一年定期,定期,1.15%\n", encoding="utf-8"
    )
    report = check_tables(read_sources(tmp_path / "sources.yaml"))
    assert report.accepted == {"customers": 1, "products": 1}
    assert not [count for count in report.counts if count.action == "quarantined"]
