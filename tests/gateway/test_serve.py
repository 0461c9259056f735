import asyncio
import json
import socket
import threading
import time
import uuid
from typing import Any

import pytest
from fakes.provider import OPENAI_REPLY, raw_reply

from tierwatch.routing.classify.task_types import BUCKETS, TaskTypes, table_of, type_words

MESSAGES = [{"role": "user", "content": "What is the capital of France?"}]


# --- what is forwarded, and what comes back ------------------------------------------------------


def test_only_the_model_of_a_body_is_replaced(start_gateway: Any, openai_provider: Any) -> None:
    gateway = start_gateway(openai_provider)
    image = {"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}}
    fields = {
        "messages": [{"role": "user", "content": [{"type": "text", "text": "See"}, image]}],
        "tools": [{"type": "function", "function": {"name": "f", "parameters": {}}}],
        "seed": 7,
        "x_unknown": {"deep": [1, 2.5, None]},
    }

    response = gateway.client.post("/v1/chat/completions", json={"model": "auto", **fields})

    assert response.status_code == 200
    assert openai_provider.received[0].path == "/v1/chat/completions"
    assert openai_provider.received[0].json == {"model": "model-simple", **fields}


def test_the_providers_key_replaces_the_callers(start_gateway: Any, openai_provider: Any) -> None:
    gateway = start_gateway(openai_provider)
    gateway.client.post(
        "/v1/chat/completions",
        json={"model": "auto", "messages": MESSAGES},
        headers={"authorization": "Bearer callers-own", "cookie": "a=b"},
    )
    seen = openai_provider.received[0]
    assert seen.headers["authorization"] == "Bearer provider-key"
    assert "cookie" not in seen.headers
    assert b"callers-own" not in repr(seen).encode()


def test_answer_is_passed_byte_for_byte_and_recorded(
    start_gateway: Any, openai_provider: Any, wire: Any
) -> None:
    body = json.dumps(wire.openai_reply, indent=3).encode()
    openai_provider.replies = [wire.http(200, body)]
    gateway = start_gateway(openai_provider)

    response = gateway.chat(user="session-7")

    assert response.content == body
    headers = response.headers
    assert headers["x-tierwatch-tier"] == "simple"
    assert headers["x-tierwatch-model"] == "model-simple"
    assert headers["x-tierwatch-confidence"] == "1.0000"
    assert headers["x-tierwatch-policy-version"] == "1"
    assert 0 < float(headers["x-tierwatch-overhead-ms"]) < 1000
    served = gateway.recorded.one()
    assert served.exchange_id == uuid.UUID(headers["x-tierwatch-request-id"])
    assert served.exchange_id.version == 7
    assert (served.session, served.status, served.finished) == ("session-7", 200, True)
    assert served.request["model"] == "auto"
    assert served.answer == {"role": "assistant", "content": "Paris."}
    assert served.finish_reason == "stop"
    assert (served.prompt_tokens, served.completion_tokens) == (21, 2)
    assert not served.tokens_estimated
    assert served.cost_usd == pytest.approx(23 * 0.25 / 1e6)
    assert [attempt.error for attempt in served.attempts] == [""]
    assert 0 < served.overhead_ms <= served.first_byte_ms <= served.latency_ms


def test_missing_usage_is_estimated_and_said_to_be(
    start_gateway: Any, openai_provider: Any, wire: Any
) -> None:
    reply = {key: value for key, value in wire.openai_reply.items() if key != "usage"}
    openai_provider.replies = [wire.json(reply)]
    gateway = start_gateway(openai_provider)
    gateway.chat()
    served = gateway.recorded.one()
    # "What is the capital of France?" has 30 characters, "Paris." 6: four to a token, rounded up.
    assert (served.prompt_tokens, served.completion_tokens) == (8, 2)
    assert served.tokens_estimated


@pytest.mark.parametrize(
    ("headers", "fields", "session"),
    [
        ({"x-session-id": "h"}, {"user": "u", "metadata": {"session_id": "m"}}, "h"),
        ({}, {"user": "u", "metadata": {"session_id": "m"}}, "u"),
        ({}, {"metadata": {"session_id": "m"}}, "m"),
        ({}, {"metadata": {"langfuse_session_id": "l"}, "user": "u"}, "l"),
    ],
)
def test_session_is_the_header_else_user_else_metadata(
    start_gateway: Any,
    openai_provider: Any,
    headers: dict[str, str],
    fields: dict[str, Any],
    session: str,
) -> None:
    gateway = start_gateway(openai_provider)
    body = {"model": "auto", "messages": MESSAGES, **fields}
    gateway.client.post("/v1/chat/completions", json=body, headers=headers)
    served = gateway.recorded.one()
    assert served.session == session


def test_turns_of_a_conversation_that_nobody_named_have_one_name(
    start_gateway: Any, openai_provider: Any
) -> None:
    gateway = start_gateway(openai_provider)
    more = [{"role": "assistant", "content": "Paris."}, {"role": "user", "content": "And Spain?"}]
    for messages in (MESSAGES, [*MESSAGES, *more], more[1:]):
        body = {"model": "auto", "messages": messages}
        gateway.client.post("/v1/chat/completions", json=body, headers={"x-session-id": ""})
    first, second, other = (served.session for served in gateway.recorded.exchanges)
    assert first == second != other


@pytest.mark.parametrize(
    "text",
    [
        "lone \ud800 surrogate",
        "NUL \x00 byte",
        "x" * 200_000,
        "\u0645\u0631\u062d\u0628\u0627 \u202e",
    ],
    ids=["surrogate", "nul", "long", "right-to-left"],
)
def test_odd_text_passes_both_ways(
    start_gateway: Any, openai_provider: Any, wire: Any, text: str
) -> None:
    reply = json.loads(json.dumps(wire.openai_reply))
    reply["choices"][0]["message"]["content"] = text
    openai_provider.replies = [wire.json(reply)]
    gateway = start_gateway(openai_provider)
    body = {"model": "auto", "messages": [{"role": "user", "content": text}]}

    response = gateway.client.post("/v1/chat/completions", content=json.dumps(body).encode())

    assert response.status_code == 200
    assert json.loads(response.content) == reply
    assert openai_provider.received[0].json["messages"] == body["messages"]
    served = gateway.recorded.one()
    assert served.answer["content"] == text
    assert served.request["messages"] == body["messages"]


def test_a_body_of_several_megabytes_passes(start_gateway: Any, openai_provider: Any) -> None:
    gateway = start_gateway(openai_provider)
    text = "long " * 600_000
    response = gateway.chat(messages=[{"role": "user", "content": text}])
    assert response.status_code == 200
    assert openai_provider.received[0].json["messages"][0]["content"] == text


# --- model names ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("asked", "served", "reason"),
    [
        ("auto", "model-simple", "kept"),
        ("tierwatch/auto", "model-simple", "kept"),
        ("gpt-4o-mini", "model-simple", "kept"),
        ("standard", "model-standard", "pinned"),
        ("model-complex", "model-complex", "pinned"),
    ],
)
def test_auto_routes_and_names_pin(
    start_gateway: Any, openai_provider: Any, asked: str, served: str, reason: str
) -> None:
    gateway = start_gateway(openai_provider, gateway="{auto_models: [gpt-4o-mini]}")
    response = gateway.chat(asked)
    assert response.headers["x-tierwatch-model"] == served
    assert openai_provider.models() == [served]
    assert gateway.recorded.one().decision.reason == reason


