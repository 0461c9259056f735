"""The synchronous client: both wires, every way to fail, many threads."""

import asyncio
import gzip
import socket
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import orjson
import pytest
from fakes.forward_proxy import ForwardProxy
from fakes.raw_server import RawServer, answering, whole

from tierwatch.config import ProviderConfig, Secret
from tierwatch.errors import ProviderError, SettingsError
from tierwatch.providers.completion import ChatClient

REQUEST = {"model": "m", "messages": [{"role": "user", "content": "12345678"}]}
REPLY = {
    "id": "c",
    "object": "chat.completion",
    "created": 1,
    "model": "m-2026",
    "choices": [
        {"index": 0, "message": {"role": "assistant", "content": "Hello"}, "finish_reason": "stop"}
    ],
    "usage": {"prompt_tokens": 3, "completion_tokens": 2, "total_tokens": 5},
}
MESSAGE = {
    "id": "msg",
    "type": "message",
    "role": "assistant",
    "model": "claude",
    "content": [{"type": "text", "text": "Bonjour"}],
    "stop_reason": "end_turn",
    "usage": {"input_tokens": 4, "output_tokens": 1},
}
Handler = Callable[[httpx.Request], httpx.Response]


def client(handler: Handler, kind: str = "openai", **fields: Any) -> ChatClient:
    config = ProviderConfig.model_validate(
        {"kind": kind, "base_url": "http://p.test/v1", "api_key": Secret("KEY"), **fields}
    )
    return ChatClient({"p": config}, {"KEY": "s3"}, transport=httpx.MockTransport(handler))


def failure(handler: Handler, **fields: Any) -> ProviderError:
    with pytest.raises(ProviderError) as caught:
        client(handler, **fields).complete("p", REQUEST)
    return caught.value


def test_a_chat_completion_over_openais_wire() -> None:
    seen: list[httpx.Request] = []

    def handler(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return httpx.Response(200, json=REPLY)

    done = client(handler).complete("p", {**REQUEST, "stream": True, "stream_options": {}})
    assert done.message == {"role": "assistant", "content": "Hello"}
    assert (done.finish_reason, done.model) == ("stop", "m-2026")
    assert (done.prompt_tokens, done.completion_tokens, done.tokens_estimated) == (3, 2, False)
    assert done.raw == REPLY
    assert done.latency_ms > 0
    (sent,) = seen
    assert str(sent.url) == "http://p.test/v1/chat/completions"
    assert sent.headers["authorization"] == "Bearer s3"
    assert orjson.loads(sent.content) == REQUEST


@pytest.mark.parametrize("base_url", ["http://p.test", "http://p.test/v1", "http://p.test/v1/"])
def test_a_chat_completion_over_anthropics_wire(base_url: str) -> None:
    seen: list[httpx.Request] = []

    def handler(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return httpx.Response(200, json=MESSAGE)

    done = client(handler, kind="anthropic", base_url=base_url).complete("p", REQUEST)
    assert done.message["content"] == "Bonjour"
    assert (done.model, done.prompt_tokens, done.completion_tokens) == ("claude", 4, 1)
    assert done.raw["object"] == "chat.completion"
    (sent,) = seen
    assert str(sent.url) == "http://p.test/v1/messages"
    assert (sent.headers["x-api-key"], sent.headers["anthropic-version"]) == ("s3", "2023-06-01")
    assert orjson.loads(sent.content)["max_tokens"] == 4096


# 10 read: 6 from the cache, 1 put into it; 2 written.
OPENAI_CACHED = {
    "prompt_tokens": 10,
    "completion_tokens": 2,
    "prompt_tokens_details": {"cached_tokens": 6, "cache_write_tokens": 1},
}
ANTHROPIC_CACHED = {
    "input_tokens": 3,
    "cache_read_input_tokens": 6,
    "cache_creation_input_tokens": 1,
    "output_tokens": 2,
}


@pytest.mark.parametrize(
    ("kind", "reply"),
    [
        ("openai", {**REPLY, "usage": OPENAI_CACHED}),
        ("anthropic", {**MESSAGE, "usage": ANTHROPIC_CACHED}),
    ],
)
def test_cached_tokens_are_part_of_the_prompt_on_both_wires(
    kind: str, reply: dict[str, Any]
) -> None:
    done = client(lambda _: httpx.Response(200, json=reply), kind).complete("p", REQUEST)
    assert (done.prompt_tokens, done.completion_tokens) == (10, 2)
    assert (done.cached_tokens, done.cache_write_tokens) == (6, 1)


@pytest.mark.parametrize(
    ("kind", "reply", "billed"),
    [
        ("openai", {"choices": [], "usage": OPENAI_CACHED}, (10, 2, 6, 1)),
        ("anthropic", {"content": None, "usage": ANTHROPIC_CACHED}, (10, 2, 6, 1)),
        ("openai", {"choices": []}, (0, 0, 0, 0)),
        ("openai", [1], (0, 0, 0, 0)),
        ("anthropic", "no", (0, 0, 0, 0)),
    ],
)
def test_an_answer_of_no_use_says_what_it_was_billed_for(
    kind: str, reply: object, billed: tuple[int, ...]
) -> None:
    problem = failure(lambda _: httpx.Response(200, json=reply), kind=kind)
    assert (problem.kind, problem.billed) == ("unreadable", billed)


def test_tokens_that_were_not_counted_are_estimated_and_said_to_be() -> None:
    reply = {**REPLY, "usage": None, "model": None}
    done = client(lambda _: httpx.Response(200, json=reply)).complete("p", REQUEST)
    assert (done.prompt_tokens, done.completion_tokens, done.tokens_estimated) == (2, 2, True)
    assert done.model == "m"


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, "refused"),
        (401, "refused"),
        (404, "refused"),
        (408, "timeout"),
        (429, "rate_limited"),
        (500, "server"),
        (503, "server"),
        (529, "server"),
        (204, "unreadable"),
        (302, "unreadable"),
    ],
)
def test_a_status_says_whether_to_try_again(status: int, kind: str) -> None:
    body = {"error": {"message": "Because.", "type": "t"}}
    error = failure(lambda _: httpx.Response(status, json=body))
    assert (error.kind, error.status, error.retryable) == (kind, status, kind != "refused")
    assert str(error) == f"p answered {status}: Because."
    assert "Because." in error.body


