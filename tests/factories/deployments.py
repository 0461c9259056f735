"""Tiers that are served at several places, and calls to them that fail."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import pytest
from prometheus_client import CollectorRegistry

from tierwatch.errors import ProviderError
from tierwatch.gateway.deployments.balancer import Balancer
from tierwatch.gateway.deployments.call import Call
from tierwatch.gateway.metrics import GatewayMetrics
from tierwatch.routing.config.balance import BalanceSection
from tierwatch.routing.tiers import Deployment, Price, Tier

DOWN = ProviderError("down", kind="server", status=500)
FULL = ProviderError("slow", kind="rate_limited", status=429, retry_after_s=20.0)
REFUSED = ProviderError("bad request", kind="refused", status=400)
NO_KEY = ProviderError("bad key", kind="refused", status=401)
UNSAYABLE = ProviderError("cannot be said", kind="refused")


class Clock:
    """A clock that stands until it is set."""

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


def balancer(
    *tiers: Tier,
    clock: Clock | None = None,
    metrics: GatewayMetrics | None = None,
    patience_s: Mapping[str, float] = MappingProxyType({}),
    **section: Any,
) -> Balancer:
    """A balancer whose breakers open after two failures, for ten seconds."""
    metrics = metrics or GatewayMetrics(CollectorRegistry())
    section.setdefault("breaker", {"failures": 2, "open_for": 10.0})
    section_read = BalanceSection.model_validate(section)
    return Balancer(tiers, section_read, metrics, clock=clock or Clock(), patience_s=patience_s)


def where(call: Call | None) -> str:
    """The provider that a call goes to."""
    assert call is not None
    return call.tier.provider


def fail(call: Call, error: ProviderError = DOWN) -> None:
    """Make a call that ends like this."""
    with pytest.raises(ProviderError), call:
        raise error


def break_down(made: Balancer, of: Tier, *, at: str) -> None:
    """Open the breaker of one deployment."""
    others = {(d.provider, d.model) for d in of.served_at() if d.provider != at}
    for _ in range(2):
        call = made.pick(of, others)
        assert call is not None
        fail(call)
