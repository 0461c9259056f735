"""The model that classifies: spread over deployments, left alone while it fails, found again."""

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest


@pytest.fixture
def asked(openai_provider: Any) -> Iterator[Any]:
    """The provider that classifies; it also serves tier standard."""
    with type(openai_provider)("openai", openai_provider.usual).running() as provider:
        yield provider


def is_classification(received: Any) -> bool:
    system = received.json.get("system") or received.json["messages"][0].get("content")
    return str(system).startswith("You decide which of several model tiers")


def classifications(provider: Any) -> list[dict[str, Any]]:
    return [one.json for one in provider.received if is_classification(one)]


def says(wire: Any, kind: str, text: str = "simple 0.9") -> Any:
    """A classification that took 400 tokens and 5."""
    if kind == "anthropic":
        usage = {"input_tokens": 400, "output_tokens": 5}
        content = [{"type": "text", "text": text}]
        return wire.json({**wire.anthropic_reply, "content": content, "usage": usage})
    message = {"role": "assistant", "content": text}
    usage = {"prompt_tokens": 400, "completion_tokens": 5}
    choice = {"index": 0, "message": message, "finish_reason": "stop"}
    return wire.json({**wire.openai_reply, "choices": [choice], "usage": usage})


def classifying(provider: Any, reply: Any) -> None:
    """Let a provider answer classifications like this, and everything else as it did."""
    usual = provider.usual

    async def either(writer: Any, received: Any) -> None:
        await (reply if is_classification(received) else usual)(writer, received)

    provider.usual = either


def reasons(gateway: Any, wire: Any, count: int) -> list[str]:
    wire.until(lambda: len(gateway.recorded.exchanges) >= count)
    return [one.decision.reason for one in gateway.recorded.exchanges]


@pytest.mark.parametrize("why", ["timeout", "server"])
def test_one_that_keeps_failing_is_left_alone_and_found_again(
    start_gateway: Any, openai_provider: Any, asked: Any, wire: Any, why: str
) -> None:
    healthy = asked.usual
    classifying(asked, wire.silence if why == "timeout" else wire.json({}, 500))
    # The classifier is tier standard's model at the same place.
    classifier = f"{{model: model-standard, provider: p{asked.port}, timeout: 0.2}}"
    gateway = start_gateway(
        openai_provider,
        asked,
        openai_provider,
        classifier=classifier,
        balance="{breaker: {failures: 2, open_for: 2s}}",
    )
    for _ in range(5):
        assert gateway.chat().headers["x-tierwatch-tier"] == "complex"  # the default tier
    failed, left = f"classifier_failed:{why}", "classifier_failed:left_alone"
    assert reasons(gateway, wire, 5) == [failed, failed, left, left, left]
    assert len(classifications(asked)) == 2
    name = f'deployment="classifier:p{asked.port}/model-standard"'
    assert f"tierwatch_gateway_breaker_state{{{name}}} 2.0" in gateway.client.get("/metrics").text
    # It is left alone as a classifier only.
    assert gateway.chat("standard").headers["x-tierwatch-tier"] == "standard"

    asked.usual = healthy
    classifying(asked, says(wire, "openai"))
    wire.until(lambda: gateway.chat().headers["x-tierwatch-tier"] == "simple")
    assert gateway.chat().headers["x-tierwatch-tier"] == "simple"
    assert f"tierwatch_gateway_breaker_state{{{name}}} 0.0" in gateway.client.get("/metrics").text


def test_a_failing_deployment_costs_no_classification(
    start_gateway: Any, openai_provider: Any, asked: Any, wire: Any
) -> None:
    classifying(openai_provider, wire.json({}, 503))
    classifying(asked, says(wire, "openai"))
    places = (
        f"[{{provider: p{openai_provider.port}}}, {{provider: p{asked.port}, model: tiny-there}}]"
    )
    gateway = start_gateway(
        openai_provider,
        asked,
        asked,
        classifier=f"{{model: tiny, providers: {places}}}",
        balance="{breaker: {failures: 3, open_for: 1m}}",
    )
    for _ in range(12):
        gateway.chat()
    assert set(reasons(gateway, wire, 12)) == {"kept"}
    assert [one["model"] for one in classifications(openai_provider)] == ["tiny"] * 3
    assert [one["model"] for one in classifications(asked)] == ["tiny-there"] * 12


