"""A cheap answer that is checked before the caller sees a byte, over real HTTP on both wires."""

import asyncio
import json
import threading
from collections import Counter
from collections.abc import Iterator
from typing import Any

import anthropic
import openai
import pytest

MESSAGES: Any = [{"role": "user", "content": "What is 6 x 7?"}]
SCHEMA = {"type": "object", "required": ["n"], "properties": {"n": {"type": "integer"}}}
TOOL = {"type": "function", "function": {"name": "f", "parameters": SCHEMA}}
VOTING = "{tiers: [simple], check: self_consistency}"


@pytest.fixture
def top(openai_provider: Any, wire: Any) -> Iterator[Any]:
    """The provider of the tier above, which streams when asked to."""
    whole, stream = answer(wire, "From above."), wire.stream(*wire.openai_chunks("From above."))

    async def usual(writer: Any, received: Any) -> None:
        await (stream if received.json.get("stream") else whole)(writer, received)

    with type(openai_provider)("openai", usual).running() as provider:
        yield provider


def answer(wire: Any, content: str | None, finish: str = "stop", **message: Any) -> Any:
    reply = json.loads(json.dumps(wire.openai_reply))
    said = {"role": "assistant", "content": content, **message}
    reply["choices"][0] = {"index": 0, "message": said, "finish_reason": finish}
    return wire.json(reply)


def calling(wire: Any, arguments: str) -> Any:
    function = {"name": "f", "arguments": arguments}
    calls = [{"id": "call_1", "type": "function", "function": function}]
    return answer(wire, None, "tool_calls", tool_calls=calls)


@pytest.fixture
def start(start_balanced: Any, openai_provider: Any, top: Any) -> Any:
    def begin(cascade: str = "{tiers: [simple]}", **options: Any) -> Any:
        options.setdefault("retry", "{wait: 0.01, attempts: 0}")
        return start_balanced(openai_provider, above=top, cascade=cascade, **options)

    return begin


FAULTS: dict[str, tuple[Any, dict[str, Any]]] = {
    "empty": (lambda wire: answer(wire, ""), {}),
    "cut": (lambda wire: answer(wire, "Forty", "length"), {}),
    "refused": (lambda wire: answer(wire, None, refusal="No."), {}),
    "wrong_json": (
        lambda wire: answer(wire, '{"n": "x"}'),
        {"response_format": {"type": "json_schema", "json_schema": {"schema": SCHEMA}}},
    ),
    "wrong_call": (lambda wire: calling(wire, '{"n": '), {"tools": [TOOL]}),
    "no_call": (lambda wire: answer(wire, "42"), {"tools": [TOOL], "tool_choice": "required"}),
    "open_fence": (lambda wire: answer(wire, "```\nx = 42"), {}),
}


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("fault", FAULTS)
def test_a_faulty_answer_is_replaced_by_the_next_tiers_before_the_first_byte(
    start: Any, openai_provider: Any, top: Any, wire: Any, *, fault: str, stream: bool
) -> None:
    reply, fields = FAULTS[fault]
    openai_provider.usual = reply(wire)
    gateway = start()

    response = gateway.chat(stream=stream, **fields)

    assert response.status_code == 200
    assert "From above." in response.text
    assert response.headers["x-tierwatch-tier"] == "complex"
    assert response.headers["x-tierwatch-model"] == "model-complex"
    assert len(openai_provider.received) == len(top.received) == 1
    # The cheap answer is asked for whole; the next tier's streams through.
    assert "stream" not in openai_provider.received[0].json
    assert top.received[0].json.get("stream", False) is stream
    served = gateway.recorded.one()
    decision = served.decision
    assert (decision.tier, decision.model) == ("complex", "model-complex")
    assert (decision.label, decision.escalated) == ("simple", True)
    assert decision.reason == f"cascade:{fault}"
    assert [name for name, _ in decision.confidences] == ["simple"]
    assert (served.served_tier, served.finished) == ("complex", True)
    assert [attempt.error for attempt in served.attempts] == ["", ""]
    # 23 tokens at 1 USD for the answer that nobody saw, and the served one's at 15.
    own = 15 * (served.prompt_tokens + served.completion_tokens) / 1e6
    assert served.cost_usd == pytest.approx(23 / 1e6 + own)
    page = gateway.client.get("/metrics").text
    assert f'tierwatch_gateway_cascade_total{{outcome="{fault}",tier="simple"}} 1.0' in page


