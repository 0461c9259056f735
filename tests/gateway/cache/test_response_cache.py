"""The response cache over HTTP: a real gateway, a real Redis, a provider that counts its calls."""

import json
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import openai
import pytest
import redis

from tierwatch.errors import SettingsError
from tierwatch.loop.capture.redact import redact

PROMPT = "What is the capital of France?"


@pytest.fixture
def server(redis_url: str) -> Any:
    client = redis.Redis.from_url(redis_url)
    client.flushdb()
    yield client
    client.close()


@pytest.fixture
def start(start_gateway: Any, redis_url: str, server: Any) -> Callable[..., Any]:
    def with_cache(*providers: Any, cache: str = "mode: exact", **options: Any) -> Any:
        gateway = options.pop("gateway", "")
        return start_gateway(
            *providers,
            gateway=f"{{{gateway}cache: {{budget_ms: 200, {cache}}}}}",
            cache_url=options.pop("cache_url", redis_url),
            **options,
        )

    return with_cache


def ask(gateway: Any, content: Any = PROMPT, headers: Any = None, **fields: Any) -> Any:
    messages = fields.pop("messages", [{"role": "user", "content": content}])
    body = {"model": "auto", "temperature": 0, "messages": messages, **fields}
    path = fields.pop("path", "/v1/chat/completions")
    body.pop("path", None)
    return gateway.client.post(path, json=body, headers=headers)


def kept(server: Any, count: int = 1) -> list[bytes]:
    """The entries, once there are so many."""
    deadline = time.monotonic() + 5
    while len(found := server.keys("tierwatch:cache:*")) < count:
        assert time.monotonic() < deadline, "nothing was kept"
        time.sleep(0.005)
    return found


def status(response: Any) -> str:
    return response.headers["x-tierwatch-cache"]


def looks(gateway: Any) -> dict[str, int]:
    lines = gateway.client.get("/metrics").text.splitlines()
    head = "tierwatch_gateway_cache_lookups_total{result="
    found = (line[len(head) :].split("} ") for line in lines if line.startswith(head))
    return {name.strip('"'): int(float(number)) for name, number in found}


# --- a hit ---------------------------------------------------------------------------------------


def test_second_request_is_answered_without_a_provider(
    start: Any, openai_provider: Any, server: Any
) -> None:
    gateway = start(openai_provider)
    first = ask(gateway)
    kept(server)
    second = ask(gateway)

    assert (status(first), status(second)) == ("miss", "hit")
    assert len(openai_provider.received) == 1
    assert second.headers["x-tierwatch-tier"] == "cache"
    assert second.headers["x-tierwatch-model"] == "model-simple"
    assert second.headers["x-tierwatch-request-id"] != first.headers["x-tierwatch-request-id"]
    answer = second.json()
    assert answer["choices"][0]["message"]["content"] == "Paris."
    assert answer["choices"][0]["finish_reason"] == "stop"
    assert answer["usage"] == {
        "prompt_tokens": 21,
        "completion_tokens": 2,
        "total_tokens": 23,
        "prompt_tokens_details": {"cached_tokens": 21},
    }


def test_a_hit_is_an_exchange_of_tier_cache_that_cost_nothing(
    start: Any, openai_provider: Any, server: Any, wire: Any
) -> None:
    gateway = start(openai_provider)
    ask(gateway)
    kept(server)
    ask(gateway, user="session-7")
    wire.until(lambda: len(gateway.recorded.exchanges) == 2)
    paid, served = gateway.recorded.exchanges
    assert paid.cost_usd > 0
    assert (served.served_tier, served.provider, served.cost_usd) == ("cache", "cache", 0.0)
    assert served.served_model == "model-simple"
    assert (served.decision.tier, served.decision.reason) == ("simple", paid.decision.reason)
    assert (served.prompt_tokens, served.completion_tokens) == (21, 2)
    assert served.attempts == ()
    assert served.answer == {"role": "assistant", "content": "Paris."}
    assert served.finished
    assert served.session == "session-7"


