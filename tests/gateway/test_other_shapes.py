"""Answers in the shape that was not asked for, and what heads tell, with the vendors' clients."""

import json
from typing import Any

import anthropic
import openai
import pytest

MESSAGES: Any = [{"role": "user", "content": "What is the capital of France?"}]


@pytest.fixture(params=["openai", "anthropic"])
def provider(request: pytest.FixtureRequest) -> Any:
    return request.getfixturevalue(f"{request.param}_provider")


def whole(provider: Any, wire: Any, **headers: str) -> Any:
    reply = wire.openai_reply if provider.kind == "openai" else wire.anthropic_reply
    return wire.json(reply, **headers)


def stream(provider: Any, wire: Any) -> Any:
    if provider.kind == "openai":
        return wire.stream(*wire.openai_chunks("Par", "is.", usage=True))
    return wire.stream(*wire.anthropic_events("Par", "is."))


def test_a_whole_answer_is_streamed_to_who_asked_for_a_stream(
    start_gateway: Any, provider: Any, wire: Any
) -> None:
    provider.usual = whole(provider, wire)
    gateway = start_gateway(provider)
    with openai.OpenAI(base_url=f"{gateway.url}/v1", api_key="k", max_retries=0) as client:
        chunks = list(client.chat.completions.create(model="auto", messages=MESSAGES, stream=True))
    assert "".join(c.choices[0].delta.content or "" for c in chunks if c.choices) == "Paris."
    with (
        anthropic.Anthropic(base_url=gateway.url, api_key="k", max_retries=0) as sdk,
        sdk.messages.stream(model="auto", max_tokens=9, messages=MESSAGES) as streamed,
    ):
        assert "".join(streamed.text_stream) == "Paris."
    assert len(provider.received) == 2, "one call each"
    wire.until(lambda: len(gateway.recorded.exchanges) == 2)
    assert [served.finished for served in gateway.recorded.exchanges] == [True, True]


def test_a_stream_is_put_together_for_who_asked_for_a_whole_answer(
    start_gateway: Any, provider: Any, wire: Any
) -> None:
    provider.usual = stream(provider, wire)
    gateway = start_gateway(provider)
    with openai.OpenAI(base_url=f"{gateway.url}/v1", api_key="k", max_retries=0) as client:
        answer = client.chat.completions.create(model="auto", messages=MESSAGES)
    assert answer.choices[0].message.content == "Paris."
    assert (answer.usage.prompt_tokens, answer.usage.completion_tokens) == (21, 2)
    with anthropic.Anthropic(base_url=gateway.url, api_key="k", max_retries=0) as sdk:
        said = sdk.messages.create(model="auto", max_tokens=9, messages=MESSAGES)
    assert [block.text for block in said.content] == ["Paris."]
    assert len(provider.received) == 2, "one call each"


def test_both_clients_know_the_providers_id_of_the_answer(
    start_gateway: Any, provider: Any, wire: Any
) -> None:
    named = {"openai": "x_request_id", "anthropic": "request_id"}[provider.kind]
    provider.usual = whole(provider, wire, **{named: "req_1", "x_ratelimit_limit_tokens": "9"})
    gateway = start_gateway(provider)
    with openai.OpenAI(base_url=f"{gateway.url}/v1", api_key="k", max_retries=0) as client:
        answer = client.chat.completions.with_raw_response.create(model="auto", messages=MESSAGES)
        assert answer.parse()._request_id == "req_1"
        assert answer.headers["x-ratelimit-limit-tokens"] == "9"
    with anthropic.Anthropic(base_url=gateway.url, api_key="k", max_retries=0) as sdk:
        assert sdk.messages.create(model="auto", max_tokens=9, messages=MESSAGES)._request_id == (
            "req_1"
        )


def test_the_id_of_a_refusal_too(start_gateway: Any, provider: Any, wire: Any) -> None:
    error = {"type": "error", "error": {"type": "invalid_request_error", "message": "No."}}
    provider.usual = wire.json(error, 400, x_request_id="req_2")
    gateway = start_gateway(provider)
    with (
        openai.OpenAI(base_url=f"{gateway.url}/v1", api_key="k", max_retries=0) as client,
        pytest.raises(openai.BadRequestError) as refused,
    ):
        client.chat.completions.create(model="auto", messages=MESSAGES)
    assert refused.value.request_id == "req_2"


@pytest.mark.parametrize("status", [401, 403])
def test_our_own_key_is_never_the_callers_matter(
    start_gateway: Any, provider: Any, wire: Any, status: int
) -> None:
    provider.usual = wire.json({"error": {"message": "Incorrect API key"}}, status)
    gateway = start_gateway(provider)
    # The client's own tries are on: it is told that they are of no use.
    with (
        anthropic.Anthropic(base_url=gateway.url, api_key="k", max_retries=5) as sdk,
        pytest.raises(anthropic.InternalServerError) as failed,
    ):
        sdk.messages.create(model="auto", max_tokens=9, messages=MESSAGES)
    assert failed.value.status_code == 502
    page = gateway.client.get("/metrics").text
    assert page.count('tierwatch_gateway_requests_total{status="502"') == 1
    assert 'tierwatch_gateway_requests_total{status="502",tier="simple"} 1.0' in (
        gateway.client.get("/metrics").text
    )


def test_a_trace_reaches_the_provider(start_gateway: Any, provider: Any) -> None:
    gateway = start_gateway(provider)
    trace = {"traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"}
    body = {"model": "auto", "messages": MESSAGES, "max_tokens": 9}
    for path in ("/v1/chat/completions", "/v1/messages", "/v1/responses"):
        asked = {**body, "input": "Hello"} if path == "/v1/responses" else body
        gateway.client.post(path, json=asked, headers=trace)
    seen = {received.headers.get("traceparent") for received in provider.received}
    assert seen == set(trace.values())


def test_what_fails_behind_a_ping_on_the_responses_wire(
    start_gateway: Any, openai_provider: Any, wire: Any
) -> None:
    openai_provider.usual = wire.silence
    gateway = start_gateway(
        openai_provider, gateway="{keepalive: 0.05}", timeout_s=0.3, retry="{attempts: 0}"
    )
    body = {"model": "model-simple", "input": "Hello", "stream": True}
    answer = gateway.client.post("/v1/responses", json=body)
    assert answer.text.startswith(": ping\n\n")
    assert "did not answer in time" in answer.text
    last = json.loads(answer.text.rpartition("data: ")[2])
    assert last["type"] in ("error", "response.failed")
