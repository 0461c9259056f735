"""Which deployment is asked, and in which order one request asks them."""

from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry, generate_latest

from tierwatch.errors import ProviderError
from tierwatch.gateway.answer.tries import Tries
from tierwatch.gateway.deployments.balancer import Balancer
from tierwatch.gateway.deployments.call import Call
from tierwatch.gateway.metrics import GatewayMetrics
from tierwatch.routing.config.balance import BalanceSection
from tierwatch.routing.config.retry import RetrySection
from tierwatch.routing.tiers import Deployment, Price, Tier

if TYPE_CHECKING:
    from collections.abc import Iterator

DOWN = ProviderError("down", kind="server", status=500)
FULL = ProviderError("slow", kind="rate_limited", status=429, retry_after_s=20.0)
REFUSED = ProviderError("bad request", kind="refused", status=400)
NO_KEY = ProviderError("bad key", kind="refused", status=401)
UNSAYABLE = ProviderError("cannot be said", kind="refused")


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def tier(name: str = "simple", /, **places: float | tuple[float, float]) -> Tier:
    """A tier with a deployment a provider: its weight, or (weight, price)."""
    pairs = {at: of if isinstance(of, tuple) else (of, 1.0) for at, of in places.items()}
    deployments = tuple(
        Deployment(at, f"m-{at}", Price(usd, usd), weight) for at, (weight, usd) in pairs.items()
    )
    return Tier(name, "m", deployments[0].provider, Price(1, 1), deployments=deployments)


def balancer(*tiers: Tier, clock: Clock | None = None, **section: Any) -> Balancer:
    metrics = GatewayMetrics(CollectorRegistry())
    section.setdefault("breaker", {"failures": 2, "open_for": 10.0})
    made = Balancer(tiers, BalanceSection.model_validate(section), metrics, clock=clock or Clock())
    made.metrics = metrics  # type: ignore[attr-defined]
    return made


def where(call: Call | None) -> str:
    assert call is not None
    return call.tier.provider


def fail(call: Call, error: ProviderError = DOWN) -> None:
    with pytest.raises(ProviderError), call:
        raise error


def break_down(made: Balancer, of: Tier, *, at: str) -> None:
    """Open the breaker of one deployment."""
    others = {(d.provider, d.model) for d in of.served_at() if d.provider != at}
    for _ in range(2):
        call = made.pick(of, others)
        assert call is not None
        fail(call)


def test_weights_are_kept_and_spread() -> None:
    simple = tier(a=3, b=1)
    made = balancer(simple)
    assert "".join(where(made.pick(simple)) for _ in range(8)) == "aabaaaba"


@given(weights=st.lists(st.integers(1, 7), min_size=1, max_size=5))
def test_a_round_gives_each_exactly_its_weight(weights: list[int]) -> None:
    simple = tier(**{f"p{place}": weight for place, weight in enumerate(weights)})
    made = balancer(simple)
    for _ in range(2):
        picked = Counter(where(made.pick(simple)) for _ in range(sum(weights)))
        assert picked == {f"p{place}": weight for place, weight in enumerate(weights)}


@given(weights=st.lists(st.floats(0.01, 100.0), min_size=2, max_size=4))
def test_fractional_weights_are_kept_to_within_one_call(weights: list[float]) -> None:
    simple = tier(**{f"p{place}": weight for place, weight in enumerate(weights)})
    made = balancer(simple)
    picked = Counter(where(made.pick(simple)) for _ in range(200))
    for place, weight in enumerate(weights):
        assert abs(picked[f"p{place}"] - 200 * weight / sum(weights)) < len(weights)


def test_least_busy_counts_calls_under_way_for_the_weight() -> None:
    simple = tier(a=2, b=1)
    made = balancer(simple, strategy="least_busy")
    calls = []
    for _ in range(6):
        call = made.pick(simple)
        assert call is not None
        calls.append(call.__enter__())
    assert Counter(map(where, calls)) == {"a": 4, "b": 2}
    for call in calls:
        if where(call) == "b":
            call.close()  # as when a caller's stream has ended
    assert [where(made.pick(simple)), where(made.pick(simple))] == ["b", "b"]


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


def test_cheapest_asks_the_cheapest_healthy_one() -> None:
    simple = tier(dear=(9, 3.0), cheap=(1, 1.0), also_cheap=(1, 1.0))
    made = balancer(simple, strategy="cheapest")
    assert [where(made.pick(simple)) for _ in range(3)] == ["cheap", "also_cheap", "cheap"]
    break_down(made, simple, at="cheap")
    assert {where(made.pick(simple)) for _ in range(3)} == {"also_cheap"}
    break_down(made, simple, at="also_cheap")
    assert where(made.pick(simple)) == "dear"