def test_unknown_model_is_404_and_says_what_is_accepted(
    start_gateway: Any, openai_provider: Any
) -> None:
    gateway = start_gateway(openai_provider)
    response = gateway.chat("gpt-17")
    assert response.status_code == 404
    error = response.json()["error"]
    assert error["code"] == "model_not_found"
    assert "auto, simple, standard, complex, model-simple" in error["message"]
    assert openai_provider.received == []


# --- failing providers ---------------------------------------------------------------------------


def failures(wire: Any) -> dict[str, tuple[Any, str, int | None]]:
    good = json.dumps(wire.openai_reply).encode()
    return {
        "500": (wire.json({"error": {"message": "down"}}, 500), "server", 500),
        "503 HTML": (wire.http(503, b"<html>down</html>"), "server", 503),
        "529": (wire.json({"error": {"message": "overloaded"}}, 529), "server", 529),
        "429": (wire.json({"error": {"message": "slow"}}, 429), "rate_limited", 429),
        "408": (wire.json({"error": {"message": "late"}}, 408), "timeout", 408),
        "redirect": (wire.http(302, b"", location="http://127.0.0.1:1/"), "unreadable", 302),
        "HTML": (
            wire.http(200, b"<html>hello</html>", content_type="text/html"),
            "unreadable",
            200,
        ),
        "truncated JSON": (wire.http(200, good[:-20]), "unreadable", 200),
        "empty": (wire.http(200, b""), "unreadable", 200),
        "no choices": (wire.json({"object": "chat.completion"}), "unreadable", 200),
        "a list": (wire.json([1]), "unreadable", 200),
        "error in 200": (wire.json({"error": {"message": "no"}}), "unreadable", 200),
        "closed at once": (wire.raw(b""), "connection", None),
        "not HTTP": (wire.raw(b"SSH-2.0-OpenSSH\r\n\r\n"), "unreadable", None),
        "cut body": (
            wire.raw(b"HTTP/1.1 200 OK\r\ncontent-length: 5000\r\n\r\n" + good),
            "cut",
            200,
        ),
    }


