"""What a request costs: cached tokens on both wires, the classifier, and attempts that were billed.

Prices in USD per million tokens: 1 in, 5 out, 0.1 cached, 1.25 put into the cache.
"""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from fakes.collaborators import build_recorder
from sqlalchemy import Engine, text

from tierwatch.config import JudgeConfig
from tierwatch.dispatch import KeptDispatch
from tierwatch.judges import build_judge
from tierwatch.loop.compare.judge import judge_exchange
from tierwatch.loop.compare.shadow import shadow_exchange
from tierwatch.loop.report.build import build_report
from tierwatch.providers.completion import ChatClient
from tierwatch.routing.tiers import Price

CACHED = "{input: 1, output: 5, cached_input: 0.1, cache_write: 1.25}"
COSTS = (CACHED, "{input: 3, output: 15}", "{input: 15, output: 75}")
# 1,000 read: 600 cached, 100 put into the cache, 300 fresh. 20 written.
OPENAI_USAGE = {
    "prompt_tokens": 1_000,
    "completion_tokens": 20,
    "prompt_tokens_details": {"cached_tokens": 600, "cache_write_tokens": 100},
}
ANTHROPIC_USAGE = {
    "input_tokens": 300,
    "cache_read_input_tokens": 600,
    "cache_creation_input_tokens": 100,
    "output_tokens": 20,
}
COST_USD = (300 * 1 + 600 * 0.1 + 100 * 1.25 + 20 * 5) / 1e6
LLM = "{kind: llm, model: names-tiers, provider: p%d, timeout: 0.5, cost: {input: 2, output: 4}}"
PATHS = {"openai": "/v1/chat/completions", "anthropic": "/v1/messages"}


def streamed(wire: Any, kind: str) -> list[bytes]:
    if kind == "openai":
        *chunks, done = wire.openai_chunks("Paris.")
        usage = {"object": "chat.completion.chunk", "choices": [], "usage": OPENAI_USAGE}
        return [*chunks, b"data: " + json.dumps(usage).encode() + b"\n\n", done]
    events = wire.anthropic_events("Paris.")
    message = {
        **wire.anthropic_reply,
        "content": [],
        "usage": {**ANTHROPIC_USAGE, "output_tokens": 1},
    }
    start = json.dumps({"type": "message_start", "message": message}).encode()
    end = {
        "type": "message_delta",
        "delta": {"stop_reason": "end_turn"},
        "usage": {"output_tokens": 20},
    }
    events[0] = b"event: message_start\ndata: " + start + b"\n\n"
    events[-2] = b"event: message_delta\ndata: " + json.dumps(end).encode() + b"\n\n"
    return events


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "streamed"])
@pytest.mark.parametrize("caller", ["openai", "anthropic"])
@pytest.mark.parametrize("kind", ["openai", "anthropic"])
def test_cached_tokens_have_their_own_price_on_both_wires(
    start_gateway: Any,
    openai_provider: Any,
    anthropic_provider: Any,
    wire: Any,
    *,
    kind: str,
    caller: str,
    stream: bool,
) -> None:
    provider = {"openai": openai_provider, "anthropic": anthropic_provider}[kind]
    whole = {
        "openai": {**wire.openai_reply, "usage": OPENAI_USAGE},
        "anthropic": {**wire.anthropic_reply, "usage": ANTHROPIC_USAGE},
    }[kind]
    provider.usual = wire.stream(*streamed(wire, kind)) if stream else wire.json(whole)
    gateway = start_gateway(provider, costs=COSTS)
    asked = {"model": "auto", "max_tokens": 50, "stream": stream}
    asked["messages"] = [{"role": "user", "content": "What is the capital of France?"}]

    assert gateway.client.post(PATHS[caller], json=asked).status_code == 200

    served = gateway.recorded.one()
    assert (served.prompt_tokens, served.completion_tokens) == (1_000, 20)
    assert (served.cached_tokens, served.cache_write_tokens) == (600, 100)
    assert not served.tokens_estimated
    assert served.cost_usd == pytest.approx(COST_USD)
    told = gateway.client.get("/metrics").text
    assert 'tierwatch_gateway_tokens_total{kind="cached",tier="simple"} 600.0' in told


