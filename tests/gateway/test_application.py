import json
from typing import Any

import pytest

from tierwatch.errors import SettingsError
from tierwatch.routing.policy import ActivePolicies, Policy

MESSAGES = [{"role": "user", "content": "Hello"}]
GOOD: dict[str, Any] = {"model": "auto", "messages": MESSAGES}


# --- bad input -----------------------------------------------------------------------------------


def post(gateway: Any, content: bytes, path: str = "/v1/chat/completions") -> Any:
    return gateway.client.post(path, content=content)


def test_malformed_requests_are_400_in_the_envelope(
    start_gateway: Any, openai_provider: Any
) -> None:
    gateway = start_gateway(openai_provider)
    for body, param in ((b"{", None), (b'{"model": "auto"}', "messages"), (b"", None)):
        response = post(gateway, body)
        assert response.status_code == 400
        error = response.json()["error"]
        assert set(error) == {"message", "type", "param", "code"}
        assert (error["type"], error["param"]) == ("invalid_request_error", param)
    assert openai_provider.received == []
    assert gateway.recorded.exchanges == []


@pytest.mark.parametrize("chunked", [False, True])
def test_a_body_over_the_limit_is_413(
    start_gateway: Any, openai_provider: Any, *, chunked: bool
) -> None:
    gateway = start_gateway(openai_provider, gateway="{max_body_mb: 1}")
    padded = {**GOOD, "padding": "x" * (1024 * 1024)}
    body = json.dumps(padded).encode()
    pieces = (body[i : i + 65536] for i in range(0, len(body), 65536))
    response = gateway.client.post("/v1/chat/completions", content=pieces if chunked else body)
    assert response.status_code == 413
    assert "max_body_mb" in response.json()["error"]["message"]
    assert gateway.chat().status_code == 200
    assert len(openai_provider.received) == 1


def test_a_body_at_the_limit_passes(start_gateway: Any, openai_provider: Any) -> None:
    gateway = start_gateway(openai_provider, gateway="{max_body_mb: 1}")
    empty = json.dumps({**GOOD, "padding": ""}).encode()
    body = empty.replace(b'"padding": ""', b'"padding": "%s"' % (b"x" * (1024**2 - len(empty))))
    assert len(body) == 1024**2
    assert post(gateway, body).status_code == 200
    assert post(gateway, body + b" ").status_code == 413


def test_unknown_paths_and_methods_have_the_envelope(
    start_gateway: Any, openai_provider: Any
) -> None:
    gateway = start_gateway(openai_provider)
    for method, path, status in (
        ("GET", "/v1/nothing", 404),
        ("GET", "/v1/chat/completions", 405),
        ("DELETE", "/v1/models", 405),
    ):
        response = gateway.client.request(method, path)
        assert response.status_code == status
        assert path in response.json()["error"]["message"]
    assert gateway.client.get("/v1/chat/completions").headers["allow"] == "POST"


def test_our_own_mistake_is_a_500_in_the_envelope_and_still_recorded(
    start_gateway: Any, openai_provider: Any
) -> None:
    gateway = start_gateway(openai_provider)

    def broken(*_: Any, **__: Any) -> None:
        raise ZeroDivisionError

    gateway.router.route = broken
    response = gateway.chat()
    assert response.status_code == 500
    assert set(response.json()["error"]) == {"message", "type", "param", "code"}
    assert "ZeroDivision" not in response.text
    assert gateway.recorded.one().answer is None


# --- keys ----------------------------------------------------------------------------------------

PROTECTED = [
    ("POST", "/v1/chat/completions"),
    ("POST", "/v1/messages"),
    ("GET", "/v1/models"),
    ("GET", "/v1/models/auto"),
    ("POST", "/v1/feedback"),
]


@pytest.mark.parametrize(("method", "path"), PROTECTED)
def test_a_missing_or_wrong_key_is_401(
    start_gateway: Any, openai_provider: Any, method: str, path: str
) -> None:
    gateway = start_gateway(openai_provider, gateway="{api_keys: ['env:GATEWAY_KEY']}")
    wrong = (
        {},
        {"authorization": "Bearer wrong"},
        {"authorization": "Basic gateway-key"},
        {"authorization": "gateway-key"},
        {"x-api-key": "gateway-ke"},
        {"x-api-key": "gateway-key\u00e9".encode("latin-1")},
    )
    for headers in wrong:
        response = gateway.client.request(method, path, headers=headers)
        assert response.status_code == 401
        kind = response.json()["error"]["type"]
        assert kind == "authentication_error"
    for headers in ({"authorization": "bearer gateway-key"}, {"x-api-key": "gateway-key"}):
        assert gateway.client.request(method, path, headers=headers).status_code in {200, 400}
    assert openai_provider.received == []


