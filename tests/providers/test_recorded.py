"""The recorded provider, asked with the real prompts of the judge and the classifier."""

import asyncio
import json
import threading
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette

from tierwatch.config import ProviderConfig
from tierwatch.errors import ProviderError, UsageError
from tierwatch.evalsets import Anchor, Probe
from tierwatch.judges.pairwise import PairwiseJudge
from tierwatch.judges.verdict import Question
from tierwatch.providers.completion import ChatClient
from tierwatch.providers.recorded import RecordedOptions, build_recorded_app, server
from tierwatch.providers.recordings import Recordings
from tierwatch.providers.traffic_file import RecordedAnswer, RecordedExchange, read_traffic
from tierwatch.routing.classify.classification import ClassifierConfig
from tierwatch.routing.classify.llm import classification_request, read_classification
from tierwatch.routing.tiers import Price, Tier
from tierwatch.wire.sse import SSEDecoder
from tierwatch.wire.stream_answer import StreamAnswer

MODELS = {"small": "simple", "middle": "standard", "large": "complex"}
TRAFFIC = Path(__file__).parents[3] / "shared" / "data" / "traffic_dev.jsonl.gz"
PRICES = {"simple": Price(0.25, 0.25), "standard": Price(3, 3), "complex": Price(15, 15)}


def exchange(  # noqa: PLR0917 - a row of a table
    name: str,
    prompt: str,
    verdicts: Mapping[str, str] | None = None,
    scores: tuple[float | None, ...] = (None, None, None),
    texts: tuple[str, ...] = ("low", "mid", "high"),
    task: str = "t",
) -> RecordedExchange:
    answers = {
        tier: RecordedAnswer(f"{text} {name}" if len(text) < 9 else text, 0.001, score)
        for tier, text, score in zip(MODELS.values(), texts, scores, strict=True)
    }
    return RecordedExchange(
        id=name,
        at_s=0.0,
        session=name,
        task=task,
        messages=({"role": "user", "content": prompt},),
        answers=answers,
        verdicts=verdicts or {},
    )


WORSE = exchange("e1", "What is 1+1?", {"simple<standard": "worse", "standard<complex": "tie"})
BETTER = exchange("e2", "Write to ann@x.test, please.", {"simple<standard": "better"}, (1, 0, 0.5))


def app_of(*exchanges: RecordedExchange, **arguments: Any) -> Starlette:
    given: dict[str, Any] = {
        "tier_of_model": MODELS,
        "judge_models": {"judge"},
        "classifier_models": {"classifier"},
        "prices": PRICES,
    }
    return build_recorded_app(exchanges, **{**given, **arguments})


def ask(app: Starlette, *requests: dict[str, Any]) -> list[httpx.Response]:
    async def send() -> list[httpx.Response]:
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://r") as client:
            return [await client.post("/v1/chat/completions", json=one) for one in requests]

    return asyncio.run(send())


def request(prompt: str, model: str = "small", **more: Any) -> dict[str, Any]:
    return {"model": model, "messages": [{"role": "user", "content": prompt}], **more}


def text(response: httpx.Response) -> str:
    assert response.status_code == 200, response.text
    return str(response.json()["choices"][0]["message"]["content"])


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


def test_models_and_health() -> None:
    async def look() -> tuple[list[str], int]:
        transport = httpx.ASGITransport(app_of(WORSE))
        async with httpx.AsyncClient(transport=transport, base_url="http://r") as client:
            rows = (await client.get("/v1/models")).json()["data"]
            return [row["id"] for row in rows], (await client.get("/healthz")).status_code

    assert asyncio.run(look()) == (["classifier", "judge", "large", "middle", "small"], 200)


# --- the judge's real prompt -------------------------------------------------------------------


