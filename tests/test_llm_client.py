"""The model's door over real HTTP: replies, retries, streams, reasoning, errors."""

from __future__ import annotations

import time

import pytest
from fake_openai import FakeOpenAI, Reply
from langchain_core.messages import HumanMessage

from copilot.errors import ModelUnavailable
from copilot.llm.chat_model import ChatModel
from copilot.llm.door import open_wire
from copilot.llm.wire import Endpoint, Rejected, Wire
from copilot.settings import load_settings

SECRET_WORDS = "客户要问三年定存"
PROMPT = [HumanMessage(SECRET_WORDS)]


def model_at(server: FakeOpenAI, **endpoint: object) -> tuple[ChatModel, list[float]]:
    pauses: list[float] = []
    wire = Wire(Endpoint(server.base_url, "scripted", **endpoint), pause=pauses.append)  # type: ignore[arg-type]
    return ChatModel(wire, guard=lambda body: None), pauses


def streamed(model: ChatModel) -> str:
    return "".join(chunk.text for chunk in model.stream(PROMPT))


def test_a_reply_comes_back_with_its_usage(server: FakeOpenAI) -> None:
    server.script(Reply.text("今天按挂牌利率执行。"))
    model, _ = model_at(server)

    reply = model.invoke(PROMPT)

    assert reply.text == "今天按挂牌利率执行。"
    assert reply.usage_metadata is not None
    assert reply.usage_metadata["input_tokens"] > 0
    assert model.usage.calls == 1
    assert model.usage.completion_tokens == reply.usage_metadata["output_tokens"]


def test_the_key_goes_into_the_header_and_never_into_the_body(server: FakeOpenAI) -> None:
    settings = load_settings(
        llm_base_url=server.base_url, llm_model="scripted", llm_api_key="sk-local-secret"
    )
    wire = open_wire(settings)
    assert wire is not None

    ChatModel(wire, guard=lambda body: None).invoke(PROMPT)

    request = server.requests[0]
    assert request.headers["Authorization"] == "Bearer sk-local-secret"
    assert "sk-local-secret" not in str(request.body)
    assert "sk-local-secret" not in repr(wire.endpoint)


def test_there_is_no_door_without_a_configured_model() -> None:
    assert open_wire(load_settings(llm_base_url="http://127.0.0.1:1/v1")) is None


def test_a_rate_limit_waits_as_long_as_the_endpoint_asks(server: FakeOpenAI) -> None:
    server.script(Reply.rate_limited(retry_after=1.5), Reply.text("好的。"))
    model, pauses = model_at(server)

    assert model.invoke(PROMPT).text == "好的。"
    assert pauses == [1.5]


def test_a_rate_limit_longer_than_anybody_waits_is_an_error_at_once(server: FakeOpenAI) -> None:
    server.script(Reply.rate_limited(retry_after=600))
    model, pauses = model_at(server)

    with pytest.raises(ModelUnavailable, match="429"):
        model.invoke(PROMPT)
    assert pauses == []


@pytest.mark.parametrize(
    "broken",
    [
        Reply.failure(500),
        Reply.failure(503),
        Reply.garbage(),
        Reply.cut("三年期整存整取", after=40),
    ],
    ids=["500", "503", "not the protocol", "cut reply"],
)
def test_a_passing_failure_is_tried_again(server: FakeOpenAI, broken: Reply) -> None:
    server.script(broken, Reply.text("好的。"))
    model, pauses = model_at(server)

    assert model.invoke(PROMPT).text == "好的。"
    assert len(pauses) == 1
    assert len(server.chat_bodies) == 2


def test_a_slow_reply_times_out_and_is_tried_again(server: FakeOpenAI) -> None:
    server.script(Reply.text("太晚了。").slow(1.0), Reply.text("好的。"))
    model, _ = model_at(server, timeout_s=0.3)

    assert model.invoke(PROMPT).text == "好的。"


def test_a_reply_that_trickles_ends_at_the_deadline(server: FakeOpenAI) -> None:
    server.default = lambda body: Reply.text("一" * 3000).slow(0, per_chunk=0.05)
    model, _ = model_at(server, timeout_s=0.4, retries=0)
    started = time.monotonic()

    with pytest.raises(ModelUnavailable):
        streamed(model)
    assert time.monotonic() - started < 3


def test_retries_end_and_the_error_says_what_to_do(server: FakeOpenAI) -> None:
    server.default = lambda body: Reply.failure(500, f"echo: {SECRET_WORDS}")
    model, pauses = model_at(server, retries=2)

    with pytest.raises(ModelUnavailable) as failure:
        model.invoke(PROMPT)

    assert len(server.chat_bodies) == 3
    assert len(pauses) == 2
    assert "已尝试 3 次" in failure.value.message
    assert failure.value.next


