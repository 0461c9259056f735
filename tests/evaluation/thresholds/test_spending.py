import math

import pytest
from factories.certified import choose
from hypothesis import given
from hypothesis import strategies as st

from tierwatch.errors import EvidenceError
from tierwatch.evaluation.thresholds.spending import pairs_needed, spent_delta

nan = math.nan


def test_spent_deltas_add_up_to_delta() -> None:
    spent = [spent_delta(0.05, k) for k in range(10_000)]
    assert spent[0] == pytest.approx(0.025)
    assert 0.0499 < sum(spent) < 0.05


@pytest.mark.parametrize(("delta", "k"), [(0.0, 0), (1.0, 0), (math.nan, 0), (0.05, -1)])
def test_a_delta_that_cannot_be_spent_is_refused(delta: float, k: int) -> None:
    with pytest.raises(EvidenceError):
        spent_delta(delta, k)


@pytest.mark.parametrize(("alpha", "delta"), [(0.05, 0.05), (0.4, 0.05), (0.01, 0.001)])
def test_pairs_needed_is_the_fewest_that_certify(alpha: float, delta: float) -> None:
    n = pairs_needed(alpha, delta)
    assert choose([0.9] * n, [0] * n, alpha=alpha, delta=delta).certified
    assert not choose([0.9] * (n - 1), [0] * (n - 1), alpha=alpha, delta=delta).certified


def test_pairs_needed_refuses_an_alpha_of_zero() -> None:
    with pytest.raises(EvidenceError):
        pairs_needed(0.0, 0.05)


@given(st.floats(0.001, 0.999), st.integers(1, 200))
def test_any_number_of_retunes_spends_less_than_delta(delta: float, retunes: int) -> None:
    spent = [spent_delta(delta, k) for k in range(retunes)]
    # 1 / (1 * 2) + 1 / (2 * 3) + ... telescopes to 1 - 1 / (k + 1).
    assert sum(spent) == pytest.approx(delta * (1 - 1 / (retunes + 1)))
    assert spent == sorted(spent, reverse=True)


@given(st.floats(0.001, 0.9), st.floats(0.001, 0.9), st.floats(0.001, 0.5))
def test_a_stricter_tolerance_or_delta_takes_no_fewer_pairs(
    one: float, other: float, delta: float
) -> None:
    strict, loose = sorted((one, other))
    assert pairs_needed(strict, delta) >= pairs_needed(loose, delta)
    assert pairs_needed(strict, delta / 2) >= pairs_needed(strict, delta)