def test_the_call_carries_the_deployments_price_and_name_and_the_tiers_model() -> None:
    simple = tier(a=(1, 0.5))
    call = balancer(simple).pick(simple)
    assert call is not None
    assert (call.model, call.tier.model, call.tier.provider) == ("m-a", "m", "a")
    assert call.tier.price == Price(0.5, 0.5)


def test_an_open_breaker_is_passed_over_until_one_probe_finds_it_back() -> None:
    simple, clock = tier(a=1, b=1), Clock()
    made = balancer(simple, clock=clock)
    break_down(made, simple, at="a")
    assert {where(made.pick(simple)) for _ in range(4)} == {"b"}
    clock.now += 10.0
    probe = made.pick(simple, {("b", "m-b")})
    assert probe is not None
    with probe:
        assert {where(made.pick(simple)) for _ in range(4)} == {"b"}
    assert {where(made.pick(simple)) for _ in range(4)} == {"a", "b"}


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


STRATEGIES = ("weighted", "least_busy", "cheapest")


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_a_conversation_goes_home_whatever_the_strategy_says(strategy: str) -> None:
    simple = tier(a=(9, 1.0), b=(1, 3.0))  # each strategy names a
    made = balancer(simple, strategy=strategy)
    busy = made.pick(simple, {("a", "m-a")})
    assert busy is not None
    with busy:
        assert where(made.pick(simple)) == "a"
        assert {where(made.pick(simple, home=("b", "m-b"))) for _ in range(9)} == {"b"}
        # Going home takes nothing from the others' turns.
        assert where(made.pick(simple)) == "a"


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_nobody_goes_home_to_a_deployment_that_is_not_healthy(strategy: str) -> None:
    simple, clock = tier(a=1, b=1), Clock()
    made = balancer(simple, clock=clock, strategy=strategy)
    break_down(made, simple, at="b")
    assert {where(made.pick(simple, home=("b", "m-b"))) for _ in range(3)} == {"a"}
    clock.now += 10.0  # half-open: whoever the strategy sends there is the probe
    assert where(made.pick(simple, {("a", "m-a")}, home=("b", "m-b"))) == "b"
    assert where(made.pick(simple, home=("b", "m-b"))) == "a"


def test_who_is_healthy() -> None:
    clock = Clock()
    of = tier(a=1, b=1)
    made = balancer(of, clock=clock)
    a, b = ((one.provider, one.model) for one in of.served_at())
    break_down(made, of, at="a")
    assert [made.is_healthy(key) for key in (a, b, ("c", "gone"))] == [False, True, False]
    clock.now += 11  # half-open
    assert not made.is_healthy(a)


def test_a_home_that_is_gone_or_was_tried_is_none() -> None:
    simple = tier(a=1, b=1)
    made = balancer(simple)
    homes = {where(made.pick(simple, home=("gone", "m"))) for _ in range(2)}
    assert homes == {"a", "b"}
    assert where(made.pick(simple, {("b", "m-b")}, home=("b", "m-b"))) == "a"


def test_home_is_asked_first_and_in_its_own_tier() -> None:
    simple, standard = tier(a=1, b=1), tier("standard", c=1, d=1)
    homes = {"simple": ("b", "m-b"), "standard": ("d", "m-d")}
    tries = Tries(balancer(simple, standard), [simple, standard], retry(0), homes)
    assert [where for where, _ in order(tries, always=DOWN)] == ["b", "a", "d", "c"]


def test_a_deployment_named_by_two_tiers_is_one() -> None:
    simple, standard = tier(a=1), tier("standard", a=1, b=1)
    made = balancer(simple, standard)
    break_down(made, simple, at="a")
    assert {where(made.pick(standard)) for _ in range(4)} == {"b"}


def test_what_prometheus_sees() -> None:
    simple, clock = tier(a=1, b=1), Clock()
    made = balancer(simple, clock=clock)
    break_down(made, simple, at="a")
    call = made.pick(simple)
    assert call is not None

    def shown(series: str) -> float:
        page = generate_latest(made.metrics.registry).decode()  # type: ignore[attr-defined]
        lines = dict(line.rsplit(" ", 1) for line in page.splitlines() if line[0] != "#")
        return float(lines[series])

    with call:
        assert shown('tierwatch_deployment_in_flight{deployment="b/m-b"}') == 1
        assert shown('tierwatch_deployment_calls_total{deployment="b/m-b",outcome="answered"}') == 0
    assert shown('tierwatch_deployment_in_flight{deployment="b/m-b"}') == 1
    call.close()
    assert shown('tierwatch_deployment_in_flight{deployment="b/m-b"}') == 0
    failed = 'tierwatch_deployment_calls_total{deployment="a/m-a",outcome="failed"}'
    answered = 'tierwatch_deployment_calls_total{deployment="b/m-b",outcome="answered"}'
    assert (shown(failed), shown(answered)) == (2, 1)
    state = 'tierwatch_breaker_state{deployment="a/m-a"}'
    assert shown(state) == 2
    clock.now += 10.0
    assert shown(state) == 1
    assert shown('tierwatch_breaker_state{deployment="b/m-b"}') == 0