def test_without_keys_everybody_may_call_and_probes_need_none(
    start_gateway: Any, openai_provider: Any
) -> None:
    open_to_all = start_gateway(openai_provider)
    assert open_to_all.chat().status_code == 200
    closed = start_gateway(openai_provider, gateway="{api_keys: ['env:GATEWAY_KEY']}")
    for path in ("/healthz", "/readyz"):
        assert closed.client.get(path).status_code == 200
    assert open_to_all.client.get("/metrics").status_code == 200


def test_where_there_are_keys_the_metrics_ask_for_one(
    start_gateway: Any, openai_provider: Any
) -> None:
    closed = start_gateway(openai_provider, gateway="{api_keys: ['env:GATEWAY_KEY']}")
    for headers in ({}, {"authorization": "Bearer wrong"}):
        refused = closed.client.get("/metrics", headers=headers)
        assert refused.status_code == 401
        assert "tierwatch_" not in refused.text
    shown = closed.client.get("/metrics", headers={"authorization": "Bearer gateway-key"})
    assert shown.status_code == 200
    assert "tierwatch_gateway_requests_in_flight" in shown.text


@pytest.mark.parametrize("gateway", ["{}", "{api_keys: ['env:GATEWAY_KEY']}"])
def test_the_token_of_the_metrics_is_the_only_key_to_them(
    start_gateway: Any, openai_provider: Any, gateway: str
) -> None:
    started = start_gateway(openai_provider, gateway=gateway, metrics_token="for-prometheus-only")
    for headers in ({}, {"authorization": "Bearer gateway-key"}):
        assert started.client.get("/metrics", headers=headers).status_code == 401
    shown = {"authorization": "Bearer for-prometheus-only"}
    assert started.client.get("/metrics", headers=shown).status_code == 200
    # It opens nothing else.
    status = started.client.get("/v1/models", headers=shown).status_code
    assert status == (401 if "api_keys" in gateway else 200)


def test_named_keys_are_counted_each_under_its_name(
    start_gateway: Any, openai_provider: Any, wire: Any
) -> None:
    keys = "{api_keys: [{name: team-a, key: 'env:GATEWAY_KEY'}, 'env:OTHER_KEY']}"
    gateway = start_gateway(openai_provider, gateway=keys)
    for key, times in (("gateway-key", 2), ("other-key", 1), ("wrong", 1)):
        gateway.client.headers["authorization"] = f"Bearer {key}"
        for _ in range(times):
            gateway.chat()
    wire.until(lambda: len(gateway.recorded.exchanges) == 3)
    shown = gateway.client.get("/metrics", headers={"x-api-key": "other-key"}).text
    counted = [
        line for line in shown.splitlines() if line.startswith("tierwatch_gateway_key_requests_to")
    ]
    assert counted == ['tierwatch_gateway_key_requests_total{key="team-a",tier="simple"} 2.0']
    [cost] = [
        line for line in shown.splitlines() if line.startswith("tierwatch_gateway_key_cost_usd_to")
    ]
    assert 'key="team-a"' in cost
    assert float(cost.split()[-1]) > 0


def test_a_key_whose_variable_is_not_set_stops_the_start(
    start_gateway: Any, openai_provider: Any
) -> None:
    with pytest.raises(SettingsError, match="NOT_THERE"):
        start_gateway(openai_provider, gateway="{api_keys: ['env:NOT_THERE']}")


# --- models, feedback, probes, metrics -----------------------------------------------------------


def policy(version: int, **thresholds: float) -> ActivePolicies:
    return ActivePolicies(Policy(version, {"simple": 0.7, "standard": 0.7, **thresholds}))


def version_of(gateway: Any) -> str:
    return str(gateway.chat().headers["x-tierwatch-policy-version"])


def test_a_new_policy_is_active_within_the_poll(
    start_gateway: Any, openai_provider: Any, wire: Any
) -> None:
    gateway = start_gateway(openai_provider)
    assert version_of(gateway) == "1"
    gateway.policies = lambda: policy(2)
    wire.until(lambda: version_of(gateway) == "2", 3)
    assert gateway.client.get("/readyz").json()["policy_version"] == 2
    assert "tierwatch_gateway_policy_version 2.0" in gateway.client.get("/metrics").text


def test_a_rollout_keeps_each_session_on_its_arm(
    start_gateway: Any, openai_provider: Any, wire: Any
) -> None:
    gateway = start_gateway(openai_provider)
    stable, candidate = policy(2).stable, policy(3).stable
    both = ActivePolicies(stable, candidate, share=0.5, salt="s")
    gateway.policies = lambda: both
    wire.until(lambda: version_of(gateway) in {"2", "3"}, 3)
    seen = set()
    for session in map(str, range(16)):
        versions = {
            gateway.chat(user=session).headers["x-tierwatch-policy-version"] for _ in range(2)
        }
        assert versions == {str(both.for_session(session).version)}
        seen |= versions
    assert seen == {"2", "3"}
