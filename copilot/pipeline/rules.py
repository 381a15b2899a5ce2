"""Rules in the life of the bank: confirmed by a named person, activated by two, tried on drafts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from copilot.errors import Forbidden, InputError, NotFound
from copilot.files import write_whole
from copilot.records.clock import BANK_TIME
from copilot.records.codes import Channel, DraftKind, Role, label
from copilot.records.compliance import CheckContext

if TYPE_CHECKING:
    from copilot.compliance.compiler import Confirmed, PackReport
    from copilot.compliance.impact import StoredText
    from copilot.pipeline.workbench import Workbench

CONFIRMED, ACTIVATED = "rules.confirmed", "rules.activated"
#: Who may say that an article reads as cited.
CONFIRMERS = frozenset({Role.LEGAL, Role.CONSUMER_PROTECTION})
#: Who may let a pack take effect that another has prepared.
APPROVERS = frozenset({Role.LEGAL, Role.CONSUMER_PROTECTION, Role.REVIEWER})
_PACK = "pack"


@dataclass(frozen=True, slots=True)
class ActivatedPack:
    """A pack that was put in force, or will be from ``effective``."""

    version: str
    previous: str | None
    effective: datetime
    rules: int
    confirmed: int

    def as_json(self) -> dict[str, Any]:
        """The document of ``copilot rules activate``."""
        return {
            "pack_version": self.version,
            "previous": self.previous,
            "effective_from": self.effective.astimezone(BANK_TIME).isoformat(),
            "rules": self.rules,
            "confirmed_citations": self.confirmed,
        }


def confirm(
    bench: Workbench, rules_dir: Path, rule_id: str, staff_id: str, *, note: str = ""
) -> list[dict[str, str]]:
    """Records that a person read the articles behind a rule and found them as cited.

    Returns the citations confirmed. They count from the next activation on, and only as long as
    the rule cites the same articles.

    Raises:
        NotFound: no such rule or member of staff.
        Forbidden: the person's role may not confirm.
        InputError: every citation of the rule was read in full already.
    """
    _staff_in(bench, staff_id, CONFIRMERS, "确认依据")
    model = _model(rules_dir, rule_id)
    citations = [
        {"regulation": c.regulation, "article": c.article, "evidence": c.evidence.value}
        for c in model.citations
        if not c.evidence.may_block
    ]
    if not citations:
        raise InputError(
            f"规则 {rule_id} 的依据都已读过原文或引文，不需要确认。",
            next="需要确认的是 evidence 为 summary 或 recall 的依据。",
        )
    with bench.store.transaction() as connection:
        payload = {"citations": citations, "note": note, "as_of": bench.as_of.isoformat()}
        bench.store.audit.append(connection, CONFIRMED, rule_id, payload, actor=staff_id)
    return citations


def confirmations(bench: Workbench) -> Confirmed:
    """Every citation that a named person has confirmed."""
    entries = bench.store.audit.entries(kind=CONFIRMED, limit=None)
    return frozenset(
        (entry.subject, citation["regulation"], citation["article"])
        for entry in entries
        for citation in entry.payload["citations"]
    )


def activate(
    bench: Workbench,
    rules_dir: Path,
    *,
    author: str,
    approver: str,
    effective: datetime | None = None,
) -> ActivatedPack:
    """Compiles the rule files and puts the pack in force, now or later.

    Nothing changes unless every case passes: the pack in force stays.

    Raises:
        InputError: a rule file is wrong, a case fails, or author and approver are one person.
        Forbidden: a role may not approve.
        Busy: another process is writing to the data directory.
    """
    from copilot.compliance.activation import (
        PACKS,
        Activation,
        in_force,
        read_schedule,
        schedule_pack,
    )
    from copilot.compliance.compiler import run_rule_cases

    if author == approver:
        raise InputError(
            f"编写人和批准人都是 {author}。", field="approver", next="请由另一人批准。"
        )
    _staff_in(bench, author, frozenset(Role), "编写规则")
    _staff_in(bench, approver, APPROVERS, "批准规则包")
    now = datetime.now(UTC)
    effective = now if effective is None else effective.astimezone(UTC)
    if effective < now - timedelta(minutes=1):
        raise InputError(
            "生效时间已过去。", field="from", next="请给出将来的时间，或不写立即生效。"
        )
    confirmed = confirmations(bench)
    report = run_rule_cases(rules_dir, confirmed)
    _fit_for_use(report)
    pack, data_dir = report.pack, bench.store.data_dir
    with bench.store.writer_lock():
        before = in_force(read_schedule(data_dir), now)
        write_whole(data_dir / PACKS / f"{pack.version}.json", pack.as_text())
        activated = ActivatedPack(
            version=pack.version,
            previous=before.version if before else None,
            effective=effective,
            rules=len(pack.rules),
            confirmed=_in_use(confirmed, pack.rules),
        )
        with bench.store.transaction() as connection:
            payload = {**activated.as_json(), "author": author, "approver": approver}
            bench.store.audit.append(connection, ACTIVATED, _PACK, payload, actor=approver)
        schedule_pack(data_dir, Activation(effective, pack.version), now)
    return activated


def parse_moment(value: str) -> datetime:
    """A point in time in ISO form; bank time where no zone is written.

    Raises:
        InputError: the value is none.
    """
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        raise InputError(
            f"时间无法识别：{value}", field="from", next="请写成 2026-12-01T09:00 这样的格式。"
        ) from None
    return moment if moment.tzinfo else moment.replace(tzinfo=BANK_TIME)


def stored_drafts(bench: Workbench) -> Iterator[StoredText]:
    """The texts of the saved drafts and answers, in the context they were made for."""
    from copilot.compliance.impact import StoredText

    types = {p.product_code: p.type for p in bench.shelf}
    for draft_id, document in bench.store.drafts(bench.principal).each():
        text = document.get("text") or document.get("answer")
        if not isinstance(text, str) or not text:
            continue
        channel, kind = document.get("channel"), document.get("kind")
        context = CheckContext(
            product=types.get(document.get("product_code", "")),
            channel=Channel(channel) if channel else None,
            kind=DraftKind(kind) if kind else None,
            as_of=bench.as_of,
            whole=document.get("template_id") is not None,
        )
        yield StoredText(draft_id, text, context)


def _fit_for_use(report: PackReport) -> None:
    from copilot.compliance.contradictions import contradictions

    if report.failures:
        first = report.failures[0]
        raise InputError(
            f"有 {len(report.failures)} 个用例不通过，没有启用。{first.message}",
            next="请修改后用 `copilot rules test` 确认；原规则包继续有效。",
            file=first.file,
            row=first.row,
        )
    clash = next(contradictions(report.pack), None)
    if clash is not None:
        raise InputError(
            f"规则 {clash.required_by} 要求的“{clash.wording}”"
            f"被 {'、'.join(clash.forbidden_by)} 禁止。",
            next="请先消除矛盾；原规则包继续有效。",
        )


def _in_use(confirmed: Confirmed, rules: Sequence[Any]) -> int:
    cited = {(r.id, c.regulation, c.article) for r in rules for c in r.citations}
    return len(confirmed & cited)


def _staff_in(bench: Workbench, staff_id: str, roles: frozenset[Role], deed: str) -> None:
    staff = bench.staff(staff_id)
    if staff.role not in roles:
        allowed = "、".join(sorted(label(role) for role in roles))
        raise Forbidden(
            f"{staff_id} 的岗位是{label(staff.role)}，不能{deed}。", next=f"可以由{allowed}岗办理。"
        )


def _model(rules_dir: Path, rule_id: str) -> Any:
    from copilot.compliance.compiler import read_rules

    found: Mapping[str, Any] = {file.model.id: file.model for file in read_rules(rules_dir)}
    if rule_id not in found:
        raise NotFound(f"没有规则 {rule_id}。", next="全部规则请用 `copilot rules list` 查看。")
    return found[rule_id]