def test_the_body_of_a_refusal_is_kept_to_2000_characters() -> None:
    error = failure(lambda _: httpx.Response(500, content="é" * 9000))
    assert error.body == "é" * 2000
    assert str(error) == f"p answered 500: {'é' * 500}..."


def test_how_long_to_wait_is_read_from_the_refusal() -> None:
    error = failure(lambda _: httpx.Response(429, headers={"retry-after": "7"}))
    assert error.retry_after_s == 7.0


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "empty"),
        (b"  \n", "empty"),
        (b"<html>502</html>", "not JSON"),
        (orjson.dumps(REPLY)[:-9], "not JSON"),
        (b"[]", "JSON list"),
        (b'{"choices": []}', "no choices"),
        (b'{"error": {"message": "quota"}}', "quota"),
    ],
)
def test_an_answer_that_cannot_be_read_is_unreadable(content: bytes, said: str) -> None:
    error = failure(lambda _: httpx.Response(200, content=content))
    assert (error.kind, error.status) == ("unreadable", 200)
    assert said in str(error)


def test_an_answer_not_compressed_as_it_says_is_unreadable() -> None:
    broken = gzip.compress(orjson.dumps(REPLY))[:5] + b"xxxx"

    def handler(_: httpx.Request) -> httpx.Response:
        stream = httpx.ByteStream(broken)
        return httpx.Response(200, headers={"content-encoding": "gzip"}, stream=stream)

    assert failure(handler).kind == "unreadable"


@pytest.mark.parametrize(
    ("problem", "kind"),
    [
        (httpx.ReadTimeout("x"), "timeout"),
        (httpx.ConnectTimeout("x"), "timeout"),
        (httpx.ConnectError("x"), "connection"),
        (httpx.RemoteProtocolError("x"), "connection"),
    ],
)
def test_the_network_failing_is_said(problem: httpx.HTTPError, kind: str) -> None:
    def handler(_: httpx.Request) -> httpx.Response:
        raise problem

    error = failure(handler)
    assert (error.kind, error.status, error.retryable) == (kind, None, True)