@pytest.mark.parametrize("usage", [False, True])
def test_an_accepted_answer_reaches_a_streaming_caller_as_a_stream(
    start: Any,
    openai_provider: Any,
    top: Any,
    usage: bool,  # noqa: FBT001
) -> None:
    gateway = start()
    options = {"stream_options": {"include_usage": True}} if usage else {}
    response = gateway.chat(stream=True, **options)

    assert response.headers["content-type"].startswith("text/event-stream")
    assert response.headers["x-tierwatch-tier"] == "simple"
    lines = [line for line in response.text.split("\n\n") if line]
    assert all(line.startswith("data: ") for line in lines)
    assert lines[-1] == "data: [DONE]"
    chunks = [json.loads(line[6:]) for line in lines[:-1]]
    assert {chunk["object"] for chunk in chunks} == {"chat.completion.chunk"}
    counts = [chunk["usage"] for chunk in chunks if chunk.get("usage")]
    assert counts == ([{"prompt_tokens": 21, "completion_tokens": 2, "total_tokens": 23}] * usage)
    assert "stream_options" not in openai_provider.received[0].json
    assert top.received == []
    served = gateway.recorded.one()
    assert served.decision.reason == "kept"
    assert (served.finished, served.cost_usd) == (True, pytest.approx(23 / 1e6))


@pytest.mark.parametrize("kind", ["openai", "anthropic"])
def test_the_vendors_clients_read_the_stream(
    start_balanced: Any,
    openai_provider: Any,
    anthropic_provider: Any,
    top: Any,
    wire: Any,
    *,
    kind: str,
) -> None:
    block = {"type": "tool_use", "id": "call_1", "name": "f", "input": {"n": 7}}
    blocks = [{"type": "text", "text": "Let me see."}, block]
    anthropic_provider.usual = wire.json(
        {**wire.anthropic_reply, "content": blocks, "stop_reason": "tool_use"}
    )
    function = {"name": "f", "arguments": '{"n": 7}'}
    calls = [{"id": "call_1", "type": "function", "function": function}]
    openai_provider.usual = answer(wire, "Let me see.", "tool_calls", tool_calls=calls)
    provider = openai_provider if kind == "openai" else anthropic_provider
    gateway = start_balanced(provider, above=top, cascade="{tiers: [simple]}")

    with openai.OpenAI(base_url=f"{gateway.url}/v1", api_key="k", max_retries=0) as client:
        tools: Any = [TOOL]
        with client.chat.completions.stream(model="auto", messages=MESSAGES, tools=tools) as stream:
            final = stream.get_final_completion().choices[0]
    assert final.finish_reason == "tool_calls"
    assert final.message.content == "Let me see."
    assert final.message.tool_calls is not None
    made = final.message.tool_calls[0].function
    assert (made.name, json.loads(made.arguments)) == ("f", {"n": 7})

    with anthropic.Anthropic(base_url=gateway.url, api_key="k", max_retries=0) as other:
        offered: Any = [{"name": "f", "input_schema": SCHEMA}]
        with other.messages.stream(
            model="auto", messages=MESSAGES, tools=offered, max_tokens=50
        ) as events:
            message = events.get_final_message()
    assert message.stop_reason == "tool_use"
    text, use = message.content
    assert (text.type, getattr(text, "text", "")) == ("text", "Let me see.")
    assert (use.type, getattr(use, "input", None)) == ("tool_use", {"n": 7})
    assert message.usage.output_tokens == 2
    assert top.received == []


def test_a_faulty_answer_is_served_when_every_tier_above_fails(
    start: Any, openai_provider: Any, top: Any, wire: Any
) -> None:
    openai_provider.usual = answer(wire, "Forty", "length")
    top.usual = wire.json({}, 500)
    gateway = start()
    response = gateway.chat()
    assert response.status_code == 200
    assert response.json()["choices"][0]["message"]["content"] == "Forty"
    assert response.headers["x-tierwatch-tier"] == "simple"
    served = gateway.recorded.one()
    assert (served.served_tier, served.decision.reason) == ("simple", "kept")
    assert served.cost_usd == pytest.approx(23 / 1e6)  # once, not twice
    assert [attempt.error for attempt in served.attempts] == ["", "server"]


def test_a_faulty_answer_is_served_when_the_tier_above_takes_too_long(
    start: Any, openai_provider: Any, top: Any, wire: Any
) -> None:
    openai_provider.usual = answer(wire, "Forty", "length")
    top.usual = wire.silence
    gateway = start(gateway="{deadline: 0.5}")
    response = gateway.chat()
    assert response.status_code == 200
    assert response.json()["choices"][0]["message"]["content"] == "Forty"
    served = gateway.recorded.one()
    assert [attempt.error for attempt in served.attempts] == ["", "timeout"]


