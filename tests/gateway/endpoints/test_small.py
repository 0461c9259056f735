"""The small endpoints: models, feedback, health and metrics."""

import json
import re
import threading
import time
import uuid
from typing import Any

import pytest

from tierwatch.loop.capture.state import CaptureState

MESSAGES = [{"role": "user", "content": "Hello"}]
GOOD: dict[str, Any] = {"model": "auto", "messages": MESSAGES}


def post(gateway: Any, content: bytes, path: str = "/v1/chat/completions") -> Any:
    return gateway.client.post(path, content=content)


def test_models_are_auto_then_tiers_then_models(start_gateway: Any, openai_provider: Any) -> None:
    gateway = start_gateway(openai_provider, gateway="{auto_models: [gpt-4o-mini]}")
    listed = gateway.client.get("/v1/models").json()
    assert listed["object"] == "list"
    assert [model["id"] for model in listed["data"]] == [
        "auto", "gpt-4o-mini", "simple", "standard", "complex",
        "model-simple", "model-standard", "model-complex",
    ]  # fmt: skip
    assert gateway.client.get("/v1/models/simple").json()["object"] == "model"
    missing = gateway.client.get("/v1/models/org/other")
    assert (missing.status_code, missing.json()["error"]["code"]) == (404, "model_not_found")


@pytest.mark.parametrize(
    ("fields", "score"),
    [
        ({"rating": "up"}, 1.0),
        ({"rating": "down"}, 0.0),
        ({"score": 0}, 0.0),
        ({"score": 0.25}, 0.25),
    ],
)
def test_feedback_is_taken(
    start_gateway: Any, openai_provider: Any, wire: Any, fields: dict[str, Any], score: float
) -> None:
    gateway = start_gateway(openai_provider)
    request_id = gateway.chat().headers["x-tierwatch-request-id"]
    body = {"request_id": request_id, **fields, "comment": "c \ud800", "session": "s", "by": "qa"}
    response = post(gateway, json.dumps(body).encode(), "/v1/feedback")
    assert response.status_code == 202
    wire.until(lambda: gateway.feedback)
    (said,) = gateway.feedback
    assert (said.request_id, said.score) == (uuid.UUID(request_id), score)
    assert (said.comment, said.session, said.extra) == ("c \ud800", "s", {"by": "qa"})


def test_feedback_that_cannot_be_read_is_400(start_gateway: Any, openai_provider: Any) -> None:
    gateway = start_gateway(openai_provider)
    for body in (b"{", b"{}", json.dumps({"request_id": "nonsense", "rating": "up"}).encode()):
        response = post(gateway, body, "/v1/feedback")
        assert response.status_code == 400
        assert set(response.json()["error"]) == {"message", "type", "param", "code"}
    assert gateway.feedback == []


def test_feedback_that_is_slow_or_lost_holds_nobody_up(
    start_gateway: Any, openai_provider: Any, wire: Any
) -> None:
    gateway = start_gateway(openai_provider)
    go_on = threading.Event()

    def stuck(_: Any) -> None:
        go_on.wait(5)
        raise OSError("database away")

    gateway.take_feedback = stuck
    body = json.dumps({"request_id": str(uuid.UUID(int=1)), "rating": "up"}).encode()
    assert post(gateway, body, "/v1/feedback").status_code == 202
    assert gateway.chat().status_code == 200, "the event loop is free meanwhile"
    go_on.set()
    lost = 'tierwatch_gateway_feedback_total{status="lost"} 1.0'
    wire.until(lambda: lost in gateway.client.get("/metrics").text)


def test_health_and_readiness_need_nobody_else(start_gateway: Any, openai_provider: Any) -> None:
    gateway = start_gateway(openai_provider)

    def away() -> None:
        raise OSError("no database, no broker")

    gateway.policies = away
    assert gateway.client.get("/healthz").json() == {"status": "ok"}
    assert gateway.client.get("/readyz").json() == {"status": "ready", "policy_version": 1}


@pytest.mark.parametrize(
    ("alive", "behind_s", "trouble"),
    [(True, 1.0, ""), (True, 61.0, "behind for 61 s"), (False, 1.0, "the writer does not run")],
)
def test_a_capture_that_is_behind_is_degraded_and_the_gateway_still_ready(
    start_gateway: Any, openai_provider: Any, *, alive: bool, behind_s: float, trouble: str
) -> None:
    state = CaptureState(alive, time.time() - behind_s, behind_s, 0, 0, 0)
    gateway = start_gateway(openai_provider, capture=lambda: state)
    ready = gateway.client.get("/readyz")
    strict = gateway.client.get("/readyz?strict=1")
    assert ready.status_code == 200  # a load balancer must not take it away
    assert strict.status_code == (503 if trouble else 200)
    expected: dict[str, Any] = {"status": "ready", "policy_version": 1}
    if trouble:
        expected |= {"status": "degraded", "degraded": [f"capture: {trouble}"]}
    assert ready.json() == strict.json() == expected
    assert (
        f"tierwatch_gateway_capture_writer_alive {float(alive)}"
        in gateway.client.get("/metrics").text
    )
    assert gateway.chat().status_code == 200


def test_metrics_count_what_was_served(start_gateway: Any, openai_provider: Any, wire: Any) -> None:
    gateway = start_gateway(openai_provider)
    openai_provider.replies = [wire.json({}, 500)]
    gateway.chat()
    gateway.chat("standard")
    gateway.chat("nobody")
    wire.until(lambda: len(gateway.recorded.exchanges) == 2)
    text = gateway.client.get("/metrics").text
    for line in (
        'tierwatch_gateway_requests_total{status="200",tier="simple"} 1.0',
        'tierwatch_gateway_requests_total{status="200",tier="standard"} 1.0',
        'tierwatch_gateway_requests_refused_total{status="404"} 1.0',
        'tierwatch_gateway_attempts_failed_total{reason="server",tier="simple"} 1.0',
        'tierwatch_gateway_tokens_total{kind="prompt",tier="simple"} 21.0',
        'tierwatch_gateway_request_seconds_count{tier="simple"} 1.0',
        "tierwatch_gateway_overhead_seconds_count 2.0",
        "tierwatch_gateway_requests_in_flight 0.0",
        "tierwatch_gateway_policy_version 1.0",
    ):
        assert line in text
    names = set(re.findall(r"^(\w+)", text, re.MULTILINE))
    assert all(name.startswith("tierwatch_") for name in names)


# --- policies ------------------------------------------------------------------------------------