def test_what_is_kept_has_an_end_and_no_prompt(
    start: Any, openai_provider: Any, server: Any
) -> None:
    gateway = start(openai_provider, cache="mode: semantic, ttl: 90s")
    ask(gateway, "What is the secret of the sphinx?", headers={"x-api-key": "callers-key"})
    (key,) = kept(server)
    assert 85 < server.ttl(key) <= 90
    stored = key + server.get(key)
    for secret in (b"sphinx", b"secret", b"callers-key"):
        assert secret not in stored


def test_missing_usage_stays_an_estimate(
    start: Any, openai_provider: Any, server: Any, wire: Any
) -> None:
    reply = {key: value for key, value in wire.openai_reply.items() if key != "usage"}
    openai_provider.replies = [wire.json(reply)]
    gateway = start(openai_provider)
    ask(gateway)
    kept(server)
    ask(gateway)
    wire.until(lambda: len(gateway.recorded.exchanges) == 2)
    served = gateway.recorded.exchanges[1]
    assert served.tokens_estimated
    assert (served.prompt_tokens, served.completion_tokens) == (8, 2)


# --- streams, both wires -------------------------------------------------------------------------


def test_streams_and_whole_answers_share_an_entry(
    start: Any, openai_provider: Any, server: Any, wire: Any
) -> None:
    openai_provider.replies = [wire.stream(*wire.openai_chunks("Par", "is.", usage=True))]
    gateway = start(openai_provider)
    ask(gateway, stream=True, stream_options={"include_usage": True})
    kept(server)
    whole = ask(gateway)
    assert status(whole) == "hit"
    assert whole.json()["choices"][0]["message"]["content"] == "Paris."
    assert whole.json()["usage"]["completion_tokens"] == 2


@pytest.mark.parametrize("usage", [True, False])
def test_openai_sdk_reads_a_hit_as_a_stream(
    start: Any, openai_provider: Any, server: Any, *, usage: bool
) -> None:
    gateway = start(openai_provider)
    ask(gateway)
    kept(server)
    with openai.OpenAI(base_url=f"{gateway.url}/v1", api_key="any") as client:
        # The same caller as `ask`, which shows no key.
        given = client.chat.completions.with_raw_response.create(
            model="auto",
            temperature=0,
            messages=[{"role": "user", "content": PROMPT}],
            stream=True,
            stream_options={"include_usage": usage},
            extra_headers={"Authorization": openai.Omit()},
        )
        assert given.headers["x-tierwatch-cache"] == "hit"
        chunks = list(given.parse())
    deltas = [chunk.choices[0] for chunk in chunks if chunk.choices]
    assert "".join(choice.delta.content or "" for choice in deltas) == "Paris."
    assert deltas[-1].finish_reason == "stop"
    assert len({chunk.id for chunk in chunks}) == 1
    counted = [chunk.usage for chunk in chunks if chunk.usage]
    assert [count.prompt_tokens_details.cached_tokens for count in counted] == [21] * usage


def test_anthropic_callers_get_their_own_wire(
    start: Any, anthropic_provider: Any, server: Any
) -> None:
    gateway = start(anthropic_provider)
    fields = {"path": "/v1/messages", "max_tokens": 50}
    ask(gateway, **fields)
    kept(server)
    whole = ask(gateway, **fields)
    assert status(whole) == "hit"
    message = whole.json()
    assert message["type"] == "message"
    assert message["content"] == [{"type": "text", "text": "Paris."}]
    assert message["stop_reason"] == "end_turn"
    assert message["usage"]["cache_read_input_tokens"] == 21
    assert message["usage"]["output_tokens"] == 2

    streamed = ask(gateway, stream=True, **fields)
    assert status(streamed) == "hit"
    names = [line[7:] for line in streamed.text.splitlines() if line.startswith("event: ")]
    assert names == [
        "message_start",
        "content_block_start",
        "content_block_delta",
        "content_block_stop",
        "message_delta",
        "message_stop",
    ]
    assert len(anthropic_provider.received) == 1