def test_a_tier_that_is_down_is_climbed_over_without_a_check(
    start: Any, openai_provider: Any, top: Any, wire: Any
) -> None:
    openai_provider.usual = wire.json({}, 500)
    top.usual = answer(wire, "")  # would not pass, but tier complex is not checked
    gateway = start()
    assert gateway.chat().status_code == 200
    served = gateway.recorded.one()
    assert (served.served_tier, served.decision.reason) == ("complex", "kept")
    assert served.decision.tier == "simple"


def test_a_refused_request_is_the_callers(start: Any, openai_provider: Any, wire: Any) -> None:
    openai_provider.usual = wire.json({"error": {"message": "too long"}}, 400)
    gateway = start()
    assert gateway.chat().status_code == 400


@pytest.mark.parametrize(
    ("asked", "fields"),
    [("model-simple", {}), ("complex", {}), ("auto", {"n": 2}), ("auto", {"n": [1]})],
)
def test_what_is_not_checked(
    start: Any, openai_provider: Any, top: Any, wire: Any, *, asked: str, fields: dict[str, Any]
) -> None:
    openai_provider.usual = top.usual = answer(wire, "")
    gateway = start()
    gateway.chat(asked, **fields)
    assert len(openai_provider.received) + len(top.received) == 1
    assert gateway.recorded.one().decision.reason in {"pinned", "kept"}


def test_without_the_section_nothing_is_checked(
    start_balanced: Any, openai_provider: Any, top: Any, wire: Any
) -> None:
    openai_provider.usual = answer(wire, "")
    gateway = start_balanced(openai_provider, above=top)
    gateway.chat()
    assert top.received == []


# --- self-consistency ----------------------------------------------------------------------------


def in_turn(wire: Any, *texts: str) -> list[Any]:
    return [answer(wire, text) for text in texts]


@pytest.mark.parametrize(
    ("texts", "fields", "passes"),
    [
        (["42", "The answer is 42.", "41"], "", True),  # 2 of 3 are 0.67
        (["42", "41", "40"], "", False),
        (["42", "41", "41"], "", False),  # the majority is against the answer served
        (["42", "42", "41"], ", agree: 0.7", False),
        (["42", "42", "42", "41", "40"], ", samples: 5", False),  # 3 of 5 are 0.60
        (["42", "42", "42", "42", "40"], ", samples: 5", True),
    ],
)
def test_an_answer_is_kept_when_enough_samples_say_the_same(
    start: Any, openai_provider: Any, top: Any, wire: Any, *, texts: Any, fields: str, passes: bool
) -> None:
    openai_provider.replies = in_turn(wire, *texts)
    gateway = start(VOTING.replace("}", f"{fields}}}"))

    response = gateway.chat(seed=7, top_p=0.9)

    assert len(openai_provider.received) == len(texts)
    first, *votes = (request.json for request in openai_provider.received)
    assert (first["seed"], first["top_p"], first.get("temperature")) == (7, 0.9, None)
    for vote in votes:
        assert vote["temperature"] == 0.7
        assert "seed" not in vote
        assert "top_p" not in vote
    served = gateway.recorded.one()
    paid = len(texts) * 23 / 1e6
    if passes:
        assert response.json()["choices"][0]["message"]["content"] == texts[0]
        assert (served.decision.reason, served.served_tier) == ("kept", "simple")
    else:
        assert response.headers["x-tierwatch-tier"] == "complex"
        assert served.decision.reason == "cascade:disagree"
        paid += 23 * 15 / 1e6
    assert served.cost_usd == pytest.approx(paid)
    assert (served.prompt_tokens, served.completion_tokens) == (21, 2)
    assert 0 < served.overhead_ms < served.latency_ms


def test_a_callers_own_temperature_stays(start: Any, openai_provider: Any, wire: Any) -> None:
    openai_provider.replies = in_turn(wire, "42", "42", "42")
    start(VOTING).chat(temperature=1.3, top_p=0.9)
    sent = [(r.json["temperature"], r.json["top_p"]) for r in openai_provider.received]
    assert sent == [(1.3, 0.9)] * 3


def test_prose_is_not_voted_on(start: Any, openai_provider: Any, wire: Any) -> None:
    openai_provider.usual = answer(
        wire, "It was a quiet evening by the sea, and nobody spoke. " * 3
    )
    start(VOTING).chat()
    assert len(openai_provider.received) == 1


