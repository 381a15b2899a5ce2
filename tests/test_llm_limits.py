"""What a model may use, when it is left alone, and how its replies are kept and played back."""

from __future__ import annotations

import asyncio
import json
import threading
import time
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any, Self

import pytest
from fake_openai import FakeOpenAI, Reply
from langchain_core.messages import HumanMessage

from copilot.errors import ModelUnavailable
from copilot.llm.budget import Meter, OverBudget
from copilot.llm.chat_model import ChatModel
from copilot.llm.circuit import CircuitOpen
from copilot.llm.door import open_wire
from copilot.llm.tape import Tape
from copilot.llm.wire import Endpoint, Rejected, Wire
from copilot.pipeline.health import Health, examine
from copilot.records.usage import Usage
from copilot.settings import ModelLimits, Settings, load_settings
from copilot.store import Store

PROMPT = [HumanMessage("客户A要问三年定存")]
DAY = date(2026, 11, 20)


class StandingDay(date):
    """A calendar that stands still."""

    @classmethod
    def today(cls) -> Self:
        """The day of the tests."""
        return cls.fromordinal(DAY.toordinal())


@pytest.fixture(autouse=True)
def over_midnight(monkeypatch: pytest.MonkeyPatch) -> None:
    """The day's budget is that of one day, also when the tests run over midnight."""
    monkeypatch.setattr("copilot.llm.chat_model.Meter", partial(Meter, today=StandingDay.today))
    monkeypatch.setattr("copilot.pipeline.health.date", StandingDay)


def wire_to(server: FakeOpenAI, *, retries: int = 0, **limits: Any) -> Wire:
    endpoint = Endpoint(server.base_url, "scripted", timeout_s=2, retries=retries)
    return Wire(endpoint, pause=lambda seconds: None, limits=ModelLimits(**limits))


def ask(wire: Wire, **fields: Any) -> str:
    return ChatModel(wire, lambda body: None, **fields).invoke(PROMPT).text


def ask_in_vain(wire: Wire) -> ModelUnavailable:
    with pytest.raises(ModelUnavailable) as failure:
        ask(wire)
    return failure.value


def test_an_endpoint_that_keeps_failing_is_left_alone(server: FakeOpenAI) -> None:
    server.default = lambda body: Reply.failure(503)
    wire = wire_to(server, failures=3, rest_s=60)
    for _ in range(3):
        ask_in_vain(wire)

    error = ask_in_vain(wire)

    assert isinstance(error, CircuitOpen)
    assert "内置模板引擎" in error.next
    assert len(server.chat_bodies) == 3


def test_a_second_connection_to_the_same_endpoint_knows_that_it_rests(server: FakeOpenAI) -> None:
    server.default = lambda body: Reply.failure(503)
    for _ in range(2):
        ask_in_vain(wire_to(server, failures=2))

    assert isinstance(ask_in_vain(wire_to(server, failures=2)), CircuitOpen)


def test_after_its_rest_one_trial_decides_whether_it_is_asked_again(server: FakeOpenAI) -> None:
    server.script(*[Reply.failure(503)] * 3, Reply.text("好的。"), Reply.text("在。"))
    wire = wire_to(server, failures=2, rest_s=0.15)
    ask_in_vain(wire)
    ask_in_vain(wire)
    time.sleep(0.2)
    assert not isinstance(ask_in_vain(wire), CircuitOpen)
    assert isinstance(ask_in_vain(wire), CircuitOpen)
    time.sleep(0.2)

    assert [ask(wire), ask(wire)] == ["好的。", "在。"]


def test_a_refused_request_is_no_outage(server: FakeOpenAI) -> None:
    server.default = lambda body: Reply.failure(401)
    wire = wire_to(server, failures=2)
    for _ in range(4):
        assert isinstance(ask_in_vain(wire), Rejected)


def test_no_more_requests_are_under_way_than_allowed(server: FakeOpenAI) -> None:
    under_way, most = 0, 0
    lock = threading.Lock()

    def counting(body: dict[str, Any]) -> Reply:
        nonlocal under_way, most
        with lock:
            under_way += 1
            most = max(most, under_way)
        time.sleep(0.05)
        with lock:
            under_way -= 1
        return Reply.text("好的。")

    server.default = counting
    server.reply_to = lambda request: counting(request.body)  # type: ignore[method-assign]
    wire = wire_to(server, concurrent=3)
    asking = [threading.Thread(target=ask, args=(wire,)) for _ in range(9)]
    for thread in asking:
        thread.start()
    for thread in asking:
        thread.join()

    assert most == 3