def test_anthropic_sdk_reads_a_hit_as_a_stream(
    start: Any, anthropic_provider: Any, server: Any
) -> None:
    import anthropic

    gateway = start(anthropic_provider)
    with anthropic.Anthropic(base_url=gateway.url, api_key="any") as client:

        def answer() -> Any:
            with client.messages.stream(
                model="auto",
                extra_body={"temperature": 0},
                max_tokens=50,
                messages=[{"role": "user", "content": PROMPT}],
            ) as stream:
                return stream.get_final_message(), stream.response.headers["x-tierwatch-cache"]

        client.messages.create(
            model="auto",
            extra_body={"temperature": 0},
            max_tokens=50,
            messages=[{"role": "user", "content": PROMPT}],
        )
        kept(server)
        message, told = answer()
    assert told == "hit"
    assert message.content[0].text == "Paris."
    assert message.stop_reason == "end_turn"


# --- what shares an answer and what does not ----------------------------------------------------


@pytest.mark.parametrize(
    "change",
    [
        {"content": "What is the capital of Spain?"},
        {"content": PROMPT + " "},
        {"model": "simple"},
        {"model": "model-simple"},
        {"max_tokens": 5},
        {"stop": ["."]},
        {"seed": 7},
        {"top_p": 0.5},
        {"response_format": {"type": "json_object"}},
        {"x_unheard_of": 1},
        {"headers": {"x-api-key": "another"}},
        {"headers": {"authorization": "Bearer another"}},
        {
            "messages": [
                {"role": "system", "content": "Be brief."},
                {"role": "user", "content": PROMPT},
            ]
        },
        {
            "messages": [
                {"role": "user", "content": "Hi"},
                {"role": "assistant", "content": "Hello"},
                {"role": "user", "content": PROMPT},
            ]
        },
        {"messages": [{"role": "user", "content": PROMPT, "name": "eve"}]},
        {"messages": [{"role": "system", "content": PROMPT}]},
    ],
    ids=lambda change: next(iter(change)),
)
@pytest.mark.parametrize("mode", ["exact", "semantic"])
def test_what_shapes_an_answer_is_part_of_the_key(
    start: Any, openai_provider: Any, server: Any, change: dict[str, Any], mode: str
) -> None:
    gateway = start(openai_provider, cache=f"mode: {mode}")
    ask(gateway)
    kept(server)
    change = dict(change)
    second = ask(gateway, **change)
    harmless = mode == "semantic" and change.get("content") == PROMPT + " "
    assert status(second) == ("semantic" if harmless else "miss")
    assert len(openai_provider.received) == (1 if harmless else 2)


@pytest.mark.parametrize(
    "fields",
    [
        {"user": "eve"},
        {"metadata": {"trace": "7"}},
        {"stream_options": None},
        {"safety_identifier": "x"},
    ],
    ids=lambda fields: next(iter(fields)),
)
def test_bookkeeping_is_not(start: Any, openai_provider: Any, server: Any, fields: Any) -> None:
    gateway = start(openai_provider)
    ask(gateway)
    kept(server)
    assert status(ask(gateway, **fields)) == "hit"


@pytest.mark.parametrize(
    "fields",
    [
        {"temperature": 0.7},
        {"temperature": None},
        {"tools": [{"type": "function", "function": {"name": "f", "parameters": {}}}]},
        {"functions": [{"name": "f"}]},
        {"n": 2},
        {"logprobs": True},
        {"store": True},
        {"web_search_options": {"a": 1}},
        {"modalities": ["text", "audio"]},
        {
            "content": [
                {"type": "text", "text": "See"},
                {"type": "image_url", "image_url": {"url": "https://example.org/now.png"}},
            ]
        },
        {
            "messages": [
                {"role": "user", "content": "Hi"},
                {"role": "assistant", "content": None, "tool_calls": [{"id": "1"}]},
                {"role": "tool", "tool_call_id": "1", "content": "7"},
            ]
        },
        {"content": "lone \ud800 surrogate"},
    ],
    ids=lambda fields: str(next(iter(fields.items())))[:30],
)
def test_requests_that_take_no_part(
    start: Any, openai_provider: Any, server: Any, fields: dict[str, Any]
) -> None:
    gateway = start(openai_provider)
    body = {"model": "auto", "temperature": 0, **fields}
    body["messages"] = body.get("messages") or [
        {"role": "user", "content": body.pop("content", PROMPT)}
    ]
    for _ in range(2):
        raw = json.dumps(body).encode()
        response = gateway.client.post("/v1/chat/completions", content=raw)
        assert (response.status_code, status(response)) == (200, "off")
    assert len(openai_provider.received) == 2
    assert server.keys("tierwatch:cache:*") == []


