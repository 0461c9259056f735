import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tierwatch.errors import EvidenceError
from tierwatch.evaluation.models.held_out import Conversations, HeldOut

rows = st.lists(st.tuples(st.floats(0.01, 100), st.sampled_from("abcde")), min_size=1, max_size=30)


def held(weights: list[float], sessions: list[str]) -> HeldOut:
    return HeldOut(["tie"] * len(weights), weights, sessions)


@pytest.mark.parametrize(
    ("verdicts", "weights", "sessions", "words"),
    [
        (["tie"], [1.0], [], "1 verdicts of 0 conversations"),
        (["tie", "tie"], [1.0], ["a", "b"], "1 weights for 2 pairs"),
        (["tie"], [0.0], ["a"], "weights must be above 0"),
        (["tie"], [-1.0], ["a"], "weights"),
        (["tie"], [math.nan], ["a"], "weights"),
        (["tie"], [math.inf], ["a"], "weights"),
        (["worst"], [1.0], ["a"], r"\['worst'\]; accepted: worse, tie, better"),
        (["served"], [1.0], ["a"], "accepted"),
    ],
)
def test_pairs_that_cannot_be_are_refused(
    verdicts: list[str], weights: list[float], sessions: list[str], words: str
) -> None:
    with pytest.raises(EvidenceError, match=words):
        HeldOut(verdicts, weights, sessions)


def test_no_pairs_are_no_conversations() -> None:
    assert Conversations.of(HeldOut([], [], [])).count == 0


def test_sums_are_by_conversation() -> None:
    talks = Conversations.of(held([1.0, 2.0, 3.0, 4.0], ["a", "b", "a", "c"]))
    assert talks.count == 3
    assert talks.sums(talks.weights).tolist() == [4.0, 2.0, 4.0]
    # (4 + 2 + 4)^2 / (16 + 4 + 16) = 100 / 36
    assert talks.effective == pytest.approx(100 / 36)


@given(rows)
def test_conversations_are_worth_at_most_their_number_and_at_least_one(
    pairs: list[tuple[float, str]],
) -> None:
    talks = Conversations.of(held([w for w, _ in pairs], [s for _, s in pairs]))
    assert 1 - 1e-9 <= talks.effective <= talks.count + 1e-9
    assert talks.sums(np.ones(len(pairs))).sum() == len(pairs)


@given(rows, st.floats(0.1, 10))
def test_their_worth_is_scale_free_and_does_not_depend_on_the_order(
    pairs: list[tuple[float, str]], factor: float
) -> None:
    weights, sessions = [w for w, _ in pairs], [s for _, s in pairs]
    plain = Conversations.of(held(weights, sessions)).effective
    scaled = Conversations.of(held([factor * w for w in weights], sessions)).effective
    turned = Conversations.of(held(weights[::-1], sessions[::-1])).effective
    assert scaled == pytest.approx(plain)
    assert turned == pytest.approx(plain)