def test_an_asynchronous_caller_waits_for_many_replies_at_once(server: FakeOpenAI) -> None:
    server.default = lambda body: Reply.text("好的。").slow(0.2)
    wire = wire_to(server, concurrent=16)

    async def all_at_once() -> list[str]:
        models = [ChatModel(wire, lambda body: None) for _ in range(16)]
        return [reply.text for reply in await asyncio.gather(*(m.ainvoke(PROMPT) for m in models))]

    started = time.monotonic()
    assert asyncio.run(all_at_once()) == ["好的。"] * 16
    assert time.monotonic() - started < 2.4  # one after the other: 3.2


@pytest.mark.parametrize(
    ("limits", "what"),
    [
        ({"request_tokens": 50}, "用量"),
        ({"request_fen": 1, "completion_price": 100_000}, "费用"),
    ],
)
def test_a_request_that_could_exceed_its_budget_is_not_sent(
    server: FakeOpenAI, limits: dict[str, int], what: str
) -> None:
    with pytest.raises(OverBudget, match=what) as refused:
        ask(wire_to(server, **limits), max_tokens=400)

    assert "内置模板引擎" in refused.value.next
    assert next(iter(limits)) in refused.value.next
    assert server.chat_bodies == []


def test_the_time_of_a_request_bounds_all_its_tries(server: FakeOpenAI) -> None:
    server.script(Reply.text("好的。"), *[Reply.text("太晚了。").slow(1.5)] * 3)
    model = ChatModel(wire_to(server, retries=2, request_seconds=0.6), lambda body: None)
    model.invoke(PROMPT)
    started = time.monotonic()

    with pytest.raises(ModelUnavailable):
        model.invoke(PROMPT)
    assert time.monotonic() - started < 1.2  # a single reply needs longer


def test_usage_is_priced_in_whole_millionths_of_a_fen(server: FakeOpenAI) -> None:
    server.script(Reply.text("好的。"))
    wire = wire_to(server, prompt_price=200, completion_price=800)
    model = ChatModel(wire, lambda body: None)
    model.invoke(PROMPT)

    used = model.usage
    assert used.cost == used.prompt_tokens * 200 + used.completion_tokens * 800 > 0
    assert used.as_json()["cost_yuan"] == used.cost / 1e8


def open_bank(settings: Settings, server: FakeOpenAI, **limits: Any) -> tuple[Wire, Store]:
    store = Store.open(settings)
    configured = load_settings(
        data_dir=settings.data_dir,
        llm_base_url=server.base_url,
        llm_model="scripted",
        llm_limits=ModelLimits(**limits),
    )
    wire = open_wire(configured, store.model_usage)
    assert wire is not None
    return wire, store


def test_a_days_budget_holds_for_every_process_of_the_bank(
    server: FakeOpenAI, settings: Settings, store: Store
) -> None:
    first, _ = open_bank(settings, server, day_tokens=200)
    second, other_store = open_bank(settings, server, day_tokens=200)
    ask(first, max_tokens=150)

    with pytest.raises(OverBudget, match="今天的模型用量已到上限"):
        ask(second, max_tokens=190)

    used = other_store.model_usage.on(DAY)
    assert (used.calls, len(server.chat_bodies)) == (1, 1)
    assert 0 < used.tokens < 150
    other_store.close()


def test_many_at_once_do_not_exceed_the_days_budget(
    server: FakeOpenAI, settings: Settings, store: Store
) -> None:
    wire, other_store = open_bank(settings, server, day_tokens=500)
    outcomes: list[str] = []

    def one() -> None:
        try:
            outcomes.append(ask(wire, max_tokens=100))
        except OverBudget:
            outcomes.append("over")

    asking = [threading.Thread(target=one) for _ in range(12)]
    for thread in asking:
        thread.start()
    for thread in asking:
        thread.join()

    assert other_store.model_usage.on(DAY).tokens <= 500
    assert len(outcomes) == 12
    other_store.close()


