"""Clients nobody here wrote, through a gateway with balancer, cascade and response cache at once.

Tier simple is served at two places on two wires; its answers are checked before the first byte.
"""

import itertools
import json
from collections.abc import Callable, Iterator
from typing import Any

import anthropic
import openai
import pytest
import redis

SCHEMA: dict[str, Any] = {"type": "object", "properties": {"city": {"type": "string"}}}
OPENAI_TOOLS: Any = [{"type": "function", "function": {"name": "weather", "parameters": SCHEMA}}]
ANTHROPIC_TOOLS: Any = [{"name": "weather", "input_schema": SCHEMA}]
FAULTY, TOOL = "cut short", "weather"

# Says a prompt to the gateway; gives the answer's text and what the headers say of it.
Says = Callable[..., tuple[str, Any]]


def answering(provider: Any, wire: Any, name: str) -> None:
    """Answer with a number of one's own, whole or streamed, on the provider's wire.

    ``cut short`` in the prompt makes tier simple's answer end at its length, ``weather`` a call.
    """
    numbers = itertools.count()

    async def reply(writer: Any, received: Any) -> None:
        body = received.json
        last = json.dumps(body["messages"][-1])
        cut = FAULTY in last and body["model"] != "model-complex"
        text = f"{name} says {next(numbers)}."
        streams, tools = body.get("stream"), TOOL in last and body.get("tools")
        if provider.kind == "openai":
            finish = "length" if cut else "stop"
            message: dict[str, Any] = {"role": "assistant", "content": text}
            if tools:
                function = {"name": "weather", "arguments": '{"city": "Paris"}'}
                call = {"id": f"call_{name}", "type": "function", "function": function}
                message, finish = {**message, "content": None, "tool_calls": [call]}, "tool_calls"
            choice = {"index": 0, "message": message, "finish_reason": finish}
            whole = {**wire.openai_reply, "choices": [choice]}
            said = wire.stream(*wire.openai_chunks(text, usage=True))
        else:
            content: list[Any] = [{"type": "text", "text": text}]
            stop = "max_tokens" if cut else "end_turn"
            if tools:
                call = {"type": "tool_use", "id": f"call_{name}", "name": "weather"}
                content, stop = [{**call, "input": {"city": "Paris"}}], "tool_use"
            whole = {**wire.anthropic_reply, "content": content, "stop_reason": stop}
            said = wire.stream(*wire.anthropic_events(text))
        await (said if streams else wire.json(whole))(writer, received)

    provider.usual = reply


@pytest.fixture
def top(openai_provider: Any) -> Iterator[Any]:
    """The provider of the tier above."""
    with type(openai_provider)("openai", openai_provider.usual).running() as provider:
        yield provider


@pytest.fixture
def gateway(request: Any, start_balanced: Any, top: Any, wire: Any, redis_url: str) -> Any:
    here, there = (request.getfixturevalue(f"{kind}_provider") for kind in ("openai", "anthropic"))
    with redis.Redis.from_url(redis_url) as server:
        server.flushdb()
    for provider, name in ((here, "here"), (there, "there"), (top, "top")):
        answering(provider, wire, name)
    started = start_balanced(
        here,
        there,
        above=top,
        cascade="{tiers: [simple]}",
        gateway="{cache: {mode: exact, temperature: any, budget_ms: 200}}",
        cache_url=redis_url,
    )
    # Until Redis is heard from, nothing is kept and nothing found.
    body = {"model": "auto", "messages": [{"role": "user", "content": "Are you there?"}]}

    def hit() -> bool:
        response = started.client.post("/v1/chat/completions", json=body)
        return bool(response.headers["x-tierwatch-cache"] == "hit")

    wire.until(hit)
    for provider in (here, there, top):
        provider.received.clear()
    wire.until(lambda: started.recorded.exchanges[-1].served_tier == "cache")
    started.recorded.exchanges.clear()
    return started


