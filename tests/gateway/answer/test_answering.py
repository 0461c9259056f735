"""Several providers of one model behind real HTTP: what callers see when some of them fail."""

import asyncio
import itertools
import json
import random
import threading
import time
from collections.abc import Iterator
from typing import Any

import aiohttp
import pytest

MESSAGES = [{"role": "user", "content": "What is the capital of France?"}]
CALLS = 1_000
AT_ONCE = 64


@pytest.fixture
def other_openai(openai_provider: Any) -> Iterator[Any]:
    with type(openai_provider)("openai", openai_provider.usual).running() as provider:
        yield provider


@pytest.fixture
def top(openai_provider: Any) -> Iterator[Any]:
    """The provider of the tier above."""
    with type(openai_provider)("openai", openai_provider.usual).running() as provider:
        yield provider


def answers(wire: Any, kind: str) -> Any:
    """A healthy provider: streams when asked to."""
    if kind == "openai":
        whole = wire.json(wire.openai_reply)
        stream = wire.stream(*wire.openai_chunks("Par", "is.", usage=True))
    else:
        whole = wire.json(wire.anthropic_reply)
        stream = wire.stream(*wire.anthropic_events("Par", "is."))

    async def reply(writer: Any, received: Any) -> None:
        await (stream if received.json.get("stream") else whole)(writer, received)

    return reply


def ways_to_fail(wire: Any) -> list[Any]:
    begun = (
        b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"
    )
    return [
        wire.json({"error": {"message": "down"}}, 500),
        wire.json({"error": {"message": "slow down"}}, 429),
        wire.silence,
        wire.raw(b""),
        wire.raw(begun),  # cut before the first byte of the stream
    ]


def failing_at_times(wire: Any, kind: str, share: float, seed: int) -> Any:
    chance, good, bad = random.Random(seed), answers(wire, kind), ways_to_fail(wire)

    async def reply(writer: Any, received: Any) -> None:
        await (chance.choice(bad) if chance.random() < share else good)(writer, received)

    return reply


async def _call(session: aiohttp.ClientSession, url: str, anthropic: bool, stream: bool) -> str:  # noqa: FBT001
    path = "/v1/messages" if anthropic else "/v1/chat/completions"
    body = {"model": "auto", "messages": MESSAGES, "stream": stream, "max_tokens": 10}
    async with session.post(url + path, json=body) as response:
        text = await response.text()
        if response.status != 200:
            return f"{response.status} {text}"
        if not stream:
            answer = json.loads(text)
            said = answer["content"][0] if anthropic else answer["choices"][0]["message"]
            return str(said["text"] if anthropic else said["content"])
    lines = [line[6:] for line in text.splitlines() if line.startswith("data: ")]
    events = [json.loads(line) for line in lines if line != "[DONE]"]
    if anthropic:
        whole = events[-1]["type"] == "message_stop"
        parts = [e["delta"].get("text", "") for e in events if e["type"] == "content_block_delta"]
    else:
        whole = lines[-1] == "[DONE]"
        parts = [c["delta"].get("content") or "" for e in events for c in e["choices"]]
    return "".join(parts) if whole else f"cut: {text}"


def call_many(url: str, calls: int, seed: int) -> list[str]:
    """What each of many concurrent callers read, on both wires, streamed and not."""

    async def run() -> list[str]:
        chance, free = random.Random(seed), asyncio.Semaphore(AT_ONCE)
        limits = aiohttp.ClientTimeout(total=30)
        connector = aiohttp.TCPConnector(limit=0)
        async with aiohttp.ClientSession(timeout=limits, connector=connector) as session:

            async def one(anthropic: bool, stream: bool) -> str:  # noqa: FBT001
                async with free:
                    return await _call(session, url, anthropic, stream)

            kinds = [(chance.random() < 0.5, chance.random() < 0.5) for _ in range(calls)]
            return await asyncio.gather(*(one(*kind) for kind in kinds))

    return asyncio.run(run())


