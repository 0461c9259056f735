import math

import numpy as np
import pytest
from factories.certified import choose
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from tierwatch.errors import EvidenceError

nan = math.nan


def test_the_loosest_certified_is_chosen_and_testing_stops_at_the_first_failure() -> None:
    choice = choose([0.9] * 200 + [0.47] * 40 + [0.44] * 100, [0] * 200 + [1] * 40 + [0] * 100)
    assert (choice.threshold, choice.certified, choice.direction) == (0.48, True, "lower")
    assert list(choice.bounds) == [cents / 100 for cents in range(60, 46, -1)]
    assert list(choice.pairs.values()) == [200] * 13 + [240]
    # Clean traffic at .44 would bring the bound down again; a fixed sequence does not look.
    assert all(bound <= 0.05 for bound in list(choice.bounds.values())[:-1])
    assert choice.bounds[0.47] > 0.05


def test_bad_traffic_above_the_present_threshold_raises_it_certified() -> None:
    choice = choose([0.9] * 200 + [0.53] * 40, [0] * 200 + [1] * 40)
    assert (choice.threshold, choice.certified, choice.direction) == (0.54, True, "raise")
    assert choice.exceeded


def test_a_failure_of_the_strictest_raises_as_far_as_the_step_allows_uncertified() -> None:
    choice = choose([0.9] * 300, [1] * 60 + [0] * 240)
    assert (choice.threshold, choice.certified, choice.direction) == (0.6, False, "raise")
    assert list(choice.bounds) == [0.6]
    assert choice.exceeded


def test_too_few_pairs_never_loosen_and_are_not_evidence_of_harm() -> None:
    choice = choose([0.9] * 58, [0] * 58)
    assert (choice.threshold, choice.certified, choice.exceeded) == (0.6, False, False)
    assert choose([0.9] * 59, [0] * 59).threshold == 0.4


def test_a_confidence_equal_to_the_threshold_is_kept() -> None:
    for cents in range(40, 61):
        confidence = cents / 100
        choice = choose([confidence] * 10 + [0.99] * 90, [1] * 10 + [0] * 90, alpha=0.06)
        last = list(choice.bounds)[-1]
        assert last == confidence


def test_no_pairs_at_all_propose_nothing() -> None:
    for weights in (None, []):
        choice = choose([], [], weights)
        assert (choice.threshold, choice.certified, choice.direction) == (None, False, "keep")
        assert dict(choice.bounds) == {0.6: 1.0}
        assert dict(choice.pairs) == {0.6: 0}
        assert not choice.exceeded


def test_no_pair_kept_by_any_candidate_proposes_nothing() -> None:
    assert choose([0.1] * 500, [0] * 500).threshold is None


def test_one_pair() -> None:
    choice = choose([0.9], [0])
    assert choice.bounds[0.6] == pytest.approx(0.95)
    assert not choice.certified


@settings(max_examples=60)
@given(
    rows=st.lists(
        st.tuples(
            st.floats(0, 1), st.sampled_from([0.0, 0.0, 0.0, 1.0]), st.sampled_from([0.2, 1.0])
        ),
        max_size=200,
    ),
    current=st.integers(0, 100),
    step=st.integers(0, 30),
)
def test_it_is_the_plain_loop(
    rows: list[tuple[float, float, float]], current: int, step: int
) -> None:
    c, x, w = (np.array([row[k] for row in rows]) for k in range(3))
    choice = choose(c, x, w, alpha=0.3, current=current / 100, step=step / 100)
    expected = None
    for cents in range(min(100, current + step), max(0, current - step) - 1, -1):
        kept = c >= cents / 100
        bound = _plain_bound(x[kept], w[kept])
        assert choice.bounds[cents / 100] == pytest.approx(bound)
        assert choice.pairs[cents / 100] == kept.sum()
        if bound > 0.3:
            break
        expected = cents / 100
    assert choice.certified == (expected is not None)
    if choice.certified:
        assert choice.threshold == expected
    elif choice.threshold is not None:
        assert choice.threshold == min(100, current + step) / 100


def _plain_bound(x: np.ndarray, w: np.ndarray) -> float:
    if x.size == 0:
        return 1.0
    if np.ptp(w) == 0:
        return 1.0 if x.all() else float(stats.beta.ppf(0.95, x.sum() + 1, x.size - x.sum()))
    y, v, m = (w @ x) / w.sum(), (w**2 @ x) / w.sum() ** 2, w.max() / w.sum()
    upper = stats.gamma.ppf(0.95, (y + m) ** 2 / (v + m**2), scale=(v + m**2) / (y + m))
    return min(1.0, float(upper))


def test_certificates_are_wrong_at_most_as_often_as_delta() -> None:
    # Everything at one confidence with risk .06 > alpha: a certificate is always wrong.
    rng = np.random.default_rng(2)
    wrong = sum(
        choose([0.9] * 400, rng.random(400) < 0.06, delta=0.1, step=0.0).certified
        for _ in range(500)
    )
    # At most 50 expected at risk .05 exactly; fewer above.
    assert 1 <= wrong <= 50


@pytest.mark.parametrize(
    "argument",
    [
        {"alpha": 0.0},
        {"alpha": 1.0},
        {"alpha": math.nan},
        {"delta": 0.0},
        {"delta": 1.0},
        {"current": 1.1},
        {"current": math.nan},
        {"step": -0.1},
        {"step": math.inf},
        {"grid": 0.0},
        {"grid": 0.015},
        {"grid": 0.001},
    ],
)
def test_arguments_off_their_range_are_refused(argument: dict[str, float]) -> None:
    with pytest.raises(EvidenceError, match=next(iter(argument))):
        choose([0.5], [0], **argument)