class Recorded:
    """A `ChatClient` in front of the app, without a network."""

    def __init__(self, app: Starlette) -> None:
        self._app = app
        config = ProviderConfig(kind="openai")
        self._client = ChatClient({"p": config}, {}, transport=httpx.MockTransport(self._send))

    def _send(self, one: httpx.Request) -> httpx.Response:
        async def send() -> httpx.Response:
            transport = httpx.ASGITransport(self._app)
            async with httpx.AsyncClient(transport=transport, base_url="http://r") as client:
                url = "/v1/chat/completions"
                got = await client.post(url, content=one.content)
                return httpx.Response(got.status_code, content=got.content)

        return asyncio.run(send())

    def complete(self, provider: str, request: dict[str, Any], **_: object) -> Any:
        return self._client.complete(provider, request)


def judged(
    app: Starlette, one: RecordedExchange, served: str, alternative: str, **options: Any
) -> tuple[str | None, str]:
    judge = PairwiseJudge(Recorded(app), "p", "judge", **options)
    verdict = judge.judge(
        Question(messages=one.messages),
        {"role": "assistant", "content": one.answers[served].text},
        {"role": "assistant", "content": one.answers[alternative].text},
    )
    return verdict.preferred, verdict.basis


@pytest.mark.parametrize(
    ("one", "served", "alternative", "preferred"),
    [
        (WORSE, "simple", "standard", "alternative"),
        (WORSE, "standard", "simple", "served"),
        (WORSE, "standard", "complex", "tie"),
        (BETTER, "simple", "standard", "served"),
        (BETTER, "standard", "complex", "alternative"),  # by score: .0 against .5
        (BETTER, "simple", "complex", "served"),  # no neighbours: by score
    ],
)
def test_the_judge_says_what_was_recorded(
    one: RecordedExchange, served: str, alternative: str, preferred: str
) -> None:
    assert judged(app_of(WORSE, BETTER), one, served, alternative) == (preferred, "pairwise")


def test_a_pair_without_a_recorded_verdict_is_an_error() -> None:
    with pytest.raises(ProviderError, match="no verdict between") as caught:
        judged(app_of(WORSE), WORSE, "simple", "complex")
    assert caught.value.status == 404
    with pytest.raises(ProviderError, match="no one recorded exchange"):
        judged(app_of(BETTER), WORSE, "simple", "standard")


def test_of_a_prompt_and_the_same_with_a_preamble_the_longer_one_was_asked() -> None:
    pairs = ("The answer is (A).", "The answer is (B).", "other one")
    plain = exchange("x", "Which one?", {"simple<standard": "worse"}, texts=pairs)
    chatty = exchange("y", "Hello. Which one?", {"simple<standard": "better"}, texts=pairs)
    app = app_of(plain, chatty)
    assert judged(app, chatty, "simple", "standard")[0] == "served"
    assert judged(app, plain, "simple", "standard")[0] == "alternative"


def test_short_answers_are_told_apart_by_the_conversation() -> None:
    pairs = ("The answer is (A).", "The answer is (B).", "other one")
    first = exchange("x", "First?", {"simple<standard": "worse"}, texts=pairs)
    second = exchange("y", "Second?", {"simple<standard": "better"}, texts=pairs)
    app = app_of(first, second)
    assert judged(app, first, "simple", "standard")[0] == "alternative"
    assert judged(app, second, "simple", "standard")[0] == "served"
    with pytest.raises(ProviderError, match="no one recorded exchange"):
        judged(app, exchange("z", "Third?", texts=pairs), "simple", "standard")


def test_equal_texts_are_a_tie_whatever_was_recorded() -> None:
    same = exchange("s", "q", {"simple<standard": "worse"}, texts=("equal text",) * 3)
    assert judged(app_of(same), same, "simple", "standard")[0] == "tie"


def test_answers_from_two_recordings_of_one_prompt_are_compared_by_score() -> None:
    a, b = exchange("a", "q", scores=(0, 1, 1)), exchange("b", "q", scores=(1, 1, 1))
    found = Recordings([a, b]).pair("low b", "mid a", "[user] q")
    assert found is not None
    assert (found.tier_a, found.tier_b, found.preferred) == ("simple", "standard", "tie")
    assert Recordings([a, exchange("b", "other")]).pair("low b", "mid a", "[user] q") is None