@pytest.mark.parametrize("strategy", ["weighted", "least_busy", "cheapest"])
def test_a_provider_failing_30_percent_costs_no_caller_an_error(
    start_balanced: Any,
    openai_provider: Any,
    anthropic_provider: Any,
    top: Any,
    wire: Any,
    *,
    strategy: str,
) -> None:
    bad, good = openai_provider, anthropic_provider
    bad.usual = failing_at_times(wire, "openai", 0.3, seed=7)
    good.usual = answers(wire, "anthropic")
    gateway = start_balanced(
        bad,
        good,
        above=top,
        balance=f"{{strategy: {strategy}, breaker: {{open_for: 300ms}}}}",
        timeout_s=4,
    )

    said = call_many(gateway.url, CALLS, seed=11)

    assert [text for text in said if text != "Paris."] == []
    wire.until(lambda: len(gateway.recorded.exchanges) == CALLS)
    served = gateway.recorded.exchanges
    assert {one.served_tier for one in served} == {"simple"}
    assert top.received == []
    failed = [one for one in served if one.attempts[0].error]
    # Some of the calls did fail, each on its first attempt, and went over at once.
    assert len(failed) > 10
    for one in failed:
        assert [bool(attempt.error) for attempt in one.attempts] == [True, False]
        assert one.attempts[0].provider == f"p{bad.port}"
        assert one.provider == f"p{good.port}"


@pytest.mark.parametrize("stream", [False, True])
def test_a_dead_provider_is_asked_a_handful_of_times_and_then_left_alone(
    start_balanced: Any,
    openai_provider: Any,
    other_openai: Any,
    top: Any,
    wire: Any,
    *,
    stream: bool,
) -> None:
    dead, good = openai_provider, other_openai
    dead.usual = wire.json({}, 500)
    good.usual = answers(wire, "openai")
    gateway = start_balanced(dead, good, above=top, balance="{breaker: {open_for: 1m}}")

    for _ in range(60):
        assert gateway.chat(stream=stream).status_code == 200

    assert len(dead.received) == 5  # `failures`
    assert len(good.received) == 60
    page = gateway.client.get("/metrics").text
    assert (
        f'tierwatch_gateway_breaker_state{{deployment="p{dead.port}/name-at-{dead.port}"}} 2.0'
        in page
    )
    assert (
        f'tierwatch_gateway_breaker_state{{deployment="p{good.port}/name-at-{good.port}"}} 0.0'
        in page
    )


def test_a_dead_provider_under_many_callers_gets_no_more_than_were_under_way(
    start_balanced: Any, openai_provider: Any, other_openai: Any, top: Any, wire: Any
) -> None:
    dead, good = openai_provider, other_openai
    dead.usual, good.usual = wire.json({}, 503), answers(wire, "openai")
    gateway = start_balanced(dead, good, above=top, balance="{breaker: {open_for: 1m}}")
    said = call_many(gateway.url, 400, seed=3)
    assert set(said) == {"Paris."}
    assert 5 <= len(dead.received) <= 5 + AT_ONCE
    assert top.received == []


def test_one_probe_finds_a_provider_that_is_back(
    start_balanced: Any, openai_provider: Any, other_openai: Any, top: Any, wire: Any
) -> None:
    sick, good = openai_provider, other_openai
    good.usual = answers(wire, "openai")
    sick.usual = wire.json({}, 500)
    breaker = "{failures: 2, open_for: 300ms}"
    gateway = start_balanced(sick, good, above=top, balance=f"{{breaker: {breaker}}}")
    for _ in range(6):
        gateway.chat()
    assert len(sick.received) == 2
    time.sleep(0.35)

    for _ in range(6):  # still sick: one probe, and no caller notices
        assert gateway.chat().status_code == 200
    assert len(sick.received) == 3
    sick.usual = answers(wire, "openai")
    time.sleep(0.35)
    for _ in range(10):
        assert gateway.chat().status_code == 200
    assert len(sick.received) == 3 + 5  # its share again


