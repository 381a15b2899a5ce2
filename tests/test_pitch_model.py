"""Pitches of the sample bank with a configured model: what it may add, and what it never does."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from fake_openai import FakeOpenAI, Reply
from pitch_cases import customers, drafted, pitch

from copilot.errors import InputError
from copilot.llm.scripted import LIES
from copilot.llm.wire import Endpoint, Wire
from copilot.pipeline.replay import replay
from copilot.pipeline.workbench import Workbench
from copilot.records.codes import Occasion
from copilot.records.compliance import Usable
from copilot.records.draft import AI_LABEL, WRITER_NOTICE, CheckedDraft
from copilot.settings import ModelLimits

GOOD = {
    "opening": "{{ customer.salutation | greeting }}，今天来办什么？",
    "need": "这笔钱多久用不到？",
    "product": "{{ product.name }}今天年利率{{ product.rate_bp | percent }}。",
    "risk": "提前支取会少拿利息。",
    "close": "您回去想想，不着急。",
    "objections": [],
}


@pytest.fixture
def model(bench: Workbench) -> Iterator[FakeOpenAI]:
    """A scripted model configured for the bench."""
    with FakeOpenAI() as server:
        endpoint = Endpoint(server.base_url, "scripted", timeout_s=0.5, retries=1)
        bench.wire = Wire(endpoint, pause=lambda seconds: None)
        yield server


def test_a_configured_model_writes_the_talking_points_and_never_the_text_to_send(
    bench: Workbench, model: FakeOpenAI
) -> None:
    model.default = lambda body: Reply.json(GOOD)

    checked = drafted(pitch(bench))

    assert checked.usable is Usable.SEND
    assert checked.draft.writer == "embedded"
    assert AI_LABEL not in checked.draft.text
    assert checked.talking_points is not None
    assert checked.talking_points.writer == "scripted"
    assert AI_LABEL in checked.talking_points.text
    assert "年利率1.45%" in checked.talking_points.text
    assert checked.versions.model == "scripted"
    assert checked.versions.prompts
    assert any("AI辅助生成" in note for note in checked.notes)


@pytest.mark.parametrize("product", ["DEP-3Y", "GB-3Y", "CARD-INST", "FX-USD1Y"])
@pytest.mark.parametrize("lie", LIES, ids=lambda lie: next(iter(lie)))
def test_what_a_person_should_look_at_is_not_put_into_a_sellers_mouth(
    bench: Workbench, model: FakeOpenAI, product: str, lie: dict[str, str]
) -> None:
    model.default = lambda body: Reply.json(GOOD | lie)

    checked = drafted(pitch(bench, product, occasion=Occasion.ASKED))

    assert next(iter(lie.values())) not in json.dumps(checked.as_json(), ensure_ascii=False)


def test_no_identity_of_any_customer_leaves_for_the_model(
    bench: Workbench, model: FakeOpenAI
) -> None:
    model.default = lambda body: Reply.json(GOOD)
    repository = bench.store.customers(bench.principal)
    chosen = customers(bench)[:25]
    results = [pitch(bench, customer_id=customer_id) for customer_id in chosen]

    sent = json.dumps(model.chat_bodies, ensure_ascii=False)
    for customer_id in chosen:
        assert not [i for i in repository.identifiers(customer_id) if i in sent]
    assert len(model.chat_bodies) == sum(isinstance(r, CheckedDraft) for r in results) > 20


def test_the_models_raw_reply_is_kept_with_the_draft(bench: Workbench, model: FakeOpenAI) -> None:
    model.default = lambda body: Reply.json(GOOD)
    checked = drafted(pitch(bench))

    proof = bench.store.drafts(bench.principal).get(checked.draft_id)["evidence"]

    assert json.loads(proof["model"]["raw"][0]) == GOOD
    assert proof["usage"]["calls"] == 1


@pytest.mark.parametrize(
    ("bad", "told"),
    [
        (Reply.json({**GOOD, "product": "年利率3.85%。"}), "未通过检查"),
        (Reply.json({**GOOD, "close": "今天存就送两百元油卡。"}), "未通过检查"),
        (Reply.json({**GOOD, "close": "利率全市最高，再不买就没了。"}), "未通过检查"),
        (Reply.json(dict.fromkeys(GOOD, "Rates rise soon.") | {"objections": []}), "未通过检查"),
        (Reply.text("I cannot help with that."), "不符合约定的格式"),
        (Reply.malformed_json(), "不符合约定的格式"),
        (Reply.failure(500), "服务返回 500"),
        (Reply.rate_limited(0.01), "服务返回 429"),
        (Reply.rate_limited(600), "服务返回 429"),
        (Reply.failure(401), "密钥无效"),
        (Reply.garbage(), "不是 OpenAI 格式"),
        (Reply.cut(json.dumps(GOOD), after=60), "模型没有给出可用的回复"),
        (Reply.json(GOOD).slow(0.8), "超时"),
    ],
    ids=["liar", "gift", "pressure", "not Chinese", "no json", "malformed", "down", "limited",
         "limited for long", "no key", "garbage", "truncated", "slow"],
)  # fmt: skip
def test_a_model_that_fails_leaves_the_embedded_writers_text(
    bench: Workbench, model: FakeOpenAI, bad: Reply, told: str
) -> None:
    model.default = lambda body: bad
    with_model = drafted(pitch(bench))
    bench.wire = None
    without = drafted(pitch(bench))

    assert with_model.draft == without.draft
    assert with_model.talking_points == without.talking_points
    assert WRITER_NOTICE in with_model.notes
    assert any(told in n and "已改用内置模板引擎" in n for n in with_model.notes)
    shown = json.dumps(with_model.as_json(), ensure_ascii=False)
    assert not [w for w in ("3.85%", "油卡", "再不买") if w in shown]


def test_over_budget_the_approved_text_is_there_and_no_request_leaves(
    bench: Workbench, model: FakeOpenAI
) -> None:
    endpoint = Endpoint(model.base_url, "scripted")
    bench.wire = Wire(endpoint, limits=ModelLimits(request_tokens=100))

    checked = drafted(pitch(bench))

    assert checked.usable is Usable.SEND
    assert any("用量已到上限" in note for note in checked.notes)
    assert model.requests == []


def test_the_cost_of_a_draft_stands_in_its_evidence(bench: Workbench, model: FakeOpenAI) -> None:
    model.default = lambda body: Reply.json(GOOD)
    limits = ModelLimits(prompt_price=200, completion_price=800)
    bench.wire = Wire(Endpoint(model.base_url, "scripted"), limits=limits)

    checked = drafted(pitch(bench))

    usage = bench.store.drafts(bench.principal).get(checked.draft_id)["evidence"]["usage"]
    tokens = 200 * usage["prompt_tokens"] + 800 * usage["completion_tokens"]
    assert usage["cost_yuan"] == pytest.approx(tokens / 1e8)
    assert usage["cost_yuan"] > 0


def test_a_broken_prompt_is_said_with_its_file_and_nothing_is_drafted(
    bench: Workbench, model: FakeOpenAI, tmp_path: Path
) -> None:
    for path in bench.settings.prompts_dir.glob("*.md"):
        text = path.read_text("utf-8").replace("{{ limit }}", "{{ limt }}")
        (tmp_path / path.name).write_text(text, "utf-8")
    bench.settings = bench.settings.model_copy(update={"prompts_dir": tmp_path})

    with pytest.raises(InputError, match="limt") as error:
        pitch(bench)
    assert error.value.file == str(tmp_path / "pitch.md")
    assert model.requests == []


def test_a_models_draft_replays_from_its_recorded_reply(
    bench: Workbench, model: FakeOpenAI
) -> None:
    lie = {**GOOD, "product": "年利率3.85%。"}
    model.script(Reply.malformed_json(), Reply.json(lie), Reply.json(GOOD))
    checked = drafted(pitch(bench))
    asked = len(model.requests)

    replayed = replay(bench, checked.draft_id)

    assert replayed.same, replayed
    assert replayed.changed == ()
    assert len(model.requests) == asked == 3