def test_a_provider_that_accepts_and_says_nothing_times_out() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}/v1"
        config = ProviderConfig(kind="openai", base_url=url).model_copy(update={"timeout_s": 0.2})
        silent = ChatClient({"p": config}, {})
        started = time.monotonic()
        with pytest.raises(ProviderError) as caught:
            silent.complete("p", REQUEST)
        silent.close()
    assert caught.value.kind == "timeout"
    assert time.monotonic() - started < 2


def test_a_provider_that_drips_is_left_at_the_time_limit() -> None:
    class Drip(httpx.SyncByteStream):
        def __iter__(self) -> Any:
            for _ in range(100):
                time.sleep(0.02)
                yield b" "

    config = ProviderConfig(kind="openai").model_copy(update={"timeout_s": 0.1})
    transport = httpx.MockTransport(lambda _: httpx.Response(200, stream=Drip()))
    with pytest.raises(ProviderError, match=r"within 0\.1 s"):
        ChatClient({"p": config}, {}, transport=transport).complete("p", REQUEST)


@pytest.mark.parametrize(("asked_s", "limit"), [(0.1, r"0\.1 s"), (60.0, r"0\.3 s")])
def test_a_caller_may_ask_for_less_time_and_not_for_more(asked_s: float, limit: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}/v1"
        config = ProviderConfig(kind="openai", base_url=url).model_copy(update={"timeout_s": 0.3})
        silent = ChatClient({"p": config}, {})
        with pytest.raises(ProviderError, match=f"within {limit}") as caught:
            silent.complete("p", REQUEST, timeout_s=asked_s)
        silent.close()
    assert caught.value.kind == "timeout"


def test_waiting_for_a_slot_takes_from_the_time_a_caller_asked_for() -> None:
    entered = threading.Event()
    limits: list[float] = []

    def handler(one: httpx.Request) -> httpx.Response:
        limits.append(one.extensions["timeout"]["read"])
        entered.set()
        time.sleep(0.2)
        return httpx.Response(200, json=REPLY)

    shared = client(handler, max_concurrency=1)
    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(shared.complete, "p", REQUEST)
        entered.wait(5)
        shared.complete("p", REQUEST, timeout_s=5.0)
        first.result()
    # The first has the provider's 60 s; the second waited for most of 0.2 s.
    assert limits[0] == 60.0
    assert 4.0 < limits[1] < 4.95


@pytest.mark.parametrize(("value", "written"), [("\ud800", rb'"\ud800"'), (2**70, b"%d" % 2**70)])
def test_what_the_gateway_sends_is_sent_here_too(value: object, written: bytes) -> None:
    """Half a surrogate pair, and an integer beyond 64 bits: both arms get the same question."""
    sent: list[bytes] = []

    def handler(one: httpx.Request) -> httpx.Response:
        sent.append(one.content)
        return httpx.Response(200, json=REPLY)

    client(handler).complete("p", {**REQUEST, "seed": value})
    assert b'"seed":' + written in sent[0]


def test_an_answer_that_its_server_gave_up_is_none() -> None:
    choice = {**REPLY["choices"][0], "finish_reason": "error"}
    given_up = {**REPLY, "choices": [choice]}
    with pytest.raises(ProviderError, match="gave it up") as caught:
        client(lambda _: httpx.Response(200, json=given_up)).complete("p", REQUEST)
    assert caught.value.kind == "unreadable"


TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


@pytest.mark.parametrize(
    ("wire", "said", "sent"),
    [
        ("openai", {"traceparent": TRACE}, {"traceparent": TRACE}),
        # To another wire goes the trace alone, and nowhere one that redaction has changed.
        ("anthropic", {"traceparent": TRACE, "anthropic-beta": "x"}, {"traceparent": TRACE}),
        ("openai", {"traceparent": "00-[PHONE]-b7ad6b7169203331-01"}, {}),
        ("openai", {"traceparent": ""}, {}),
    ],
)
def test_a_call_is_of_the_trace_that_its_question_was_of(
    wire: str, said: dict[str, str], sent: dict[str, str]
) -> None:
    heard: list[httpx.Headers] = []

    def handler(one: httpx.Request) -> httpx.Response:
        heard.append(one.headers)
        return httpx.Response(200, json=REPLY)

    client(handler).complete("p", {**REQUEST, "max_tokens": 9}, wire=wire, headers=said)
    names = ("traceparent", "anthropic-beta")
    assert {name: heard[0][name] for name in names if name in heard[0]} == sent