@pytest.mark.parametrize("kind", ["openai", "anthropic"])
def test_a_200_that_is_an_error_goes_to_the_next_deployment_and_counts(
    start_gateway: Any,
    openai_provider: Any,
    anthropic_provider: Any,
    asked: Any,
    wire: Any,
    *,
    kind: str,
) -> None:
    failing = {"openai": openai_provider, "anthropic": anthropic_provider}[kind]
    classifying(failing, wire.json({"error": {"message": "overloaded", "code": 503}}))
    classifying(asked, says(wire, "openai"))
    places = ", ".join(f"{{provider: p{one.port}}}" for one in (failing, asked))
    gateway = start_gateway(
        failing,
        asked,
        asked,
        classifier=f"{{model: tiny, providers: [{places}]}}",
        balance="{breaker: {failures: 2, open_for: 1m}}",
    )
    for _ in range(8):
        gateway.chat()
    assert set(reasons(gateway, wire, 8)) == {"kept"}
    assert [len(classifications(one)) for one in (failing, asked)] == [2, 8]


def test_a_body_that_one_deployment_refuses_is_taken_to_the_next(
    start_gateway: Any, openai_provider: Any, asked: Any, wire: Any
) -> None:
    refusal = {"error": {"message": "This place is for images."}}
    classifying(openai_provider, wire.json(refusal, 400))
    classifying(asked, says(wire, "openai"))
    places = f"[{{provider: p{openai_provider.port}}}, {{provider: p{asked.port}}}]"
    gateway = start_gateway(
        openai_provider, asked, asked, classifier=f"{{model: tiny, providers: {places}}}"
    )
    for _ in range(4):
        gateway.chat()
    assert reasons(gateway, wire, 4) == ["kept"] * 4
    assert len(classifications(openai_provider)) == 2


def test_a_long_retry_after_counts_up_to_the_breakers_own_time(
    start_gateway: Any, openai_provider: Any, asked: Any, wire: Any
) -> None:
    healthy = asked.usual
    busy = wire.json({"error": {"message": "slow down"}}, 429, retry_after="120")
    classifying(asked, busy)
    gateway = start_gateway(
        openai_provider,
        asked,
        openai_provider,
        classifier=f"{{model: tiny, provider: p{asked.port}}}",
        balance="{breaker: {open_for: 500ms}}",
    )
    for _ in range(2):
        assert gateway.chat().headers["x-tierwatch-tier"] == "complex"
    failed, left = "classifier_failed:rate_limited", "classifier_failed:left_alone"
    assert reasons(gateway, wire, 2) == [failed, left]
    asked.usual = healthy
    classifying(asked, says(wire, "openai"))
    wire.until(lambda: gateway.chat().headers["x-tierwatch-tier"] == "simple")


def after(seconds: float, reply: Any) -> Any:
    """The reply, so much later."""

    async def late(writer: Any, received: Any) -> None:
        await asyncio.sleep(seconds)
        await reply(writer, received)

    return late


def test_time_that_another_deployment_used_up_is_no_fault(
    start_gateway: Any, openai_provider: Any, asked: Any, wire: Any
) -> None:
    """The first fails when most of the limit is gone, which is too late for the second."""
    classifying(openai_provider, after(0.7, wire.json({}, 500)))
    classifying(asked, after(0.6, says(wire, "openai")))
    places = f"[{{provider: p{openai_provider.port}}}, {{provider: p{asked.port}, cost: 2}}]"
    gateway = start_gateway(
        openai_provider,
        asked,
        asked,
        classifier=f"{{model: tiny, cost: 1, timeout: 1, providers: {places}}}",
        balance="{strategy: cheapest, breaker: {failures: 2, open_for: 1m}}",
    )
    for _ in range(4):
        gateway.chat()
    # After two failures the first is left alone, and the second has the whole limit.
    late = "classifier_failed:timeout"
    assert reasons(gateway, wire, 4) == [late, late, "kept", "kept"]


def test_a_providers_own_time_limit_leaves_time_for_the_next(
    start_gateway: Any, openai_provider: Any, asked: Any, wire: Any
) -> None:
    classifying(openai_provider, wire.silence)
    classifying(asked, says(wire, "openai"))
    places = f"[{{provider: p{openai_provider.port}}}, {{provider: p{asked.port}}}]"
    gateway = start_gateway(
        openai_provider,
        asked,
        asked,
        classifier=f"{{model: tiny, timeout: 5, providers: {places}}}",
        timeout_s=0.3,
    )
    for _ in range(4):
        gateway.chat()
    assert reasons(gateway, wire, 4) == ["kept"] * 4
    assert len(classifications(openai_provider)) == 2


def test_each_deployment_is_asked_on_its_wire_and_paid_at_its_price(
    start_gateway: Any, openai_provider: Any, anthropic_provider: Any, wire: Any
) -> None:
    classifying(openai_provider, says(wire, "openai"))
    classifying(anthropic_provider, says(wire, "anthropic"))
    one, other = (f"provider: p{p.port}" for p in (openai_provider, anthropic_provider))
    places = f"[{{{one}, cost: 1}}, {{{other}}}]"
    gateway = start_gateway(
        openai_provider,
        anthropic_provider,
        anthropic_provider,
        classifier=f"{{model: tiny, cost: 2, providers: {places}}}",
    )
    for _ in range(4):
        gateway.chat()
    assert set(reasons(gateway, wire, 4)) == {"kept"}
    paid = [one.classifier_cost_usd for one in gateway.recorded.exchanges]
    assert paid == pytest.approx([405e-6, 810e-6] * 2)
    assert [one.get("logprobs") for one in classifications(openai_provider)] == [True, True]
    assert len(classifications(anthropic_provider)) == 2
    assert not any("logprobs" in one for one in classifications(anthropic_provider))