def test_a_429_with_retry_after_is_left_alone_at_once(
    start_balanced: Any, openai_provider: Any, other_openai: Any, top: Any, wire: Any
) -> None:
    openai_provider.usual = wire.json({"error": {"message": "slow"}}, 429, retry_after="60")
    gateway = start_balanced(openai_provider, other_openai, above=top)
    began = time.monotonic()
    for _ in range(10):
        assert gateway.chat().status_code == 200
    assert len(openai_provider.received) == 1
    assert time.monotonic() - began < 5  # nobody waited the minute


def test_a_400_is_the_callers_and_stays_with_him(
    start_balanced: Any, openai_provider: Any, other_openai: Any, top: Any, wire: Any
) -> None:
    refusing = wire.json({"error": {"message": "bad temperature"}}, 400)
    openai_provider.usual = other_openai.usual = refusing
    gateway = start_balanced(openai_provider, other_openai, above=top)
    for _ in range(12):
        assert gateway.chat(temperature=9).status_code == 400
    assert [len(openai_provider.received), len(other_openai.received)] == [6, 6]


def test_a_revoked_key_at_one_provider_costs_no_caller_an_error(
    start_balanced: Any, openai_provider: Any, other_openai: Any, top: Any, wire: Any
) -> None:
    openai_provider.usual = wire.json({"error": {"message": "no such key"}}, 401)
    gateway = start_balanced(openai_provider, other_openai, above=top)
    assert [gateway.chat().status_code for _ in range(20)] == [200] * 20
    assert len(openai_provider.received) == 5


def test_when_all_are_left_alone_the_next_tier_serves_and_the_top_one_still_tries(
    start_balanced: Any, openai_provider: Any, other_openai: Any, top: Any, wire: Any
) -> None:
    openai_provider.usual = other_openai.usual = wire.json({}, 500)
    breaker = "{failures: 1, open_for: 1m}"
    gateway = start_balanced(
        openai_provider, other_openai, above=top, balance=f"{{breaker: {breaker}}}"
    )
    for _ in range(3):
        response = gateway.chat()
        assert response.headers["x-tierwatch-tier"] == "complex"
    # Both once in the first request; then one call in each, to the one that is back first.
    assert len(openai_provider.received) + len(other_openai.received) == 2 + 2
    # Pinned to the model there is no tier above: both are asked before the caller gets an error.
    assert gateway.chat("model-simple").status_code == 502
    assert len(openai_provider.received) + len(other_openai.received) == 4 + 2


def test_the_deployments_name_is_sent_and_its_price_is_counted(
    start_balanced: Any, openai_provider: Any, top: Any
) -> None:
    gateway = start_balanced(openai_provider, above=top, cost=0.5)  # the tier's own is 1
    response = gateway.chat()
    assert openai_provider.models() == [f"name-at-{openai_provider.port}"]
    assert response.headers["x-tierwatch-model"] == "model-simple"
    served = gateway.recorded.one()
    assert (served.served_model, served.provider) == ("model-simple", f"p{openai_provider.port}")
    assert served.cost_usd == pytest.approx(23 * 0.5 / 1e6)


def test_calls_under_way_are_counted_until_a_stream_ends(
    start_balanced: Any, openai_provider: Any, other_openai: Any, top: Any, wire: Any
) -> None:
    """Least busy: while one provider streams on, every other call goes to the other one."""
    role, word, *rest = wire.openai_chunks("Par", "is.")
    go_on = threading.Event()
    openai_provider.replies = [wire.stream(role, word, go_on, *rest)]
    gateway = start_balanced(
        openai_provider, other_openai, above=top, balance="{strategy: least_busy}"
    )
    body = {"model": "auto", "messages": MESSAGES, "stream": True}
    with gateway.client.stream("POST", "/v1/chat/completions", json=body) as response:
        arriving = response.iter_raw()
        next(arriving)
        for _ in range(4):
            gateway.chat()
        assert [len(openai_provider.received), len(other_openai.received)] == [1, 4]
        go_on.set()
        assert b"[DONE]" in b"".join(arriving)
    wire.until(lambda: len(gateway.recorded.exchanges) == 5)
    for _ in range(4):
        gateway.chat()
    assert [len(openai_provider.received), len(other_openai.received)] == [3, 6]