def test_a_cut_anthropic_stream_costs_what_it_said_it_read(
    start_gateway: Any, anthropic_provider: Any, wire: Any
) -> None:
    anthropic_provider.replies = [wire.stream(*streamed(wire, "anthropic")[:3], cut=True)]
    gateway = start_gateway(anthropic_provider, costs=COSTS)
    gateway.chat(stream=True)
    served = gateway.recorded.one()
    # "Paris." is estimated as 2 tokens; the 1 that message_start names is a placeholder.
    assert (served.finished, served.tokens_estimated) == (False, True)
    assert (served.prompt_tokens, served.completion_tokens, served.cached_tokens) == (1_000, 2, 600)
    assert served.cost_usd == pytest.approx((300 * 1 + 60 + 125 + 2 * 5) / 1e6)


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("kind", ["openai", "anthropic"])
def test_what_no_provider_counted_is_estimated_on_both_wires(
    start_gateway: Any,
    openai_provider: Any,
    anthropic_provider: Any,
    wire: Any,
    *,
    kind: str,
    stream: bool,
) -> None:
    provider = {"openai": openai_provider, "anthropic": anthropic_provider}[kind]
    if stream and kind == "openai":
        provider.usual = wire.stream(*wire.openai_chunks("Paris."))
    elif stream:
        uncounted = [
            re.sub(rb',? ?"usage": ?{[^}]*}', b"", event)
            for event in wire.anthropic_events("Paris.")
        ]
        assert b"usage" not in b"".join(uncounted)
        provider.usual = wire.stream(*uncounted)
    else:
        whole = wire.openai_reply if kind == "openai" else wire.anthropic_reply
        provider.usual = wire.json({key: of for key, of in whole.items() if key != "usage"})
    gateway = start_gateway(provider)
    told = gateway.chat(stream=stream, stream_options={"include_usage": True})
    assert "prompt_tokens" not in told.text
    served = gateway.recorded.one()
    # "What is the capital of France?" is 31 characters; the answer begins with "Paris".
    assert (served.prompt_tokens, served.tokens_estimated) == (8, True)
    assert served.completion_tokens >= 1
    assert served.cost_usd == pytest.approx((8 + served.completion_tokens) * 0.25 / 1e6)


@pytest.mark.parametrize("readable", [True, False])
def test_the_classifiers_call_is_paid_for_whether_or_not_it_can_be_read(
    start_gateway: Any, openai_provider: Any, wire: Any, *, readable: bool
) -> None:
    message = {"role": "assistant", "content": "simple 0.9" if readable else "who knows"}
    usage = {"prompt_tokens": 400, "completion_tokens": 5}
    openai_provider.replies = [
        wire.json({"choices": [{"index": 0, "message": message}], "usage": usage})
    ]
    gateway = start_gateway(openai_provider, classifier=LLM % openai_provider.port)
    gateway.chat()
    served = gateway.recorded.one()
    assert served.classifier_cost_usd == pytest.approx((400 * 2 + 5 * 4) / 1e6)
    # Serving is apart: 21 and 2 tokens of the tier that served.
    price = {"simple": 0.25, "complex": 15}[served.served_tier]
    assert served.cost_usd == pytest.approx(23 * price / 1e6)
    told = gateway.client.get("/metrics").text
    spent = dict(
        line.rsplit(" ", 1)
        for line in told.splitlines()
        if line.startswith("tierwatch_gateway_spend_usd_t")
    )
    assert {key: float(usd) for key, usd in spent.items()} == {
        'tierwatch_gateway_spend_usd_total{kind="serving"}': pytest.approx(served.cost_usd),
        'tierwatch_gateway_spend_usd_total{kind="classifier"}': pytest.approx(820 / 1e6),
    }


