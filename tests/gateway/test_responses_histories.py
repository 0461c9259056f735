"""Who wrote what in a history of items: thoughts go back to the model that had them alone."""

from collections.abc import Iterator
from typing import Any

import pytest
from fakes.provider import RESPONSES_REPLY, FakeProvider, json_reply

THOUGHT = {"type": "reasoning", "id": "rs_1", "summary": [], "encrypted_content": "gAAA=="}
CALL = {
    "type": "function_call",
    "id": "fc_1",
    "call_id": "call_1",
    "name": "weather",
    "arguments": "{}",
    "status": "completed",
}
TOOL = {"type": "function", "name": "weather", "parameters": {"type": "object", "properties": {}}}
ASKED = {"role": "user", "content": "Weather?"}
OUTPUT = {"type": "function_call_output", "call_id": "call_1", "output": "sunny"}
THINKING = {**RESPONSES_REPLY, "output": [THOUGHT, CALL]}


@pytest.fixture
def low() -> Iterator[FakeProvider]:
    with FakeProvider("responses", json_reply(RESPONSES_REPLY)).running() as provider:
        yield provider


@pytest.fixture
def high() -> Iterator[FakeProvider]:
    with FakeProvider("responses", json_reply(RESPONSES_REPLY)).running() as provider:
        yield provider


def ask(gateway: Any, model: str, *items: Any) -> Any:
    body = {"model": model, "input": list(items), "tools": [TOOL], "store": False}
    response = gateway.client.post("/v1/responses", json=body)
    assert response.status_code == 200
    return response


def test_a_thought_goes_home_and_nowhere_else(
    start_gateway: Any, low: FakeProvider, high: FakeProvider
) -> None:
    gateway = start_gateway(low, high, high)
    low.replies = [json_reply(THINKING)]
    first = ask(gateway, "auto", ASKED).json()["output"]
    assert first == [THOUGHT, CALL]

    # The results of the calls bring the thought back to who had it.
    again = ask(gateway, "auto", ASKED, *first, OUTPUT)
    assert again.headers["x-tierwatch-tier"] == "simple"
    assert low.received[1].json["input"] == [ASKED, THOUGHT, CALL, OUTPUT]

    # Another model is told what was called and found, and nothing that it could not read.
    ask(gateway, "complex", ASKED, *first, OUTPUT)
    call = {name: value for name, value in CALL.items() if name != "id"}
    assert high.received[0].json["input"] == [ASKED, call, OUTPUT]


def test_a_thought_that_nobody_remembers_is_left_out(
    start_gateway: Any, low: FakeProvider, high: FakeProvider
) -> None:
    gateway = start_gateway(low, high, high)
    ask(gateway, "auto", ASKED, THOUGHT, CALL, OUTPUT)
    assert "gAAA" not in str(low.received[0].json)


def test_where_one_model_alone_can_have_had_it_it_gets_it_back(
    start_gateway: Any, low: FakeProvider, anthropic_provider: FakeProvider
) -> None:
    gateway = start_gateway(low, anthropic_provider, anthropic_provider)
    ask(gateway, "auto", ASKED, THOUGHT, CALL, OUTPUT)
    assert low.received[0].json["input"] == [ASKED, THOUGHT, CALL, OUTPUT]
    ask(gateway, "complex", ASKED, THOUGHT, CALL, OUTPUT)
    assert "gAAA" not in str(anthropic_provider.received[0].json)


def test_what_its_provider_alone_keeps_goes_to_who_may_have_it(
    start_gateway: Any, low: FakeProvider, anthropic_provider: FakeProvider
) -> None:
    gateway = start_gateway(low, anthropic_provider, anthropic_provider)
    body = {"input": "Go on.", "conversation": "conv_1", "store": False}
    passed = gateway.client.post("/v1/responses", json={**body, "model": "simple"})
    assert passed.status_code == 200
    assert low.received[0].json == {**body, "model": "model-simple"}
    refused = gateway.client.post("/v1/responses", json={**body, "model": "model-complex"})
    assert refused.status_code == 400
    assert "conversation" in refused.json()["error"]["message"]
    assert anthropic_provider.received == []
