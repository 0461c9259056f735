"""Replies of the recorded provider, whole, streamed and broken on purpose."""

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import httpx
import pytest
from factories.recorded import WORSE, app_of, ask, exchange, request, text
from starlette.applications import Starlette

from tierwatch.config import ProviderConfig
from tierwatch.errors import ProviderError
from tierwatch.providers.completion import ChatClient
from tierwatch.providers.recorded import server
from tierwatch.providers.recorded_options import RecordedOptions
from tierwatch.providers.traffic_file import RecordedAnswer
from tierwatch.wire.sse import SSEDecoder
from tierwatch.wire.stream_answer import StreamAnswer


def streamed(response: httpx.Response) -> tuple[StreamAnswer, list[str]]:
    answer, events = StreamAnswer(), [e.data for e in SSEDecoder().feed(response.content)]
    for data in events:
        if data != "[DONE]":
            answer.feed(json.loads(data))
    return answer, events


def test_a_stream_says_the_same_as_a_whole_answer() -> None:
    long = exchange("long", "q", texts=("word " * 40, "", "high"))
    body = request("q", stream=True, stream_options={"include_usage": True})
    whole, stream, bare = ask(app_of(long), request("q"), body, request("q", stream=True))
    answer, events = streamed(stream)
    assert answer.message["content"] == text(whole)
    assert answer.finished
    assert events[-1] == "[DONE]"
    assert answer.prompt_tokens == whole.json()["usage"]["prompt_tokens"]
    assert streamed(bare)[0].prompt_tokens is None


def test_an_empty_answer_is_streamed_as_one() -> None:
    one = exchange("e", "q")
    empty = replace(one, answers={"simple": RecordedAnswer("", 0.0)})
    (answer,) = ask(app_of(empty), request("q", stream=True))
    assert streamed(answer)[0].finished
    assert streamed(answer)[0].message["content"] == ""


@contextmanager
def serving(app: Starlette) -> Iterator[str]:
    running = server(app)
    thread = threading.Thread(target=running.run, daemon=True)
    thread.start()
    while not running.started:
        time.sleep(0.005)
    try:
        yield f"http://127.0.0.1:{running.servers[0].sockets[0].getsockname()[1]}/v1"
    finally:
        running.should_exit = True
        thread.join(10)


@pytest.mark.parametrize(
    ("fault", "kind", "wait"),
    [
        ("429", "rate_limited", 1.0),
        ("500", "server", None),
        ("cut", "connection", None),
        ("garbage", "unreadable", None),
        ("html", "unreadable", None),
        ("empty", "unreadable", None),
    ],
)
def test_faults_reach_a_real_client(fault: str, kind: str, wait: float | None) -> None:
    app = app_of(WORSE, options=RecordedOptions(error_rates={fault: 1.0}))
    with serving(app) as url:
        client = ChatClient({"p": ProviderConfig(kind="openai", base_url=url)}, {})
        with pytest.raises(ProviderError) as caught:
            client.complete("p", request("What is 1+1?"))
        client.close()
    assert (caught.value.kind, caught.value.retry_after_s) == (kind, wait)


def test_a_cut_stream_breaks_off_in_the_middle() -> None:
    app = app_of(WORSE, options=RecordedOptions(error_rates={"cut": 1.0}))
    parts: list[bytes] = []
    with serving(app) as url, httpx.Client() as client:
        body = request("What is 1+1?", stream=True)
        with client.stream("POST", f"{url}/chat/completions", json=body) as response:
            assert response.status_code == 200
            with pytest.raises(httpx.RemoteProtocolError):
                parts.extend(response.iter_bytes())
    got = b"".join(parts)
    assert got.startswith(b"data: ")
    assert b"[DONE]" not in got


def test_a_garbled_stream_ends_without_an_end() -> None:
    (answer,) = ask(
        app_of(WORSE, options=RecordedOptions(error_rates={"garbage": 1.0})),
        request("What is 1+1?", stream=True),
    )
    assert answer.content.startswith(b"data: ")
    assert b"[DONE]" not in answer.content