def test_what_json_does_not_have_is_refused_and_never_sent() -> None:
    sent: list[httpx.Request] = []

    def handler(one: httpx.Request) -> httpx.Response:
        sent.append(one)
        return httpx.Response(200, json=REPLY)

    with pytest.raises(ProviderError) as caught:
        client(handler).complete("p", {**REQUEST, "seed": {1}})
    assert (caught.value.kind, sent) == ("refused", [])


def test_an_unknown_provider_is_refused() -> None:
    with pytest.raises(ProviderError, match="no provider 'q'"):
        client(lambda _: httpx.Response(200)).complete("q", REQUEST)


def test_a_missing_key_is_said_when_the_client_is_built() -> None:
    config = ProviderConfig(kind="openai", api_key=Secret("TW_MISSING"))
    with pytest.raises(SettingsError, match="TW_MISSING"):
        ChatClient({"p": config}, {})


def test_no_more_than_max_concurrency_are_under_way() -> None:
    lock, now, most = threading.Lock(), 0, 0

    def handler(_: httpx.Request) -> httpx.Response:
        nonlocal now, most
        with lock:
            now += 1
            most = max(most, now)
        time.sleep(0.02)
        with lock:
            now -= 1
        return httpx.Response(200, json=REPLY)

    shared = client(handler, max_concurrency=4)
    with ThreadPoolExecutor(24) as pool:
        done = list(pool.map(lambda _: shared.complete("p", REQUEST), range(48)))
    assert [one.message["content"] for one in done] == ["Hello"] * 48
    assert most == 4


def test_a_slot_is_given_back_after_a_failure() -> None:
    answers = iter([httpx.Response(500), httpx.Response(200, json=REPLY)])
    shared = client(lambda _: next(answers), max_concurrency=1)
    with pytest.raises(ProviderError):
        shared.complete("p", REQUEST)
    assert shared.complete("p", REQUEST).message["content"] == "Hello"


def test_waiting_for_a_slot_ends_too() -> None:
    entered, leave = threading.Event(), threading.Event()

    def handler(_: httpx.Request) -> httpx.Response:
        entered.set()
        leave.wait(5)
        return httpx.Response(200, json=REPLY)

    config = ProviderConfig(kind="openai", max_concurrency=1).model_copy(update={"timeout_s": 0.1})
    shared = ChatClient({"p": config}, {}, transport=httpx.MockTransport(handler))
    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(shared.complete, "p", REQUEST)
        entered.wait(5)
        with pytest.raises(ProviderError, match="no free slot"):
            shared.complete("p", REQUEST)
        leave.set()
        with pytest.raises(ProviderError, match="within"):  # its own time was over as well
            first.result()


@pytest.mark.parametrize("named", [True, False])
def test_calls_go_through_the_proxy_that_is_named(*, named: bool) -> None:
    """A real one: httpx keeps proxies apart from the transport that other tests replace."""
    reply = b'{"choices": [{"message": {"role": "assistant", "content": "a"}}]}'

    async def main() -> tuple[str, int]:
        proxy = ForwardProxy()
        async with RawServer(answering(whole(reply))) as server, proxy:
            fields = {"kind": "openai", "base_url": server.url}
            if named:
                fields["proxy"] = "env:OUT"
            chat = ChatClient(
                {"lab": ProviderConfig.model_validate(fields)},
                {"OUT": f"http://127.0.0.1:{proxy.port}"},
            )
            said = await asyncio.to_thread(chat.complete, "lab", {"model": "m", "messages": []})
            chat.close()
            return said.message["content"], len(proxy.heads)

    assert asyncio.run(main()) == ("a", int(named))
