"""What the end of a call says of its deployment."""

import pytest
from factories.deployments import (
    DOWN,
    FULL,
    NO_KEY,
    REFUSED,
    UNSAYABLE,
    Clock,
    balancer,
    break_down,
    fail,
    tier,
    where,
)
from prometheus_client import CollectorRegistry, generate_latest

from tierwatch.errors import ProviderError
from tierwatch.gateway.deployments.balancer import Balancer
from tierwatch.gateway.deployments.call import asked_nobody, is_silence
from tierwatch.gateway.metrics import GatewayMetrics
from tierwatch.routing.tiers import Tier


def test_closing_twice_counts_once() -> None:
    simple = tier(a=1, b=1)
    made = balancer(simple, strategy="least_busy")
    first, second = made.pick(simple), made.pick(simple)
    assert first is not None
    assert second is not None
    with first, second:
        pass
    for _ in range(3):
        first.close()
    assert where(made.pick(simple)) == where(first)


@pytest.mark.parametrize("error", [REFUSED, UNSAYABLE])
def test_the_callers_own_mistake_does_not_count(error: ProviderError) -> None:
    simple = tier(a=1)
    made = balancer(simple)
    for _ in range(10):
        call = made.pick(simple)
        assert call is not None
        fail(call, error)
    assert made.pick(simple) is not None


def test_a_refused_key_counts() -> None:
    simple = tier(a=1, b=1)
    made = balancer(simple)
    for _ in range(2):
        call = made.pick(simple, {("b", "m-b")})
        assert call is not None
        fail(call, NO_KEY)
    assert made.pick(simple, {("b", "m-b")}) is None


def test_a_caller_who_leaves_says_nothing_and_frees_the_probe() -> None:
    simple, clock = tier(a=1), Clock()
    made = balancer(simple, clock=clock)
    break_down(made, simple, at="a")
    clock.now += 10.0
    call = made.pick(simple)
    assert call is not None
    with pytest.raises(KeyboardInterrupt), call:
        raise KeyboardInterrupt
    assert made.pick(simple) is not None


def test_what_prometheus_sees() -> None:
    simple, clock = tier(a=1, b=1), Clock()
    metrics = GatewayMetrics(CollectorRegistry())
    made = balancer(simple, clock=clock, metrics=metrics)
    break_down(made, simple, at="a")
    call = made.pick(simple)
    assert call is not None

    def shown(series: str) -> float:
        page = generate_latest(metrics.registry).decode()
        lines = dict(line.rsplit(" ", 1) for line in page.splitlines() if line[0] != "#")
        return float(lines[series])

    with call:
        assert shown('tierwatch_gateway_deployment_in_flight{deployment="b/m-b"}') == 1
        assert (
            shown('tierwatch_gateway_deployment_calls_total{deployment="b/m-b",outcome="answered"}')
            == 0
        )
    assert shown('tierwatch_gateway_deployment_in_flight{deployment="b/m-b"}') == 1
    call.close()
    assert shown('tierwatch_gateway_deployment_in_flight{deployment="b/m-b"}') == 0
    failed = 'tierwatch_gateway_deployment_calls_total{deployment="a/m-a",outcome="failed"}'
    answered = 'tierwatch_gateway_deployment_calls_total{deployment="b/m-b",outcome="answered"}'
    assert (shown(failed), shown(answered)) == (2, 1)
    state = 'tierwatch_gateway_breaker_state{deployment="a/m-a"}'
    assert shown(state) == 2
    clock.now += 10.0
    assert shown(state) == 1
    assert shown('tierwatch_gateway_breaker_state{deployment="b/m-b"}') == 0


@pytest.mark.parametrize(
    ("error", "nobody"),
    [(UNSAYABLE, True), (REFUSED, False), (NO_KEY, False), (DOWN, False), (FULL, False)],
)
def test_a_request_that_cannot_be_said_asks_nobody(error: ProviderError, *, nobody: bool) -> None:
    assert asked_nobody(error) is nobody


def test_what_could_not_be_said_is_no_call_of_the_deployments() -> None:
    simple, metrics = tier(a=1), GatewayMetrics(CollectorRegistry())
    call = balancer(simple, metrics=metrics).pick(simple)
    assert call is not None
    fail(call, UNSAYABLE)
    page = generate_latest(metrics.registry).decode()
    assert (
        'tierwatch_gateway_deployment_calls_total{deployment="a/m-a",outcome="failed"} 0.0' in page
    )


def test_a_stream_that_breaks_off_counts_as_failed_and_not_as_answered_too() -> None:
    simple, metrics = tier(a=1), GatewayMetrics(CollectorRegistry())
    call = balancer(simple, metrics=metrics).pick(simple)
    assert call is not None
    with call:
        pass  # the stream has begun
    call.failed(DOWN)
    call.close()
    page = generate_latest(metrics.registry).decode()
    for outcome, count in (("failed", 1.0), ("answered", 0.0)):
        series = (
            f'tierwatch_gateway_deployment_calls_total{{deployment="a/m-a",outcome="{outcome}"}}'
        )
        assert f"{series} {count}" in page


SILENT = ProviderError("not a word", kind="timeout")


def waited(made: Balancer, simple: Tier, clock: Clock, waited_s: float, *, leaves: bool) -> None:
    """A call that ends after a time without a word: its caller leaves, or its time is over."""
    call = made.pick(simple)
    assert call is not None
    call.__enter__()
    clock.now += waited_s
    error = KeyboardInterrupt() if leaves else SILENT
    call.__exit__(type(error), error, None)
    call.close()


@pytest.mark.parametrize("leaves", [False, True])
@pytest.mark.parametrize(("waited_s", "allowed"), [(20.0, True), (60.0, False), (59.9, False)])
def test_silence_is_the_providers_fault_from_its_own_limit_on(
    waited_s: float, *, allowed: bool, leaves: bool
) -> None:
    simple, clock = tier(a=1), Clock()
    made = balancer(simple, clock=clock, patience_s={"a": 60.0})
    for _ in range(2):
        waited(made, simple, clock, waited_s, leaves=leaves)
    assert (made.pick(simple) is not None) is allowed


def test_without_a_limit_every_time_out_counts_and_no_caller_who_leaves() -> None:
    simple, clock = tier(a=1), Clock()
    made = balancer(simple, clock=clock)
    for _ in range(5):
        waited(made, simple, clock, 1e6, leaves=True)
    assert made.pick(simple) is not None
    for _ in range(2):
        waited(made, simple, clock, 0.1, leaves=False)
    assert made.pick(simple) is None


def test_a_hurried_probe_frees_the_way_for_the_next() -> None:
    simple, clock = tier(a=1), Clock()
    made = balancer(simple, clock=clock, patience_s={"a": 60.0})
    break_down(made, simple, at="a")
    clock.now += 10.0
    waited(made, simple, clock, 0.5, leaves=False)
    assert made.pick(simple) is not None


@pytest.mark.parametrize(
    ("error", "silent"),
    [
        (SILENT, True),
        (ProviderError("408", kind="timeout", status=408), False),
        (DOWN, False),
        (UNSAYABLE, False),
    ],
)
def test_only_a_wait_in_vain_is_silence(error: ProviderError, *, silent: bool) -> None:
    assert is_silence(error) is silent
