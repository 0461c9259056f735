"""What was done to requests, counted and said."""

from typing import Any

from factories.deployments import balancer, tier
from factories.refused import openai
from prometheus_client import CollectorRegistry

from tierwatch.errors import ProviderError
from tierwatch.fit.memory import Memory
from tierwatch.gateway.answer.fitting import Fitting
from tierwatch.gateway.answer.ledger import Ledger
from tierwatch.gateway.metrics import GatewayMetrics
from tierwatch.wire.crossing.rewritten import Rewritten


class Asking:
    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.fitting = Fitting(Memory(), GatewayMetrics(self.registry))
        call = balancer(tier(lab=1)).pick(tier(lab=1))
        assert call is not None
        self.call = call

    def answered(self, *fitted: str) -> Ledger:
        ledger = Ledger()
        request = Rewritten({"messages": []}, fitted)
        self.fitting.answered(self.fitting.begun(self.call, "openai", request), self.call, ledger)
        return ledger

    def counted(self, series: str) -> dict[str, float]:
        label = {"fitted": "what", "refusals": "about"}[series]
        return {
            sample.labels[label]: sample.value
            for family in self.registry.collect()
            for sample in family.samples
            if sample.name == f"tierwatch_gateway_{series}_total"
        }


def test_each_change_is_counted_without_its_number() -> None:
    asking = Asking()
    ledger = asking.answered("max_tokens<=16384", "-top_k")
    asking.answered("max_tokens<=8192")
    assert ledger.fitted == ("max_tokens<=16384", "-top_k")
    assert asking.counted("fitted") == {"max_tokens<=": 2, "-top_k": 1}


def test_callers_cannot_make_names_without_end() -> None:
    asking = Asking()
    for number in range(300):
        asking.answered(f"-field_{'x' * number}")
    counted = asking.counted("fitted")
    assert len(counted) == 101
    assert counted["other"] == 200


def refused(body: str, **fields: Any) -> ProviderError:
    return ProviderError("No.", kind="refused", **{"status": 400, "body": body, **fields})


def test_refusals_are_counted_by_what_they_are_about() -> None:
    asking = Asking()
    request = Rewritten({"messages": [], "seed": 1})
    mending = asking.fitting.begun(asking.call, "openai", request)
    mending.fitted()
    assert asking.fitting.learns(mending, asking.call, refused(openai("Unknown parameter: 'seed'")))
    assert mending.fitted().fitted == ("-seed",)
    for body in (openai("No.", code="context_length_exceeded"), openai("messages: too few"), ""):
        assert not asking.fitting.learns(mending, asking.call, refused(body))
    assert not asking.fitting.learns(mending, asking.call, refused("", status=None))
    down = ProviderError("down", kind="server", status=500)
    assert not asking.fitting.learns(mending, asking.call, down)
    assert asking.counted("refusals") == {"parameter": 1, "context": 1, "other": 2}
