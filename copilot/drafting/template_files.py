"""Templates and internal scripts from the YAML files that a bank edits, closed schemas only."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from copilot.drafting.limits import kind_on
from copilot.drafting.slots import PERSONAL_PATHS, Slot, parse
from copilot.errors import InputError, NotFound
from copilot.records.codes import Channel, DraftKind, LifeStage, Occasion, ProductType
from copilot.records.script_entry import ScriptEntry
from copilot.records.template import Condition, Script, Template
from copilot.records.yaml_file import Location, YamlFile

#: Files beside the templates that are none: approvals, phrases, how the bank reviews.
OTHER_FILES = frozenset({"approvals.yaml", "phrases.yaml", "review.yaml"})

#: Profile features that a condition may compare (amounts in fen, spans in days).
CONDITION_FEATURES = frozenset(
    {
        "age",
        "aum_demand",
        "aum_deposit",
        "aum_fund",
        "aum_gold",
        "aum_gov_bond",
        "aum_insurance",
        "aum_large_cd",
        "aum_pension",
        "aum_structured",
        "aum_time",
        "aum_total",
        "aum_wmp",
        "bonus_30",
        "days_to_maturity",
        "debt_card",
        "debt_loan",
        "idle_amount",
        "idle_days",
        "inflow_max_7",
        "loan_repay_90",
        "maturing_30",
        "maturing_today",
        "n_salary_cp",
        "next_maturity_auto_renew",
        "pension_in_90",
        "salary_month",
        "sh_mobile",
        "tenure_days",
        "tuition_365",
    }
)

#: The elements that a template may declare, each with the slots or words that carry it.
ELEMENTS: dict[str, tuple[str, ...]] = {
    "risk_statement": ("{{ product.risk_statement }}",),
    "risk_words": (
        "理财非存款、产品有风险、投资须谨慎",
        "基金有风险，投资需谨慎",
        "可能亏损",
        "可能有汇率损失",
        "退保可能有损失",
        "退保按现金价值，可能低于已交保费",
        "请结合还款能力理性借贷",
        "分期会产生利息",
    ),
    "benchmark_basis": ("{{ product.benchmark_basis }}",),
    "benchmark_statement": ("{{ product.benchmark_statement }}",),
    "annual_rate": ("{{ product.apr_bp | percent }}", "{{ product.apr_high_bp | percent }}"),
    "rate_date": ("{{ today | date }}",),
    "risk_rating": ("{{ product.risk_rating }}",),
    "issuer": ("{{ product.issuer }}",),
    "agency_statement": ("本行为代销机构",),
    "insurance_notice": ("保险",),
    "not_a_deposit": ("理财非存款、产品有风险、投资须谨慎",),
    "cooling_off": ("{{ product.cooling_off_days | term }}",),
    "staff_identity": ("{{ staff.name }}", "{{ staff.number }}"),
    "signature": ("【{{ bank.name }}】",),
    "opt_out": ("拒收请回复R",),
}

_COMPARISON = re.compile(r"(<=|>=|==|<|>)\s*(-?\d+(?:\.\d+)?)")
_DIGIT = re.compile(r"\d")


class _TemplateSheet(BaseModel):
    model_config = ConfigDict(extra="forbid")

    id: str = Field(pattern=r"^[a-z0-9][a-z0-9_-]*$")
    version: int = Field(ge=1)
    title: str = Field(min_length=1)
    kind: Literal[DraftKind.PITCH, DraftKind.MESSAGE]
    product_types: list[ProductType] = Field(min_length=1)
    product_codes: list[str] = []
    life_stages: list[LifeStage] = []
    segments: list[str] = []
    channels: list[Channel] = Field(min_length=1)
    tone: str = Field(min_length=1)
    conditions: dict[str, str] = {}
    valid_from: date
    valid_to: date
    required: list[str] = []
    occasions: list[Occasion] = []
    drafted_by: str = ""
    author: str = Field(min_length=1)
    text: str = Field(min_length=1)


def load_templates(directory: Path) -> tuple[Template, ...]:
    """Every template under ``directory``, sorted by id.

    Raises:
        InputError: a file breaks the schema or the slot language; names file, line and what is
            allowed.
        NotFound: the folder does not exist.
    """
    files = [path for path in _yaml_files(directory) if path.name not in OTHER_FILES]
    return _unique((template, path) for path in files for template in (_template(path),))


def load_scripts(directory: Path, without: Collection[str] = ()) -> tuple[Script, ...]:
    """Every script move under ``directory``, in file order; errors as `load_templates`.

    ``without`` are the names of files (no suffix) to leave out.
    """
    scripts: dict[str, Path] = {}
    loaded: list[Script] = []
    for path in _yaml_files(directory):
        for script in _scripts(path):
            if script.script_id in scripts:
                raise _twice(script.script_id, path, scripts[script.script_id])
            scripts[script.script_id] = path
            if path.stem not in without:
                loaded.append(script)
    return tuple(loaded)


def read_template(path: Path) -> Template:
    """The template of one file, under any file name; errors as `load_templates`."""
    if not path.is_file():
        raise NotFound(f"没有这个文件：{path.name}。", next="请核对路径。", file=str(path))
    return _from_file(YamlFile.read(path))


def template_of(entries: Mapping[str, Any]) -> Template:
    """The template that the entries of a file would make, wherever they come from.

    Raises:
        InputError: they break the schema or the slot language.
    """
    import yaml

    text = yaml.safe_dump(dict(entries), allow_unicode=True, sort_keys=False)
    return _from_file(YamlFile.parse(text, Path(f"{entries.get('id', '')}.yaml")))


def _template(path: Path) -> Template:
    file = YamlFile.read(path)
    template = _from_file(file)
    if template.template_id != path.stem:
        raise file.error(f"模板编号 {template.template_id} 与文件名 {path.stem} 不一致。", ("id",))
    return template


def _from_file(file: YamlFile) -> Template:
    sheet = file.validated(_TemplateSheet)
    _check_kind(file, sheet)
    _check_text(file, sheet.text, ("text",))
    _check_readers(file, sheet)
    for position, element in enumerate(sheet.required):
        _check_element(file, element, sheet.text, ("required", position))
    if sheet.valid_to <= sheet.valid_from:
        raise file.error("失效日必须晚于生效日。", ("valid_to",))
    return Template(
        template_id=sheet.id,
        version=sheet.version,
        title=sheet.title,
        kind=sheet.kind,
        product_types=tuple(sheet.product_types),
        product_codes=tuple(sheet.product_codes),
        life_stages=tuple(sheet.life_stages),
        segments=tuple(sheet.segments),
        channels=tuple(sheet.channels),
        tone=sheet.tone,
        conditions=tuple(_conditions(file, sheet.conditions)),
        valid_from=sheet.valid_from,
        valid_to=sheet.valid_to,
        required=tuple(sheet.required),
        occasions=tuple(sheet.occasions),
        drafted_by=sheet.drafted_by,
        author=sheet.author,
        text=sheet.text.strip(),
    )


def _scripts(path: Path) -> Iterable[Script]:
    file = YamlFile.read(path)
    if not isinstance(file.data, list):
        raise file.error("内部话术文件应是一个列表。")
    for position in range(len(file.data)):
        move = file.validated(ScriptEntry, (position,))
        _check_text(file, move.text, (position, "text"))
        unless = _conditions(file, move.unless, (position, "unless"))
        yield replace(move.script(), unless=tuple(unless))


def _check_kind(file: YamlFile, sheet: _TemplateSheet) -> None:
    for position, channel in enumerate(sheet.channels):
        wanted = kind_on(channel)
        if sheet.kind is not wanted:
            raise file.error(f"渠道 {channel} 的模板应是 {wanted} 类。", ("channels", position))


def _check_readers(file: YamlFile, sheet: _TemplateSheet) -> None:
    """What many people read at once greets nobody and tells nobody's dates."""
    personal = [
        part.path
        for part in parse(sheet.text)
        if isinstance(part, Slot) and part.path in PERSONAL_PATHS
    ]
    shared = [channel for channel in sheet.channels if channel.shared]
    if personal and shared:
        raise file.error(
            f"渠道 {shared[0]} 给许多人看，不能用 {personal[0]}。",
            ("text",),
            next="请去掉称呼和个人信息，或另写一个发给本人的模板。",
        )


