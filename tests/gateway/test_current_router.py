from collections.abc import Callable
from typing import Any

from prometheus_client import CollectorRegistry

from tierwatch.gateway.current_router import CurrentRouter
from tierwatch.gateway.metrics import GatewayMetrics
from tierwatch.routing.classify.static import StaticClassifier
from tierwatch.routing.policy import ActivePolicies, Policy
from tierwatch.routing.router import Router
from tierwatch.routing.served.tier_model import TierModel
from tierwatch.routing.tiers import Price, Tier

TIERS = (Tier("low", "m1", "p", Price(1, 1)), Tier("high", "m2", "p", Price(2, 2)))


def policies(version: int, tier: str = "low") -> ActivePolicies:
    return ActivePolicies(Policy(version, {tier: 0.5}))


def current(
    feed: Callable[[], ActivePolicies | None], **options: Any
) -> tuple[CurrentRouter, CollectorRegistry]:
    registry = CollectorRegistry()
    router = Router(TIERS, StaticClassifier("low"), policies(1), "low")
    return CurrentRouter(router, feed, GatewayMetrics(registry), **options), registry


def version(current: CurrentRouter) -> int:
    return current.router.policies.stable.version


def test_new_policies_swap_the_router_whole() -> None:
    here, registry = current(lambda: policies(2))
    before = here.router
    here.refresh()
    assert (version(here), before.policies.stable.version) == (2, 1)
    assert registry.get_sample_value("tierwatch_gateway_policy_version") == 2


def test_the_same_policies_swap_nothing() -> None:
    here, _ = current(lambda: policies(1))
    before = here.router
    here.refresh()
    assert here.router is before


def test_whatever_the_feed_does_the_last_policies_stay() -> None:
    answers: list[ActivePolicies | Exception | None] = [
        policies(2),
        OSError("database away"),
        policies(3, tier="other"),
        None,
        ZeroDivisionError(),
    ]

    def feed() -> ActivePolicies | None:
        answer = answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    here, registry = current(feed)
    for failures in (0, 1, 2, 2, 3):
        here.refresh()
        assert version(here) == 2
        counted = registry.get_sample_value("tierwatch_gateway_policy_poll_failures_total")
        assert counted == failures
    assert answers == []


def with_model(version: int, model: int) -> ActivePolicies:
    return ActivePolicies(Policy(version, {"low": 0.5}, classifier=model))


def test_a_model_is_fetched_once_and_given_up_when_no_policy_names_it() -> None:
    asked: list[int] = []

    def models(version: int) -> StaticClassifier:
        asked.append(version)
        return StaticClassifier("high")

    feed = [with_model(2, 7), with_model(3, 7), with_model(4, 0)]
    registry = CollectorRegistry()
    router = Router(TIERS, StaticClassifier("low"), policies(1), "low")
    here = CurrentRouter(router, lambda: feed.pop(0), GatewayMetrics(registry), models=models)
    here.refresh()
    assert here.router.route([]).tier == "high"
    assert registry.get_sample_value("tierwatch_gateway_model_version") == 7
    here.refresh()
    assert (version(here), asked, here.router.models) == (3, [7], {7})
    here.refresh()
    assert here.router.route([]).tier == "low"
    assert here.router.models == frozenset()
    assert registry.get_sample_value("tierwatch_gateway_model_version") == 0


def test_a_policy_whose_model_cannot_be_used_is_not_taken() -> None:
    here, registry = current(lambda: with_model(2, 7))
    before = here.router
    for refused in (1, 2):
        here.refresh()
        assert here.router is before
        assert registry.get_sample_value("tierwatch_gateway_models_refused_total") == refused
        assert registry.get_sample_value("tierwatch_gateway_policy_poll_failures_total") == refused


def test_a_model_at_a_provider_that_is_not_here_is_left_out() -> None:
    feed = [policies(2)]
    here, registry = current(lambda: feed[-1], providers=["p"])
    for provider, model in (("p", "m9"), ("elsewhere", "m1")):
        new = TierModel("m9", provider, Price(1, 1), "", instead_of="m1")
        held = feed[0].stable.with_tier_model("low", new, version=len(feed) + 2)
        feed.append(ActivePolicies(held))
        here.refresh()
        assert version(here) == held.version
        assert here.router.ladder(held.version).by_name["low"].model == model
    before = here.router
    here.refresh()
    assert here.router is before
    assert registry.get_sample_value("tierwatch_gateway_policy_poll_failures_total") == 0
