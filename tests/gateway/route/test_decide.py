import asyncio
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from factories.config import load
from factories.gateway_values import asked, decision
from prometheus_client import CollectorRegistry, generate_latest

from tierwatch.gateway.current_router import CurrentRouter
from tierwatch.gateway.metrics import GatewayMetrics
from tierwatch.gateway.route.decide import Decider
from tierwatch.gateway.route.route import ClassifierBill
from tierwatch.routing import Router
from tierwatch.routing.classify.classification import Classification
from tierwatch.wire.cached_reply import CachedAnswer

CONFIG = """
routing:
  classifier: {kind: static, label: simple}
  tiers: {simple: {model: small-1, cost: 1}, complex: {model: large-1, cost: 10}}
"""
SAID = Classification(
    label="complex", confidence=0.9, task_type="all", confidences={"simple": 0.05}
)


class AsksAModel:
    """The classifier that is a model, with its word."""

    def __init__(self, said: Any) -> None:
        self.said = said
        self.asked = 0

    async def decide(self, *_: Any) -> Any:
        self.asked += 1
        return self.said


class Deciding:
    def __init__(self, folder: Path, model: AsksAModel | None = None) -> None:
        load(folder, CONFIG)
        self.metrics = GatewayMetrics(CollectorRegistry())
        router = Router.from_config(folder / "tierwatch.yaml")
        current = CurrentRouter(router, lambda: None, self.metrics)
        self.decider = Decider(current, model, self.metrics)  # type: ignore[arg-type]

    def decide(self) -> Any:
        return asyncio.run(self.decider.decide(asked(), ClassifierBill()))

    def again(self, said: Classification | None) -> Any:
        answer = CachedAnswer("Paris.", "simple", "small-1", (1, 1), said)
        return asyncio.run(self.decider.decide_again(asked(), answer, ClassifierBill()))

    def failures(self) -> list[str]:
        page = generate_latest(self.metrics.registry).decode().splitlines()
        return [
            line for line in page if line.startswith("tierwatch_gateway_classifier_failures_total{")
        ]


def test_what_is_unlike_anything_judged_is_counted(tmp_path: Path) -> None:
    unlike = replace(decision(), task_type="unfamiliar", reason="unfamiliar")
    deciding = Deciding(tmp_path, AsksAModel(unlike))
    assert deciding.decide() is unlike
    page = generate_latest(deciding.metrics.registry).decode()
    assert "tierwatch_gateway_unfamiliar_total 1.0" in page
    assert deciding.failures() == []


def test_the_routers_own_classifier_decides(tmp_path: Path) -> None:
    deciding = Deciding(tmp_path)
    assert deciding.decide().tier == "simple"
    assert not deciding.decider.asks_a_model
    assert deciding.failures() == []


def test_a_model_decides_where_one_is_configured(tmp_path: Path) -> None:
    model = AsksAModel(decision(label="simple"))
    deciding = Deciding(tmp_path, model)
    assert deciding.decide() is model.said
    assert (deciding.decider.asks_a_model, model.asked) == (True, 1)


@pytest.mark.parametrize("why", ["timeout", "unreadable"])
def test_a_classifier_that_fails_is_counted_by_why(tmp_path: Path, why: str) -> None:
    deciding = Deciding(tmp_path, AsksAModel(decision(reason=f"classifier_failed:{why}")))
    deciding.decide()
    series = f'tierwatch_gateway_classifier_failures_total{{reason="{why}"}} 1.0'
    assert deciding.failures() == [series]


def test_what_is_asked_again_is_decided_by_todays_router(tmp_path: Path) -> None:
    deciding = Deciding(tmp_path)
    assert deciding.again(SAID) == deciding.decide()


def test_a_model_is_not_asked_again_its_word_was_kept(tmp_path: Path) -> None:
    model = AsksAModel(decision())
    deciding = Deciding(tmp_path, model)
    assert deciding.again(SAID).tier == "complex"
    assert deciding.again(None) is None
    assert model.asked == 0
