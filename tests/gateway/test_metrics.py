import pytest
from prometheus_client import CollectorRegistry, generate_latest

from tierwatch.gateway.metrics import GatewayMetrics

# What dashboards and alerts of operators are built on: a name that changes breaks them.
SERIES = {
    "tierwatch_attempts_failed",
    "tierwatch_breaker_state",
    "tierwatch_cache_looks",
    "tierwatch_cache_stores",
    "tierwatch_cascade",
    "tierwatch_classifier_failures",
    "tierwatch_cost_usd",
    "tierwatch_deployment_calls",
    "tierwatch_deployment_in_flight",
    "tierwatch_events_unread",
    "tierwatch_feedback",
    "tierwatch_fitted",
    "tierwatch_held_cost_usd",
    "tierwatch_history_changes",
    "tierwatch_key_cost_usd",
    "tierwatch_key_requests",
    "tierwatch_model_version",
    "tierwatch_models_refused",
    "tierwatch_overhead_seconds",
    "tierwatch_passed_requests",
    "tierwatch_pin_looks",
    "tierwatch_policy_poll_failures",
    "tierwatch_policy_version",
    "tierwatch_refusals",
    "tierwatch_replies_cut",
    "tierwatch_replies_unkept",
    "tierwatch_request_seconds",
    "tierwatch_requests",
    "tierwatch_requests_in_flight",
    "tierwatch_requests_refused",
    "tierwatch_session_turns",
    "tierwatch_side_calls",
    "tierwatch_spend_usd",
    "tierwatch_tokens",
    "tierwatch_unfamiliar",
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
    assert 'tierwatch_attempts_failed_total{reason="timeout",tier="simple"} 1.0' in page


def test_two_gateways_of_one_process_count_apart() -> None:
    one, other = (GatewayMetrics(CollectorRegistry()) for _ in range(2))
    one.traffic.begins()
    assert "tierwatch_requests_in_flight 1.0" in generate_latest(one.registry).decode()
    assert "tierwatch_requests_in_flight 0.0" in generate_latest(other.registry).decode()