def test_long_texts_are_found_by_head_and_tail_and_redacted_texts_too() -> None:
    texts = tuple(f"{n} starts; mail ann@x.test " + f"{n} {'x' * 40} " * 99 + "end" for n in "abc")
    long = exchange("l", "p " * 3000 + "?", {"simple<standard": "worse"}, texts=texts)
    decoy = exchange("d", "q", {"simple<standard": "tie"}, texts=tuple(t + "!" for t in texts))
    app = app_of(decoy, long, redact=lambda one: one.replace("ann@x.test", "[EMAIL]"))
    assert judged(app, long, "simple", "standard", max_chars=500)[0] == "alternative"
    seen = exchange("l", "p?", texts=tuple(t.replace("ann@x.test", "[EMAIL]") for t in texts))
    assert judged(app, seen, "simple", "standard", max_chars=500)[0] == "alternative"
    assert judged(app, seen, "simple", "standard")[0] == "alternative"


def test_a_biased_judge_names_the_first_answer_in_both_orders() -> None:
    options = RecordedOptions(position_consistency=0.0)
    verdict = judged(app_of(WORSE, options=options), WORSE, "simple", "standard")
    assert verdict == ("tie", "swap_disagreement")


def test_a_flipping_judge_is_wrong_in_both_orders_from_a_given_request_on() -> None:
    app = app_of(WORSE, options=RecordedOptions(flip_rate=1.0, judge_noise_from=2))
    assert judged(app, WORSE, "simple", "standard") == ("alternative", "pairwise")
    assert judged(app, WORSE, "simple", "standard") == ("served", "pairwise")
    assert judged(app, WORSE, "standard", "complex")[0] in {"served", "alternative"}


def test_the_rates_of_a_noisy_judge_are_those_asked_for() -> None:
    # 400 pairs at .3 and then .2 of the consistent: 120 and 56 expected, sd 9.2 and 6.9; 4 sd.
    many = [exchange(f"m{n}", f"q{n}", {"simple<standard": "worse"}) for n in range(400)]
    options = RecordedOptions(position_consistency=0.7, flip_rate=0.2)
    app = app_of(*many, options=options)
    body = "<<<ANSWER_A ab\n{}\nANSWER_A ab>>>\n<<<ANSWER_B ab\n{}\nANSWER_B ab>>>"
    bodies = [
        request(body.format(*pair), "judge")
        for one in many
        for pair in [(f"low {one.id}", f"mid {one.id}"), (f"mid {one.id}", f"low {one.id}")]
    ]
    said = [json.loads(text(answer))["verdict"] for answer in ask(app, *bodies)]
    kinds = Counter(zip(said[::2], said[1::2], strict=True))
    assert kinds.keys() == {("A", "A"), ("B", "A"), ("A", "B")}
    assert abs(kinds["A", "A"] - 120) < 37
    assert abs(kinds["A", "B"] - 56) < 28


# --- the classifier's real prompt --------------------------------------------------------------

TIERS = tuple(Tier(tier, model, "p", PRICES[tier]) for model, tier in MODELS.items())


def classified(app: Starlette, *exchanges: RecordedExchange) -> list[tuple[str, float]]:
    config = ClassifierConfig(kind="llm", model="classifier")
    bodies = [classification_request(one.messages, TIERS, config) for one in exchanges]
    found = [read_classification(answer.json(), TIERS) for answer in ask(app, *bodies)]
    return [(one.label, one.confidence) for one in found]