def by_openai(gateway: Any, *, stream: bool) -> Iterator[Says]:
    with openai.OpenAI(base_url=f"{gateway.url}/v1", api_key="mine", max_retries=0) as client:

        def says(messages: Any, **more: Any) -> tuple[str, Any]:
            ask = client.chat.completions.with_raw_response.create
            if not stream:
                raw = ask(model="auto", messages=messages, **more)
                return raw.parse().choices[0].message.content, raw.headers
            usage = {"include_usage": True}
            raw = ask(model="auto", messages=messages, stream=True, stream_options=usage, **more)
            chunks = list(raw.parse())
            assert [chunk.usage.prompt_tokens for chunk in chunks if chunk.usage] == [21]
            parts = [c.choices[0].delta.content for c in chunks if c.choices]
            return "".join(part for part in parts if part), raw.headers

        yield says


def by_anthropic(gateway: Any, *, stream: bool) -> Iterator[Says]:
    with anthropic.Anthropic(base_url=gateway.url, api_key="mine", max_retries=0) as client:

        def says(messages: Any, **more: Any) -> tuple[str, Any]:
            asked = {"model": "auto", "max_tokens": 100, "messages": messages, **more}
            if not stream:
                raw = client.messages.with_raw_response.create(**asked)
                return raw.parse().content[0].text, raw.headers
            with client.messages.stream(**asked) as answer:
                text = "".join(answer.text_stream)
                assert answer.get_final_message().stop_reason == "end_turn"
                return text, answer.response.headers

        yield says


def by_responses(gateway: Any, *, stream: bool) -> Iterator[Says]:
    with openai.OpenAI(base_url=f"{gateway.url}/v1", api_key="mine", max_retries=0) as client:

        def says(messages: Any, **more: Any) -> tuple[str, Any]:
            ask = client.responses.with_raw_response.create
            if not stream:
                raw: Any = ask(model="auto", input=messages, **more)
                return raw.parse().output_text, raw.headers
            raw = ask(model="auto", input=messages, stream=True, **more)
            events = list(raw.parse())
            assert events[-1].type == "response.completed"
            assert events[-1].response.usage.input_tokens == 21
            return events[-1].response.output_text, raw.headers

        yield says


def by_litellm(gateway: Any, *, stream: bool) -> Iterator[Says]:
    litellm = pytest.importorskip(
        "litellm", reason="needs `pip install litellm`, which no extra brings"
    )

    def says(messages: Any, extra_headers: Any = None) -> tuple[str, Any]:
        answer = litellm.completion(
            model="openai/auto",
            api_base=f"{gateway.url}/v1",
            api_key="mine",
            messages=messages,
            num_retries=0,
            max_retries=0,
            stream=stream,
            extra_headers=extra_headers,
        )
        head = "llm_provider-"
        if stream:
            text = "".join(chunk.choices[0].delta.content or "" for chunk in answer)
        else:
            text = answer.choices[0].message.content
        given = answer._hidden_params["additional_headers"]
        return text, {name.removeprefix(head): value for name, value in given.items()}

    yield says


CLIENTS = {
    "openai": by_openai,
    "anthropic": by_anthropic,
    "responses": by_responses,
    "litellm": by_litellm,
}


# Its own warnings are none of ours.
LITELLM = pytest.param("litellm", marks=pytest.mark.filterwarnings("ignore"))


@pytest.fixture(params=["whole", "streamed"])
def stream(request: Any) -> bool:
    return bool(request.param == "streamed")


@pytest.fixture(params=["openai", "anthropic", "responses", LITELLM])
def says(
    request: Any,
    gateway: Any,
    monkeypatch: pytest.MonkeyPatch,
    *,
    stream: bool,
) -> Iterator[Says]:
    monkeypatch.setenv("LITELLM_LOCAL_MODEL_COST_MAP", "True")  # else its import asks the network
    yield from CLIENTS[request.param](gateway, stream=stream)


def user(text: str) -> dict[str, Any]:
    return {"role": "user", "content": text}


