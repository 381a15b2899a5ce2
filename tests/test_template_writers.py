"""Templates proposed by a writer: slots of the closed vocabulary, figures from records, checked."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from drafting_bank import brief
from fake_openai import FakeOpenAI, Reply
from template_bank import AUTHOR, REVIEWERS, decided

from copilot.drafting.template_writer import Cell
from copilot.errors import InputError
from copilot.pipeline import template_desk as desk
from copilot.pipeline.template_proposals import Proposal, propose
from copilot.pipeline.template_view import show
from copilot.pipeline.template_writing import write_proposals
from copilot.pipeline.workbench import Workbench
from copilot.pipeline.writing import write
from copilot.records.codes import Channel, LifeStage, ProductType
from copilot.records.draft import AI_MARK

DEPOSIT = Cell(ProductType.DEPOSIT, Channel.WECOM, LifeStage.FAMILY)
GOOD = (
    "您问的{{ product.name }}，{{ today | date }}的年利率是{{ product.rate_bp | percent }}，"
    "提前支取的部分按活期计息。您看哪年要用这笔钱？"
)
SOLD = tuple(each for each in ProductType if each not in (ProductType.PRIVATE_FUND, ProductType.FX))


@pytest.fixture
def bench_home(copied: Path) -> Path:
    return copied


def words(text: str, **more: Any) -> Reply:
    return Reply.json({"title": "三年定期答复", "text": text, **more})


def proposed(bench: Workbench, cell: Cell = DEPOSIT, **given: Any) -> tuple[Proposal, list[str]]:
    (proposal,), notes = write_proposals(bench, [cell], AUTHOR, **given)
    return proposal, notes


@pytest.mark.parametrize("channel", [Channel.COUNTER, Channel.APP, Channel.PRINT])
def test_the_embedded_writer_proposes_for_every_product_type_what_may_be_submitted(
    bench: Workbench, channel: Channel
) -> None:
    cells = [Cell(product_type, channel) for product_type in SOLD]
    proposals, notes = write_proposals(bench, cells, AUTHOR, embedded=True)
    assert not [p.template.template_id for p in proposals if not p.check.submittable]
    assert "内置模板引擎，未使用大模型" in notes
    for proposal in proposals:
        assert not (channel.shared and "您好" in proposal.check.sample)
        assert not any(character.isdigit() for character in proposal.template.text)


def test_the_same_cell_gives_the_same_text_and_replaces_the_proposal(bench: Workbench) -> None:
    cell = Cell(ProductType.GOLD, Channel.COUNTER, LifeStage.RETIRED)
    first, _ = proposed(bench, cell, embedded=True)
    second, _ = proposed(bench, cell, embedded=True)
    assert first.template == second.template
    assert "今天不必决定" in first.template.text


def test_a_cell_whose_text_is_in_review_gets_the_next_version(bench: Workbench) -> None:
    cell = Cell(ProductType.LOAN, Channel.COUNTER)
    first, _ = proposed(bench, cell, embedded=True)
    desk.submit(bench, first.template.template_id, AUTHOR)
    second, _ = proposed(bench, cell, embedded=True)
    assert (first.template.version, second.template.version) == (1, 2)


def test_a_text_message_that_cannot_hold_what_it_must_is_shown_as_not_ready(
    bench: Workbench,
) -> None:
    proposal, _ = proposed(bench, Cell(ProductType.CREDIT_CARD, Channel.SMS), embedded=True)
    assert len(proposal.check.sample) <= 70
    assert proposal.check.sample.startswith("【示例银行】")
    assert proposal.check.sample.endswith("拒收请回复R")


def test_a_model_words_the_template_and_records_fill_it(
    bench: Workbench, model: FakeOpenAI
) -> None:
    model.script(words(GOOD))
    proposal, notes = proposed(bench)
    assert proposal.template.text == GOOD + AI_MARK
    assert (proposal.template.author, proposal.template.drafted_by) == (AUTHOR, "scripted")
    assert proposal.check.submittable
    assert "1.45%" in proposal.check.sample or "年利率是" in proposal.check.sample
    assert any("AI辅助生成（scripted）" in note for note in notes)
    assert show(bench, proposal.template.template_id).writer == "scripted"
    (entry,) = bench.store.audit.entries(f"{proposal.template.template_id}@1", limit=1)
    assert entry.payload["evidence"]["writer"] == "scripted"
    assert entry.payload["evidence"]["prompt"].startswith("template@1#")


def test_an_approved_text_that_a_model_drafted_says_so_to_reader_and_staff(
    bench: Workbench, model: FakeOpenAI, monkeypatch: pytest.MonkeyPatch
) -> None:
    model.script(words(GOOD))
    proposal, _ = proposed(bench, Cell(ProductType.DEPOSIT, Channel.WECOM, LifeStage.WORKING))
    template = proposal.template
    desk.submit(bench, template.template_id, AUTHOR)
    decided(bench, template.template_id, len(REVIEWERS))
    monkeypatch.setattr(Workbench, "templates", (template,))

    asked = brief(bench.product("DEP-3Y"), Channel.WECOM, life_stage=LifeStage.WORKING)
    written = write(bench, asked, may_send=True)

    assert written.draft.template_id == template.template_id
    assert written.draft.text.endswith("（本内容由AI辅助生成）")
    assert any("由AI辅助起草（scripted），经人工审核批准" in note for note in written.notes)


def test_a_person_who_takes_the_label_off_is_on_record(bench: Workbench, model: FakeOpenAI) -> None:
    model.script(words(GOOD))
    drafted = proposed(bench, Cell(ProductType.DEPOSIT, Channel.WECOM, LifeStage.STUDENT))[0]
    own = replace(drafted.template, text=GOOD, drafted_by="")

    propose(bench, own, AUTHOR)

    (entry,) = bench.store.audit.entries(f"{own.template_id}@1", limit=1)
    assert entry.payload["ai_label"] == "removed"


@pytest.mark.parametrize(
    "bad",
    [
        "三年期定存年利率3.05%，现在就能办。",
        GOOD + "百分之三的利率难得一见。",
        GOOD + "{{ customer.phone }}",
        GOOD + "{{ maturity.date | date }}",
        GOOD + "{% for c in customers %}{{ c }}{% endfor %}",
        GOOD + "详情见 https://deposit.example.com",
        "Please come to our branch for a three year deposit today.",
        GOOD + "保证利率全市第一。",
        GOOD + "想存的话带身份证来网点，或者打开手机银行，几分钟就能办好，您看哪样方便一些？",
    ],
    ids=[
        *("a figure", "a figure in words", "a forbidden slot", "a slot for others"),
        *("a statement", "a link", "English", "blocked wording", "too long"),
    ],
)
def test_what_a_model_may_not_write_goes_back_to_it_with_the_reason(
    bench: Workbench, model: FakeOpenAI, bad: str
) -> None:
    model.script(words(bad), words(GOOD))
    proposal, _ = proposed(bench)
    assert proposal.template.text == GOOD + AI_MARK
    assert len(model.chat_bodies) == 2
    assert "上一稿没有通过检查" in str(model.chat_bodies[1]["messages"])


@pytest.mark.parametrize(
    "bad",
    [words("年利率3.05%。"), Reply.failure(500), Reply.garbage(), Reply.json({"text": 1})],
    ids=["a liar", "a server that fails", "no protocol", "another shape"],
)
def test_a_model_that_cannot_do_it_gives_way_to_the_embedded_writer(
    bench: Workbench, model: FakeOpenAI, bad: Reply
) -> None:
    model.default = lambda body: bad
    proposal, notes = proposed(bench)
    assert proposal.check.submittable
    assert "3.05" not in proposal.template.text
    assert proposal.as_json()["writer"] == "embedded"
    assert any("已改用内置模板引擎" in note for note in notes)


def test_a_proposal_tells_the_model_nothing_about_any_customer(
    bench: Workbench, model: FakeOpenAI
) -> None:
    model.script(words(GOOD))
    proposed(bench)
    sent = str(model.chat_bodies)
    names = bench.store.customers(bench.principal).names(
        bench.store.customers(bench.principal).ids()
    )
    assert names
    assert not [name for name in names.values() if name and name in sent]
    assert AUTHOR not in sent


def test_a_bank_without_wording_about_a_product_type_is_told(
    bench: Workbench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Workbench, "scripts", ())
    with pytest.raises(InputError, match="没有存款的内部话术"):
        proposed(bench, embedded=True)
