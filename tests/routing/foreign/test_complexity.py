"""LiteLLM's boundaries as thresholds of our tiers, and back."""

from collections.abc import Mapping
from typing import Any

import pytest
from factories.complexity import MODELS, NO_LITELLM, PROMPTS, complexity_router, proxy_file
from hypothesis import given
from hypothesis import strategies as st

from tierwatch.errors import ForeignError
from tierwatch.intake.json_sources.litellm_routing import level_of
from tierwatch.routing.foreign.complexity import (
    DEFAULTS,
    KEYS,
    LEVELS,
    Complexity,
    read_boundaries,
    read_complexity,
)
from tierwatch.routing.foreign.edited import at, edited, read_settings
from tierwatch.routing.foreign.score import confidence_of_score

FOUR = ("simple", "standard", "complex", "top")
TWO = ("cheap", "dear")
OF_FOUR = dict(zip(MODELS.values(), FOUR, strict=True))
OF_TWO = dict(zip(MODELS.values(), ("cheap", "cheap", "dear", "dear"), strict=True))


def read(
    settings: Any, tiers: tuple[str, ...] = FOUR, of: Mapping[str, str] = OF_FOUR, name: str = ""
) -> Complexity:
    return read_complexity(
        settings, name=name, tiers=tiers, tier_of=lambda model: of.get(model, "")
    )


def test_without_boundaries_litellms_own_count() -> None:
    assert read({"tiers": MODELS}).thresholds == {"simple": 0.85, "standard": 0.65, "complex": 0.4}


def test_two_of_its_tiers_may_be_one_of_ours() -> None:
    assert read({"tiers": MODELS}, TWO, OF_TWO).thresholds == {"cheap": 0.65}


def test_a_pool_of_models_and_entries_is_one_tier() -> None:
    pool = {**MODELS, "SIMPLE": ["a-1", {"model_name": "a-1", "litellm_params": {"x": 1}}]}
    assert read({"tiers": pool}).thresholds["simple"] == 0.85


def test_the_router_is_found_in_the_proxys_file() -> None:
    found = read(read_settings(proxy_file()))
    assert found.place[:2] == ("model_list", 0)
    assert found.boundaries == {**DEFAULTS, "simple_medium": 0.2}


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({}, "model_list"),
        ({"model_list": []}, "a model auto_router"),
        ({"tiers": {**MODELS, "MEDIUM": "unknown"}}, "tiers.MEDIUM: found unknown"),
        ({"tiers": {"SIMPLE": "a-1"}}, "tiers.MEDIUM: found nothing"),
        ({"tiers": {**MODELS, "SIMPLE": "d-1", "REASONING": "a-1"}}, "in this order"),
        ({"tiers": MODELS, "classifier_type": "llm"}, "classifier_type: found 'llm'"),
        ({"tiers": MODELS, "tier_boundaries": {"simple_medium": 0.123}}, "two decimals"),
        ({"tiers": MODELS, "tier_boundaries": {"simple_medium": True}}, "two decimals"),
        ({"tiers": MODELS, "tier_boundaries": {"simple_medium": -0.1}}, "0 to 0.99"),
        ({"tiers": MODELS, "tier_boundaries": {"simple_medium": float("nan")}}, "0 to 0.99"),
    ],
)
def test_what_no_threshold_can_say_is_refused(settings: Any, said: str) -> None:
    with pytest.raises(ForeignError, match=said.replace(".", r"\.")):
        read(settings)


def test_of_several_routers_one_is_named() -> None:
    settings = read_settings(proxy_file())
    other = {**settings["model_list"][0], "model_name": "other"}
    settings["model_list"].append(other)
    with pytest.raises(ForeignError, match="one of smart-router, other"):
        read(settings)
    assert read(settings, name="other").place[1] == len(settings["model_list"]) - 1


def test_the_floor_of_the_override_stays_where_it_was() -> None:
    found = read({"tiers": MODELS})
    numbers = found.numbers({**found.thresholds, "simple": 0.75})
    assert numbers == {
        ("tier_boundaries", "simple_medium"): 0.25,
        ("reasoning_override_min_score",): 0.15,
    }
    named = read({"tiers": MODELS, "reasoning_override_min_score": 0})
    assert len(named.numbers({**named.thresholds, "simple": 0.75})) == 1
    assert found.numbers({**found.thresholds, "complex": 0.5}) == {
        ("tier_boundaries", "complex_reasoning"): 0.5
    }
    assert found.numbers(found.thresholds) == {}


def test_boundaries_below_a_lowered_one_of_the_same_tier_follow() -> None:
    found = read({"tiers": MODELS}, TWO, OF_TWO)
    assert found.numbers({"cheap": 0.9}) == {
        ("tier_boundaries", "simple_medium"): 0.1,
        ("tier_boundaries", "medium_complex"): 0.1,
        ("reasoning_override_min_score",): 0.15,
    }


CENTS = st.integers(1, 100).map(lambda cents: cents / 100)


@given(
    st.lists(CENTS, min_size=3, max_size=3),
    st.sampled_from(["simple", "standard", "complex"]),
    CENTS,
    st.floats(-0.2, 1.2),
)
def test_after_the_change_it_decides_as_the_replay_did(
    cents: list[float], tier: str, to: float, score: float
) -> None:
    boundaries = dict(zip(KEYS, (round(1 - one, 2) for one in cents), strict=True))
    settings = {"tiers": MODELS, "tier_boundaries": boundaries}
    before = read(settings)
    wanted = {**before.thresholds, tier: to}
    text = edited(str(settings).replace("'", '"'), before.numbers(wanted))
    after = read(read_settings(text))
    assert after.thresholds == wanted
    replayed = next(
        (name for name in FOUR[:-1] if confidence_of_score(score) >= wanted[name]), FOUR[-1]
    )
    assert OF_FOUR[MODELS[level_of(score, after.boundaries)]] == replayed


def test_logged_boundaries_are_read_like_configured_ones() -> None:
    assert read_boundaries(None) == DEFAULTS
    assert read_boundaries({"simple_medium": 0.2, "more": 1})["simple_medium"] == 0.2


@NO_LITELLM
def test_litellm_takes_the_changed_file_and_only_what_was_tested_moves() -> None:
    settings = read_settings(proxy_file())
    found = read(settings)
    wanted = {**found.thresholds, "simple": 0.95}
    new = read_settings(edited(proxy_file(), found.numbers(wanted)))
    old_router: Any = complexity_router(at(settings, found.place))
    new_router: Any = complexity_router(at(new, found.place))
    moved = 0
    for prompt in PROMPTS:
        tier, score, _, cause = old_router._score_and_classify(prompt)
        then, same_score, _, new_cause = new_router._score_and_classify(prompt)
        assert score == same_score
        assert cause == new_cause
        between = 0.05 <= score < 0.2 and cause == "heuristic_scorer"
        assert (then != tier) == between
        moved += between
        assert tier.value in LEVELS
    assert moved
