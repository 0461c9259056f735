"""What LiteLLM's auto-router logs of its decision: its score where that decided, else its cause."""

import json
from pathlib import Path
from typing import Any

import pytest
from factories.sources import body, litellm_record
from hypothesis import given
from hypothesis import strategies as st

from tierwatch.intake.json_sources.litellm import read_litellm
from tierwatch.intake.json_sources.litellm_routing import Routed, level_of, routed_of
from tierwatch.routing.foreign.complexity import DEFAULTS

RECORDED = Path(__file__).parents[2] / "factories" / "complexity_records.json"
DECISION = {
    "router_model_name": "smart-router",
    "router_type": "complexity",
    "routed_model": "fast",
    "cause": "heuristic_scorer",
    "tier": "MEDIUM",
    "score": 0.15,
    "tier_boundaries": DEFAULTS,
}


def routed(**changes: Any) -> Routed:
    return routed_of({"metadata": {"routing_decision": DECISION | changes}})


def test_recorded_decisions_are_read() -> None:
    calls = read_litellm(RECORDED.read_bytes()).calls
    assert [(call.asked, call.confidence is not None, call.by_rule) for call in calls] == [
        ("a-1", True, ""),
        ("b-1", True, ""),
        ("d-1", False, "reasoning_override"),
        ("a-1", False, ""),
    ]
    applied = {**DEFAULTS, "simple_medium": 0.2}
    assert [dict(call.boundaries) for call in calls] == [applied, applied, applied, {}]


def test_a_score_on_a_boundary_is_above_it() -> None:
    assert level_of(0.15, DEFAULTS) == "MEDIUM"
    found = routed()
    assert found.confidence is not None
    assert found.confidence < 0.85
    assert found == Routed("fast", found.confidence, DEFAULTS, "")


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"cause": "reasoning_override", "tier": "REASONING"}, "reasoning_override"),
        ({"cause": "session_affinity_pin", "score": None}, "session_affinity_pin"),
        ({"cause": "", "score": 0.2}, "unsaid"),
        ({"cause": 7}, "unsaid"),
        ({"cause": "x" * 500}, "x" * 40),
        ({"tier": "COMPLEX"}, "moved"),  # by an escalation, a floor, or the context
        ({"score": True}, "heuristic_scorer"),
        ({"score": "0.15"}, "heuristic_scorer"),
        ({"tier_boundaries": {"simple_medium": 0.151}}, "boundaries"),
    ],
)
def test_what_no_score_decided_has_no_confidence(changes: dict[str, Any], why: str) -> None:
    found = routed(**changes)
    assert (found.model, found.confidence, found.by_rule) == ("fast", None, why)


@pytest.mark.parametrize("of", ["semantic", "adaptive", "quality", "", None, 3])
def test_another_auto_router_says_nothing(of: Any) -> None:
    assert routed(router_type=of) == Routed()


@given(
    st.recursive(
        st.none() | st.booleans() | st.floats() | st.text(max_size=5),
        lambda inner: st.dictionaries(
            st.sampled_from([*DECISION, "simple_medium", "metadata", "routing_decision"]), inner
        ),
        max_leaves=12,
    )
)
def test_whatever_stands_there_is_read(said: Any) -> None:
    decision = DECISION | (said if isinstance(said, dict) else {})
    for metadata in (said, {"routing_decision": said}, {"routing_decision": decision}):
        found = routed_of({"metadata": metadata})
        assert found.confidence is None or 0.0 <= found.confidence <= 1.0


def test_the_alias_is_the_one_that_was_chosen() -> None:
    record = litellm_record(model_group="smart-router", metadata={"routing_decision": DECISION})
    (call,) = read_litellm(body(json.loads(json.dumps(record)))).calls
    assert call.asked == "fast"
    assert call.request["model"] == "smart-router"