FAILURES = [
    "500", "503 HTML", "529", "429", "408", "redirect", "HTML", "truncated JSON", "empty",
    "no choices", "a list", "error in 200", "closed at once", "not HTTP", "cut body",
]  # fmt: skip


def test_every_failure_is_named(wire: Any) -> None:
    assert list(failures(wire)) == FAILURES


@pytest.mark.parametrize("name", FAILURES)
def test_a_failure_is_tried_once_more_on_the_same_tier(
    start_gateway: Any, openai_provider: Any, wire: Any, name: str
) -> None:
    reply, kind, status = failures(wire)[name]
    openai_provider.replies = [reply]
    gateway = start_gateway(openai_provider)

    response = gateway.chat()

    assert response.status_code == 200
    assert response.headers["x-tierwatch-tier"] == "simple"
    assert openai_provider.models() == ["model-simple", "model-simple"]
    first, second = gateway.recorded.one().attempts
    assert (first.error, first.status) == (kind, status)
    assert (second.error, second.status) == ("", 200)


@pytest.mark.parametrize("name", FAILURES)
@pytest.mark.parametrize("stream", [False, True])
def test_a_second_failure_goes_to_the_next_tier_up(
    start_gateway: Any, openai_provider: Any, wire: Any, name: str, *, stream: bool
) -> None:
    reply, kind, _ = failures(wire)[name]
    usual = wire.stream(*wire.openai_chunks("Paris.")) if stream else openai_provider.usual
    openai_provider.replies = [reply, reply, usual]
    gateway = start_gateway(openai_provider)

    response = gateway.chat(stream=stream)

    assert response.status_code == 200
    assert response.headers["x-tierwatch-tier"] == "standard"
    assert response.headers["x-tierwatch-model"] == "model-standard"
    assert openai_provider.models() == ["model-simple", "model-simple", "model-standard"]
    served = gateway.recorded.one()
    assert served.decision.tier == "simple"
    assert (served.served_tier, served.finished) == ("standard", True)
    assert [attempt.error for attempt in served.attempts] == [kind, kind, ""]
    assert served.cost_usd == pytest.approx(
        (served.prompt_tokens + served.completion_tokens) * 3 / 1e6
    )


@pytest.mark.parametrize(
    ("name", "status", "code"),
    [
        ("500", 502, "provider_server"),
        ("HTML", 502, "provider_unreadable"),
        ("closed at once", 502, "provider_connection"),
        ("408", 504, "provider_timeout"),
        ("429", 429, "rate_limit_exceeded"),
    ],
)
def test_when_every_tier_fails_the_caller_gets_an_envelope(
    start_gateway: Any, openai_provider: Any, wire: Any, *, name: str, status: int, code: str
) -> None:
    openai_provider.usual = failures(wire)[name][0]
    gateway = start_gateway(openai_provider)

    response = gateway.chat()

    assert response.status_code == status
    assert response.json()["error"]["code"] == code
    assert response.headers["x-tierwatch-tier"] == "complex"
    assert openai_provider.models() == [
        "model-simple", "model-simple", "model-standard", "model-complex",
    ]  # fmt: skip
    served = gateway.recorded.one()
    assert (served.status, served.answer, served.finished) == (status, None, False)
    assert (served.cost_usd, served.prompt_tokens, len(served.attempts)) == (0, 0, 4)


def test_a_429_keeps_the_providers_retry_after(
    start_gateway: Any, openai_provider: Any, wire: Any
) -> None:
    slow = {"error": {"message": "slow down"}}
    fast, last = wire.json(slow, 429, retry_after="0"), wire.json(slow, 429, retry_after="17")
    openai_provider.replies = [fast, fast, fast, last]
    gateway = start_gateway(openai_provider)
    response = gateway.chat()
    assert response.status_code == 429
    assert response.headers["retry-after"] == "17"
    assert "slow down" in response.json()["error"]["message"]


@pytest.mark.parametrize("asked", [{"stream": True}, {"max_tokens": 1}])
def test_silence_is_a_timeout_and_its_provider_is_not_asked_again(
    start_gateway: Any, openai_provider: Any, wire: Any, asked: dict[str, Any]
) -> None:
    openai_provider.usual = wire.silence
    gateway = start_gateway(openai_provider, timeout_s=0.2)
    response = gateway.chat(**asked)
    assert (response.status_code, response.json()["error"]["code"]) == (504, "provider_timeout")
    assert [attempt.error for attempt in gateway.recorded.one().attempts] == ["timeout"]
    assert len(openai_provider.received) == 1


