"""The ``copilot`` command: commands are mounted here, and every error ends here."""

from __future__ import annotations

import gc
import os
import signal
import sys
from collections.abc import Sequence
from importlib import import_module
from types import FrameType
from typing import NoReturn

import typer

from copilot.cli.common import fail
from copilot.cli.usage import in_chinese
from copilot.errors import CopilotError, DependencyError

COMMANDS = (
    "init",
    "demo",
    "today",
    "match",
    "pitch",
    "plan",
    "summary",
    "ask",
    "check",
    "search",
    "doctor",
)
GROUPS = {
    "tables": "检查银行数据表，查看代码表。",
    "profile": "客户画像：计算、查看、解释。",
    "events": "事件：大额到账、到期、投诉、撤回同意、人生大事。",
    "score": "评分：训练、检验、模型卡、下一个产品。",
    "segment": "客群：清单、条件、变动、常见搭配。",
    "knowledge": "知识库：入库、版本、到期、矛盾、权限、索引。",
    "rules": "合规规则：清单、内容、自测、影响、启用。",
    "template": "话术模板：提出、送审、审核、停用、特批。",
    "eval": "评测：检索、合规、问答、话术、总结和客户原话，逐条列出没做对的。",
    "audit": "留痕：校验、查看、重算，取出去掉AI标识的文字。",
}


def command_line(words: Sequence[str]) -> typer.Typer:
    """The command line for these words: the module of the command they name, else all of them.

    A command that is not asked for is not imported, so that a quick one starts quickly.
    """
    app = typer.Typer(
        name="copilot",
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
        rich_markup_mode=None,
    )
    app.callback(help="银行营销助手：客户画像、有依据的话术、合规检查。")(_root)
    first = words[0] if words else ""
    named = (first,) if first in COMMANDS or first in GROUPS else (*COMMANDS, *GROUPS)
    for name in named:
        module = import_module(f"copilot.cli.{name}")
        if name in GROUPS:
            app.add_typer(module.app, name=name, help=GROUPS[name])
        else:
            app.command(name)(getattr(module, name))
    return app


def _root() -> None:
    """Keeps the command's name on the command line even where only one is mounted."""


def main() -> None:
    """Runs the command line; exit codes 0 yes, 1 no, 2 bad input, 3 a dependency failed."""
    # Most of what a command makes are modules, which stay: looking for garbage among them costs a
    # quick command a tenth of its time.
    gc.set_threshold(200_000, 50, 100)
    _offline()
    interrupts = _remember_interrupts()
    as_json = "json" in _values_of("--format")
    try:
        code = command_line(sys.argv[1:])(prog_name="copilot", standalone_mode=False)
        sys.exit(code if isinstance(code, int) else 0)
    except CopilotError as error:
        fail(error, as_json=as_json)
    except (typer.Abort, KeyboardInterrupt):
        _interrupted()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)
    except OSError as error:
        reason = error.strerror or type(error).__name__
        fail(
            DependencyError(
                f"文件或磁盘操作失败：{reason}",
                file=str(error.filename) if error.filename else None,
                next="请检查磁盘空间与权限后重试，已有数据不受影响。",
            ),
            as_json=as_json,
        )
    except Exception as error:
        if interrupts:  # a library below caught the interrupt and raised something of its own
            _interrupted()
        if not hasattr(error, "format_message"):
            raise
        if type(error).__name__ == "NoArgsIsHelpError":
            print(error.format_message())
            sys.exit(2)
        fail(in_chinese(error.format_message()), as_json=as_json)


def _remember_interrupts() -> list[int]:
    """The interrupts received so far, each still raising `KeyboardInterrupt` as usual."""
    received: list[int] = []

    def note(number: int, frame: FrameType | None) -> None:
        received.append(number)
        raise KeyboardInterrupt

    signal.signal(signal.SIGINT, note)
    return received


def _interrupted() -> NoReturn:
    print("已中断；已完成的步骤保留，可重新运行继续。", file=sys.stderr)
    sys.exit(130)


def _values_of(option: str) -> list[str]:
    words = sys.argv[1:]
    spaced = [words[i + 1] for i, word in enumerate(words[:-1]) if word == option]
    joined = [word.split("=", 1)[1] for word in words if word.startswith(option + "=")]
    return spaced + joined


def _offline() -> None:
    # Libraries below us phone home or trace by default; a bank's data must not leave by accident.
    for name, value in {
        "ANONYMIZED_TELEMETRY": "False",
        "LANGSMITH_TRACING": "false",
        "LANGCHAIN_TRACING_V2": "false",
        "ORT_DISABLE_TELEMETRY": "1",
        "HF_HUB_OFFLINE": "1",
        "DO_NOT_TRACK": "1",
        # Looking for plug-ins reads the metadata of every installed package at each start.
        "PYDANTIC_DISABLE_PLUGINS": "__all__",
    }.items():
        os.environ[name] = value