def test_both_deployments_answer_every_client_alike(
    says: Says, openai_provider: Any, anthropic_provider: Any
) -> None:
    said = [says([user(f"Question {number}?")]) for number in range(4)]
    assert sorted(text for text, _ in said) == [
        *(text for text, _ in said if text.startswith("here says")),
        *(text for text, _ in said if text.startswith("there says")),
    ]
    assert {headers["x-tierwatch-tier"] for _, headers in said} == {"simple"}
    assert [len(openai_provider.received), len(anthropic_provider.received)] == [2, 2]
    # The cascade asks for whole answers, whatever the caller wants.
    assert not any(one.json.get("stream") for one in openai_provider.received)


def test_the_second_time_an_answer_comes_from_the_cache(says: Says, wire: Any) -> None:
    answers = set()

    def from_cache() -> bool:
        text, headers = says([user("What is the capital of France?")])
        if headers["x-tierwatch-cache"] == "miss":  # an answer is kept behind the reply's back
            answers.add(text)
            return False
        assert text in answers
        assert headers["x-tierwatch-tier"] == "cache"
        return True

    assert not from_cache()
    wire.until(from_cache)


def test_an_answer_that_is_cut_is_answered_by_the_tier_above(
    says: Says, gateway: Any, top: Any
) -> None:
    text, headers = says([user(f"Tell me all, {FAULTY}.")])
    assert text.startswith("top says")
    assert headers["x-tierwatch-tier"] == "complex"
    assert gateway.recorded.one().decision.reason == "cascade:cut"
    assert len(top.received) == 1


def test_a_deployment_that_is_down_is_noticed_by_nobody(
    says: Says, openai_provider: Any, anthropic_provider: Any, top: Any, wire: Any
) -> None:
    openai_provider.usual = wire.json({"error": {"message": "down"}}, 500)
    for number in range(14):
        text, _ = says([user(f"Question {number}?")])
        assert text.startswith("there says")
    assert len(openai_provider.received) == 5  # `failures`
    assert top.received == []


def test_a_conversation_goes_home_from_turn_to_turn(says: Says) -> None:
    homes = set()
    for session in ("a", "b"):
        messages: list[Any] = []
        heard = []
        for turn in range(3):
            messages.append(user(f"Tell me something about everything, part {turn} of {session}."))
            text, _ = says(messages, extra_headers={"x-session-id": session})
            heard.append(text.split()[0])
            messages.append({"role": "assistant", "content": text})
        assert len(set(heard)) == 1
        homes.add(heard[0])
    assert homes == {"here", "there"}


@pytest.mark.parametrize("turns", [4])
def test_tool_calls_pass_the_check_and_their_results_go_home(gateway: Any, turns: int) -> None:
    with openai.OpenAI(base_url=f"{gateway.url}/v1", api_key="mine", max_retries=0) as client:
        for number in range(turns):
            messages: list[Any] = [user(f"What is the weather in Paris, {number}?")]
            asked: Any = {"model": "auto", "messages": messages, "tools": OPENAI_TOOLS}
            answer = client.chat.completions.create(**asked).choices[0].message
            (call,) = answer.tool_calls or ()
            assert json.loads(call.function.arguments) == {"city": "Paris"}
            messages += [answer, {"role": "tool", "tool_call_id": call.id, "content": "Sunny"}]
            told = client.chat.completions.create(**asked).choices[0].message.content
            assert told is not None
            assert call.id == f"call_{told.split()[0]}"
    with anthropic.Anthropic(base_url=gateway.url, api_key="mine", max_retries=0) as other:
        for number in range(turns):
            said: list[Any] = [user(f"What is the weather in Rome, {number}?")]
            given: Any = {"model": "auto", "max_tokens": 9, "messages": said}
            message = other.messages.create(**given, tools=ANTHROPIC_TOOLS)
            (block,) = message.content
            assert (block.type, block.input) == ("tool_use", {"city": "Paris"})
            result = {"type": "tool_result", "tool_use_id": block.id, "content": "Sunny"}
            said += [{"role": "assistant", "content": message.content}, user([result])]  # type: ignore[arg-type]
            (words,) = other.messages.create(**given, tools=ANTHROPIC_TOOLS).content
            assert block.id == f"call_{words.text.split()[0]}"