def test_any_temperature_and_tools_take_part_where_asked(
    start: Any, openai_provider: Any, server: Any
) -> None:
    gateway = start(openai_provider, cache="mode: exact, temperature: any, tools: true")
    tool = {"type": "function", "function": {"name": "f", "parameters": {}}}
    fields = {"temperature": 0.9, "tools": [tool]}
    ask(gateway, **fields)
    kept(server)
    assert status(ask(gateway, **fields)) == "hit"
    assert status(ask(gateway, **{**fields, "temperature": 0.8})) == "miss"
    assert status(ask(gateway, **fields, tool_choice="required")) == "miss"
    # A tool that the provider runs makes the answer depend on the world.
    searching = {**fields, "tools": [{"type": "web_search"}]}
    assert status(ask(gateway, **searching)) == "off"


@pytest.mark.parametrize(
    "choice",
    [
        {"message": {"role": "assistant", "content": "Par"}, "finish_reason": "length"},
        {"message": {"role": "assistant", "content": "Par"}, "finish_reason": "content_filter"},
        {"message": {"role": "assistant", "content": ""}, "finish_reason": "stop"},
        {
            "message": {"role": "assistant", "content": None, "refusal": "No."},
            "finish_reason": "stop",
        },
        {
            "message": {"role": "assistant", "content": "x", "tool_calls": [{"id": "1"}]},
            "finish_reason": "stop",
        },
        {
            "message": {"role": "assistant", "content": "x", "reasoning_content": "hm"},
            "finish_reason": "stop",
        },
        {"message": {"role": "assistant", "content": "x" * 2000}, "finish_reason": "stop"},
        {
            "message": {"role": "assistant", "content": "Write to jo@example.org."},
            "finish_reason": "stop",
        },
    ],
    ids=["length", "filter", "empty", "refusal", "tool call", "reasoning", "long", "address"],
)
def test_answers_that_are_not_kept(
    start: Any, openai_provider: Any, server: Any, wire: Any, choice: dict[str, Any]
) -> None:
    openai_provider.usual = wire.json({**wire.openai_reply, "choices": [{"index": 0, **choice}]})
    gateway = start(openai_provider, cache="mode: exact, max_answer_kb: 1", redact=redact)
    assert status(ask(gateway)) == "miss"
    time.sleep(0.1)
    assert status(ask(gateway)) == "miss"
    assert server.keys("tierwatch:cache:*") == []


def test_errors_and_cut_streams_are_not_kept(
    start: Any, openai_provider: Any, server: Any, wire: Any
) -> None:
    openai_provider.replies = [
        wire.json({"error": {"message": "bad"}}, status=400),
        wire.stream(*wire.openai_chunks("Par", finish=None, done=False), cut=True),
    ]
    gateway = start(openai_provider)
    assert ask(gateway).status_code == 400
    ask(gateway, stream=True)
    time.sleep(0.1)
    assert server.keys("tierwatch:cache:*") == []


def test_an_answer_of_a_fallback_tier_is_not_kept(
    start: Any, openai_provider: Any, anthropic_provider: Any, server: Any, wire: Any
) -> None:
    openai_provider.usual = wire.json({"error": {"message": "down"}}, status=500)
    gateway = start(openai_provider, anthropic_provider, anthropic_provider)
    response = ask(gateway)
    assert response.headers["x-tierwatch-tier"] == "standard"
    time.sleep(0.1)
    assert server.keys("tierwatch:cache:*") == []