def test_a_perfect_classifier_names_the_cheapest_tier_that_suffices_for_the_kind_of_task() -> None:
    ties = {"simple<standard": "tie", "standard<complex": "tie"}
    worse = {"simple<standard": "worse", "standard<complex": "tie"}
    top = {"simple<standard": "worse", "standard<complex": "worse"}
    kinds = {"easy": ties, "medium": worse, "hard": top}
    known = [
        exchange(f"{kind}{n}", f"{kind} question {n}", verdicts, task=kind)
        for n in range(4)
        for kind, verdicts in kinds.items()
    ]
    # Later the standard tier got worse on medium tasks: the classifier was made before.
    later = [exchange(f"m{n}", f"later {n}", top, task="medium") for n in range(18)]
    app = app_of(*known, *later, options=RecordedOptions(classifier_accuracy=1.0))
    labels = [label for label, _ in classified(app, *known[:3], later[0])]
    assert labels == ["simple", "standard", "complex", "standard"]


def test_the_classifier_is_as_accurate_as_it_says() -> None:
    many = [exchange(f"m{n}", f"q{n}", {"simple<standard": "tie"}) for n in range(500)]
    labels = classified(app_of(*many), *many)
    right = [label == "simple" for label, _ in labels]
    sure = [confidence for _, confidence in labels]
    assert abs(sum(right) / 500 - 0.8) < 0.072  # 4 sd of .018
    assert abs(sum(sure) / 500 - 0.8) < 0.03
    assert min(sure) >= 0.6
    assert {label for label, _ in labels} == {"simple", "standard"}  # only the neighbour


# --- faults ------------------------------------------------------------------------------------


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


@pytest.mark.parametrize("rates", [{"418": 0.1}, {"500": -0.1}, {"500": 0.6, "429": 0.6}])
def test_impossible_fault_rates_are_refused(rates: dict[str, float]) -> None:
    with pytest.raises(UsageError, match="accepted"):
        RecordedOptions(error_rates=rates)


# --- the recorded data -------------------------------------------------------------------------


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


ANCHOR = Anchor("a1", "facts", "plain", "Name a prime.", "Four.", "Seven.", "b", "4 is no prime")
PROBES = tuple(
    Probe(f"p{n}", "facts", "easy", f"Probe {n}?", {"how": "exact", "value": "yes"}, "yes", "no")
    for n in range(200)
)


def test_an_anchor_gets_its_known_verdict_and_the_judges_noise() -> None:
    for options, preferred in (
        (RecordedOptions(), "alternative"),
        (RecordedOptions(flip_rate=1.0), "served"),
        (RecordedOptions(position_consistency=0.0), "tie"),
    ):
        app = app_of(WORSE, anchors=[ANCHOR], options=options)
        verdict = PairwiseJudge(Recorded(app), "p", "judge").judge(
            Question(messages=[{"role": "user", "content": ANCHOR.prompt}]),
            {"role": "assistant", "content": ANCHOR.a},
            {"role": "assistant", "content": ANCHOR.b},
        )
        assert verdict.preferred == preferred


def test_a_tier_passes_as_many_probes_as_its_recent_scores_say() -> None:
    # 1,000 lines: standard scores 1 in the first half and .5 in the second.
    lines = [
        exchange(f"e{n}", f"Question {n}", {}, (0.5, 1.0 if n < 500 else 0.5, 1.0))
        for n in range(1_000)
    ]
    app = app_of(*lines, probes=PROBES)
    before = passed(app, "middle")
    assert before == 200
    # Serving the 900th line moves the stretch into the second half.
    ask(app, {"model": "small", "messages": list(lines[900].messages)})
    after = passed(app, "middle")
    # 200 x .5 with five standard deviations of 7.
    assert 65 <= after <= 135
    assert passed(app, "large") == 200


def passed(app: Starlette, model: str) -> int:
    requests = [
        {"model": model, "messages": [{"role": "user", "content": probe.prompt}]}
        for probe in PROBES
    ]
    replies = [reply.json()["choices"][0]["message"]["content"] for reply in ask(app, *requests)]
    return replies.count("yes")
