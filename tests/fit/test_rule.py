"""The parts that the wires' rules are made of."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tierwatch.fit.rule import capped, left_out, taken_effort
from tierwatch.routing.facts import EFFORTS

levels = st.lists(st.sampled_from(EFFORTS), min_size=1, unique=True).map(
    lambda chosen: tuple(one for one in EFFORTS if one in chosen)
)


@given(st.sampled_from(EFFORTS), levels)
def test_a_level_that_is_taken_takes_its_place(level: str, taken: tuple[str, ...]) -> None:
    chosen = taken_effort(level, taken)
    assert chosen in taken
    if level in taken:
        assert chosen == level
    # Never more than was asked for, unless nothing less is taken.
    assert EFFORTS.index(chosen) <= EFFORTS.index(level) or chosen == taken[0]


@pytest.mark.parametrize("level", ["huge", 3, None, ["low"]])
def test_a_level_that_is_none_is_the_providers_to_judge(level: object) -> None:
    assert taken_effort(level, ("low",)) == str(level)


@pytest.mark.parametrize(
    ("value", "left"), [(17, 16), (16, 16), (True, True), ("17", "17"), (None, None), (17.5, 17.5)]
)
def test_only_a_whole_number_above_the_limit_is_cut(value: object, left: object) -> None:
    request = {"max_tokens": value}
    changes = list(capped(request, "max_tokens", 16))
    assert request == {"max_tokens": left}
    assert changes == (["max_tokens<=16"] if value == 17 else [])


def test_without_a_limit_nothing_is_cut() -> None:
    assert not list(capped({"max_tokens": 9**9}, "max_tokens", None))
    assert not list(capped({}, "max_tokens", 5))


def test_what_says_nothing_stays() -> None:
    request = {"temperature": 1.0, "top_p": None, "stop": []}
    assert not list(left_out(request, {"temperature": 1, "top_p": 1, "stop": [], "seed": None}))
    assert request == {"temperature": 1.0, "top_p": None, "stop": []}
