"""A score as a confidence: both sides of every boundary, and LiteLLM's own decisions."""

import math
from typing import Any

import pytest
from factories.complexity import MODELS, NO_LITELLM, PROMPTS, complexity_router
from hypothesis import given
from hypothesis import strategies as st

from tierwatch.intake.json_sources.litellm_routing import level_of
from tierwatch.routing.foreign.complexity import DEFAULTS, KEYS, LEVELS
from tierwatch.routing.foreign.score import boundary_of, confidence_of_score, threshold_of

BOUNDARIES = [round(cents / 100, 2) for cents in range(100)]


@given(st.floats(-2, 2), st.sampled_from(BOUNDARIES))
def test_a_threshold_keeps_what_its_boundary_keeps(score: float, boundary: float) -> None:
    assert (confidence_of_score(score) >= threshold_of(boundary)) == (score < boundary)


@given(st.sampled_from(BOUNDARIES), st.sampled_from(BOUNDARIES), st.integers(-3, 3))
def test_so_do_scores_on_a_boundary_and_a_breath_beside_it(
    near: float, boundary: float, steps: int
) -> None:
    score = near
    for _ in range(abs(steps)):
        score = math.nextafter(score, math.copysign(9.0, steps))
    assert (confidence_of_score(score) >= threshold_of(boundary)) == (score < boundary)


@given(st.lists(st.sampled_from([-0.1, -0.05, 0.01, 0.015, 0.15, 0.175, 0.25, 0.3]), max_size=7))
def test_so_do_sums_of_its_weights(parts: list[float]) -> None:
    score = sum(parts)
    for boundary in BOUNDARIES:
        assert (confidence_of_score(score) >= threshold_of(boundary)) == (score < boundary)


@given(st.floats(-1e6, 1e6))
def test_it_is_a_confidence(score: float) -> None:
    assert 0.0 <= confidence_of_score(score) <= 1.0


@given(st.sampled_from(BOUNDARIES))
def test_boundary_and_threshold_are_each_others_way_back(boundary: float) -> None:
    assert boundary_of(threshold_of(boundary)) == boundary


@NO_LITELLM
@pytest.mark.parametrize("prompt", PROMPTS)
def test_litellm_itself_decides_as_the_thresholds_say(prompt: str) -> None:
    for boundaries in (DEFAULTS, {"simple_medium": 0.05, "medium_complex": 0.3}):
        router: Any = complexity_router({"tiers": MODELS, "tier_boundaries": dict(boundaries)})
        tier, score, _, cause = router._score_and_classify(prompt)
        applied = {**DEFAULTS, **boundaries}
        if cause == "heuristic_scorer":
            assert tier.value == level_of(score, applied)
            kept = [
                level
                for level, key in zip(LEVELS, KEYS, strict=False)
                if confidence_of_score(score) >= threshold_of(applied[key])
            ]
            assert (kept or [LEVELS[-1]])[0] == tier.value


@NO_LITELLM
def test_the_prompts_reach_each_of_its_tiers_and_the_override() -> None:
    router: Any = complexity_router({"tiers": MODELS})
    found = {router._score_and_classify(prompt)[0].value for prompt in PROMPTS}
    causes = {router._score_and_classify(prompt)[3] for prompt in PROMPTS}
    assert found == set(LEVELS)
    assert causes == {"heuristic_scorer", "reasoning_override"}