def test_what_cannot_be_read_is_no_fault_of_the_deployment(
    start_gateway: Any, openai_provider: Any, asked: Any, wire: Any
) -> None:
    classifying(asked, says(wire, "openai", "It depends."))
    gateway = start_gateway(
        openai_provider,
        asked,
        openai_provider,
        classifier=f"{{model: tiny, provider: p{asked.port}}}",
        balance="{breaker: {failures: 2, open_for: 1m}}",
    )
    for _ in range(4):
        gateway.chat()
    assert set(reasons(gateway, wire, 4)) == {"classifier_failed:unreadable"}
    assert len(classifications(asked)) == 4


def refusing(fields: dict[str, str], reply: Any, wire: Any) -> Any:
    """A provider that refuses each of these fields by name, as vendors do, or replies."""

    async def answer(writer: Any, received: Any) -> None:
        for field, sentence in fields.items():
            if field in received.json:
                error = {"message": sentence, "param": field, "code": "unsupported_parameter"}
                await wire.json({"error": {**error, "type": "invalid_request_error"}}, 400)(
                    writer, received
                )
                return
        await reply(writer, received)

    return answer


def test_what_a_reasoning_model_refuses_is_left_out_and_remembered(
    start_gateway: Any, openai_provider: Any, asked: Any, wire: Any
) -> None:
    fields = {
        "max_tokens": "Unsupported parameter: 'max_tokens' is not supported with this model. Use"
        " 'max_completion_tokens' instead.",
        "temperature": "Unsupported parameter: 'temperature' is not supported with this model.",
        "logprobs": "Unsupported parameter: 'logprobs' is not supported with this model.",
    }
    classifying(asked, refusing(fields, says(wire, "openai"), wire))
    gateway = start_gateway(
        openai_provider,
        asked,
        openai_provider,
        classifier=f"{{model: thinker-1, provider: p{asked.port}}}",
        balance="{breaker: {failures: 1, open_for: 1m}}",
    )
    for _ in range(3):
        gateway.chat()
    assert reasons(gateway, wire, 3) == ["kept"] * 3
    sent = classifications(asked)
    # Three refusals once; then it is known what it takes, and no breaker has opened.
    assert len(sent) == 3 + 3
    assert not {"max_tokens", "temperature", "logprobs"} & sent[-1].keys()
    assert sent[-1]["max_completion_tokens"] == 50


def test_a_model_whose_tokens_end_while_it_thinks_gets_room_for_it(
    start_gateway: Any, openai_provider: Any, asked: Any, wire: Any
) -> None:
    async def thinks(writer: Any, received: Any) -> None:
        text, reason = "<think>Let me see", "length"
        if received.json["max_tokens"] >= 1_000:
            text, reason = "<think>Let me see. Short.</think>\n\nTier: simple - 0.9", "stop"
        message = {"role": "assistant", "content": text}
        choice = {"index": 0, "message": message, "finish_reason": reason}
        usage = {"prompt_tokens": 400, "completion_tokens": 5}
        await wire.json({**wire.openai_reply, "choices": [choice], "usage": usage})(
            writer, received
        )

    classifying(asked, thinks)
    gateway = start_gateway(
        openai_provider,
        asked,
        openai_provider,
        classifier=f"{{model: thinker-1, cost: 1, provider: p{asked.port}}}",
    )
    for _ in range(3):
        gateway.chat()
    assert reasons(gateway, wire, 3) == ["kept"] * 3
    assert [one["max_tokens"] for one in classifications(asked)] == [50, 2_000, 2_000, 2_000]
    # The first request paid for both.
    paid = [one.classifier_cost_usd for one in gateway.recorded.exchanges]
    assert paid == pytest.approx([810e-6, 405e-6, 405e-6])


def test_a_model_that_is_known_to_think_is_asked_to_think_little(
    start_gateway: Any, openai_provider: Any, asked: Any, wire: Any
) -> None:
    classifying(asked, says(wire, "openai"))
    gateway = start_gateway(
        openai_provider,
        asked,
        openai_provider,
        classifier=f"{{model: gpt-5, cost: 1, provider: p{asked.port}}}",
    )
    gateway.chat()
    assert reasons(gateway, wire, 1) == ["kept"]
    (sent,) = classifications(asked)
    assert sent["reasoning_effort"] == "minimal"
    assert 2_000 in (sent.get("max_completion_tokens"), sent.get("max_tokens"))
