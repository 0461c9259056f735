import pytest
from hypothesis import given
from hypothesis import strategies as st

from tierwatch.errors import EvidenceError
from tierwatch.evaluation.alarms.sign_patterns import sign_patterns

LADDERS = st.integers(2, 7).map(lambda count: tuple(f"tier {place}" for place in range(count)))


def test_a_middle_tier_that_gets_worse_loses_above_and_wins_below() -> None:
    found = {pattern.name: pattern for pattern in sign_patterns(("simple", "standard", "complex"))}
    assert found["-+"].readings == (("tier_worse", "standard"),)
    assert found["+-"].readings == (("tier_better", "standard"),)
    # The lowest and the top tier have one boundary, and share their pattern with its traffic.
    # Or it is half of what standard did, whose other boundary has not been heard enough.
    assert found["+0"].readings == (
        ("tier_worse", "simple"),
        ("boundary", "simple"),
        ("tier_better", "standard"),
    )
    assert found["-0"].readings[-1] == ("tier_worse", "standard")
    assert found["0-"].readings == (("tier_worse", "complex"), ("boundary", "standard"))
    assert found["0+"].readings[0] == ("tier_better", "complex")
    assert found["++"].readings == (("judge_stricter", ""),)
    assert (found["-+"].tier, found["--"].tier) == ("standard", "")


def test_with_two_tiers_signs_alone_tell_little_and_say_so() -> None:
    up, down = sign_patterns(("small", "large"))
    assert (up.name, down.name) == ("+", "-")
    assert [kind for kind, _ in up.readings] == [
        "tier_worse",
        "tier_better",
        "boundary",
        "judge_stricter",
    ]
    assert {tier for _, tier in down.readings} == {"small", "large", ""}


def test_a_middle_boundary_alone_is_no_tiers_doing() -> None:
    found = {pattern.name: pattern for pattern in sign_patterns(("a", "b", "c", "d"))}
    assert found["0+0"].readings == (("boundary", "b"), ("tier_better", "c"))
    assert found["-+0"].readings == (("tier_worse", "b"),)


def test_what_is_bet_on_is_that_tiers_get_worse() -> None:
    found = sign_patterns(("simple", "standard", "complex"))
    weights = {pattern.name: pattern.weight for pattern in found}
    assert {name for name, weight in weights.items() if weight > 1} == {"+0", "-+", "0-"}
    assert set(weights.values()) == {4.0, 1.0}


@given(LADDERS)
def test_patterns_are_different_speak_of_something_and_come_with_their_opposite(
    tiers: tuple[str, ...],
) -> None:
    found = sign_patterns(tiers)
    signs = {pattern.signs for pattern in found}
    assert len(signs) == len(found)
    assert all(any(one) and len(one) == len(tiers) - 1 for one in signs)
    assert {tuple(-sign for sign in one) for one in signs} == signs
    said = [reading for pattern in found for reading in pattern.readings]
    assert all(len(one.readings) == len(set(one.readings)) for one in found)
    assert {tier for kind, tier in said if kind == "tier_worse"} == set(tiers)


@pytest.mark.parametrize("tiers", [(), ("one",), ("a", "b", "a")])
def test_what_is_no_ladder_is_refused(tiers: tuple[str, ...]) -> None:
    with pytest.raises(EvidenceError, match="two tiers or more, each name once"):
        sign_patterns(tiers)
