"""Pitches of the sample bank: the gate before words, approved text out, evidence kept."""

from __future__ import annotations

import json
import random
from dataclasses import replace
from typing import Any

import pytest
from pitch_cases import DEPOSIT, acting, customers, drafted, first_with, pitch, refused

from copilot.cli.pitch import present_draft, present_refusal
from copilot.drafting.limits import too_long
from copilot.errors import Forbidden, NotFound
from copilot.pipeline.workbench import Workbench
from copilot.records.codes import Channel, ConsentPurpose, ProductType, Role
from copilot.records.compliance import Usable
from copilot.records.customer import Consent
from copilot.records.draft import INTERNAL_NOTICE, WRITER_NOTICE, CheckedDraft
from copilot.records.matching import Refusal
from copilot.records.template import Template


def test_a_deposit_pitch_is_an_approved_text_that_may_be_sent(bench: Workbench) -> None:
    checked = drafted(pitch(bench))

    assert checked.usable is Usable.SEND
    assert checked.status == "approved_fill"
    assert checked.draft.approval_number
    assert "示例行消审〔2026〕" in checked.draft.approval_number
    assert checked.result.verdict.allows_use
    assert WRITER_NOTICE in checked.notes


def test_every_figure_of_a_pitch_stands_in_the_record(bench: Workbench) -> None:
    checked = drafted(pitch(bench))
    text, product = checked.draft.text, bench.product(DEPOSIT)

    assert {"product.rate_bp", "product.min_amount"} <= {f.source for f in checked.draft.figures}
    rate = next(f for f in checked.draft.figures if f.source == "product.rate_bp")
    assert product.rate_bp is not None
    assert rate.text == f"{product.rate_bp / 100:.2f}%"
    assert all(text[f.start : f.end] == f.text for f in checked.draft.figures)


def test_every_citation_quotes_its_passage_literally(bench: Workbench) -> None:
    checked = drafted(pitch(bench))
    knowledge = bench.store.knowledge(bench.principal)

    assert checked.draft.citations
    for citation in checked.draft.citations:
        assert citation.quote in knowledge.passage(citation.passage_id).text
        assert citation.sentence in checked.draft.text


def test_the_staff_card_has_reasons_that_the_customer_does_not_hear(bench: Workbench) -> None:
    results = [pitch(bench, customer_id=customer_id) for customer_id in customers(bench)[:20]]
    drafts = [result.draft for result in results if isinstance(result, CheckedDraft)]

    assert len(drafts) >= 15
    for draft in drafts:
        assert len(draft.staff_card) >= 2
        assert not [line for line in draft.staff_card if line in draft.text]


def test_a_second_run_repeats_the_draft_and_keeps_one_record(bench: Workbench) -> None:
    first = drafted(pitch(bench))
    second = drafted(pitch(Workbench.open(bench.settings)))

    assert second == first
    used = [entry.kind for entry in bench.store.audit.entries(subject=first.draft_id)]
    assert used[0] == "draft.pitch.again"
    assert used[-1] == "draft.pitch"
    assert used.count("draft.pitch") == 1


def test_a_draft_keeps_the_evidence_that_it_rests_on(bench: Workbench) -> None:
    checked = drafted(pitch(bench))

    kept = bench.store.drafts(bench.principal).get(checked.draft_id)

    assert kept["kind"] == "draft.pitch"
    assert kept["draft"]["text"] == checked.draft.text
    proof = kept["evidence"]
    assert proof["product"]["rate_bp"] == bench.product(DEPOSIT).rate_bp
    assert proof["profile"]["customer_id"] == checked.draft.customer_id
    assert proof["approval"]["number"] == checked.draft.approval_number
    assert proof["seller"]["licences"]
    assert proof["passages"]
    assert checked.versions.rule_pack == bench.checker.pack_version
    assert checked.versions.data_generation == bench.generation.generation_id
    assert bench.store.audit.verify().ok


def test_a_lobby_manager_without_licence_gets_a_referral_line_and_no_pitch(
    bench: Workbench,
) -> None:
    refusal = refused(pitch(acting(bench, Role.LOBBY), "WMP-MH30"))

    assert refusal.referral_line
    assert not any(character.isdigit() for character in refusal.referral_line)
    assert {"seller"} & {reason.subject for reason in refusal.reasons}
    assert all(reason.citations for reason in refusal.reasons if reason.subject == "seller")


