"""A decision without a call."""

import json
from typing import Any

import pytest

MESSAGES = [{"role": "user", "content": "What is the capital of France?"}]
CHAT = {"model": "auto", "messages": MESSAGES}
MESSAGE = {**CHAT, "max_tokens": 9, "system": "Be brief.", "stop_sequences": ["x"]}


@pytest.mark.parametrize(
    ("body", "headers"),
    [
        (CHAT, {}),
        (MESSAGE, {}),
        ({"model": "auto", "input": "What is the capital of France?"}, {}),
        (MESSAGE, {"anthropic-version": "2023-06-01"}),
    ],
)
def test_the_decision_of_a_body_on_any_wire(
    start_gateway: Any, openai_provider: Any, wire: Any, body: Any, headers: dict[str, str]
) -> None:
    gateway = start_gateway(openai_provider)
    said = gateway.client.post("/v1/route", json=body, headers=headers)
    assert said.status_code == 200
    decision = said.json()
    assert len(decision.pop("request_id")) == 36
    assert decision == {
        "tier": "simple",
        "model": "model-simple",
        "provider": f"p{openai_provider.port}",
        "provider_model": "model-simple",
        "confidence": 1.0,
        "threshold": 0.7,
        "reason": "kept",
        "task_type": "all",
        "policy_version": 1,
    }
    assert openai_provider.received == [], "nobody is asked"
    assert gateway.recorded.exchanges == [], "nothing is recorded"
    metrics = gateway.client.get("/metrics").text
    assert 'passed_requests_total{endpoint="route",key="",status="200"} 1.0' in metrics
    assert "tierwatch_gateway_session_turns_total{" not in metrics


def test_it_is_what_the_chat_is_then_served_under(start_gateway: Any, openai_provider: Any) -> None:
    gateway = start_gateway(openai_provider, classifier="{kind: heuristic}")
    decision = gateway.client.post("/v1/route", json=CHAT).json()
    served = gateway.chat()
    assert served.headers["x-tierwatch-tier"] == decision["tier"]
    assert served.headers["x-tierwatch-confidence"] == f"{decision['confidence']:.4f}"


@pytest.mark.parametrize(
    ("model", "tier"), [("complex", "complex"), ("openai/model-standard-2024-07-18", "standard")]
)
def test_a_name_is_a_decision(
    start_gateway: Any, openai_provider: Any, model: str, tier: str
) -> None:
    said = start_gateway(openai_provider).client.post("/v1/route", json={**CHAT, "model": model})
    assert (said.json()["tier"], said.json()["reason"]) == (tier, "pinned")


def test_a_conversation_stays_where_it_is(start_gateway: Any, openai_provider: Any) -> None:
    gateway = start_gateway(openai_provider)
    for _ in range(3):
        headers = {"x-session-id": "s"}
        assert gateway.client.post("/v1/route", json=CHAT, headers=headers).json()["tier"]
    assert "tierwatch_gateway_session_turns_total{" not in gateway.client.get("/metrics").text


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"{", 400),
        (b"[]", 400),
        (b"", 400),
        (b'{"model": "gpt-9", "messages": [{"role": "u"}]}', 404),
    ],
)
def test_what_cannot_be_decided(
    start_gateway: Any, openai_provider: Any, body: bytes, status: int
) -> None:
    gateway = start_gateway(openai_provider)
    said = gateway.client.post("/v1/route", content=body)
    assert (said.status_code, set(said.json())) == (status, {"error"})
    own = {"anthropic-version": "2023-06-01"}
    assert gateway.client.post("/v1/route", content=body, headers=own).json()["type"] == "error"


def test_a_key_is_asked_for_and_counted(start_gateway: Any, openai_provider: Any) -> None:
    keyed = "{api_keys: [{name: team-a, key: env:GATEWAY_KEY}]}"
    gateway = start_gateway(openai_provider, gateway=keyed)
    assert gateway.client.post("/v1/route", json=CHAT).status_code == 401
    key = {"x-api-key": "gateway-key"}
    assert gateway.client.post("/v1/route", json=CHAT, headers=key).status_code == 200
    text = gateway.client.get("/metrics", headers=key).text
    assert '{endpoint="route",key="team-a",status="200"} 1.0' in text
    assert '{endpoint="route",key="",status="401"} 1.0' in text


def test_a_classifier_that_is_a_model_is_asked_and_paid(
    start_gateway: Any, openai_provider: Any, wire: Any
) -> None:
    label = json.dumps({"tier": "standard", "confidence": 0.9})
    reply = json.loads(json.dumps(wire.openai_reply))
    reply["choices"][0]["message"]["content"] = label
    openai_provider.replies = [wire.json(reply)]
    classifier = f"{{kind: llm, model: m, provider: p{openai_provider.port}, cost: 1}}"
    gateway = start_gateway(openai_provider, classifier=classifier)
    assert gateway.client.post("/v1/route", json=CHAT).json()["tier"] == "standard"
    assert len(openai_provider.received) == 1
    assert (
        'tierwatch_gateway_spend_usd_total{kind="classifier"}'
        in gateway.client.get("/metrics").text
    )
