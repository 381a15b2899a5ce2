"""Proposed templates: kept with what the checker says of them, until their author submits them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from copilot.errors import InputError, NotFound, StateError
from copilot.pipeline.template_check import TemplateCheck, check_template
from copilot.records.template import Template, content_hash

if TYPE_CHECKING:
    from copilot.pipeline.workbench import Workbench
    from copilot.store.approvals import ApprovalRepository

FIRST_LOOK = "请用 `copilot template list` 查看全部模板。"


@dataclass(frozen=True, slots=True)
class Proposal:
    """A proposed template version with the checker's answer.

    ``evidence`` says how the words came about when a writer proposed them.
    """

    template: Template
    check: TemplateCheck
    evidence: Mapping[str, Any] | None = None

    def as_json(self) -> dict[str, Any]:
        """One item of ``copilot template propose --format json``."""
        return {
            "template_id": self.template.template_id,
            "version": self.template.version,
            "content_hash": content_hash(self.template),
            "author": self.template.author,
            "writer": "person" if self.evidence is None else self.evidence["writer"],
            "text": self.template.text,
            "check": self.check.as_json(),
        }


def check_now(bench: Workbench, template: Template) -> TemplateCheck:
    """The template held against the rules in force and the shelf of the date."""
    bank_name = bench.settings.policy.bank_name
    return check_template(template, bench.checker, bench.shelf, bench.as_of, bank_name)


def propose(
    bench: Workbench,
    template: Template,
    staff_id: str,
    *,
    evidence: Mapping[str, Any] | None = None,
) -> Proposal:
    """Keeps a template as a proposal and says what the checker finds.

    A proposal that was not submitted yet is replaced by its author's next one.

    Raises:
        InputError: another author, or a version that is not the next one.
        StateError: the version is in review or was decided, or the author has left.
    """
    author = bench.staff(staff_id)
    name = _name(template.template_id, template.version)
    if template.author != author.staff_id:
        raise InputError(
            f"模板 {name} 的作者写的是 {template.author}，不是 {author.staff_id}。",
            next="作者应是提交的本人。",
            field="author",
        )
    checked = check_now(bench, template)
    with bench.store.transaction() as connection:
        repository = bench.store.approvals(connection)
        repository.hold()
        _check_version(repository, template)
        unlabelled = _unlabelled(repository, template)
        repository.save_template(template)
        payload = {
            "content_hash": content_hash(template),
            "verdict": checked.verdict.value,
            "pack_version": bench.checker.pack_version,
            **({"evidence": dict(evidence)} if evidence else {}),
            **({"ai_label": "removed"} if unlabelled else {}),
        }
        bench.store.audit.append(
            connection,
            "template.propose",
            f"{template.template_id}@{template.version}",
            payload,
            actor=author.staff_id,
        )
    return Proposal(template, checked, evidence)


def find(bench: Workbench, template_id: str, version: int | None = None) -> Template:
    """A kept template version, the newest when no version is named.

    Raises:
        NotFound: there is none.
    """
    with bench.store.read() as connection:
        versions = bench.store.approvals(connection).versions(template_id)
    for template in reversed(versions):
        if version in (None, template.version):
            return template
    if versions:
        known = "、".join(f"第{each.version}版" for each in versions)
        raise NotFound(f"模板 {template_id} 没有第{version}版。", next=f"已有：{known}。")
    if template_id.endswith((".yaml", ".yml")):
        raise NotFound(
            f"{template_id} 是文件名，不是模板编号。",
            next=f"先提案：copilot template propose --file {template_id} --as 工号，"
            "再用其中的 id 送审：copilot template submit 编号 --as 工号。",
        )
    raise NotFound(f"没有模板 {template_id}。", next=FIRST_LOOK)


def _check_version(repository: ApprovalRepository, template: Template) -> None:
    """Whether the version may still be proposed, or proposed again, by this author."""
    name = _name(template.template_id, template.version)
    known = {each.version: each for each in repository.versions(template.template_id)}
    if repository.review_of(template.template_id, template.version) is not None:
        raise StateError(f"模板 {name} 已经提交过审核。", next="改动后请提高版本号再提交。")
    if known and template.version < max(known):
        raise InputError(
            f"模板 {name} 之后已有第{max(known)}版。",
            next=f"请把版本号改成 {max(known) + 1}。",
            field="version",
        )
    earlier = known.get(template.version)
    if earlier is not None and earlier.author != template.author:
        raise StateError(
            f"模板 {name} 是 {earlier.author} 的提案，尚未提交。",
            next="请换一个编号，或由原作者修改。",
        )


def _unlabelled(repository: ApprovalRepository, template: Template) -> bool:
    """Whether words that a model drafted go on as a person's: the log keeps that."""
    earlier = repository.versions(template.template_id)
    return not template.drafted_by and any(each.drafted_by for each in earlier)


def _name(template_id: str, version: int) -> str:
    return f"{template_id} 第{version}版"