# --- what callers wish ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    "wish",
    [{"headers": {"cache-control": "No-Store"}}, {"metadata": {"tierwatch_cache": "no-store"}}],
    ids=["header", "metadata"],
)
def test_no_store_leaves_the_cache_alone(
    start: Any, openai_provider: Any, server: Any, wish: dict[str, Any]
) -> None:
    gateway = start(openai_provider)
    assert status(ask(gateway, **wish)) == "off"
    time.sleep(0.05)
    assert server.keys("tierwatch:cache:*") == []
    ask(gateway)
    kept(server)
    assert status(ask(gateway, **wish)) == "off"
    assert len(openai_provider.received) == 3


@pytest.mark.parametrize(
    "wish",
    [
        {"headers": {"cache-control": "max-age=0, no-cache"}},
        {"metadata": {"tierwatch_cache": "no-cache"}},
    ],
    ids=["header", "metadata"],
)
def test_no_cache_gets_a_fresh_answer_and_keeps_it(
    start: Any, openai_provider: Any, server: Any, wire: Any, wish: dict[str, Any]
) -> None:
    gateway = start(openai_provider)
    ask(gateway)
    (key,) = kept(server)
    before = server.get(key)
    fresh = json.loads(json.dumps(wire.openai_reply).replace("Paris.", "Paris, France."))
    openai_provider.replies = [wire.json(fresh)]
    assert status(ask(gateway, **wish)) == "miss"
    wire.until(lambda: server.get(key) != before)
    assert ask(gateway).json()["choices"][0]["message"]["content"] == "Paris, France."


@pytest.mark.parametrize("wish", ["yes", 7, ["no-store"], {"a": 1}])
def test_a_wish_nobody_knows_is_refused_by_name(
    start: Any, openai_provider: Any, wish: Any
) -> None:
    response = ask(start(openai_provider), metadata={"tierwatch_cache": wish})
    assert response.status_code == 400
    assert response.json()["error"]["param"] == "metadata.tierwatch_cache"
    assert "no-store" in response.json()["error"]["message"]


def test_without_a_cache_every_answer_says_off(start_gateway: Any, openai_provider: Any) -> None:
    gateway = start_gateway(openai_provider)
    assert [status(ask(gateway)) for _ in range(2)] == ["off", "off"]


# --- the router has the last word ----------------------------------------------------------------


def test_another_model_finds_nothing(
    start: Any, openai_provider: Any, server: Any, tmp_path: Path
) -> None:
    gateway = start(openai_provider)
    ask(gateway)
    kept(server)
    (tmp_path / "other").mkdir()
    text = (tmp_path / "tierwatch.yaml").read_text().replace("model-complex", "model-newer")
    changed = tmp_path / "other" / "tierwatch.yaml"
    changed.write_text(text)
    other = type(gateway)(
        text, changed, environ={"PROVIDER_KEY": "k", "GATEWAY_KEY": "g"},
        cache_url=server_url(server),
    )  # fmt: skip
    other.start()
    try:
        assert status(ask(other)) == "miss"
    finally:
        other.stop()


def server_url(server: Any) -> str:
    asked = server.connection_pool.connection_kwargs
    return f"redis://:{asked['password']}@{asked['host']}:{asked['port']}/{asked.get('db', 0)}"


def test_an_answer_of_a_tier_the_router_left_is_asked_again(
    start: Any, openai_provider: Any, server: Any
) -> None:
    from tierwatch.routing.policy import ActivePolicies, Policy

    gateway = start(openai_provider, classifier="{kind: heuristic}")
    first = ask(gateway)
    kept(server)
    assert status(ask(gateway)) == "hit"
    was = first.headers["x-tierwatch-tier"]
    assert was == "simple"
    stricter = Policy(version=2, thresholds={"simple": 1.0, "standard": 1.0})
    gateway.policies = lambda: ActivePolicies(stable=stricter)
    deadline = time.monotonic() + 5
    while (again := ask(gateway, PROMPT + " Now.")).headers["x-tierwatch-policy-version"] == "1":
        assert time.monotonic() < deadline
        time.sleep(0.05)
    again = ask(gateway)
    assert (status(again), again.headers["x-tierwatch-tier"]) == ("miss", "complex")
    assert looks(gateway)["stale"] >= 1


