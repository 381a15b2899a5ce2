"""What stops an approved text: at the next fill, without any job, with the reason said."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
import yaml
from lucky_rule import knowledge_with_one_rule, replace_in, rule_file
from template_bank import AUTHOR, approved, opened, submitted

from copilot.errors import CopilotError, Forbidden, InputError, StateError
from copilot.pipeline import rules as officer
from copilot.pipeline import template_desk as desk
from copilot.pipeline.pitch import PitchRequest, draft_pitch
from copilot.pipeline.template_copies import copies
from copilot.pipeline.template_list import TemplateLine, list_templates
from copilot.pipeline.template_view import show
from copilot.pipeline.workbench import Workbench
from copilot.records.codes import Channel, ProductType
from copilot.records.compliance import Usable
from copilot.records.draft import CheckedDraft
from copilot.records.template import ApprovalState
from tests.shell import Shell

TODAY = date(2026, 11, 20)
DEPOSIT = "DEP-3Y"


@pytest.fixture
def bench_home(home: Path) -> Path:
    return home


def pitched(bench: Workbench) -> CheckedDraft:
    """The pitch of the three-year deposit for the first customer of the first branch."""
    customer = bench.store.customers(bench.principal).ids("BR01")[0]
    result = draft_pitch(bench, PitchRequest(DEPOSIT, Channel.COUNTER, customer))
    assert isinstance(result, CheckedDraft)
    return result


def template_used(checked: CheckedDraft) -> str:
    assert checked.draft.template_id is not None
    return checked.draft.template_id


def stopped(bench: Workbench, **given: Any) -> dict[str, TemplateLine]:
    return {
        line.template.template_id: line for line in list_templates(bench, stopped=True, **given)
    }


def test_a_suspended_text_gives_way_to_the_next_best_in_a_program_that_is_running(
    bench: Workbench,
) -> None:
    first = template_used(pitched(bench))
    desk.suspend(bench, first, "S9003", reason="客户投诉")

    checked = pitched(bench)
    second = template_used(checked)
    assert second != first
    assert checked.usable is Usable.SEND
    assert f"模板 {first} 已停用：S9003 停用：客户投诉；改用 {second}" in checked.notes
    assert stopped(bench)[first].state is ApprovalState.SUSPENDED


def test_a_stopped_text_has_a_list_of_the_drafts_it_went_into(bench: Workbench) -> None:
    checked = pitched(bench)
    recalled = copies(bench, template_used(checked), 1)
    mine = {each["draft_id"]: each["customer_id"] for each in recalled}
    assert mine[checked.draft_id]
    assert all(each["channel"] for each in recalled)


def test_two_people_may_except_a_text_from_its_stop_for_some_days(bench: Workbench) -> None:
    first = template_used(pitched(bench))
    desk.suspend(bench, first, "S9003", reason="客户投诉")
    until = TODAY + timedelta(days=3)
    desk.ask_override(bench, first, "S9002", reason="已印发", until=until)
    assert template_used(pitched(bench)) != first
    with pytest.raises(StateError, match="自己"):
        desk.grant_override(bench, first, "S9002")
    desk.grant_override(bench, first, "S9001")

    assert template_used(pitched(bench)) == first
    line = show(bench, first).line
    assert (line.overrides_granted, line.override and line.override.until) == (1, until)
    assert "S9002、S9001 特批用至 2026-11-23" in line.reason
    kinds = [entry.kind for entry in bench.store.audit.entries(f"{first}@1")]
    assert kinds.count("template.override") == 2
    later = Workbench.open(bench.settings, as_of=until + timedelta(days=1))
    assert show(later, first).line.state is ApprovalState.SUSPENDED
    later.close()


@pytest.mark.parametrize(
    ("who", "days", "reason", "error"),
    [
        ("S1001", 3, "已印发", Forbidden),
        ("S9002", 30, "已印发", InputError),
        ("S9002", -1, "已印发", InputError),
        ("S9002", 3, " ", InputError),
    ],
    ids=["no authority", "too long", "in the past", "no reason"],
)
def test_an_exception_needs_authority_a_reason_and_an_early_end(
    bench: Workbench, who: str, days: int, reason: str, error: type[CopilotError]
) -> None:
    desk.suspend(bench, "deposit-wecom-rate", "S9003", reason="客户投诉")
    with pytest.raises(error):
        desk.ask_override(
            bench, "deposit-wecom-rate", who, reason=reason, until=TODAY + timedelta(days=days)
        )


def test_only_an_approved_text_can_be_stopped_and_only_once(bench: Workbench) -> None:
    submitted(bench, "t-stop")
    with pytest.raises(StateError, match="没有批准"):
        desk.suspend(bench, "t-stop", "S9003", reason="客户投诉")
    with pytest.raises(Forbidden):
        desk.suspend(bench, "deposit-wecom-rate", "S1002", reason="客户投诉")
    desk.suspend(bench, "deposit-wecom-rate", "S9003", reason="客户投诉")
    with pytest.raises(StateError, match="已由 S9003 停用"):
        desk.suspend(bench, "deposit-wecom-rate", "S9002", reason="客户投诉")


def test_a_product_that_got_worse_stops_its_texts_and_the_words_stay_internal(
    bench: Workbench,
) -> None:
    first = template_used(pitched(bench))
    with bench.store.transaction() as connection:
        connection.execute(
            sa.text(
                "UPDATE products SET liquidity = '存期内不能提前支取。' WHERE product_code = :code"
            ),
            {"code": DEPOSIT},
        )
    now = opened(bench.settings.data_dir)
    checked = pitched(now)
    assert checked.usable is Usable.INTERNAL
    reason = f"产品 {DEPOSIT} 支取或赎回安排已变更，须重新审核"
    assert f"模板 {first} 已失效：{reason}；没有可以改用的模板" in checked.notes
    line = stopped(now, channel=Channel.COUNTER, product_type=ProductType.DEPOSIT)[first]
    assert line.state is ApprovalState.APPROVED  # the other deposits have not changed
    assert line.stopped_products == {DEPOSIT: reason}
    now.close()


def test_a_product_that_is_no_longer_on_the_shelf_stops_what_was_only_for_it(
    bench: Workbench,
) -> None:
    approved(bench, "t-gone")
    with bench.store.transaction() as connection:
        connection.execute(
            sa.text("UPDATE products SET valid_to = '2026-11-19' WHERE product_code = :code"),
            {"code": DEPOSIT},
        )
    now = opened(bench.settings.data_dir)
    line = stopped(now, product_type=ProductType.DEPOSIT)["t-gone"]
    assert line.state is ApprovalState.LAPSED
    assert "停售或到期" in line.reason
    now.close()


def test_an_approval_ends_with_its_last_day(bench: Workbench) -> None:
    (kept,) = [show(bench, "deposit-wecom-rate").line]
    assert kept.review is not None
    assert kept.review.approval is not None
    last = kept.review.approval.valid_to
    for day, state in (
        (last, ApprovalState.APPROVED),
        (last + timedelta(1), ApprovalState.EXPIRED),
    ):
        then = Workbench.open(bench.settings, as_of=day)
        assert show(then, "deposit-wecom-rate").line.state is state
        then.close()


def test_a_rule_that_is_activated_stops_what_it_forbids_at_once_and_has_no_exception(
    bench: Workbench, tmp_path: Path
) -> None:
    first = template_used(pitched(bench))
    words = next(each.text for each in bench.templates if each.template_id == first)
    assert "提前支取按活期" in words
    knowledge = knowledge_with_one_rule(tmp_path / "knowledge")
    replace_in(rule_file(knowledge), "八八发财", "支取按活期")
    officer.activate(bench, knowledge / "rules", author="S9004", approver="S9002")

    checked = pitched(bench)
    assert checked.draft.template_id != first
    assert any(f"模板 {first} 已失效：按现行规则结论变为 block" in note for note in checked.notes)
    until = TODAY + timedelta(days=3)
    desk.ask_override(bench, first, "S9002", reason="已印发", until=until)
    desk.grant_override(bench, first, "S9001")
    assert pitched(bench).draft.template_id != first
    assert show(bench, first).line.state is ApprovalState.LAPSED


def test_the_command_line_leads_a_text_from_proposal_to_number_and_stop(
    shell: Shell, home: Path, tmp_path: Path
) -> None:
    def run(*words: str) -> tuple[int, dict[str, Any]]:
        return shell.json("template", *words, "--data-dir", home)

    cell = ("--product", "fund", "--channel", "counter", "--life-stage", "family")
    code, document = run("propose", "--as", AUTHOR, *cell)
    (proposal,) = document["proposals"]
    name = proposal["template_id"]
    assert (code, name) == (0, "p-fund-counter-family-plain")
    assert proposal["check"]["submittable"]
    assert document["notes"][-1] == "提案未经审核，不得对外发送"

    assert run("submit", name, "--as", AUTHOR, "--valid-to", "2027-03-31")[0] == 0
    queue = run("queue", "--for", "S1001")[1]
    assert name in {item["template_id"] for c in queue["clusters"] for item in c["items"]}
    for reviewer in ("S1001", "S9001", "S9002", "S9003"):
        code, document = run("approve", name, "--as", reviewer)
        assert code == 0
    (review,) = document["reviews"]
    assert review["number"].startswith("示例行消审〔2026〕")
    assert run("approve", name, "--as", "S9003")[0] == 2

    assert run("suspend", name, "--as", "S9003", "--reason", "口径有变")[0] == 0
    listed = run("list", "--suspended", "--product", "fund")[1]["templates"]
    assert [(item["template_id"], item["state"]) for item in listed] == [(name, "suspended")]
    assert shell("audit", "verify", "--data-dir", home)[0] == 0


def test_a_rejection_on_the_command_line_writes_its_case_for_the_compliance_officer(
    shell: Shell, home: Path, tmp_path: Path
) -> None:
    bench = opened(home)
    submitted(bench, "t-case")
    bench.close()
    case_file = tmp_path / "用例" / "退回.yaml"
    options = ("--reason", "要写明活期利率", "--quote", "按活期计息", "--case-out", str(case_file))
    code, out, _ = shell(
        "template", "reject", "t-case", "--as", "S1001", *options, "--data-dir", home
    )
    assert (code, "不通过" in out) == (0, True)
    (case,) = yaml.safe_load(case_file.read_text("utf-8"))["cases"]
    assert case["text"] == "按活期计息"
    assert case["context"] == {"product": "deposit", "channel": "wecom"}
    assert "现行规则查不出" in shell("template", "cases", "--data-dir", home)[1]


@pytest.mark.parametrize(
    "words",
    [
        ("override", "deposit-wecom-rate", "--as", "S9002"),
        ("show", "no-such-template"),
        ("approve", "no-such-template", "--as", "S9001"),
        ("propose", "--as", AUTHOR, "--product", "wmp"),
    ],
    ids=["neither asked nor confirmed", "unknown", "unknown to approve", "no channel"],
)
def test_a_wrong_call_says_what_to_do(
    shell: Shell, sample_home: Path, words: tuple[str, ...]
) -> None:
    code, document = shell.json("template", *words, "--data-dir", sample_home)
    assert code == 2
    assert document["error"]["next"]


@pytest.mark.parametrize(
    "name",
    [
        *("list", "show", "propose", "submit", "queue", "approve", "reject"),
        *("suspend", "override", "cases"),
    ],
)
def test_every_template_command_explains_itself_with_an_example(shell: Shell, name: str) -> None:
    code, out, _ = shell("template", name, "--help")
    assert code == 0
    assert f"copilot template {name}" in " ".join(out.split())
