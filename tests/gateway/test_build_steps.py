"""What the configuration makes of the steps."""

from itertools import product
from pathlib import Path
from typing import Any

import pytest
from factories.config import load
from factories.gateway_values import NOW
from fakes.gateway import Recorded
from fakes.upstream import ScriptedUpstream
from prometheus_client import CollectorRegistry, generate_latest

from tierwatch.fit.memory import Memory
from tierwatch.gateway.accept.conversations import Conversations
from tierwatch.gateway.accept.keys import Keys
from tierwatch.gateway.build_steps import build_steps
from tierwatch.gateway.current_router import CurrentRouter
from tierwatch.gateway.memory.kept_responses import KeptResponses
from tierwatch.gateway.memory.pins import Pins
from tierwatch.gateway.metrics import GatewayMetrics
from tierwatch.gateway.model_names import ModelNames
from tierwatch.gateway.record.cache_writer import CacheWriter
from tierwatch.gateway.serve import Steps
from tierwatch.routing import Router
from tierwatch.wire.wires import WIRES

CONFIG = """
routing:
  classifier: {classifier}
  tiers:
    simple: {{model: small-1, cost: 1, provider: lab}}
    complex:
      model: large-1
      cost: 10
      providers: [{{provider: lab}}, {{provider: other, model: large-1-eu}}]
providers:
  lab: {{kind: openai}}
  other: {{kind: anthropic}}
"""
STATIC = "{kind: static, label: simple}"
MODEL = "{kind: llm, model: judge-1, provider: other}"


def built(
    folder: Path, classifier: str = STATIC, upstream: Any = None
) -> tuple[Steps, GatewayMetrics]:
    config = load(folder, CONFIG.format(classifier=classifier))
    metrics = GatewayMetrics(CollectorRegistry())
    router = Router.from_config(folder / "tierwatch.yaml", ask=lambda _: {})
    steps = build_steps(
        config,
        current=CurrentRouter(router, lambda: None, metrics),
        names=ModelNames(config),
        keys=Keys({}),
        conversations=Conversations(b"secret"),
        upstream=upstream or ScriptedUpstream(),
        pins=Pins(None, idle_s=60, clock=lambda: NOW),
        responses=KeptResponses(config.gateway.responses, None, lambda: NOW),
        cache=None,
        writer=CacheWriter(config.gateway.cache, None, metrics),
        recorder=Recorded(),
        metrics=metrics,
        memory=Memory(config.tiers),
        clock=lambda: NOW,
    )
    return steps, metrics


def deployments(metrics: GatewayMetrics) -> set[str]:
    start = 'tierwatch_gateway_breaker_state{deployment="'
    lines = generate_latest(metrics.registry).decode().splitlines()
    return {x.removeprefix(start).partition('"')[0] for x in lines if x.startswith(start)}


OF_TIERS = {"lab/small-1", "lab/large-1", "other/large-1-eu"}


@pytest.mark.parametrize(
    ("classifier", "more"), [(STATIC, set()), (MODEL, {"classifier:other/judge-1"})]
)
def test_a_classifier_that_is_a_model_has_breakers_of_its_own(
    tmp_path: Path, classifier: str, more: set[str]
) -> None:
    steps, metrics = built(tmp_path, classifier)
    assert deployments(metrics) == OF_TIERS | more
    assert steps.routes._decider.asks_a_model is bool(more)


def test_each_provider_that_serves_a_tier_is_asked_for_each_wire_what_it_speaks(
    tmp_path: Path,
) -> None:
    class Counting(ScriptedUpstream):
        asked_for: set[tuple[str, str]] = set()  # noqa: RUF012 - one upstream a test

        def spoken(self, provider: str, caller: str) -> str:
            self.asked_for.add((provider, caller))
            return "openai"

    upstream = Counting()
    built(tmp_path, upstream=upstream)
    assert upstream.asked_for == set(product(["lab", "other"], WIRES))


def test_both_wires_share_the_steps(tmp_path: Path) -> None:
    steps, _ = built(tmp_path)
    with pytest.raises(AttributeError):
        steps.routes = None  # type: ignore[misc,assignment]
