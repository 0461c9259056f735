from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tierwatch.evaluation.alarms.stream_state import StreamState, stream_state

# Worst first: what a person has to act on.
GRAVITY = ["ALERT", "WARNING", "INCONCLUSIVE", "OK"]


def state(**changes: Any) -> StreamState:
    shown: dict[str, Any] = {
        "pairs": 400,
        "min_pairs": 30,
        "statistic": 2.0,
        "level": 1e7,
        "alarmed": False,
        "highest": 0.04,
        "tolerance": 0.05,
    }
    return stream_state(**(shown | changes))


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({}, "OK"),
        ({"highest": 0.05}, "OK"),
        ({"highest": 0.0501}, "INCONCLUSIVE"),
        ({"statistic": 1e5}, "WARNING"),  # a hundredth of the level
        ({"statistic": 99_999.9}, "OK"),
        ({"statistic": 1e7}, "ALERT"),
        ({"alarmed": True, "statistic": 0.0}, "ALERT"),
        ({"alarmed": True, "pairs": 29}, "NO_DATA"),
        ({"pairs": 30}, "OK"),
        ({"pairs": 0, "min_pairs": 0, "highest": 1.0}, "INCONCLUSIVE"),
    ],
)
def test_each_word_begins_where_it_says(changes: dict[str, Any], word: str) -> None:
    assert state(**changes) == word


@given(st.floats(0, 2e7), st.floats(0, 2e7), st.floats(0, 1), st.booleans())
def test_more_evidence_is_never_less_grave(
    one: float,
    two: float,
    highest: float,
    alarmed: bool,  # noqa: FBT001 - drawn
) -> None:
    less, more = sorted((one, two))
    words = [state(statistic=s, highest=highest, alarmed=alarmed) for s in (less, more)]
    assert GRAVITY.index(words[1]) <= GRAVITY.index(words[0])


@given(st.floats(0, 1e99), st.floats(0, 1), st.booleans())
def test_without_pairs_enough_nothing_is_said(
    statistic: float,
    highest: float,
    alarmed: bool,  # noqa: FBT001 - drawn
) -> None:
    assert state(pairs=29, statistic=statistic, highest=highest, alarmed=alarmed) == "NO_DATA"
