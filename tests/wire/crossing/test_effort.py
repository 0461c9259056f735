"""How long a model is to think, in the words of either vendor."""

from typing import Any

import pytest

from tierwatch.wire.crossing.effort import anthropic_effort, openai_effort


@pytest.mark.parametrize(
    ("budget", "level"),
    [(1_024, "low"), (4_000, "low"), (4_096, "medium"), (10_000, "medium"), (16_384, "high"),
     (127_999, "high")],
)  # fmt: skip
def test_a_budget_is_a_level(budget: int, level: str) -> None:
    said = {"thinking": {"type": "enabled", "budget_tokens": budget}}
    assert openai_effort(said) == (level, "thinking->reasoning_effort")


@pytest.mark.parametrize(
    "said",
    [
        {},
        {"thinking": {"type": "adaptive"}},
        {"thinking": {"type": "disabled"}},
        {"thinking": {"type": "enabled"}},
        {"thinking": {"type": "enabled", "budget_tokens": "many"}},
        {"thinking": 3, "output_config": [], "x": 1},
        {"output_config": {"effort": 3}},
    ],
)
def test_what_names_no_effort_has_none(said: dict[str, Any]) -> None:
    assert openai_effort(said) == (None, "")


def test_an_effort_goes_before_a_budget() -> None:
    thinking = {"type": "enabled", "budget_tokens": 1_024}
    assert openai_effort({"thinking": thinking, "output_config": {"effort": "high"}})[0] == "high"


@pytest.mark.parametrize("level", ["low", "medium", "high", "xhigh", "max"])
def test_a_level_is_an_effort_and_comes_back(level: str) -> None:
    said = anthropic_effort(level)
    assert said == {"thinking": {"type": "adaptive"}, "output_config": {"effort": level}}
    assert openai_effort(said)[0] == {"max": "xhigh"}.get(level, level)


def test_little_thought_is_a_low_effort_and_none_is_none() -> None:
    assert anthropic_effort("minimal") == {"output_config": {"effort": "low"}}
    for nothing in ("none", "", None, 3, ["high"]):
        assert anthropic_effort(nothing) == {}