def test_a_refusal_for_the_customer_names_the_rule_and_what_is_allowed(bench: Workbench) -> None:
    cautious = first_with(bench, lambda file: file.assessment and file.assessment.level == "C1")

    refusal = refused(pitch(bench, "WMP-PLUS365", customer_id=cautious))

    assert "cn.gate.risk-above-tolerance" in {reason.rule_id for reason in refusal.reasons}
    assert refusal.alternatives
    for alternative in refusal.alternatives:
        drafted(pitch(bench, alternative.product_code, customer_id=cautious))


def test_a_pitch_is_refused_when_the_risk_assessment_has_expired(bench: Workbench) -> None:
    def expired(file: Any) -> bool:
        return file.assessment is not None and file.assessment.assessed_on.year <= 2024

    refusal = refused(pitch(bench, "WMP-MH30", customer_id=first_with(bench, expired)))

    assert "cn.gate.risk-assessment-valid" in {reason.rule_id for reason in refusal.reasons}


def test_nothing_is_pushed_to_a_customer_who_gave_no_consent(bench: Workbench) -> None:
    silent = first_with(bench, lambda file: not file.consents)

    refusal = refused(pitch(bench, customer_id=silent, channel=Channel.SMS))

    assert "cn.gate.consent-marketing" in {reason.rule_id for reason in refusal.reasons}


def test_a_refusal_drafts_no_words_and_is_kept_with_its_seal(bench: Workbench) -> None:
    refusal = refused(pitch(acting(bench, Role.LOBBY), "FUND-INDEX"))

    kept = bench.store.drafts(bench.principal).get(refusal.refusal_id)

    assert kept["kind"] == "draft.refusal"
    assert "text" not in kept["draft"]
    assert kept["draft"]["refused"] is True
    assert bench.store.audit.verify().ok


def test_without_a_named_seller_somebody_licensed_speaks(bench: Workbench) -> None:
    wealthy = first_with(
        bench,
        lambda file: (
            file.assessment is not None
            and file.assessment.level in ("C3", "C4", "C5")
            and (bench.as_of - file.assessment.assessed_on).days < 300
        ),
    )

    result = pitch(bench, "WMP-MH30", customer_id=wealthy)

    subjects = {r.subject for r in result.reasons} if isinstance(result, Refusal) else set()
    assert "seller" not in subjects


def test_a_walk_in_hears_the_approved_text_about_a_deposit_from_whoever_is_named(
    bench: Workbench,
) -> None:
    """No risk tolerance has to be known for a deposit; of the description nothing is kept."""
    told = "退休阿姨王秀英，电话13800001234，想存20万"
    checked = drafted(pitch(acting(bench, Role.LOBBY), customer_id=None, description=told))
    unnamed = drafted(pitch(bench, customer_id=None, description=told))

    assert checked.usable is Usable.SEND
    assert unnamed.usable is Usable.INTERNAL
    assert {INTERNAL_NOTICE, "没有指明讲解人员，请加 --as 工号"} <= {*unnamed.notes}
    kept = bench.store.drafts(bench.principal).get(checked.draft_id)
    assert not [w for w in ("王秀英", "13800001234", "20万") if w in json.dumps(kept, default=str)]
    assert "王秀英" not in checked.draft.text


def test_a_walk_in_gets_no_product_that_needs_a_known_risk_tolerance(bench: Workbench) -> None:
    refusal = refused(
        pitch(acting(bench, Role.WEALTH), "WMP-MH30", customer_id=None, description="上班族")
    )

    assert "cn.gate.risk-assessment-present" in {reason.rule_id for reason in refusal.reasons}


def test_without_an_approved_template_there_are_internal_talking_points(
    bench: Workbench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Workbench, "reviews", ())

    checked = drafted(pitch(bench))

    assert checked.status == "draft"
    assert checked.usable is Usable.INTERNAL
    assert checked.draft.text.startswith(INTERNAL_NOTICE)
    assert checked.draft.template_id is None
    assert checked.talking_points is None
    assert INTERNAL_NOTICE in checked.notes


def test_a_template_that_the_checker_blocks_is_never_used(
    bench: Workbench, monkeypatch: pytest.MonkeyPatch
) -> None:
    good = next(t for t in bench.templates if t.fits(bench.product(DEPOSIT), Channel.COUNTER))
    bad: Template = replace(good, text="保本保息，闭眼买，收益全行业最高。")
    monkeypatch.setattr(Workbench, "templates", (bad,))

    checked = drafted(pitch(bench))

    assert checked.draft.template_id is None
    assert "闭眼买" not in json.dumps(checked.as_json(), ensure_ascii=False)