def _check_text(file: YamlFile, text: str, location: Location) -> None:
    first_line = (file.line_of(location) or 1) + (1 if "\n" in text.strip("\n") else 0)
    for part in parse(text, file=str(file.path), first_line=first_line):
        literal = _DIGIT.search(part) if isinstance(part, str) else None
        if literal:
            raise file.error(
                f"正文里写死了数字 {literal.group()}。",
                location,
                next="数字一律用变量从资料中取，不能写在模板里。",
            )


def _check_element(file: YamlFile, element: str, text: str, location: Location) -> None:
    carriers = ELEMENTS.get(element)
    if carriers is None:
        raise file.error(
            f"未知的必备要素 {element}。", location, next=f"可用的要素：{'、'.join(ELEMENTS)}。"
        )
    if not any(carrier in text for carrier in carriers):
        raise file.error(
            f"正文缺少必备要素 {element}。", location, next=f"请写入：{' 或 '.join(carriers)}。"
        )


def _conditions(
    file: YamlFile, conditions: dict[str, str], place: Location = ("conditions",)
) -> Iterable[Condition]:
    for feature, comparison in conditions.items():
        location = (*place, feature)
        if feature not in CONDITION_FEATURES:
            allowed = "、".join(sorted(CONDITION_FEATURES))
            raise file.error(
                f"条件里的特征 {feature} 不可用。", location, next=f"可用：{allowed}。"
            )
        match = _COMPARISON.fullmatch(comparison.strip())
        if match is None:
            raise file.error(f"条件 {comparison!r} 写法不对。", location, next='写成 "> 0" 这样。')
        yield Condition(feature, match.group(1), float(match.group(2)))


def _yaml_files(directory: Path) -> list[Path]:
    if not directory.is_dir():
        raise NotFound(
            f"没有找到目录 {directory.name}。", next="请检查知识库路径设置。", file=str(directory)
        )
    return sorted(directory.rglob("*.yaml"))


def _unique(pairs: Iterable[tuple[Template, Path]]) -> tuple[Template, ...]:
    seen: dict[str, tuple[Template, Path]] = {}
    for template, path in pairs:
        if template.template_id in seen:
            raise _twice(template.template_id, path, seen[template.template_id][1])
        seen[template.template_id] = (template, path)
    return tuple(seen[name][0] for name in sorted(seen))


def _twice(name: str, path: Path, other: Path) -> InputError:
    return InputError(
        f"编号 {name} 已在 {other.name} 中用过。", next="请换一个编号。", file=str(path), field="id"
    )