# --- the order of one request's calls ------------------------------------------------------------


def order(
    tries: Tries, *errors: ProviderError, always: ProviderError | None = None
) -> list[tuple[str, bool]]:
    """Providers asked, with a pause before or not, when calls fail like this."""
    asked: list[tuple[str, bool]] = []
    failures: Iterator[ProviderError | None] = iter(errors)
    call: Call | None = tries.first()
    while call is not None:
        asked.append((where(call), call.pauses))
        error = next(failures, always)
        if error is None:
            break
        fail(call, error)
        call = tries.after(error)
        assert len(asked) < 20
    return asked


def retry(attempts: int = 1) -> RetrySection:
    return RetrySection(attempts=attempts)


def test_another_healthy_deployment_is_asked_at_once_then_the_tier_above() -> None:
    simple, standard = tier(a=1, b=1), tier("standard", c=1, d=1)
    tries = Tries(balancer(simple, standard), [simple, standard], retry())
    assert order(tries, always=DOWN) == [
        ("a", False), ("b", False), ("a", True), ("c", False), ("d", False),
    ]  # fmt: skip


def test_one_deployment_is_retried_after_a_pause_as_ever() -> None:
    simple, standard = tier(a=1), tier("standard", c=1)
    tries = Tries(balancer(simple, standard), [simple, standard], retry(2))
    asked = [("a", False), ("a", True), ("a", True), ("c", False)]
    assert order(tries, always=DOWN) == asked


def test_the_only_healthy_deployment_is_asked_again_after_a_pause() -> None:
    simple, standard = tier(a=1, b=1), tier("standard", c=1)
    made = balancer(simple, standard, breaker={"failures": 3})
    made_down = made.pick(simple, {("b", "m-b")})
    assert made_down is not None
    fail(made_down, FULL)
    tries = Tries(made, [simple, standard], retry())
    assert order(tries, DOWN, DOWN) == [("b", False), ("b", True), ("c", False)]


def test_no_healthy_deployment_is_no_reason_to_refuse() -> None:
    simple, clock = tier(a=1, b=1), Clock()
    made = balancer(simple, clock=clock)
    break_down(made, simple, at="b")
    clock.now += 1.0
    break_down(made, simple, at="a")
    # b is back first; then, before the caller gets an error, a.
    assert order(Tries(made, [simple], retry()), always=DOWN) == [("b", False), ("a", False)]


def test_a_tier_whose_deployments_are_all_left_alone_costs_one_call() -> None:
    simple, standard = tier(a=1, b=1), tier("standard", c=1)
    made = balancer(simple, standard)
    for at in "ab":
        break_down(made, simple, at=at)
    assert order(Tries(made, [simple, standard], retry()), DOWN) == [("a", False), ("c", False)]


def test_a_busy_provider_is_left_alone_for_as_long_as_it_asks() -> None:
    simple, clock = tier(a=1, b=1), Clock()
    made = balancer(simple, clock=clock)
    assert order(Tries(made, [simple], retry()), FULL) == [("a", False), ("b", False)]
    for later in (0.0, 19.9):
        clock.now = 100.0 + later
        assert {where(made.pick(simple)) for _ in range(3)} == {"b"}
    clock.now = 120.1
    assert {where(made.pick(simple)) for _ in range(3)} == {"a", "b"}


@pytest.mark.parametrize(
    ("error", "asked"),
    [
        (REFUSED, [("a", False)]),
        (NO_KEY, [("a", False), ("b", False)]),
        (UNSAYABLE, [("a", False), ("b", False)]),
    ],
)
def test_what_is_refused_goes_elsewhere_only_where_the_deployment_is_to_blame(
    error: ProviderError, asked: list[tuple[str, bool]]
) -> None:
    simple, standard = tier(a=1, b=1), tier("standard", c=1)
    made = balancer(simple, standard)
    assert order(Tries(made, [simple, standard], retry()), always=error) == asked


@given(
    shape=st.lists(st.integers(1, 3), min_size=1, max_size=3),
    attempts=st.integers(0, 3),
    answers=st.lists(st.sampled_from([DOWN, FULL, NO_KEY, REFUSED, None]), max_size=40),
)
def test_every_order_of_failures_ends_and_pauses_only_where_it_was_before(
    shape: list[int], attempts: int, answers: list[ProviderError | None]
) -> None:
    tiers = [
        tier(f"t{rank}", **{f"p{rank}{place}": 1.0 for place in range(count)})
        for rank, count in enumerate(shape)
    ]
    made = balancer(*tiers)
    asked = order(Tries(made, tiers, retry(attempts)), *[a for a in answers if a], always=DOWN)
    assert len(asked) <= sum(shape) + attempts
    seen: set[str] = set()
    for provider, pauses in asked:
        assert pauses == (provider in seen)
        seen.add(provider)
