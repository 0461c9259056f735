import pytest
from prometheus_client import CollectorRegistry, generate_latest

from tierwatch.gateway.metrics import GatewayMetrics

# What dashboards and alerts of operators are built on: a name that changes breaks them.
SERIES = {
    "tierwatch_gateway_attempts_failed",
    "tierwatch_gateway_breaker_state",
    "tierwatch_gateway_cache_lookups",
    "tierwatch_gateway_cache_stores",
    "tierwatch_gateway_cascade",
    "tierwatch_gateway_classifier_failures",
    "tierwatch_gateway_cost_usd",
    "tierwatch_gateway_deployment_calls",
    "tierwatch_gateway_deployment_in_flight",
    "tierwatch_gateway_events_unread",
    "tierwatch_gateway_feedback",
    "tierwatch_gateway_fitted",
    "tierwatch_gateway_held_cost_usd",
    "tierwatch_gateway_history_changes",
    "tierwatch_gateway_key_cost_usd",
    "tierwatch_gateway_key_requests",
    "tierwatch_gateway_model_version",
    "tierwatch_gateway_models_refused",
    "tierwatch_gateway_overhead_seconds",
    "tierwatch_gateway_passed_requests",
    "tierwatch_gateway_pin_lookups",
    "tierwatch_gateway_policy_poll_failures",
    "tierwatch_gateway_policy_version",
    "tierwatch_gateway_prompt_versions_ignored",
    "tierwatch_gateway_refusals",
    "tierwatch_gateway_replies_cut",
    "tierwatch_gateway_replies_unkept",
    "tierwatch_gateway_request_seconds",
    "tierwatch_gateway_requests",
    "tierwatch_gateway_requests_in_flight",
    "tierwatch_gateway_requests_refused",
    "tierwatch_gateway_session_turns",
    "tierwatch_gateway_side_calls",
    "tierwatch_gateway_spend_usd",
    "tierwatch_gateway_tokens",
    "tierwatch_gateway_unfamiliar",
}


@pytest.fixture
def metrics() -> GatewayMetrics:
    return GatewayMetrics(CollectorRegistry())


def test_names_stay(metrics: GatewayMetrics) -> None:
    assert {family.name for family in metrics.registry.collect()} == SERIES


def test_each_says_what_it_is(metrics: GatewayMetrics) -> None:
    for family in metrics.registry.collect():
        assert family.documentation.endswith("."), family.name


def test_a_child_is_looked_up_once(metrics: GatewayMetrics) -> None:
    failed = metrics.calls.attempts_failed
    assert failed("simple", "timeout") is failed("simple", "timeout")
    assert failed("simple", "timeout") is not failed("simple", "server")


def test_labels_are_given_in_the_order_of_the_series(metrics: GatewayMetrics) -> None:
    metrics.calls.attempts_failed("simple", "timeout").inc()
    page = generate_latest(metrics.registry).decode()
    assert 'tierwatch_gateway_attempts_failed_total{reason="timeout",tier="simple"} 1.0' in page


def test_two_gateways_of_one_process_count_apart() -> None:
    one, other = (GatewayMetrics(CollectorRegistry()) for _ in range(2))
    one.traffic.begins()
    assert "tierwatch_gateway_requests_in_flight 1.0" in generate_latest(one.registry).decode()
    assert "tierwatch_gateway_requests_in_flight 0.0" in generate_latest(other.registry).decode()