def test_a_stream_that_breaks_in_the_middle_counts_against_its_provider(
    start_balanced: Any, openai_provider: Any, other_openai: Any, top: Any, wire: Any
) -> None:
    openai_provider.usual = wire.stream(*wire.openai_chunks("Par", "is.")[:2], cut=True)
    other_openai.usual = answers(wire, "openai")
    gateway = start_balanced(
        openai_provider, other_openai, above=top, balance="{breaker: {failures: 3}}"
    )
    for _ in range(20):
        gateway.chat(stream=True)
    assert len(openai_provider.received) == 3
    page = gateway.client.get("/metrics").text
    name = f'deployment="p{openai_provider.port}/name-at-{openai_provider.port}"'
    assert f'tierwatch_gateway_deployment_calls_total{{{name},outcome="failed"}} 3.0' in page
    assert f'tierwatch_gateway_deployment_calls_total{{{name},outcome="answered"}} 0.0' in page


# --- conversations -------------------------------------------------------------------------------


def talk(gateway: Any, session: str, turns: int, before: Any = None) -> list[Any]:
    """Go on with a conversation for so many turns; gives its messages."""
    messages = list(before or [])
    for turn in range(turns):
        said = f"Tell me something of everything there is, part {len(messages)}, {turn}."
        messages.append({"role": "user", "content": said})
        response = gateway.client.post(
            "/v1/chat/completions",
            json={"model": "auto", "messages": messages},
            headers={"x-session-id": session},
        )
        assert response.status_code == 200, response.text
        messages.append(response.json()["choices"][0]["message"])
    return messages


def numbered(wire: Any, name: str) -> Any:
    """A provider whose answers differ, as answers do."""
    numbers = itertools.count()

    async def reply(writer: Any, received: Any) -> None:
        whole = json.loads(json.dumps(wire.openai_reply))
        whole["choices"][0]["message"]["content"] = f"{name} says {next(numbers)}."
        await wire.json(whole)(writer, received)

    return reply


@pytest.mark.parametrize("strategy", ["weighted", "least_busy", "cheapest"])
def test_a_conversation_stays_where_its_prompt_is_warm(
    start_balanced: Any,
    openai_provider: Any,
    other_openai: Any,
    top: Any,
    wire: Any,
    *,
    strategy: str,
) -> None:
    here, there = openai_provider, other_openai
    here.usual, there.usual = numbered(wire, "here"), numbered(wire, "there")
    balance = f"{{strategy: {strategy}, breaker: {{failures: 1, open_for: 1m}}}}"
    gateway = start_balanced(here, there, above=top, balance=balance)
    before = {session: talk(gateway, session, 1) for session in ("a", "b", "c", "d")}
    # Conversations are spread, turns are not.
    assert [len(here.received), len(there.received)] == [2, 2]
    for session, messages in before.items():
        before[session] = talk(gateway, session, 4, messages)
    for messages in before.values():
        assert len({m["content"].split()[0] for m in messages if m["role"] == "assistant"}) == 1
    # Another conversation of the session is a new one.
    for _ in range(4):
        talk(gateway, "a", 1)
    assert [len(here.received), len(there.received)] == [12, 12]
    # Who is down is left for good: the prompt is warm elsewhere by then.
    here.replies = [wire.json({}, 500)]
    for session, messages in before.items():
        before[session] = talk(gateway, session, 2, messages)
    assert [len(here.received), len(there.received)] == [13, 20]
    assert top.received == []