def test_a_classifier_that_reports_no_usage_is_estimated_by_what_it_was_asked(
    start_gateway: Any, openai_provider: Any, wire: Any
) -> None:
    message = {"role": "assistant", "content": "simple 0.9"}
    openai_provider.replies = [wire.json({"choices": [{"index": 0, "message": message}]})]
    gateway = start_gateway(openai_provider, classifier=LLM % openai_provider.port)
    gateway.chat()
    asked = openai_provider.received[0].json["messages"]
    tokens = -(-sum(len(message["content"]) for message in asked) // 4)
    assert gateway.recorded.one().classifier_cost_usd == pytest.approx(tokens * 2 / 1e6)


def test_a_classifier_that_does_not_answer_costs_nothing_we_know_of(
    start_gateway: Any, openai_provider: Any, wire: Any
) -> None:
    openai_provider.replies = [wire.json({"error": {"message": "no"}}, 500)]
    gateway = start_gateway(openai_provider, classifier=LLM % openai_provider.port)
    gateway.chat()
    assert gateway.recorded.one().classifier_cost_usd == 0


def test_a_failed_attempt_is_paid_for_when_the_provider_reports_usage(
    start_gateway: Any, openai_provider: Any, wire: Any
) -> None:
    useless = {"choices": [], "usage": {"prompt_tokens": 500, "completion_tokens": 0}}
    openai_provider.replies = [wire.json(useless), wire.json({"usage": useless["usage"]}, 500)]
    gateway = start_gateway(openai_provider, costs=COSTS)
    assert gateway.chat().headers["x-tierwatch-tier"] == "standard"
    served = gateway.recorded.one()
    # The first answer had no choices and 500 tokens; a 500 is an error, not an answer.
    assert [attempt.cost_usd for attempt in served.attempts] == [pytest.approx(500e-6), 0, 0]
    assert served.cost_usd == pytest.approx((500 * 1 + 21 * 3 + 2 * 15) / 1e6)


def test_when_nobody_answers_what_was_billed_still_counts(
    start_gateway: Any, openai_provider: Any, wire: Any
) -> None:
    openai_provider.usual = wire.json(
        {"choices": [], "usage": {"prompt_tokens": 100, "completion_tokens": 0}}
    )
    gateway = start_gateway(openai_provider, costs=COSTS, retry="{attempts: 0, escalate: false}")
    assert gateway.chat().status_code >= 500
    served = gateway.recorded.one()
    assert (served.answer, served.prompt_tokens) == (None, 0)
    assert served.cost_usd == pytest.approx(100e-6)
    assert (
        'tierwatch_gateway_cost_usd_total{tier="simple"} 0.0001'
        in gateway.client.get("/metrics").text
    )


def reply_of(text_: str, read: int, written: int, cached: int = 0) -> dict[str, Any]:
    return {
        "model": "m",
        "choices": [
            {
                "index": 0,
                "message": {"role": "assistant", "content": text_},
                "finish_reason": "stop",
            }
        ],
        "usage": {
            "prompt_tokens": read,
            "completion_tokens": written,
            "prompt_tokens_details": {"cached_tokens": cached},
        },
    }


def test_a_small_replay_whose_every_figure_is_reckoned_by_hand(
    start_gateway: Any, openai_provider: Any, wire: Any, engine: Engine, tmp_path: Path
) -> None:
    """Two requests over HTTP through classifier and gateway, then shadow and judge over HTTP."""
    openai_provider.replies = [
        wire.json(reply_of("simple 0.9", 300, 5)),
        wire.json(reply_of("It is Paris.", 1_000, 100, cached=600)),
        wire.json(reply_of("simple 0.8", 310, 5)),
        wire.json(reply_of("It is Rome.", 200, 50)),
        # Shadow answers, on the tier above.
        wire.json(reply_of("Paris, on the Seine.", 1_000, 120)),
        wire.json(reply_of("Rome, of course.", 200, 60)),
        # The judge, in both orders; a reply that cannot be read is asked for once more.
        wire.json(reply_of('{"reason": "r", "verdict": "tie"}', 700, 30)),
        wire.json(reply_of("hm", 700, 1)),
        wire.json(reply_of('{"reason": "r", "verdict": "tie"}', 700, 30)),
        wire.json(reply_of('{"reason": "r", "verdict": "tie"}', 400, 30)),
        wire.json(reply_of('{"reason": "r", "verdict": "tie"}', 400, 30)),
    ]
    gateway = start_gateway(openai_provider, costs=COSTS, classifier=LLM % openai_provider.port)
    for _ in range(2):
        assert gateway.chat().headers["x-tierwatch-tier"] == "simple"
    wire.until(lambda: len(gateway.recorded.exchanges) == 2)

    config = gateway.config
    dispatch = KeptDispatch()
    recorder = build_recorder(engine, dispatch, tmp_path, tiers=config.tiers)
    for served in gateway.recorded.exchanges:
        recorder.record(served)
    recorder.flush()
    client = ChatClient(config.providers, {"PROVIDER_KEY": "k"})
    provider = next(iter(config.providers))
    judge = build_judge(
        JudgeConfig(model="compares", provider=provider, price=Price(2.0, 10.0)),
        client=client,
        arms=[tier.model for tier in config.tiers],
        environ={},
    )
    for served in gateway.recorded.exchanges:
        shadow_exchange(
            served.exchange_id,
            engine=engine,
            client=client,
            tiers={tier.name: tier for tier in config.tiers},
            dispatch=dispatch,
            redact=str,
            hold_s=30,
        )
    for served in gateway.recorded.exchanges:
        judge_exchange(served.exchange_id, engine=engine, judge=judge, dispatch=dispatch, hold_s=30)
    client.close()
    assert not openai_provider.replies

    with engine.connect() as connection:
        report = build_report(connection, config)
        exchange = connection.execute(
            text("select cached_tokens, cost_usd, classifier_cost_usd from exchanges"
                 " order by request_no limit 1")
        ).one()  # fmt: skip
        rolled = connection.execute(
            text("select sum(cached_tokens)::int, sum(classifier_cost_usd) from rollups")
        ).one()

    # Tier simple: 1 in, 5 out, .1 cached. First 400x1 + 600x.1 + 100x5, second 200x1 + 50x5.
    serving = (400 + 60 + 500) + (200 + 250)
    # The classifier: 2 in, 4 out.
    classifier = (300 * 2 + 5 * 4) + (310 * 2 + 5 * 4)
    # Tier standard: 3 in, 15 out.
    shadow = (1_000 * 3 + 120 * 15) + (200 * 3 + 60 * 15)
    # The judge: 2 in, 10 out; five calls.
    judging = 3 * 700 * 2 + (30 + 1 + 30) * 10 + 2 * (400 * 2 + 30 * 10)
    # Always complex: 15 in, 75 out, no price for cached tokens.
    top = (1_000 * 15 + 100 * 75) + (200 * 15 + 50 * 75)
    costs = {name: usd * 1e6 for name, usd in report["costs"].items() if name != "unpriced"}
    assert costs == {
        "serving_usd": pytest.approx(serving),  # 1,410
        "classifier_usd": pytest.approx(classifier),  # 1,260
        "shadow_usd": pytest.approx(shadow),  # 6,300
        "judge_usd": pytest.approx(judging),  # 7,010
        "checks_usd": 0,
    }
    assert report["cost_usd"] * 1e6 == pytest.approx(serving)
    assert report["evaluation_cost_usd"] * 1e6 == pytest.approx(shadow + judging)
    assert report["cost_top_tier_usd"] * 1e6 == pytest.approx(top)  # 29,250
    assert report["saving"] == pytest.approx(1 - 1_410 / 29_250)  # 95.2 %
    assert report["saving_net_of_evaluation"] == pytest.approx(1 - 15_980 / 29_250)  # 45.4 %
    assert report["costs"]["unpriced"] == []
    assert exchange == (600, pytest.approx(960e-6), pytest.approx(620e-6))
    assert rolled == (600, pytest.approx(1_260e-6))
