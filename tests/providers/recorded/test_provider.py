"""The recorded provider's endpoints."""

import asyncio
import json
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Any

import httpx
import pytest
from factories.recorded import BETTER, MODELS, PRICES, WORSE, app_of, ask, exchange, request, text
from starlette.applications import Starlette

from tierwatch.config import ProviderConfig
from tierwatch.errors import ProviderError
from tierwatch.providers.completion import ChatClient
from tierwatch.providers.recorded.answers import RecordedOptions
from tierwatch.providers.recorded.provider import server
from tierwatch.providers.recorded.recordings import Recordings
from tierwatch.providers.recorded.traffic_file import RecordedAnswer, RecordedExchange, read_traffic
from tierwatch.wire.sse import SSEDecoder
from tierwatch.wire.stream_answer import StreamAnswer

TRAFFIC = Path(__file__).parents[4] / "shared" / "data" / "traffic_dev.jsonl.gz"


def test_each_model_gives_its_tiers_answer() -> None:
    answers = ask(app_of(WORSE), *(request("What is 1+1?", model) for model in MODELS))
    assert [text(one) for one in answers] == ["low e1", "mid e1", "high e1"]


def test_white_space_parts_and_aliases_do_not_matter() -> None:
    parts = [{"type": "text", "text": " What is\n1+1? "}]
    (answer,) = ask(
        app_of(WORSE, aliases=[("small-2026", "small")]),
        {"model": "small-2026", "messages": [{"role": "user", "content": parts}]},
    )
    assert text(answer) == "low e1"


def test_a_prompt_recorded_twice_is_answered_in_turn_for_each_tier() -> None:
    app = app_of(exchange("a", "same"), exchange("b", "same"))
    models = ["small", "middle", "small", "small", "middle"]
    answers = ask(app, *(request("same", model) for model in models))
    assert [text(one) for one in answers] == ["low a", "mid a", "low b", "low b", "mid b"]
    (hinted,) = ask(app, request("anything", metadata={"recorded_id": "b"}))
    assert text(hinted) == "low b"


def test_redacted_prompts_are_found_too() -> None:
    app = app_of(BETTER, redact=lambda one: one.replace("ann@x.test", "[EMAIL]"))
    answers = ask(app, request("Write to [EMAIL], please."), request(BETTER.messages[0]["content"]))
    assert [text(one) for one in answers] == ["low e2", "low e2"]


@pytest.mark.parametrize(
    ("body", "status", "said"),
    [
        (request("never seen"), 404, "no recorded answer"),
        (request("What is 1+1?", "huge"), 404, "no model 'huge'"),
        (request("no fences", "judge"), 404, "no two fenced answers"),
        (request("no fence", "classifier"), 404, "no fenced request"),
        ({"model": "small"}, 400, "not a chat request"),
    ],
)
def test_what_is_not_recorded_is_said(body: dict[str, Any], status: int, said: str) -> None:
    (answer,) = ask(app_of(WORSE), body)
    assert answer.status_code == status
    assert said in answer.json()["error"]["message"]


def test_unknown_prompts_may_be_answered_with_filler() -> None:
    app = app_of(WORSE, options=RecordedOptions(unknown="echo"))
    first, again, other = ask(app, request("x"), request("x"), request("y"))
    assert text(first) == text(again) != text(other)


def test_usage_costs_what_was_recorded() -> None:
    for model, tier in MODELS.items():
        (answer,) = ask(app_of(WORSE), request("What is 1+1?", model))
        usage = answer.json()["usage"]
        price = PRICES[tier].cost_usd(usage["prompt_tokens"], usage["completion_tokens"])
        assert price == pytest.approx(0.001, abs=PRICES[tier].output_usd_per_mtok / 2e6)
        assert usage["total_tokens"] == usage["prompt_tokens"] + usage["completion_tokens"]


def test_models_and_health() -> None:
    async def look() -> tuple[list[str], int]:
        transport = httpx.ASGITransport(app_of(WORSE))
        async with httpx.AsyncClient(transport=transport, base_url="http://r") as client:
            rows = (await client.get("/v1/models")).json()["data"]
            return [row["id"] for row in rows], (await client.get("/healthz")).status_code

    assert asyncio.run(look()) == (["classifier", "judge", "large", "middle", "small"], 200)


def test_faults_depend_on_the_request_the_attempt_and_the_seed_alone() -> None:
    def statuses(seed: int) -> list[int]:
        options = RecordedOptions(error_rates={"500": 0.3, "429": 0.2}, seed=seed)
        app = app_of(WORSE, options=options)
        return [one.status_code for one in ask(app, *[request("What is 1+1?")] * 200)]

    assert statuses(1) == statuses(1) != statuses(2)
    # Of 200 at .3, .2 and .5: sd 6.5, 5.7 and 7.1; 4 sd.
    counts = Counter(statuses(1))
    assert abs(counts[500] - 60) < 27
    assert abs(counts[429] - 40) < 23


def test_an_answer_takes_the_latency_asked_for() -> None:
    app = app_of(WORSE, options=RecordedOptions(latency_s=0.05, jitter=0.5))
    started = time.perf_counter()
    (answer,) = ask(app, request("What is 1+1?"))
    assert text(answer) == "low e1"
    assert time.perf_counter() - started >= 0.025


@pytest.mark.skipif(not TRAFFIC.exists(), reason="the shared recorded data is not here")
def test_real_traffic_is_answered_costed_and_judged() -> None:
    lines = list(islice(read_traffic(TRAFFIC), 3000))
    exchanges = [one for one in lines if isinstance(one, RecordedExchange)]
    assert len(exchanges) == len(lines) == 3000
    known = Recordings(exchanges)
    some = exchanges[::10]
    app = app_of(*exchanges)
    bodies = [
        {"model": "middle", "messages": list(one.messages), "metadata": {"recorded_id": one.id}}
        for one in some
    ]
    for one, got in zip(some, ask(app, *bodies), strict=True):
        assert text(got) == one.answers["standard"].text
        usage = got.json()["usage"]
        cost = PRICES["standard"].cost_usd(usage["prompt_tokens"], usage["completion_tokens"])
        # Half a token of 3 USD a million.
        assert cost == pytest.approx(one.answers["standard"].cost_usd, abs=1.6e-6)
    expected = {"worse": "B", "better": "A", "tie": "tie"}
    wrong = 0
    for one in some:
        low, high = one.answers["simple"].text, one.answers["standard"].text
        pair = known.pair(low, high, f"[user]\n{one.messages[0]['content']}")
        assert pair is not None
        wrong += low.split() != high.split() and (
            pair.preferred != expected[one.verdicts["simple<standard"]]
        )
    assert wrong == 0


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