def test_a_request_on_the_side_does_not_take_the_home_away(
    start_balanced: Any, openai_provider: Any, other_openai: Any, top: Any, wire: Any
) -> None:
    openai_provider.usual, other_openai.usual = numbered(wire, "here"), numbered(wire, "there")
    gateway = start_balanced(openai_provider, other_openai, above=top)
    messages: list[Any] = []
    for turn in range(5):
        messages = talk(gateway, "a", 1, messages)
        for _ in range(1 + turn % 2):
            talk(gateway, "a", 1)
    assert len({m["content"].split()[0] for m in messages if m["role"] == "assistant"}) == 1


def test_a_cached_answer_does_not_take_the_home_away(
    start_balanced: Any,
    openai_provider: Any,
    other_openai: Any,
    top: Any,
    wire: Any,
    *,
    redis_url: str,
) -> None:
    openai_provider.usual, other_openai.usual = numbered(wire, "here"), numbered(wire, "there")
    gateway = start_balanced(
        openai_provider,
        other_openai,
        above=top,
        gateway="{cache: {mode: exact, budget_ms: 200}}",
        cache_url=redis_url,
    )

    def ask(messages: list[Any], session: str) -> tuple[str, Any]:
        body = {"model": "auto", "temperature": 0, "messages": messages}
        response = gateway.client.post(
            "/v1/chat/completions", json=body, headers={"x-session-id": session}
        )
        return response.headers["x-tierwatch-cache"], response.json()["choices"][0]["message"]

    def question(number: int) -> dict[str, Any]:
        return {"role": "user", "content": f"Question {number} of everything there is."}

    messages = [question(0)]
    _, first = ask(messages, "a")
    messages += [first, question(1)]
    ask(messages, "b")  # another session has asked the same, elsewhere or not
    wire.until(lambda: ask(messages, "c")[0] == "hit")
    status, cached = ask(messages, "a")
    assert status == "hit"
    messages += [cached]
    for number in range(2, 5):
        messages += [question(number)]
        status, answer = ask(messages, "a")
        assert (status, answer["content"].split()[0]) == ("miss", first["content"].split()[0])
        messages += [answer]


def test_a_conversation_that_paused_goes_where_the_strategy_says(
    start_balanced: Any, openai_provider: Any, other_openai: Any, top: Any
) -> None:
    gateway = start_balanced(openai_provider, other_openai, above=top, sessions="{cache: 50ms}")
    messages: list[Any] = []
    for _ in range(4):
        messages = talk(gateway, "a", 1, messages)
        time.sleep(0.06)
    assert [len(openai_provider.received), len(other_openai.received)] == [2, 2]


def test_a_tools_result_goes_back_to_who_asked_for_it_without_a_session(
    start_balanced: Any, openai_provider: Any, other_openai: Any, top: Any, wire: Any
) -> None:
    calls = itertools.count()

    async def asks(writer: Any, received: Any) -> None:
        whole = json.loads(json.dumps(wire.openai_reply))
        function = {"name": "weather", "arguments": "{}"}
        call = {"id": f"call_{next(calls)}", "type": "function", "function": function}
        message = {"role": "assistant", "content": None, "tool_calls": [call]}
        whole["choices"][0] |= {"message": message, "finish_reason": "tool_calls"}
        await wire.json(whole)(writer, received)

    openai_provider.usual = other_openai.usual = asks
    # However long the tool took: no prompt is warm any more.
    gateway = start_balanced(openai_provider, other_openai, above=top, sessions="{cache: 1ms}")
    for _ in range(3):
        served = []
        messages: list[Any] = list(MESSAGES)
        for _ in range(5):
            body = {"model": "auto", "messages": messages, "tools": []}
            answer = gateway.client.post("/v1/chat/completions", json=body).json()
            message = answer["choices"][0]["message"]
            result = {"role": "tool", "tool_call_id": message["tool_calls"][0]["id"]}
            messages += [message, {**result, "content": "sunny"}]
        wire.until(lambda: len(gateway.recorded.exchanges) % 5 == 0)
        served = [one.provider for one in gateway.recorded.exchanges[-5:]]
        assert len(set(served)) == 1
    assert {len(openai_provider.received), len(other_openai.received)} == {5, 10}