def test_an_answer_of_a_tier_below_the_one_a_conversation_is_held_at_is_asked_again(
    start: Any, openai_provider: Any, server: Any, wire: Any
) -> None:
    gateway = start(openai_provider)  # every prompt is simple
    approving = [
        {"role": "user", "content": "Plan the move of our database."},
        {"role": "assistant", "content": "First a replica. Shall I go on?"},
        {"role": "user", "content": "yes"},
    ]
    assert ask(gateway, messages=approving).headers["x-tierwatch-tier"] == "simple"
    kept(server)
    assert status(ask(gateway, messages=approving)) == "hit"

    session = {"x-session-id": "s"}
    ask(gateway, PROMPT, session, model="complex")  # the conversation stands at complex
    held = ask(gateway, messages=approving, headers=session)
    assert (status(held), held.headers["x-tierwatch-tier"]) == ("miss", "complex")
    assert held.headers["x-tierwatch-held"] == "continuation"
    assert looks(gateway)["stale"] == 1

    wire.until(lambda: kept(server) and status(ask(gateway, messages=approving)) == "hit")
    again = ask(gateway, messages=approving, headers=session)
    assert (status(again), again.headers["x-tierwatch-model"]) == ("hit", "model-complex")
    wire.until(lambda: gateway.recorded.exchanges[-1].session == "s")
    served = gateway.recorded.exchanges[-1]
    # What it is compared with is the tier that would have answered.
    assert (served.served_tier, served.decision.tier) == ("cache", "complex")
    assert served.decision.reason == "sticky:continuation"


def test_a_model_that_classifies_is_not_asked_again(
    start: Any, openai_provider: Any, server: Any, wire: Any
) -> None:
    label = {"role": "assistant", "content": '{"tier": "standard", "confidence": 0.9}'}
    said = {**wire.openai_reply, "choices": [{"message": label, "finish_reason": "stop"}]}
    openai_provider.replies = [wire.json(said)]
    gateway = start(
        openai_provider,
        classifier=f"{{kind: llm, model: judge, provider: p{openai_provider.port}}}",
    )
    first = ask(gateway)
    assert first.headers["x-tierwatch-tier"] == "standard"
    kept(server)
    calls = len(openai_provider.received)
    second = ask(gateway)
    assert status(second) == "hit"
    assert len(openai_provider.received) == calls
    wire.until(lambda: len(gateway.recorded.exchanges) == 2)
    paid, served = (exchange.decision for exchange in gateway.recorded.exchanges)
    assert served == paid


# --- meaning -------------------------------------------------------------------------------------


def test_a_rewording_is_a_semantic_hit_and_a_near_miss_is_none(
    start: Any, openai_provider: Any, server: Any
) -> None:
    gateway = start(openai_provider, cache="mode: semantic")
    ask(gateway)
    kept(server)
    assert status(ask(gateway)) == "hit"
    assert status(ask(gateway, "Hi! Please, what's the capital of France? Thanks!")) == "semantic"
    assert status(ask(gateway, "What isn't the capital of France?")) == "miss"
    assert status(ask(gateway, "What is the capital of france?")) == "miss"
    # Cyrillic letters that look like Latin ones; a zero-width space; another kind of dot.
    assert status(ask(gateway, "What is the \u0441apital of France?")) == "miss"
    assert status(ask(gateway, "What is the cap\u200bital of France?")) == "miss"
    assert len(openai_provider.received) == 5


def test_rewordings_do_not_cross_callers(start: Any, openai_provider: Any, server: Any) -> None:
    gateway = start(openai_provider, cache="mode: semantic")
    ask(gateway, headers={"x-api-key": "one"})
    kept(server)
    assert status(ask(gateway, "Please, what is the capital of France?", {"x-api-key": "two"})) == (
        "miss"
    )
    assert status(ask(gateway, headers={"authorization": "Bearer one"})) == "hit"


