"""What every command shares: options, output in both formats, errors, progress."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer

from copilot.errors import CopilotError
from copilot.paths import DEFAULT_DATA_DIR
from copilot.records.progress import Progress
from copilot.records.values import parse_day

if TYPE_CHECKING:
    from copilot.pipeline.workbench import Workbench
    from copilot.settings import Settings


class Format(StrEnum):
    """Output formats that every command has."""

    TEXT = "text"
    JSON = "json"


FormatOption = Annotated[
    Format, typer.Option("--format", help="输出格式：text 给人看，json 给程序用。")
]
DataDirOption = Annotated[
    Path | None,
    typer.Option("--data-dir", help=f"数据目录（默认 ./{DEFAULT_DATA_DIR}）。"),
]
ConfigOption = Annotated[
    Path | None, typer.Option("--config", help="配置文件（YAML）。", dir_okay=False)
]
AsOfOption = Annotated[
    str | None,
    typer.Option(
        "--as-of",
        metavar="DATE",
        help="按哪一天判断（默认业务日期：先看设置，再看数据，都没有就是今天）。",
    ),
]
StaffOption = Annotated[
    str | None, typer.Option("--as", metavar="STAFF", help="以哪位员工的身份（工号）。")
]


def settings_for(data_dir: Path | None, config: Path | None) -> Settings:
    """The settings of this call."""
    from copilot.settings import load_settings

    return load_settings(config, data_dir=data_dir)


@contextmanager
def workbench(
    data_dir: Path | None, config: Path | None, staff: str | None, as_of: str | None
) -> Iterator[Workbench]:
    """The opened store with everything a pipeline needs, closed afterwards."""
    from copilot.pipeline.workbench import Workbench

    day = parse_day(as_of) if as_of else None
    bench = Workbench.open(settings_for(data_dir, config), staff_id=staff, as_of=day)
    try:
        yield bench
    finally:
        bench.close()


def emit(document: Any, text: str | Callable[[], str], format: Format) -> None:
    """Prints the one answer of a command on standard output."""
    if format is Format.JSON:
        print(json.dumps(document, ensure_ascii=False, indent=2, default=str))
    else:
        print(text if isinstance(text, str) else text())


def fail(error: CopilotError, *, as_json: bool) -> NoReturn:
    """Ends the command with an error's message and exit code."""
    if as_json:
        print(json.dumps(error.as_json(), ensure_ascii=False, indent=2))
    else:
        print(f"错误：{error}", file=sys.stderr)
    raise SystemExit(error.exit_code)


@contextmanager
def progress_bar() -> Iterator[Progress]:
    """A progress bar on standard error; one line a step where there is no terminal."""
    if not sys.stderr.isatty():
        yield _log_steps()
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.completed:,}/{task.total:,}"),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=Console(stderr=True)) as bar:
        tasks: dict[str, Any] = {}

        def report(step: str, done: int, total: int) -> None:
            if step not in tasks:
                tasks[step] = bar.add_task(step, total=total)
            bar.update(tasks[step], completed=done, total=total)

        yield report


def _log_steps() -> Progress:
    seen: set[str] = set()

    def report(step: str, done: int, total: int) -> None:
        if step not in seen:
            seen.add(step)
            print(f"… {step}", file=sys.stderr, flush=True)

    return report
