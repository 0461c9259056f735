"""Against a bare socket server, over both clients: what the network does is the subject here."""

import asyncio
import gzip
import json
import socket
import subprocess
import sys
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from tierwatch.config import ProviderConfig, Secret
from tierwatch.errors import ProviderError, SettingsError
from tierwatch.providers.upstream import Completed, Upstream
from tierwatch.retry_after import LONGEST_READ_S
from tierwatch.wire.json_bytes import read_json, write_json

Talk = Callable[[bytes, asyncio.StreamWriter], Awaitable[None]]
OK = b"HTTP/1.1 200 OK\r\n"
EVENTS = OK + b"content-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"


def reply(raw: bytes, *, close: bool = False) -> Talk:
    async def talk(_: bytes, writer: asyncio.StreamWriter) -> None:
        writer.write(raw)
        if close:
            await writer.drain()
            writer.close()

    return talk


def whole(body: bytes, status: bytes = b"200 OK", headers: bytes = b"") -> bytes:
    length = b"content-length: %d\r\n" % len(body)
    return b"HTTP/1.1 " + status + b"\r\n" + length + headers + b"\r\n" + body


def chunk(data: bytes) -> bytes:
    return b"%x\r\n%s\r\n" % (len(data), data)


@pytest.fixture(autouse=True, params=["pool", "aiohttp"])
def client(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Each test is run over both clients."""
    name = str(request.param)
    monkeypatch.setattr(Upstream.__init__, "__defaults__", (name, None))
    return name


def run(
    talk: Talk, use: Callable[[Upstream], Awaitable[Any]], **config: Any
) -> tuple[Any, list[bytes], int]:
    """Use an upstream whose provider talks so; also the requests seen and the connections made."""
    requests: list[bytes] = []
    connections = 0

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal connections
        connections += 1
        try:
            while not reader.at_eof():
                head = await reader.readuntil(b"\r\n\r\n")
                length = next(
                    int(line.split(b":")[1])
                    for line in head.lower().splitlines()
                    if line.startswith(b"content-length")
                )
                requests.append(head + await reader.readexactly(length))
                await talk(requests[-1], writer)
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    async def main() -> Any:
        server = await asyncio.start_server(connected, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        fields = {"kind": "openai", "timeout": 2, **config}
        fields["base_url"] = f"http://127.0.0.1:{port}{fields.pop('path', '/v1')}"
        providers = {"p": ProviderConfig.model_validate(fields)}
        async with server, Upstream(providers, {"KEY": "secret"}) as upstream:
            used = await use(upstream)
            server.close()
        await asyncio.sleep(0.01)
        return used

    return asyncio.run(main()), requests, connections


async def complete(upstream: Upstream) -> Completed:
    return await upstream.complete("p", b'{"a": 1}')


async def failing(upstream: Upstream) -> ProviderError:
    with pytest.raises(ProviderError) as caught:
        await complete(upstream)
    return caught.value


async def failing_stream(upstream: Upstream) -> ProviderError:
    with pytest.raises(ProviderError) as caught:
        await upstream.stream("p", b"{}")
    return caught.value


def test_an_answer_comes_back_as_it_came_and_as_parsed() -> None:
    body = b'{ "choices": [] }'
    (raw, parsed, *_), requests, _ = run(reply(whole(body)), complete, api_key="env:KEY")
    assert (raw, parsed) == (body, {"choices": []})
    head, _, sent = requests[0].partition(b"\r\n\r\n")
    assert sent == b'{"a": 1}'
    assert head.startswith(b"POST /v1/chat/completions HTTP/1.1")
    assert b"\r\nauthorization: Bearer secret" in head
    assert b"\r\naccept-encoding: identity" in head


@pytest.mark.parametrize("path", ["", "/", "/v1", "/v1/"])
def test_anthropics_address_and_headers(path: str) -> None:
    config = {"kind": "anthropic", "api_key": "env:KEY", "path": path}
    _, requests, _ = run(reply(whole(b"{}")), complete, **config)
    assert requests[0].startswith(b"POST /v1/messages HTTP/1.1")
    assert b"x-api-key: secret" in requests[0]
    assert b"anthropic-version: 2023-06-01" in requests[0]
    assert b"authorization" not in requests[0].lower()


def test_without_a_key_none_is_sent() -> None:
    _, requests, _ = run(reply(whole(b"{}")), complete)
    assert b"authorization" not in requests[0].lower()


def test_a_missing_key_is_said_at_the_start() -> None:
    config = ProviderConfig.model_validate({"kind": "openai", "api_key": "env:NOT_THERE"})
    with pytest.raises(SettingsError, match="NOT_THERE"):
        Upstream({"p": config}, {})


def test_a_key_that_no_header_can_carry_is_said_at_the_start() -> None:
    config = ProviderConfig.model_validate({"kind": "openai", "api_key": "env:KEY"})
    with pytest.raises(SettingsError, match="KEY") as caught:
        Upstream({"p": config}, {"KEY": "one\ntwo"})
    assert "two" not in str(caught.value)


def test_a_callers_header_that_would_not_stay_one_line_is_refused() -> None:
    async def use(upstream: Upstream) -> ProviderError:
        with pytest.raises(ProviderError) as caught:
            await upstream.complete("p", b"{}", {"anthropic-beta": "a\r\nx: y"})
        return caught.value

    error, requests, _ = run(reply(whole(b"{}")), use)
    assert (error.kind, error.retryable, requests) == ("refused", False, [])


def test_aiohttp_is_imported_only_where_it_is_asked_for() -> None:
    code = (
        "import asyncio, sys\n"
        "from tierwatch.providers.upstream import Upstream\n"
        "async def main():\n"
        "    async with Upstream({}, {}): print('aiohttp' in sys.modules)\n"
        "    async with Upstream({}, {}, 'aiohttp'): print('aiohttp' in sys.modules)\n"
        "asyncio.run(main())"
    )
    said = subprocess.run([sys.executable, "-P", "-c", code], capture_output=True, check=True)
    assert said.stdout.split() == [b"False", b"True"]


def test_it_is_opened_before_it_is_used() -> None:
    config = ProviderConfig.model_validate({"kind": "openai"})
    with pytest.raises(RuntimeError, match="async with"):
        asyncio.run(complete(Upstream({"p": config}, {})))


def test_connections_are_kept_for_whole_answers_and_for_streams_read_to_the_end() -> None:
    async def twice(upstream: Upstream) -> None:
        await complete(upstream)
        await complete(upstream)

    _, _, connections = run(reply(whole(b"{}")), twice)
    assert connections == 1

    async def stream_twice(upstream: Upstream) -> None:
        for _ in range(2):
            stream = await upstream.stream("p", b"{}")
            while await stream.read():
                pass
            stream.close()

    _, _, connections = run(reply(EVENTS + chunk(b"data: 1\n\n") + b"0\r\n\r\n"), stream_twice)
    assert connections == 1


def test_a_stream_closed_early_drops_its_connection() -> None:
    async def stream_twice(upstream: Upstream) -> None:
        for _ in range(2):
            stream = await upstream.stream("p", b"{}")
            assert stream.first == b"data: 1\n\n"
            stream.close()

    _, _, connections = run(reply(EVENTS + chunk(b"data: 1\n\n")), stream_twice)
    assert connections == 2


def test_an_answer_in_many_pieces_is_put_together() -> None:
    body = json.dumps({"text": "x" * 300_000}).encode()

    async def talk(_: bytes, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n" % len(body))
        for start in range(0, len(body), 50_000):
            writer.write(body[start : start + 50_000])
            await writer.drain()
            await asyncio.sleep(0.001)

    (raw, *_), _, _ = run(talk, complete)
    assert raw == body


def test_an_answer_that_was_compressed_though_nobody_asked_is_unpacked() -> None:
    packed = whole(gzip.compress(b'{"choices": []}'), headers=b"content-encoding: gzip\r\n")
    (raw, parsed, *_), _, _ = run(reply(packed), complete)
    assert (raw, parsed) == (b'{"choices": []}', {"choices": []})

    async def begin(upstream: Upstream) -> bytes:
        stream = await upstream.stream("p", b"{}")
        stream.close()
        return stream.first

    packed = whole(gzip.compress(b"data: 1\n\n"), headers=b"content-encoding: gzip\r\n")
    assert run(reply(packed), begin)[0] == b"data: 1\n\n"


def test_an_answer_compressed_in_another_way_is_unreadable() -> None:
    error, _, _ = run(reply(whole(b"{}", headers=b"content-encoding: br\r\n")), failing)
    assert error.kind == "unreadable"


def test_a_body_of_megabytes_is_sent_without_a_warning() -> None:
    body = json.dumps({"text": "x" * 3_000_000}).encode()
    _, requests, _ = run(reply(whole(b"{}")), lambda up: up.complete("p", body))
    assert requests[0].endswith(body)


def test_an_endless_answer_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tierwatch.providers.upstream._MAX_ANSWER_BYTES", 100_000)

    async def talk(_: bytes, writer: asyncio.StreamWriter) -> None:
        writer.write(OK + b"transfer-encoding: chunked\r\n\r\n")
        while True:
            writer.write(chunk(b"x" * 10_000))
            await writer.drain()

    error, _, _ = run(talk, failing)
    assert (error.kind, error.status) == ("unreadable", 200)


def test_an_endless_error_body_still_gives_its_status(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tierwatch.providers.upstream._MAX_ERROR_BYTES", 1_000)

    async def talk(_: bytes, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 500 Oh\r\ntransfer-encoding: chunked\r\n\r\n")
        while True:
            writer.write(chunk(b"x" * 10_000))
            await writer.drain()

    error, _, _ = run(talk, failing)
    assert (error.kind, error.status) == ("server", 500)


async def _silent(_: bytes, __: asyncio.StreamWriter) -> None:
    await asyncio.sleep(5)


async def _silent_after_headers(_: bytes, writer: asyncio.StreamWriter) -> None:
    writer.write(EVENTS)
    await writer.drain()
    await asyncio.sleep(5)


@pytest.mark.parametrize("talk", [_silent, _silent_after_headers])
def test_a_stream_that_does_not_begin_is_a_timeout(talk: Talk) -> None:
    error, _, _ = run(talk, failing_stream, timeout=0.1)
    assert (error.kind, error.status, error.retryable) == ("timeout", None, True)


@pytest.mark.parametrize("talk", [_silent, _silent_after_headers])
@pytest.mark.parametrize("ask", ["complete", "stream"])
def test_a_call_may_be_given_less_time_than_its_provider_has(talk: Talk, ask: str) -> None:
    async def use(upstream: Upstream) -> ProviderError:
        with pytest.raises(ProviderError) as caught:
            await getattr(upstream, ask)("p", b"{}", within_s=0.1)
        return caught.value

    error, _, _ = run(talk, use, timeout=20)
    assert (error.kind, error.status, error.retryable) == ("timeout", None, True)


def test_silence_does_not_end_a_whole_answer() -> None:
    async def talk(_: bytes, writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(0.3)
        writer.write(OK + b"content-length: 2\r\n\r\n{}")
        await writer.drain()

    (raw, *_), _, _ = run(talk, lambda upstream: upstream.complete("p", b"{}"), timeout=0.1)
    assert raw == b"{}"


def test_a_connection_that_does_not_come_about_is_no_slow_answer(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for module in ("dialling", "with_aiohttp"):
        monkeypatch.setattr(f"tierwatch.client.{module}.CONNECT_S", 0.1)
    with socket.socket() as full:
        # The kernel answers no more connections than fit the backlog: the next one waits.
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        waiting = [socket.socket() for _ in range(4)]
        for one in waiting:
            one.settimeout(0)
            one.connect_ex(full.getsockname())
        config = {"kind": "openai", "base_url": f"http://127.0.0.1:{full.getsockname()[1]}/v1"}

        async def ask() -> str:
            providers = {"p": ProviderConfig.model_validate(config)}
            async with Upstream(providers, {}) as upstream:
                with pytest.raises(ProviderError) as caught:
                    await upstream.complete("p", b"{}")
                return caught.value.kind

        kind = asyncio.run(ask())
        for one in waiting:
            one.close()
    assert kind == "connection"


def test_a_whole_answer_that_drips_is_a_timeout() -> None:
    async def talk(_: bytes, writer: asyncio.StreamWriter) -> None:
        writer.write(OK + b"content-length: 10000\r\n\r\n")
        for _step in range(100):
            writer.write(b" ")
            await writer.drain()
            await asyncio.sleep(0.02)

    async def use(upstream: Upstream) -> ProviderError:
        with pytest.raises(ProviderError) as caught:
            await upstream.complete("p", b"{}", within_s=0.2)
        return caught.value

    error, _, _ = run(talk, use)
    assert error.kind == "timeout"


def test_a_stream_may_take_longer_than_the_timeout_while_it_speaks() -> None:
    async def talk(_: bytes, writer: asyncio.StreamWriter) -> None:
        writer.write(EVENTS)
        for _step in range(8):
            writer.write(chunk(b"data: 1\n\n"))
            await writer.drain()
            await asyncio.sleep(0.05)
        writer.write(b"0\r\n\r\n")

    async def read(upstream: Upstream) -> int:
        stream = await upstream.stream("p", b"{}")
        size = len(stream.first)
        while data := await stream.read():
            size += len(data)
        stream.close()
        return size

    size, _, _ = run(talk, read, timeout=0.2)
    assert size == 8 * len(b"data: 1\n\n")


@pytest.mark.parametrize(("after", "kind"), [(b"", "cut"), (b"zz\r\n", "cut"), (None, "timeout")])
def test_a_stream_that_breaks_says_how(after: bytes | None, kind: str, client: str) -> None:
    if client == "aiohttp" and after:
        kind = "timeout"  # aiohttp 3.14.5 does not say that chunks are broken

    async def talk(_: bytes, writer: asyncio.StreamWriter) -> None:
        writer.write(EVENTS + chunk(b"data: 1\n\n"))
        await writer.drain()
        await asyncio.sleep(0.05)
        if after is None:
            await asyncio.sleep(1)
        writer.write(after or b"")
        await writer.drain()
        writer.close()

    async def read(upstream: Upstream) -> ProviderError:
        stream = await upstream.stream("p", b"{}")
        with pytest.raises(ProviderError) as caught:
            await stream.read()
        stream.close()
        return caught.value

    error, _, _ = run(talk, read, timeout=0.3)
    assert error.kind == kind


@pytest.mark.parametrize(
    ("raw", "kind", "status"),
    [
        (b"", "connection", None),
        (b"SSH-2.0-OpenSSH\r\n\r\n", "unreadable", None),
        (whole(b""), "unreadable", 200),
        (whole(b"<html>"), "unreadable", 200),
        (whole(b'{"choices": ['), "unreadable", 200),
        (whole(b"[]"), "unreadable", 200),
        (OK + b"content-length: 99\r\n\r\n{}", "cut", 200),
        (whole(b"{}", b"301 Moved", b"location: /\r\n"), "unreadable", 301),
        (whole(b"no", b"400 Bad"), "refused", 400),
        (whole(b"no", b"401 Who"), "refused", 401),
        (whole(b"no", b"408 Late"), "timeout", 408),
        (whole(b"no", b"429 Slow"), "rate_limited", 429),
        (whole(b"no", b"500 Oh"), "server", 500),
        (whole(b"no", b"529 Full"), "server", 529),
    ],
)
def test_every_failure_has_its_kind(raw: bytes, kind: str, status: int | None) -> None:
    error, _, _ = run(reply(raw, close=True), failing)
    assert (error.kind, error.status) == (kind, status)
    assert error.retryable == (kind != "refused")


def test_a_cut_error_body_still_gives_its_status() -> None:
    cut = b"HTTP/1.1 503 Down\r\ncontent-length: 99\r\n\r\nno"
    error, _, _ = run(reply(cut, close=True), failing)
    assert (error.kind, error.status) == ("server", 503)


@pytest.mark.parametrize(
    ("headers", "wait_s"),
    [
        (b"retry-after-ms: 1500\r\nretry-after: 2\r\n", 1.5),
        (b"retry-after: " + b"9" * 400 + b"\r\n", LONGEST_READ_S),
        (b"", None),
    ],
)
def test_a_time_to_wait_is_read_from_every_header_that_names_one(
    headers: bytes, wait_s: float | None
) -> None:
    error, _, _ = run(reply(whole(b"{}", b"429 Slow", headers)), failing)
    assert error.retry_after_s == wait_s


def test_retry_after_and_the_providers_words_are_kept() -> None:
    body = json.dumps({"error": {"message": "slow down"}}).encode() + b" " * 5_000
    error, _, _ = run(reply(whole(body, b"429 Slow", b"retry-after: 7\r\n")), failing)
    assert error.retry_after_s == 7
    assert "slow down" in error.body
    assert len(error.body) <= 2_000


@pytest.mark.parametrize("first", [b"", b"\n\n", b"<html>", b"{", b"dolphin: 1\n\n"])
def test_what_is_no_stream_is_found_before_it_is_used(first: bytes) -> None:
    raw = EVENTS + (chunk(first) if first else b"") + b"0\r\n\r\n"
    error, _, _ = run(reply(raw), failing_stream)
    assert error.kind == "unreadable"


@pytest.mark.parametrize(
    "first", [b"data: 1\n\n", b": hi\n\n", b"event: x\n", b"d", b"\xef\xbb\xbfdata"]
)
def test_what_may_be_a_stream_is_given_out(first: bytes) -> None:
    async def begin(upstream: Upstream) -> bytes:
        stream = await upstream.stream("p", b"{}")
        stream.close()
        return stream.first

    assert run(reply(EVENTS + chunk(first)), begin)[0] == first


@pytest.mark.parametrize(
    "value", [{"a": "\ud800"}, {"a": "\x00\u202e"}, {"a": "x" * 200_000}, {"a": 1.5}, [], "\udfff"]
)
def test_json_goes_out_and_comes_back(value: Any) -> None:
    assert read_json(write_json(value)) == value


@pytest.mark.parametrize(
    "raw", [b"", b"{", b"NaN", b'{"a": NaN}', b"\xff", b'"\\ud800', b'["\\ud800", ' + b"[" * 99_999]
)
def test_what_is_not_json_is_a_value_error(raw: bytes) -> None:
    with pytest.raises(ValueError):
        read_json(raw)


# --- the other shape of answer --------------------------------------------------------------------


def begun(upstream: Upstream) -> Any:
    return upstream.stream("p", b"{}")


def test_a_whole_answer_is_taken_where_a_stream_was_asked_for() -> None:
    body = b'{"choices": [], "x": "' + b"y" * 200_000 + b'"}'
    answer, _, _ = run(reply(whole(body)), begun)
    assert isinstance(answer, Completed)
    assert (answer.raw, answer.wire) == (body, "openai")


def test_a_stream_is_put_together_where_a_whole_answer_was_asked_for() -> None:
    events = b"".join(
        b"data: %s\n\n" % json.dumps({"id": "c", "model": "m", "created": 1, **one}).encode()
        for one in (
            {"choices": [{"index": 0, "delta": {"role": "assistant", "content": "Par"}}]},
            {"choices": [{"index": 0, "delta": {"content": "is."}, "finish_reason": "stop"}]},
            {"choices": [], "usage": {"prompt_tokens": 9, "completion_tokens": 2}},
        )
    )
    answer, _, _ = run(reply(whole(events + b"data: [DONE]\n\n")), complete)
    assert answer.wire == "openai"
    assert answer.answer["choices"][0]["message"]["content"] == "Paris."
    assert json.loads(answer.raw) == answer.answer


@pytest.mark.parametrize(
    ("events", "kind"),
    [
        (b'data: {"choices": [{"delta": {"content": "Par"}}]}\n\n', "cut"),
        (b'data: {"error": {"message": "No."}}\n\n', "server"),
        (b": nothing\n\n", "unreadable"),
        (b"data: x\n\n", "unreadable"),
    ],
)
def test_a_stream_that_is_no_answer_is_none(events: bytes, kind: str) -> None:
    error, _, _ = run(reply(whole(events)), failing)
    assert (error.kind, error.status) == (kind, 200)


def test_what_the_head_tells_the_caller_is_kept() -> None:
    headers = b"X-Request-Id: req_1\r\nx-ratelimit-remaining-tokens: 9\r\nset-cookie: a=b\r\n"
    told = ((b"x-request-id", b"req_1"), (b"x-ratelimit-remaining-tokens", b"9"))
    answer, _, _ = run(reply(whole(b"{}", headers=headers)), complete)
    assert answer.told == told
    error, _, _ = run(reply(whole(b"{}", b"429 Slow", headers)), failing)
    assert error.told == told


def test_another_endpoint_answers_with_whatever_it_says() -> None:
    async def pass_on(upstream: Upstream) -> tuple[int, bytes, str]:
        answer = await upstream.pass_on("p", "embeddings", b"[1]", {"traceparent": "00"})
        try:
            return answer.status, await answer.read(), answer.header("content-type")
        finally:
            answer.close()

    packed = whole(b"no", b"400 Bad", b"content-type: text/plain\r\n")
    (status, body, kind), requests, _ = run(reply(packed), pass_on)
    assert (status, body, kind) == (400, b"no", "text/plain")
    head, _, sent = requests[0].partition(b"\r\n\r\n")
    assert head.startswith(b"POST /v1/embeddings HTTP/1.1")
    assert b"\r\ntraceparent: 00" in head
    assert sent == b"[1]"


def fetching(method: str) -> Callable[[Upstream], Awaitable[Any]]:
    async def fetch(upstream: Upstream) -> Any:
        path = "resp_1?include=x"
        answer = await upstream.fetch("p", method, path, wire="responses", within_s=2.0)
        body = await answer.read_whole()
        answer.close()
        return answer.status, body

    return fetch


@pytest.mark.parametrize("method", ["GET", "DELETE"])
def test_what_a_provider_keeps_is_asked_for_by_its_id(method: str) -> None:
    config = {"responses": True, "api_key": Secret("KEY")}
    answer, [asked], _ = run(reply(whole(b'{"id": "resp_1"}')), fetching(method), **config)
    assert answer == (200, b'{"id": "resp_1"}')
    assert asked.startswith(b"%s /v1/responses/resp_1?include=x HTTP/1.1\r\n" % method.encode())
    assert b"authorization: bearer secret\r\n" in asked.lower()


def test_what_a_provider_has_lost_is_its_own_answer() -> None:
    said = reply(whole(b"{}", b"404 No"))
    assert run(said, fetching("GET"), responses=True)[0] == (404, b"{}")


def test_a_provider_that_says_nothing_is_a_failure() -> None:
    async def act(upstream: Upstream) -> ProviderError:
        with pytest.raises(ProviderError) as caught:
            await upstream.fetch("p", "GET", "resp_1", wire="responses", within_s=0.05)
        return caught.value

    assert run(_silent, act, responses=True)[0].kind == "timeout"


def test_a_caller_on_a_wire_that_a_provider_speaks_is_passed_through() -> None:
    async def act(upstream: Upstream) -> Any:
        spoken = [upstream.spoken("p", wire) for wire in ("openai", "anthropic", "responses")]
        return spoken, await upstream.complete("p", b"{}", wire="responses")

    (spoken, _), [asked], _ = run(reply(whole(b"{}")), act, responses=True)
    assert spoken == ["openai", "openai", "responses"]
    assert asked.startswith(b"POST /v1/responses HTTP/1.1\r\n")
    assert run(reply(b""), _spoken)[0] == "openai"


async def _spoken(upstream: Upstream) -> str:
    return upstream.spoken("p", "responses")