@pytest.mark.parametrize(
    "reply", [Reply.failure(401, SECRET_WORDS), Reply.failure(500, SECRET_WORDS), Reply.garbage()]
)
def test_no_error_repeats_the_prompt(server: FakeOpenAI, reply: Reply) -> None:
    server.default = lambda body: reply
    model, _ = model_at(server, retries=0)

    with pytest.raises(ModelUnavailable) as failure:
        model.invoke(PROMPT)

    error = failure.value
    assert SECRET_WORDS not in f"{error} {error.as_json()} {error.__cause__} {error.__context__}"


def test_a_wrong_key_is_not_tried_again(server: FakeOpenAI) -> None:
    server.default = lambda body: Reply.failure(401)
    model, pauses = model_at(server)

    with pytest.raises(Rejected, match="密钥无效") as failure:
        model.invoke(PROMPT)
    assert pauses == []
    assert "COPILOT_LLM_API_KEY" in failure.value.next


def test_an_address_where_nobody_listens_is_reported_as_unavailable(server: FakeOpenAI) -> None:
    base_url = server.base_url
    with FakeOpenAI() as gone:
        base_url = gone.base_url
    model = ChatModel(Wire(Endpoint(base_url, "scripted", retries=0)), guard=lambda body: None)

    with pytest.raises(ModelUnavailable, match="连接不上"):
        model.invoke(PROMPT)


def test_an_address_that_is_none_is_reported_with_the_setting_to_check() -> None:
    model = ChatModel(Wire(Endpoint("not-a-url", "scripted")), guard=lambda body: None)

    with pytest.raises(ModelUnavailable, match="地址无效") as failure:
        model.invoke(PROMPT)
    assert "COPILOT_LLM_BASE_URL" in failure.value.next


@pytest.mark.parametrize("tagged", [True, False], ids=["<think> tags", "reasoning_content"])
def test_reasoning_never_reaches_the_caller(server: FakeOpenAI, tagged: bool) -> None:
    server.default = lambda body: Reply.thinking("您好。", "先看客户有没有钱", tagged=tagged)
    model, _ = model_at(server)

    assert model.invoke(PROMPT).text == "您好。"
    assert streamed(model) == "您好。"


def test_reasoning_without_an_opening_tag_is_taken_out_too(server: FakeOpenAI) -> None:
    server.default = lambda body: Reply.text("先看客户有没有钱</think>您好。")
    model, _ = model_at(server)

    assert streamed(model) == "您好。"
    assert model.invoke(PROMPT).text == "您好。"


def test_a_stream_flows_once_the_endpoint_has_answered_cleanly(server: FakeOpenAI) -> None:
    server.default = lambda body: Reply.text("今天按挂牌利率执行，提前支取按活期计息。")
    model, _ = model_at(server)
    first = [chunk.text for chunk in model.stream(PROMPT) if chunk.text]

    second = [chunk.text for chunk in model.stream(PROMPT) if chunk.text]

    assert len(first) == 1
    assert len(second) > 3
    assert "".join(second) == first[0]


def test_a_flowing_stream_stops_before_reasoning_is_shown(server: FakeOpenAI) -> None:
    server.script(Reply.text("好的。"), Reply.text("您好。<think>这位客户很有钱</think>请坐。"))
    model, _ = model_at(server)
    model.invoke(PROMPT)
    shown: list[str] = []

    with pytest.raises(ModelUnavailable, match="推理"):
        shown.extend(chunk.text for chunk in model.stream(PROMPT))

    assert "有钱" not in "".join(shown)
    assert "<" not in "".join(shown)


def test_a_cut_stream_is_an_error_and_not_a_short_answer(server: FakeOpenAI) -> None:
    server.default = lambda body: Reply.cut("今天按挂牌利率执行，提前支取按活期计息。", after=9)
    model, _ = model_at(server, retries=0)

    with pytest.raises(ModelUnavailable):
        streamed(model)


def test_a_stream_that_fails_before_its_first_piece_is_tried_again(server: FakeOpenAI) -> None:
    server.script(Reply.failure(503), Reply.text("好的。"))
    model, pauses = model_at(server)

    assert streamed(model) == "好的。"
    assert len(pauses) == 1


def test_a_reply_of_absurd_size_is_refused(server: FakeOpenAI) -> None:
    server.default = lambda body: Reply.garbage(b" " * (5 * 1024 * 1024))
    model, _ = model_at(server, retries=0)

    with pytest.raises(ModelUnavailable, match="过大"):
        model.invoke(PROMPT)


def test_tracing_to_third_parties_is_off_whatever_the_shell_says() -> None:
    import subprocess
    import sys

    code = "import os, copilot.llm; print(os.environ['LANGSMITH_TRACING'])"
    shown = subprocess.run(
        [sys.executable, "-c", code],
        env={"LANGSMITH_TRACING": "true", "PATH": ""},
        capture_output=True,
        text=True,
        check=True,
    )
    assert shown.stdout.strip() == "false"
