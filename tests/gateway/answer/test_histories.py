"""What of a history a model gets to read; test_routes.py holds whole conversations over HTTP."""

from dataclasses import replace
from typing import Any

import pytest
from factories.gateway_values import COMPLEX, SIMPLE, TIERS, asked, current, decision, route
from prometheus_client import CollectorRegistry, generate_latest

from tierwatch.gateway.answer.histories import Histories
from tierwatch.gateway.answer.question import Question
from tierwatch.gateway.asked import Asked
from tierwatch.gateway.metrics import GatewayMetrics
from tierwatch.gateway.route.recall import Recalled
from tierwatch.gateway.route.route import Route
from tierwatch.routing.decision import Decision
from tierwatch.routing.tiers import Price, Tier
from tierwatch.wire.history.reader import Issuer
from tierwatch.wire.wires import WIRES

OTHER = Tier("complex", "claude", "other", Price(10.0, 20.0))
THOUGHT = [
    {"role": "user", "content": "6 x 7?"},
    {"role": "assistant", "content": "42", "reasoning_content": "hm"},
    {"role": "user", "content": "Sure?"},
]


class Fitting:
    def __init__(self, *tiers: Tier, **kinds: str) -> None:
        self.metrics = GatewayMetrics(CollectorRegistry())
        speaks = {"lab": "openai", **kinds}
        spoken = {(lab, wire): kind for lab, kind in speaks.items() for wire in WIRES}
        self._histories = Histories(current(tiers or TIERS), spoken, self.metrics)

    def fitted(
        self,
        by: Asked,
        *,
        tier: Tier = SIMPLE,
        of: Route | None = None,
        under: Decision | None = None,
    ) -> Any:
        question = Question(by.request, by.chat, by.streaming)
        return self._histories.fitted(question, by, of or route(), under or decision(tier), tier)

    def changes(self) -> list[str]:
        page = generate_latest(self.metrics.registry).decode().splitlines()
        return [
            line for line in page if line.startswith("tierwatch_gateway_history_changes_total{")
        ]


def test_a_plain_history_stays_as_it_is() -> None:
    fitting, one = Fitting(), asked()
    assert fitting.fitted(one) == one.request
    assert fitting.changes() == []


def thoughts(request: Any) -> list[Any]:
    return [message.get("reasoning_content") for message in request["messages"]]


@pytest.mark.parametrize(
    ("issuer", "tier", "kept"),
    [
        (Issuer("lab", "small-1"), SIMPLE, True),
        (Issuer("lab", "large-1"), SIMPLE, False),
        (Issuer("lab", "small-1"), COMPLEX, False),
        (Issuer("other", "small-1"), SIMPLE, False),
        (None, SIMPLE, False),
    ],
)
def test_a_model_gets_back_its_own_reasoning_and_nobody_elses(
    issuer: Issuer | None, tier: Tier, *, kept: bool
) -> None:
    issuers = {} if issuer is None else {1: issuer}
    fitting = Fitting()
    request = fitting.fitted(
        asked(THOUGHT), tier=tier, of=route(recalled=Recalled(b"t", "s", issuers=issuers))
    )
    assert thoughts(request) == [None, "hm" if kept else None, None]
    assert (fitting.changes() == []) is kept


@pytest.mark.parametrize(("reason", "kept"), [("pinned", True), ("kept", False)])
def test_a_caller_vouches_for_the_model_it_names(reason: str, *, kept: bool) -> None:
    request = Fitting().fitted(asked(THOUGHT), under=decision(reason=reason))
    assert thoughts(request) == [None, "hm" if kept else None, None]


def test_where_one_model_alone_can_have_written_it_that_one_did() -> None:
    one_model = replace(COMPLEX, model=SIMPLE.model)
    request = Fitting(SIMPLE, one_model).fitted(asked(THOUGHT))
    assert thoughts(request)[1] == "hm"
    two_wires = Fitting(SIMPLE, OTHER, other="anthropic")
    request = two_wires.fitted(asked(THOUGHT))
    assert thoughts(request)[1] == "hm"
