"""Counting tokens: by Anthropic's provider where the tier is served there, else by estimate."""

from typing import Any

import anthropic
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tierwatch.gateway.endpoints.tokens import estimated_input

MESSAGES: Any = [{"role": "user", "content": "What is the capital of France?"}]


def test_anthropics_provider_counts(start_gateway: Any, anthropic_provider: Any, wire: Any) -> None:
    gateway = start_gateway(anthropic_provider)
    anthropic_provider.replies = [wire.json({"input_tokens": 14}, request_id="req_1")]
    with anthropic.Anthropic(base_url=gateway.url, api_key="k", max_retries=0) as client:
        counted = client.messages.count_tokens(model="auto", messages=MESSAGES)
    assert counted.input_tokens == 14
    (received,) = anthropic_provider.received
    assert received.path == "/v1/messages/count_tokens"
    assert received.json == {"model": "model-simple", "messages": MESSAGES}
    assert gateway.recorded.exchanges == []


@pytest.mark.parametrize("model", ["auto", "complex", "model-simple-20251001"])
def test_another_vendors_tier_is_estimated(
    start_gateway: Any, openai_provider: Any, model: str
) -> None:
    gateway = start_gateway(openai_provider)
    with anthropic.Anthropic(base_url=gateway.url, api_key="k", max_retries=0) as client:
        raw = client.messages.with_raw_response.count_tokens(model=model, messages=MESSAGES)
    assert raw.parse().input_tokens == estimated_input({"messages": MESSAGES})
    assert raw.headers["x-tierwatch-estimated"] == "true"
    assert openai_provider.received == []


def test_a_tier_of_both_is_counted_where_that_can_be(
    start_gateway: Any, anthropic_provider: Any, openai_provider: Any, wire: Any
) -> None:
    gateway = start_gateway(openai_provider, openai_provider, anthropic_provider)
    anthropic_provider.replies = [wire.json({"input_tokens": 14})]
    body = {"model": "complex", "messages": MESSAGES}
    assert gateway.client.post("/v1/messages/count_tokens", json=body).json() == {
        "input_tokens": 14
    }


@pytest.mark.parametrize("status", [401, 404, 429, 500])
def test_a_provider_that_does_not_count_is_no_error(
    start_gateway: Any, anthropic_provider: Any, wire: Any, status: int
) -> None:
    gateway = start_gateway(anthropic_provider)
    anthropic_provider.replies = [wire.json({"type": "error", "error": {"type": "x"}}, status)]
    body = {"model": "auto", "messages": MESSAGES}
    said = gateway.client.post("/v1/messages/count_tokens", json=body)
    assert said.status_code == 200
    assert said.json()["input_tokens"] > 5


def test_a_mistake_of_the_callers_is_said_in_the_vendors_words(
    start_gateway: Any, anthropic_provider: Any, wire: Any
) -> None:
    gateway = start_gateway(anthropic_provider)
    error = {"type": "invalid_request_error", "message": "messages.0.role: Input should be 'user'"}
    anthropic_provider.replies = [wire.json({"type": "error", "error": error}, 400)]
    body = {"model": "auto", "messages": MESSAGES}
    said = gateway.client.post("/v1/messages/count_tokens", json=body)
    assert (said.status_code, said.json()["error"]) == (400, error)


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"{", 400),
        (b"[]", 400),
        (b'{"model": "auto"}', 400),
        (b'{"model": "gpt-9", "messages": []}', 404),
        (b'{"messages": []}', 400),
        (b'{"model": 7, "messages": []}', 400),
        (b'{"model": "", "messages": []}', 400),
        (b'{"model": "auto", "messages": []}', 200),
        (b'{"model": "auto", "messages": [7, {"role": 1, "content": {"a": [null]}}]}', 200),
    ],
)
def test_what_can_be_counted(
    start_gateway: Any, openai_provider: Any, body: bytes, status: int
) -> None:
    said = start_gateway(openai_provider).client.post("/v1/messages/count_tokens", content=body)
    assert said.status_code == status
    assert (said.json().get("type") == "error") is (status != 200)


def test_an_estimate_is_near_what_vendors_count() -> None:
    # 600 letters of prose are some 150 tokens; 100 ideographs some 100.
    prose = {"messages": [{"role": "user", "content": "All work and no play. " * 27}]}
    assert 150 <= estimated_input(prose) <= 200
    assert 100 <= estimated_input({"messages": [{"role": "user", "content": "漢" * 100}]}) <= 110
    image = {"type": "image", "source": {"type": "base64", "data": "x" * 10**6}}
    seen = estimated_input({"messages": [{"role": "user", "content": [image]}]})
    assert 1_600 <= seen <= 1_620


def test_tools_and_system_count() -> None:
    tool = {"name": "weather", "description": "x" * 350, "input_schema": {"type": "object"}}
    plain = estimated_input({"messages": MESSAGES})
    assert estimated_input({"messages": MESSAGES, "tools": [tool]}) > plain + 100
    assert estimated_input({"messages": MESSAGES, "system": "y" * 350}) == plain + 100


@given(
    st.recursive(
        st.none() | st.text(max_size=5) | st.integers() | st.floats(),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner),
        max_leaves=20,
    )
)
def test_whatever_the_messages_are_there_is_an_estimate(messages: Any) -> None:
    assert estimated_input({"messages": messages}) >= 0