def test_a_whole_answer_may_take_longer_than_silence(
    start_gateway: Any, openai_provider: Any, wire: Any
) -> None:
    whole = wire.json(wire.openai_reply)

    async def slow(writer: Any, received: Any) -> None:
        await asyncio.sleep(0.5)
        await whole(writer, received)

    openai_provider.usual = slow
    gateway = start_gateway(openai_provider, timeout_s=0.1)
    assert gateway.chat().status_code == 200
    assert len(openai_provider.received) == 1


@pytest.mark.parametrize(
    ("gateway", "headers"),
    [("{deadline: 0.4}", {}), ("{}", {"x-stainless-timeout": "0.4"})],
    ids=["the file", "the caller"],
)
@pytest.mark.parametrize("stream", [False, True])
def test_a_request_whose_time_is_over_gets_504(
    start_gateway: Any,
    openai_provider: Any,
    wire: Any,
    *,
    gateway: str,
    headers: dict[str, str],
    stream: bool,
) -> None:
    openai_provider.usual = wire.silence
    running = start_gateway(openai_provider, gateway=gateway, timeout_s=20)
    body = {"model": "auto", "messages": MESSAGES, "stream": stream}
    began = time.monotonic()
    response = running.client.post("/v1/chat/completions", json=body, headers=headers)
    assert time.monotonic() - began < 5
    error = response.json()["error"]
    assert (response.status_code, error["code"]) == (504, "deadline_exceeded")
    assert "gateway.deadline" in error["message"]
    assert response.headers["x-tierwatch-tier"] == "simple"
    wire.until(lambda: openai_provider.open_connections == 0)
    served = running.recorded.one()
    assert (served.status, [one.error for one in served.attempts]) == (504, ["timeout"])


def test_on_anthropics_wire_it_is_a_timeout_error(
    start_gateway: Any, openai_provider: Any, wire: Any
) -> None:
    openai_provider.usual = wire.silence
    gateway = start_gateway(openai_provider, gateway="{deadline: 0.3}")
    body = {"model": "auto", "messages": MESSAGES, "max_tokens": 50}
    response = gateway.client.post("/v1/messages", json=body)
    error = response.json()["error"]
    assert (response.status_code, error["type"]) == (504, "timeout_error")


def test_retries_and_pauses_end_with_the_requests_time(
    start_gateway: Any, openai_provider: Any, wire: Any
) -> None:
    openai_provider.usual = wire.json({"error": {"message": "down"}}, 500)
    retry = "{attempts: 5, wait: 0.3}"
    gateway = start_gateway(openai_provider, gateway="{deadline: 1}", retry=retry)
    began = time.monotonic()
    response = gateway.chat()
    assert time.monotonic() - began < 1.5
    # The next pause would have outlasted it: the last failure is said, and said at once.
    assert (response.status_code, response.json()["error"]["code"]) == (502, "provider_server")
    assert 1 < len(openai_provider.received) < 5


def test_a_stream_that_has_begun_may_go_on(
    start_gateway: Any, openai_provider: Any, wire: Any
) -> None:
    first, *rest = wire.openai_chunks("Par", "is.")
    openai_provider.replies = [wire.stream(first, 0.6, *rest)]
    gateway = start_gateway(openai_provider, gateway="{deadline: 0.3}")
    response = gateway.chat(stream=True)
    assert response.status_code == 200
    assert b"[DONE]" in response.content
    assert gateway.recorded.one().finished


def test_what_the_classifier_takes_is_taken_from_the_request(
    start_gateway: Any, openai_provider: Any, wire: Any
) -> None:
    openai_provider.usual = wire.silence
    slow = LLM.replace("0.5", "20") % openai_provider.port
    gateway = start_gateway(
        openai_provider, classifier=slow, gateway="{deadline: 0.4}", timeout_s=20
    )
    began = time.monotonic()
    response = gateway.chat()
    assert time.monotonic() - began < 5
    assert (response.status_code, response.json()["error"]["code"]) == (504, "deadline_exceeded")
    served = gateway.recorded.one()
    assert (served.decision.reason, served.attempts) == ("classifier_failed:timeout", ())


def test_a_provider_that_is_not_there_is_a_502(
    start_gateway: Any, openai_provider: Any, wire: Any
) -> None:
    absent = type(openai_provider)("openai", openai_provider.usual)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        absent.port = free.getsockname()[1]
    gateway = start_gateway(absent)
    response = gateway.chat()
    assert response.status_code == 502
    assert response.json()["error"]["code"] == "provider_connection"