def test_a_call_that_failed_gives_back_what_was_set_aside(
    server: FakeOpenAI, settings: Settings, store: Store
) -> None:
    server.default = lambda body: Reply.failure(400)
    wire, other_store = open_bank(settings, server, day_tokens=500)

    ask_in_vain(wire)

    assert other_store.model_usage.on(DAY).tokens == 0
    other_store.close()


def test_a_stream_that_nobody_reads_to_its_end_is_booked_as_far_as_it_came(
    server: FakeOpenAI, settings: Settings, store: Store
) -> None:
    server.script(Reply.text("好的。"), Reply.text("按挂牌利率执行。" * 20))
    wire, other_store = open_bank(settings, server, day_tokens=50_000)
    model = ChatModel(wire, lambda body: None)
    model.invoke(PROMPT)
    before = model.usage.completion_tokens

    stream = model.stream(PROMPT)
    next(chunk for chunk in stream if chunk.text)
    stream.close()  # type: ignore[attr-defined]

    assert 0 < model.usage.completion_tokens - before < 160
    assert other_store.model_usage.on(DAY).calls == 2
    other_store.close()


def test_without_a_days_limit_nothing_is_booked(
    server: FakeOpenAI, settings: Settings, store: Store
) -> None:
    wire, other_store = open_bank(settings, server)
    ask(wire)

    assert other_store.model_usage.on(DAY) == Usage()
    other_store.close()


def test_recorded_replies_are_played_back_without_the_model(
    server: FakeOpenAI, tmp_path: Path
) -> None:
    server.script(Reply.text("按挂牌利率执行。"), Reply.text("流着来的回复。"))
    endpoint = Endpoint(server.base_url, "scripted", api_key="sk-local-secret")
    recording = Wire(endpoint, tape=Tape(tmp_path, None))
    ask(recording)
    streamed = "".join(c.text for c in ChatModel(recording, lambda body: None).stream(PROMPT))
    asked = len(server.chat_bodies)

    playing = Wire(Endpoint("http://127.0.0.1:1/v1", "scripted"), tape=Tape(None, tmp_path))

    assert ask(playing) == "按挂牌利率执行。"
    again = "".join(c.text for c in ChatModel(playing, lambda body: None).stream(PROMPT))
    assert again == streamed == "流着来的回复。"
    assert len(server.chat_bodies) == asked
    kept = [json.loads(path.read_text("utf-8")) for path in tmp_path.glob("*.json")]
    assert len(kept) == 2
    assert "sk-local-secret" not in json.dumps(kept)


def test_a_request_that_was_never_recorded_is_an_error_and_is_not_sent(
    server: FakeOpenAI, tmp_path: Path
) -> None:
    settings = load_settings(
        llm_base_url=server.base_url, llm_model="scripted", llm_replay_dir=tmp_path
    )
    wire = open_wire(settings)
    assert wire is not None

    with pytest.raises(ModelUnavailable, match="没有录下") as error:
        ask(wire)
    assert "llm_record_dir" in error.value.next
    assert server.requests == []


def test_doctor_tells_the_days_usage_against_its_budget(
    server: FakeOpenAI, settings: Settings, store: Store
) -> None:
    def told(**limits: Any) -> Health:
        configured = settings.model_copy(
            update={
                "llm_base_url": server.base_url,
                "llm_model": "scripted",
                "llm_limits": ModelLimits(**limits),
            }
        )
        return next(item for item in examine(configured) if item.name == "大模型今日用量")

    wire, other_store = open_bank(settings, server, day_tokens=12_000)
    ask(wire, max_tokens=150)
    other_store.close()
    used = store.model_usage.on(DAY).tokens
    assert (told().state, told().detail) == ("off", "没有设每日上限，不记用量")
    within = told(day_tokens=12_000, day_fen=250)
    assert within.state == "ok"
    assert f"1 次调用，{used} 个词元（上限 12,000 个词元）" in within.detail
    assert "0.00 元（上限 2.50 元）" in within.detail
    spent = told(day_tokens=used)
    assert spent.state == "off"
    assert "已到上限" in spent.detail
    assert "llm_limits" in spent.next


def test_doctor_says_nothing_of_usage_without_a_model(settings: Settings, store: Store) -> None:
    assert "大模型今日用量" not in {item.name for item in examine(settings)}