def test_a_fault_of_form_is_not_voted_on(
    start: Any, openai_provider: Any, top: Any, wire: Any
) -> None:
    openai_provider.usual = answer(wire, "")
    start(VOTING).chat()
    assert [len(openai_provider.received), len(top.received)] == [1, 1]


def test_votes_are_cast_at_the_same_time(start: Any, openai_provider: Any, wire: Any) -> None:
    """Neither vote is answered before both have been asked for."""
    both = threading.Barrier(2)
    said = answer(wire, "42")

    async def vote(writer: Any, received: Any) -> None:
        await asyncio.to_thread(both.wait, 5)
        await said(writer, received)

    openai_provider.replies = [said, vote, vote]
    gateway = start(VOTING)
    assert gateway.chat().status_code == 200
    served = gateway.recorded.one()
    assert (served.decision.reason, len(served.attempts)) == ("kept", 3)


def test_a_vote_that_fails_agrees_with_nobody(
    start: Any, openai_provider: Any, top: Any, wire: Any
) -> None:
    broken = wire.json({}, 500)
    openai_provider.replies = [*in_turn(wire, "42"), broken, broken]
    gateway = start(VOTING)
    assert gateway.chat().headers["x-tierwatch-tier"] == "complex"
    errors = Counter(attempt.error for attempt in gateway.recorded.one().attempts)
    assert errors == {"": 2, "server": 2}


def test_a_model_that_takes_no_temperature_is_asked_without(
    start: Any, openai_provider: Any, wire: Any
) -> None:
    said = answer(wire, "42")
    refusal = wire.json({"error": {"message": "'temperature' does not support 0.7"}}, 400)

    async def usual(writer: Any, received: Any) -> None:
        await (refusal if "temperature" in received.json else said)(writer, received)

    openai_provider.usual = usual
    gateway = start(VOTING)
    for _ in range(2):
        assert gateway.chat().headers["x-tierwatch-tier"] == "simple"
    # 1 + 2 refused + 2 votes the first time; then it is known.
    assert len(openai_provider.received) == 5 + 3


def test_votes_for_an_anthropic_caller_are_sampled_too(
    start_balanced: Any, anthropic_provider: Any, top: Any, wire: Any
) -> None:
    gateway = start_balanced(anthropic_provider, above=top, cascade=VOTING)
    body = {"model": "auto", "messages": MESSAGES, "max_tokens": 50, "stream": True}
    response = gateway.client.post("/v1/messages", json=body)
    assert response.status_code == 200
    assert [r.json.get("temperature") for r in anthropic_provider.received] == [None, 0.7, 0.7]
    names = [line[7:] for line in response.text.splitlines() if line.startswith("event: ")]
    assert names == [
        "message_start", "content_block_start", "content_block_delta", "content_block_stop",
        "message_delta", "message_stop",
    ]  # fmt: skip


def test_a_caller_who_leaves_while_votes_are_cast_has_paid_for_what_was_answered(
    start: Any, openai_provider: Any, wire: Any
) -> None:
    openai_provider.replies = [*in_turn(wire, "42"), wire.silence, wire.silence]
    gateway = start(VOTING, timeout_s=20)
    with pytest.raises(Exception, match="timed out"):
        gateway.client.post(
            "/v1/chat/completions", json={"model": "auto", "messages": MESSAGES}, timeout=0.5
        )
    served = gateway.recorded.one()
    assert (served.status, served.finished) == (499, False)
    assert served.cost_usd == pytest.approx(23 / 1e6)
    assert Counter(a.error for a in served.attempts) == {"": 1, "abandoned": 2}


def test_a_cascade_climbs_as_many_tiers_as_it_names(
    start_gateway: Any, openai_provider: Any, wire: Any, tmp_path: Any
) -> None:
    openai_provider.replies = [answer(wire, ""), answer(wire, "", "length")]
    gateway = start_gateway(openai_provider, retry="{}\n  cascade: {tiers: [simple, standard]}")
    response = gateway.chat()
    assert response.headers["x-tierwatch-tier"] == "complex"
    assert openai_provider.models() == ["model-simple", "model-standard", "model-complex"]
    served = gateway.recorded.one()
    assert (served.decision.reason, served.decision.tier) == ("cascade:cut", "complex")
    assert [name for name, _ in served.decision.confidences] == ["simple"]
    assert served.cost_usd == pytest.approx(23 * (0.25 + 3 + 15) / 1e6)