def test_a_refused_request_is_passed_on_and_not_tried_again(
    start_gateway: Any, openai_provider: Any, wire: Any
) -> None:
    said = {"message": "bad temperature", "type": "invalid_request_error", "param": "temperature"}
    openai_provider.usual = wire.json({"error": {**said, "code": "too_hot"}}, 400)
    gateway = start_gateway(openai_provider)
    response = gateway.chat(temperature=9)
    assert response.status_code == 400
    assert response.json() == {"error": {**said, "code": "too_hot"}}
    assert len(openai_provider.received) == 1
    assert [attempt.error for attempt in gateway.recorded.one().attempts] == ["refused"]


def test_a_refusal_without_an_envelope_gets_one(
    start_gateway: Any, openai_provider: Any, wire: Any
) -> None:
    openai_provider.usual = wire.http(422, b"<html>nope</html>")
    gateway = start_gateway(openai_provider)
    response = gateway.chat()
    assert response.status_code == 422
    assert set(response.json()["error"]) == {"message", "type", "param", "code"}


def test_a_pinned_tier_moves_up_but_a_pinned_model_stays(
    start_gateway: Any, openai_provider: Any, wire: Any
) -> None:
    openai_provider.usual = wire.json({}, 500)
    gateway = start_gateway(openai_provider)
    gateway.chat("standard")
    gateway.chat("model-standard")
    by_tier, by_model = ["model-standard"] * 2 + ["model-complex"], ["model-standard"] * 2
    assert openai_provider.models() == by_tier + by_model


def test_no_tier_is_left_above_the_top_one(
    start_gateway: Any, openai_provider: Any, wire: Any
) -> None:
    openai_provider.usual = wire.json({}, 500)
    gateway = start_gateway(openai_provider)
    assert gateway.chat("complex").status_code == 502
    assert openai_provider.models() == ["model-complex", "model-complex"]


# --- streams -------------------------------------------------------------------------------------


def test_a_stream_passes_byte_for_byte(start_gateway: Any, openai_provider: Any, wire: Any) -> None:
    chunks = wire.openai_chunks("Par", "is.", usage=True)
    odd = [b": a comment\r\n\r\n", *chunks[:2], b'data:  {"not": "a chunk"}\n\n', *chunks[2:]]
    openai_provider.replies = [wire.stream(*odd)]
    gateway = start_gateway(openai_provider)

    response = gateway.chat(stream=True)

    assert response.content == b"".join(odd)
    assert response.headers["content-type"].startswith("text/event-stream")
    assert openai_provider.received[0].json["stream"] is True
    assert "stream_options" not in openai_provider.received[0].json
    served = gateway.recorded.one()
    assert served.answer == {"role": "assistant", "content": "Paris."}
    assert (served.finished, served.finish_reason) == (True, "stop")
    assert (served.prompt_tokens, served.completion_tokens) == (21, 2)
    assert not served.tokens_estimated


def test_a_stream_without_usage_is_not_altered_and_is_estimated(
    start_gateway: Any, openai_provider: Any, wire: Any
) -> None:
    openai_provider.replies = [wire.stream(*wire.openai_chunks("Paris."))]
    gateway = start_gateway(openai_provider)
    gateway.chat(stream=True)
    served = gateway.recorded.one()
    assert served.tokens_estimated
    assert (served.prompt_tokens, served.completion_tokens) == (8, 2)


def test_a_chunk_reaches_the_caller_before_the_next_is_sent(
    start_gateway: Any, openai_provider: Any, wire: Any
) -> None:
    role, word, *rest = wire.openai_chunks("Par", "is.")
    first = role + word  # the role alone says nothing yet, and waits
    seen = threading.Event()
    openai_provider.replies = [wire.stream(first, seen, *rest)]
    gateway = start_gateway(openai_provider)
    body = {"model": "auto", "messages": MESSAGES, "stream": True}
    with gateway.client.stream("POST", "/v1/chat/completions", json=body) as response:
        arriving = response.iter_raw()
        # The provider sends the rest only after this arrived; else it waits until the test fails.
        assert next(arriving) == first
        seen.set()
        assert b"".join(arriving) == b"".join(rest)