def test_a_template_changed_after_its_approval_is_not_used(
    bench: Workbench, monkeypatch: pytest.MonkeyPatch
) -> None:
    changed = tuple(replace(t, text=f"{t.text}。") for t in bench.templates)
    monkeypatch.setattr(Workbench, "templates", changed)

    assert drafted(pitch(bench)).draft.approval_number is None


def test_without_staff_records_nothing_may_be_sent(
    bench: Workbench, monkeypatch: pytest.MonkeyPatch
) -> None:
    generation = bench.generation
    bare = replace(generation, missing=generation.missing | {"staff", "licences"})
    monkeypatch.setattr(type(bench.store.facts), "current", lambda self: bare)
    bench.generation = bare

    checked = drafted(pitch(bench))

    assert checked.usable is Usable.INTERNAL
    assert any("未核验" in note or "未能核验" in note for note in checked.notes)


def test_a_customer_who_refused_profiling_is_not_profiled(
    bench: Workbench, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = bench.customer_file

    def opted_out(customer_id: str) -> Any:
        file = whole(customer_id)
        at = file.as_of.replace(year=file.as_of.year - 1)
        word = Consent(customer_id, ConsentPurpose.PROFILING, "all", _noon(at), granted=False)
        return replace(file, consents=(*file.consents, word))

    monkeypatch.setattr(bench, "customer_file", opted_out)
    result = pitch(bench)

    if isinstance(result, CheckedDraft):
        assert any("画像" in note for note in result.notes)
        assert not any("资产" in line for line in result.draft.staff_card)


def _noon(day: Any) -> Any:
    from datetime import datetime

    return datetime(day.year, day.month, day.day, 12)


def test_an_unknown_customer_or_product_is_an_error_and_not_a_pitch(bench: Workbench) -> None:
    with pytest.raises(NotFound):
        pitch(bench, customer_id="C999999")
    with pytest.raises(NotFound) as error:
        pitch(bench, "DEP-3X")
    assert "DEP-3Y" in error.value.next


def test_staff_of_one_branch_draft_nothing_for_customers_of_another(bench: Workbench) -> None:
    elsewhere = customers(bench, "BR02")[0]

    with pytest.raises(Forbidden):
        pitch(acting(bench, Role.WEALTH), customer_id=elsewhere)


def test_whatever_gets_out_passes_and_whatever_is_refused_has_a_rule(bench: Workbench) -> None:
    chance = random.Random(20261120)
    everyone, codes = customers(bench), [p.product_code for p in bench.shelf]
    sent = 0
    for _ in range(150):
        channel = chance.choice(list(Channel))
        code, customer_id = chance.choice(codes), chance.choice(everyone)
        result = pitch(bench, code, customer_id=customer_id, channel=channel)
        if isinstance(result, Refusal):
            assert result.reasons
            assert all(reason.message and reason.rule_id for reason in result.reasons)
            continue
        _check_out(bench, result)
        sent += result.usable is Usable.SEND
    assert sent > 10


def _check_out(bench: Workbench, checked: CheckedDraft) -> None:
    draft, product = checked.draft, bench.product(checked.draft.product_code)
    assert checked.result.verdict.allows_use
    assert checked.usable is (Usable.SEND if draft.approval_number else Usable.INTERNAL)
    if checked.usable is Usable.SEND:
        assert not too_long(draft.text, draft.channel)
    for text in (draft, *filter(None, [checked.talking_points])):
        assert all(text.text[f.start : f.end] == f.text for f in text.figures)
        assert "{{" not in text.text
        assert "None" not in text.text
    if product.type is ProductType.WMP:
        assert "理财非存款、产品有风险、投资须谨慎" in draft.text


def test_a_pitch_and_a_refusal_read_well_on_a_terminal(bench: Workbench) -> None:
    checked = drafted(pitch(bench))
    shown = present_draft(checked)
    for part in (checked.draft.text, "数字出处", "product.rate_bp", "员工卡片", "沟通要点"):
        assert part in shown

    refusal = refused(pitch(acting(bench, Role.LOBBY), "WMP-MH30"))
    shown = present_refusal(refusal)
    for part in ("规则 cn.gate.", "依据 《", "可以介绍", "转介话术"):
        assert part in shown
