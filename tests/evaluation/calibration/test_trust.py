import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tierwatch.errors import EvidenceError
from tierwatch.evaluation.calibration.trust import ENOUGH_ANCHORS, LEAST_ACCURACY, weigh_trust


def test_a_judge_that_answers_at_random_is_not_trusted() -> None:
    found = weigh_trust(102, 408)
    assert not found.trusted
    assert (found.right, found.n) == (102, 408)
    assert found.low < 0.25 < found.high < LEAST_ACCURACY


def test_one_word_for_every_anchor_is_not_trusted() -> None:
    # 156 of the 408 shipped anchors are b, the most of any verdict.
    assert not weigh_trust(156, 408).trusted


@pytest.mark.parametrize("right", [204, 230, 290, 408])
def test_a_judge_of_some_use_is(right: int) -> None:
    assert weigh_trust(right, 408).trusted


def test_few_anchors_change_nothing() -> None:
    few = ENOUGH_ANCHORS - 1
    assert weigh_trust(0, few).trusted
    assert not weigh_trust(few, few, was_trusted=False).trusted
    assert not weigh_trust(0, ENOUGH_ANCHORS).trusted
    assert weigh_trust(0, 0).trusted


def test_there_is_a_band_in_which_it_stays_what_it_was() -> None:
    stays = [
        right
        for right in range(409)
        if weigh_trust(right, 408).trusted
        and not weigh_trust(right, 408, was_trusted=False).trusted
    ]
    assert stays == list(range(stays[0], stays[-1] + 1))
    assert (stays[0], stays[-1]) == (173, 235)


@given(n=st.integers(0, 1_000), share=st.floats(0, 1), was_trusted=st.booleans())
def test_one_more_right_never_costs_trust(n: int, share: float, was_trusted: bool) -> None:  # noqa: FBT001
    right = int(share * n)
    found = weigh_trust(right, n, was_trusted=was_trusted)
    assert 0 <= found.low <= found.high <= 1
    if right < n:
        better = weigh_trust(right + 1, n, was_trusted=was_trusted)
        assert better.trusted >= found.trusted


def test_a_judge_at_the_limit_is_called_untrusted_once_in_a_thousand_runs() -> None:
    right = np.random.default_rng(13).binomial(408, LEAST_ACCURACY, size=20_000)
    called = {int(k): weigh_trust(int(k), 408).trusted for k in set(right.tolist())}
    assert sum(not called[int(k)] for k in right) <= 40


def test_counts_that_are_none_are_refused() -> None:
    for right, n in ((2, 1), (-1, 5), (1, -1)):
        with pytest.raises(EvidenceError):
            weigh_trust(right, n)