def test_parallel_streams_do_not_mix(start_gateway: Any, openai_provider: Any, wire: Any) -> None:
    async def echo(writer: Any, request: Any) -> None:
        text = request.json["messages"][0]["content"]
        await wire.stream(*wire.openai_chunks(*text))(writer, request)

    openai_provider.usual = echo
    gateway = start_gateway(openai_provider)
    texts = [f"message number {number}" for number in range(20)]

    def ask(text: str) -> None:
        gateway.chat(stream=True, messages=[{"role": "user", "content": text}])

    threads = [threading.Thread(target=ask, args=(text,)) for text in texts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    wire.until(lambda: len(gateway.recorded.exchanges) == len(texts))
    for served in gateway.recorded.exchanges:
        assert served.answer["content"] == served.request["messages"][0]["content"]


@pytest.mark.parametrize("clean", [True, False], ids=["closed early", "connection lost"])
def test_a_stream_cut_after_the_first_byte_ends_with_an_error_event(
    start_gateway: Any, openai_provider: Any, wire: Any, *, clean: bool
) -> None:
    chunks = wire.openai_chunks("Par", finish=None, done=False)
    openai_provider.replies = [wire.stream(*chunks, 0.05, cut=not clean)]
    gateway = start_gateway(openai_provider)

    response = gateway.chat(stream=True)

    assert response.status_code == 200
    *events, last = response.content.strip().split(b"\n\n")
    assert b"\n\n".join(events).strip() == b"".join(chunks).strip()
    assert json.loads(last.removeprefix(b"data: "))["error"]["code"] == "provider_cut"
    assert len(openai_provider.received) == 1, "nothing is tried again after the first byte"
    served = gateway.recorded.one()
    assert (served.finished, served.answer["content"]) == (False, "Par")
    assert [attempt.error for attempt in served.attempts] == ["cut"]


def test_a_stream_that_falls_silent_ends_with_an_error_event(
    start_gateway: Any, openai_provider: Any, wire: Any
) -> None:
    openai_provider.replies = [
        wire.stream(*wire.openai_chunks("Par", done=False, finish=None), 20.0)
    ]
    gateway = start_gateway(openai_provider, timeout_s=0.2)
    response = gateway.chat(stream=True)
    assert b'"provider_timeout"' in response.content
    assert not gateway.recorded.one().finished


def test_a_stream_that_stops_without_done_is_whole(
    start_gateway: Any, openai_provider: Any, wire: Any
) -> None:
    chunks = wire.openai_chunks("Paris.", done=False)
    openai_provider.replies = [wire.stream(*chunks)]
    gateway = start_gateway(openai_provider)
    assert gateway.chat(stream=True).content == b"".join(chunks)
    assert gateway.recorded.one().finished


def test_the_providers_own_error_in_mid_stream_is_passed_and_not_doubled(
    start_gateway: Any, openai_provider: Any, wire: Any
) -> None:
    chunks = wire.openai_chunks("Par", finish=None, done=False)
    failure = b'data: {"error": {"message": "overloaded"}}\n\n'
    openai_provider.replies = [wire.stream(*chunks, 0.05, failure)]
    gateway = start_gateway(openai_provider)
    assert gateway.chat(stream=True).content == b"".join(chunks) + failure
    assert not gateway.recorded.one().finished


def test_a_stream_that_cannot_be_read_is_passed_and_never_judged(
    start_gateway: Any, openai_provider: Any, wire: Any
) -> None:
    chunks = [*wire.openai_chunks("Par")[:2], b"data: {broken\n\n", *wire.openai_chunks("is.")[1:]]
    openai_provider.replies = [wire.stream(*chunks)]
    gateway = start_gateway(openai_provider)
    assert gateway.chat(stream=True).content == b"".join(chunks)
    served = gateway.recorded.one()
    # The caller has it all; what was read of it has a hole, and that is no failure of theirs.
    assert (served.finished, served.kept) == (True, False)
    assert served.attempts[-1].status == 200


@pytest.mark.parametrize(
    ("first", "kind"),
    [
        (b"", "unreadable"),
        (b"<html>", "unreadable"),
        (b'{"error": {"message": "no"}}', "unreadable"),
        (b'data: {"error": {"message": "overloaded"}}\n\n', "server"),
    ],
    ids=["closed", "html", "json", "error event"],
)
def test_a_stream_that_begins_badly_is_tried_again(
    start_gateway: Any, openai_provider: Any, wire: Any, *, first: bytes, kind: str
) -> None:
    good = wire.openai_chunks("Paris.")
    openai_provider.replies = [wire.stream(*([first] if first else [])), wire.stream(*good)]
    gateway = start_gateway(openai_provider)
    response = gateway.chat(stream=True)
    assert (response.status_code, response.content) == (200, b"".join(good))
    assert [a.error for a in gateway.recorded.one().attempts] == [kind, ""]


# --- callers who leave, and the end of the process -----------------------------------------------


def leave_after(gateway: Any, body: dict, received: bytes, until: Any) -> None:
    """Send a request on a bare socket, wait for some bytes of the reply, and close."""
    raw = json.dumps(body).encode()
    head = f"POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\ncontent-length: {len(raw)}\r\n\r\n"
    with socket.create_connection(("127.0.0.1", gateway.port), timeout=5) as caller:
        caller.sendall(head.encode() + raw)
        got = b""
        while received and received not in got:
            got += caller.recv(65536)
        until()


def test_a_caller_leaving_a_stream_closes_the_provider(
    start_gateway: Any, openai_provider: Any, wire: Any
) -> None:
    openai_provider.replies = [
        wire.stream(*wire.openai_chunks("Par", finish=None, done=False), 20.0)
    ]
    gateway = start_gateway(openai_provider, timeout_s=20)
    body = {"model": "auto", "messages": MESSAGES, "stream": True}
    began = time.monotonic()
    leave_after(gateway, body, b"Par", lambda: None)
    wire.until(lambda: openai_provider.open_connections == 0)
    assert time.monotonic() - began < 2
    served = gateway.recorded.one()
    assert (served.finished, served.status, served.answer["content"]) == (False, 200, "Par")


def test_a_caller_leaving_before_the_answer_closes_the_provider(
    start_gateway: Any, openai_provider: Any, wire: Any
) -> None:
    openai_provider.usual = wire.silence
    gateway = start_gateway(openai_provider, timeout_s=20)
    body = {"model": "auto", "messages": MESSAGES}
    leave_after(gateway, body, b"", lambda: wire.until(lambda: openai_provider.received))
    wire.until(lambda: openai_provider.open_connections == 0)
    served = gateway.recorded.one()
    assert (served.finished, served.status, served.answer) == (False, 499, None)
    assert [attempt.error for attempt in served.attempts] == ["abandoned"]
    assert len(openai_provider.received) == 1, "nobody waits, so nothing is tried again"


def test_a_caller_leaving_after_the_end_has_had_the_whole_answer(
    start_gateway: Any, openai_provider: Any, wire: Any
) -> None:
    openai_provider.replies = [wire.stream(*wire.openai_chunks("Paris."), 20.0)]
    gateway = start_gateway(openai_provider, timeout_s=20)
    body = {"model": "auto", "messages": MESSAGES, "stream": True}
    leave_after(gateway, body, b"[DONE]", lambda: None)
    assert gateway.recorded.one().finished


def test_a_caller_leaving_in_the_middle_of_the_body_is_no_exchange(
    start_gateway: Any, openai_provider: Any
) -> None:
    gateway = start_gateway(openai_provider)
    with socket.create_connection(("127.0.0.1", gateway.port), timeout=5) as caller:
        caller.sendall(
            b"POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\ncontent-length: 99\r\n\r\n{"
        )
        time.sleep(0.05)
    assert gateway.chat().status_code == 200
    gateway.recorded.one()


def refuses_connections(port: int) -> bool:
    with socket.socket() as caller:
        return caller.connect_ex(("127.0.0.1", port)) != 0


def test_a_stop_lets_streams_in_flight_end(
    start_gateway: Any, openai_provider: Any, wire: Any
) -> None:
    role, word, *rest = wire.openai_chunks("Par", "is.")
    first = role + word
    go_on = threading.Event()
    openai_provider.replies = [wire.stream(first, go_on, *rest)]
    gateway = start_gateway(openai_provider)
    body = {"model": "auto", "messages": MESSAGES, "stream": True}
    with gateway.client.stream("POST", "/v1/chat/completions", json=body) as response:
        arriving = response.iter_raw()
        got = next(arriving)
        gateway.server.should_exit = True
        wire.until(lambda: refuses_connections(gateway.port))
        go_on.set()
        got += b"".join(arriving)
    assert got == first + b"".join(rest)
    assert gateway.recorded.one().finished


# --- the classifier that asks a model ------------------------------------------------------------


def classified(text: str) -> dict:
    message = {"role": "assistant", "content": text}
    return {"choices": [{"index": 0, "message": message, "finish_reason": "stop"}], "model": "c"}


LLM = "{kind: llm, model: judge-of-tiers, provider: p%d, timeout: 0.5}"


def test_an_llm_names_the_tier(start_gateway: Any, openai_provider: Any, wire: Any) -> None:
    openai_provider.replies = [wire.json(classified("standard 0.9"))]
    gateway = start_gateway(openai_provider, classifier=LLM % openai_provider.port)
    response = gateway.chat()
    assert response.headers["x-tierwatch-tier"] == "standard"
    assert response.headers["x-tierwatch-confidence"] == "0.9000"
    asked, answered = openai_provider.received
    assert (asked.json["model"], answered.json["model"]) == ("judge-of-tiers", "model-standard")
    assert asked.json["max_tokens"] == 50
    assert len(gateway.recorded.one().attempts) == 1


def test_the_task_type_is_told_of_what_was_asked_whoever_classifies(
    start_gateway: Any, openai_provider: Any, wire: Any
) -> None:
    rows = [[0.0] * BUCKETS, [0.0] * BUCKETS]
    for bucket in type_words("hello"):
        rows[1][bucket] = 1.0
    codes, biases = table_of(rows, [0.5, 0.0])
    artefact = TaskTypes(1, ("other", "greeting"), ((), ()), codes, biases).to_bytes()

    in_force = threading.Event()

    def types(known: int) -> tuple[int, bytes] | None:
        if known:
            in_force.set()
        return None if known else (1, artefact)

    openai_provider.replies = [wire.json(classified("standard 0.9"))]
    for classifier in (LLM % openai_provider.port, "{kind: static, label: standard}"):
        gateway = start_gateway(openai_provider, classifier=classifier, types=types)
        assert in_force.wait(5)
        in_force.clear()
        gateway.chat(messages=[{"role": "user", "content": "hello"}])
        assert gateway.recorded.one().decision.task_type == "greeting"


def test_an_llm_behind_anthropics_wire_names_the_tier(
    start_gateway: Any, anthropic_provider: Any, wire: Any
) -> None:
    said = {**wire.anthropic_reply, "content": [{"type": "text", "text": "complex 0.95"}]}
    anthropic_provider.replies = [wire.json(said)]
    gateway = start_gateway(anthropic_provider, classifier=LLM % anthropic_provider.port)
    assert gateway.chat().headers["x-tierwatch-tier"] == "complex"


@pytest.mark.parametrize("why", ["timeout", "server", "unreadable"])
def test_a_failing_classifier_costs_no_request(
    start_gateway: Any, openai_provider: Any, wire: Any, why: str
) -> None:
    bad = {
        "timeout": wire.silence,
        "server": wire.json({}, 500),
        "unreadable": wire.json(classified("I would say it depends.")),
    }[why]
    openai_provider.replies = [bad]
    gateway = start_gateway(openai_provider, classifier=LLM % openai_provider.port)
    response = gateway.chat()
    assert response.status_code == 200
    assert response.headers["x-tierwatch-tier"] == gateway.config.default_tier
    assert gateway.recorded.one().decision.reason == f"classifier_failed:{why}"
    counted = f'tierwatch_gateway_classifier_failures_total{{reason="{why}"}} 1.0'
    assert counted in gateway.client.get("/metrics").text


def test_a_caller_leaving_during_classification_is_recorded(
    start_gateway: Any, openai_provider: Any, wire: Any
) -> None:
    openai_provider.usual = wire.silence
    slow = LLM.replace("0.5", "20") % openai_provider.port
    gateway = start_gateway(openai_provider, classifier=slow, timeout_s=20)
    body = {"model": "auto", "messages": MESSAGES}
    leave_after(gateway, body, b"", lambda: wire.until(lambda: openai_provider.received))
    served = gateway.recorded.one()
    assert served.decision.reason == "classifier_failed:abandoned"
    assert (served.attempts, served.status) == ((), 499)


@pytest.mark.parametrize("levels", [150, 260, 940, 1_000, 1_020, 3_000])
@pytest.mark.parametrize("inner", ["1", '"\\ud800"'])
@pytest.mark.parametrize("path", ["/v1/chat/completions", "/v1/messages"])
def test_no_depth_of_a_body_is_our_own_mistake(
    start_gateway: Any, openai_provider: Any, *, path: str, inner: str, levels: int
) -> None:
    gateway = start_gateway(openai_provider)
    deep = "[" * levels + inner + "]" * levels
    body = f'{{"model": "auto", "max_tokens": 5, "messages": {json.dumps(MESSAGES)}, "x": {deep}}}'
    response = gateway.client.post(path, content=body.encode())
    assert response.status_code == (200 if levels == 150 else 400)
    if levels > 150:
        assert response.json()["error"]["message"].startswith("The request body is not JSON")


@pytest.mark.parametrize("levels", [150, 1_000])
@pytest.mark.parametrize("path", ["/v1/chat/completions", "/v1/messages"])
def test_no_depth_of_an_answer_is_either(
    start_gateway: Any, openai_provider: Any, *, path: str, levels: int
) -> None:
    deep = "[" * levels + '"\\ud800"' + "]" * levels
    raw = json.dumps(OPENAI_REPLY)[:-1] + f', "x": {deep}}}'
    head = (
        f"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {len(raw)}\r\n\r\n"
    )
    openai_provider.usual = raw_reply(head.encode() + raw.encode())
    gateway = start_gateway(openai_provider)
    body = {"model": "auto", "messages": MESSAGES, "max_tokens": 5}
    response = gateway.client.post(path, json=body)
    assert response.status_code == (200 if levels == 150 else 502)
