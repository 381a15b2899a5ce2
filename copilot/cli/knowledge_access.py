"""``copilot knowledge grant`` and ``revoke``: who may read a document."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from copilot.cli.common import (
    ConfigOption,
    DataDirOption,
    Format,
    FormatOption,
    StaffOption,
    emit,
    workbench,
)
from copilot.errors import InputError
from copilot.records.codes import LABELS, Audience, Role

if TYPE_CHECKING:
    from collections.abc import Sequence

    from copilot.knowledge.grants import Readers
    from copilot.records.access import Grant

DocumentArgument = Annotated[str, typer.Argument(help="资料编号，见 copilot knowledge list。")]
BranchOption = Annotated[
    str | None, typer.Option("--branch", metavar="BRANCH", help="网点编号；总行写 HQ。")
]
RoleOption = Annotated[Role | None, typer.Option("--role", help="岗位。")]
AudienceOption = Annotated[
    Audience | None,
    typer.Option("--audience", help="customer：只管能否用于给客户的内容，行内查看不变。"),
]
EveryoneOption = Annotated[bool, typer.Option("--everyone", help="全行所有人。")]


def grant(
    document: DocumentArgument,
    branch: BranchOption = None,
    role: RoleOption = None,
    audience: AudienceOption = None,
    everyone: EveryoneOption = False,
    acting: StaffOption = None,
    data_dir: DataDirOption = None,
    config: ConfigOption = None,
    format: FormatOption = Format.TEXT,
) -> None:
    """授权查看：同时给 --branch 与 --role 时，两者都符合才能看。

    没有授权记录的资料按文件写明的网点开放；第一次授权之后，只有获授权的人能看。撤回优先于授权。

    例：copilot knowledge grant file/旺季方案.txt --branch BR01 --role wealth
    """
    from copilot.knowledge.grants import grant as give

    readers = _readers(branch, role, audience, everyone)
    with workbench(data_dir, config, acting, None) as bench:
        lines = give(document, readers, bench.store, bench.principal)
    _emit(document, lines, format)


def revoke(
    document: DocumentArgument,
    branch: BranchOption = None,
    role: RoleOption = None,
    audience: AudienceOption = None,
    everyone: EveryoneOption = False,
    acting: StaffOption = None,
    data_dir: DataDirOption = None,
    config: ConfigOption = None,
    format: FormatOption = Format.TEXT,
) -> None:
    """撤回查看：检索、问答、话术立即不再用到这份资料，正在进行的入库不受影响。

    例：copilot knowledge revoke product/FUND-MIX --audience customer
    """
    from copilot.knowledge.grants import revoke as take

    readers = _readers(branch, role, audience, everyone)
    with workbench(data_dir, config, acting, None) as bench:
        lines = take(document, readers, bench.store, bench.principal)
    _emit(document, lines, format)


def _readers(
    branch: str | None, role: Role | None, audience: Audience | None, everyone: bool
) -> Readers:
    from copilot.knowledge.grants import Readers

    named = any(value is not None for value in (branch, role, audience))
    if named == everyone:
        raise InputError(
            "请写明对象：--branch、--role、--audience，或者只写 --everyone",
            next="加 --help 查看例子。",
        )
    return Readers(branch, role, audience)


def present_grants(lines: Sequence[Grant]) -> str:
    """Who may read a document, for people."""
    if not lines:
        return "没有单独授权：按资料写明的网点开放。"
    return "\n".join(_present_line(line) for line in sorted(lines, key=lambda g: not g.allowed))


def _present_line(line: Grant) -> str:
    branch = "所有网点" if line.branch == "*" else line.branch
    role = "所有岗位" if line.role == "*" else LABELS[Role][line.role]
    purpose = "" if line.audience == "*" else "（用于给客户的内容）"
    return f"{'授权' if line.allowed else '撤回'}  {branch}  {role}{purpose}"


def _emit(document: str, lines: Sequence[Grant], format: Format) -> None:
    body = {"document": document, "grants": [line.as_json() for line in lines]}
    emit(body, lambda: f"{document}\n{present_grants(lines)}", format)