def test_a_prompt_cannot_name_an_entry(start: Any, openai_provider: Any, server: Any) -> None:
    gateway = start(openai_provider, cache="mode: semantic")
    ask(gateway, headers={"x-api-key": "one"})
    (key,) = kept(server)
    planted = key.decode()
    for content in (planted, f"{planted}\r\nGET {planted}\r\n", f'"],["{PROMPT}"'):
        assert status(ask(gateway, content, {"x-api-key": "two"})) == "miss"
    # Where one message ends and the next begins is part of the key.
    split = [{"role": "user", "content": "a"}, {"role": "user", "content": "b"}]
    joined = [{"role": "user", "content": 'a"},{"role":"user","content":"b'}]
    ask(gateway, messages=split)
    kept(server, 5)
    assert status(ask(gateway, messages=joined)) == "miss"


def test_an_entry_that_is_no_entry_is_a_miss(start: Any, openai_provider: Any, server: Any) -> None:
    gateway = start(openai_provider)
    ask(gateway)
    (key,) = kept(server)
    whole = json.loads(server.get(key))
    for value in (
        b"",
        b"\xff",
        b"[]",
        b"7",
        b'{"verbatim": 1}',
        json.dumps({**whole, "tokens": 5}),
    ):
        server.set(key, value)
        assert status(ask(gateway, metadata={"trace": "x"})) == "miss"
        time.sleep(0.05)
    server.delete(key)
    server.lpush(key, "another type")
    assert status(ask(gateway)) == "miss"
    server.delete(key)


def test_long_prompts_are_matched_to_the_letter(
    start: Any, openai_provider: Any, server: Any
) -> None:
    gateway = start(openai_provider, cache="mode: semantic")
    long = "Why? " + "x" * 200_000
    ask(gateway, long)
    kept(server)
    again = ask(gateway, long)
    assert status(again) == "hit"
    assert float(again.headers["x-tierwatch-overhead-ms"]) < 100
    assert status(ask(gateway, "Please, why? " + "x" * 200_000)) == "miss"


def test_hashing_that_outlasts_the_budget_is_a_miss_and_no_failure_of_redis(
    start_gateway: Any, openai_provider: Any, redis_url: str, server: Any
) -> None:
    gateway = start_gateway(
        openai_provider,
        gateway="{cache: {mode: exact, budget_ms: 0.000001}}",
        cache_url=redis_url,
    )
    assert {status(ask(gateway)) for _ in range(5)} == {"miss"}
    kept(server)  # the store stayed open
    assert looks(gateway) == {"slow": 5}


@pytest.mark.parametrize("url", ["amqp://u:hunter2@h/0", "redis://:hunter2@h:port/0"])
def test_a_url_that_is_no_redis_is_refused_without_being_shown(
    start_gateway: Any, openai_provider: Any, url: str
) -> None:
    with pytest.raises(SettingsError, match="TIERWATCH_CACHE_URL: found") as caught:
        start_gateway(openai_provider, gateway="{cache: {mode: exact}}", cache_url=url)
    assert "hunter2" not in str(caught.value)


def test_a_cache_without_a_redis_is_refused_with_what_to_set(
    start_gateway: Any, openai_provider: Any
) -> None:
    with pytest.raises(SettingsError, match="no Redis is named: set TIERWATCH_REDIS_URL or"):
        start_gateway(openai_provider, gateway="{cache: {mode: exact}}", cache_url="")


def test_more_answers_than_redis_takes_are_dropped_and_counted(
    start_gateway: Any, openai_provider: Any, redis_url: str, server: Any
) -> None:
    # A redactor that never returns: no write ends, as with a Redis that hangs.
    held = threading.Event()

    def hold(text: str) -> str:
        held.wait(10)
        return text

    gateway = start_gateway(
        openai_provider, gateway="{cache: {mode: exact}}", cache_url=redis_url, redact=hold
    )
    for number in range(70):
        assert ask(gateway, f"Question {number}?").status_code == 200
    shown = gateway.client.get("/metrics").text
    held.set()
    assert 'tierwatch_gateway_cache_stores_total{result="dropped"} 6.0' in shown
    kept(server, 64)
