import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import optimize, special

from tierwatch.errors import EvidenceError
from tierwatch.evaluation.rates.binomial import clopper_pearson
from tierwatch.evaluation.rates.confidence_sequence import (
    always_valid,
    always_valid_interval,
    interval_ends,
)
from tierwatch.evaluation.rates.estimate import unknown
from tierwatch.evaluation.rates.rate_band import rate_band

nan = math.nan


def evidence(bad: float, mass: float, rate: float) -> float:
    """The logarithm of the formula in the module, written out again."""
    won = special.betaln(0.5 + bad, 2 + mass - bad) - special.betaln(0.5, 2)
    return float(won - special.xlogy(bad, rate) - special.xlog1py(mass - bad, -rate))


def test_the_first_pair_shows_its_arithmetic() -> None:
    # One good pair: B(1/2, 3) / B(1/2, 2) = 2 / 2.5 = .8, so .8 / (1 - m) < 20 up to m = .96
    assert always_valid_interval(0, 1) == pytest.approx((0, 0.96))
    # One bad pair: .2 / m < 20 from m = .01
    assert always_valid_interval(1, 1) == pytest.approx((0.01, 1))


def test_the_ends_are_where_the_evidence_reaches_its_limit() -> None:
    low, high = always_valid_interval(7, 90, level=0.9)
    value = 7 / 90
    for end, between in ((low, (1e-9, value)), (high, (value, 1 - 1e-9))):
        root = optimize.brentq(lambda m: evidence(7, 90, m) - math.log(10), *between)
        assert end == pytest.approx(root, abs=1e-9)


@given(n=st.integers(1, 3_000), data=st.data())
def test_it_holds_the_rate_and_widens_with_the_level(n: int, data: st.DataObject) -> None:
    bad = data.draw(st.integers(0, n))
    narrow, wide = (always_valid_interval(bad, n, level) for level in (0.8, 0.95))
    assert 0 <= wide[0] <= narrow[0] <= bad / n <= narrow[1] <= wide[1] <= 1
    assert wide[1] - wide[0] > narrow[1] - narrow[0]


@given(
    n=st.floats(1e-3, 1e7),
    share=st.floats(0, 1) | st.sampled_from([0.0, 1.0, 1e-300, 5e-324]),
    level=st.floats(0.5, 0.999),
)
def test_one_alone_is_what_it_is_among_many(n: float, share: float, level: float) -> None:
    bad = min(n, share * n)
    low, high = interval_ends(np.array([bad, 1.0]), np.array([n, 2.0]), level)
    assert always_valid_interval(bad, n, level) == pytest.approx((low[0], high[0]), abs=1e-10)


@pytest.mark.parametrize(("bad", "n"), [(0, 59), (5, 100), (50, 1_000), (900, 3_000)])
def test_it_is_wider_than_an_interval_looked_at_once(bad: int, n: int) -> None:
    (low, high), once = always_valid_interval(bad, n), clopper_pearson(bad, n)
    assert low <= once[0]
    assert once[1] < high


def test_weights_count_as_shares_of_their_cap() -> None:
    # Weights 1 and 4 of at most 4: u = .25 and 1, so S = 1, N = 1.25
    estimate = always_valid([0, 1], [1, 4], max_weight=4)
    assert estimate.value == pytest.approx(0.8)
    assert (estimate.low, estimate.high) == always_valid_interval(1, 1.25)
    assert estimate.n == 2
    assert "watched" in estimate.method


def test_a_larger_cap_is_wider_and_equal_weights_at_the_cap_are_none() -> None:
    losses = [0, 1, 0, 0] * 20
    tight, loose = (always_valid(losses, [2.0] * 80, max_weight=cap) for cap in (2, 8))
    assert tight == always_valid(losses)
    assert loose.value == tight.value
    assert loose.high - loose.low > tight.high - tight.low


def test_fractional_losses_never_show_more_evidence_than_the_fair_bet() -> None:
    # The module's proof, number by number: product of the true bets, averaged over r.
    rng = np.random.default_rng(8)
    x, u, m = rng.beta(0.3, 2, 40), rng.uniform(0.1, 1, 40), 0.2
    rates = (np.arange(4_000) + 0.5) / 4_000
    density = rates**-0.5 * (1 - rates)
    density /= density.sum()
    bets = 1 + np.outer((rates - m) / (m * (1 - m)), u * (x - m))
    assert bets.min() >= 0
    gains = float(density @ bets.prod(axis=1))
    assert math.exp(evidence(float(u @ x), float(u.sum()), m)) <= gains * 1.01


def test_no_pairs_one_pair_ties_and_only_losses() -> None:
    assert always_valid([]) == unknown()
    assert always_valid([], [], max_weight=3) == unknown()
    assert always_valid_interval(0, 0) == (0.0, 1.0)
    assert rate_band([]).n.size == rate_band([]).low.size == 0
    assert rate_band([], at=[]).value.size == 0
    ties = always_valid([0.0] * 400, [0.1, 0.7] * 200)
    assert (ties.value, ties.low) == (0.0, 0.0)
    assert 0 < ties.high < 0.06
    worst = always_valid([1.0] * 400, [0.1, 0.7] * 200)
    assert (worst.value, worst.high) == (1.0, 1.0)
    assert 0.9 < worst.low < 1


def test_it_stays_exact_after_millions_of_pairs() -> None:
    low, high = always_valid_interval(50_000, 1_000_000)
    # Looked at once: .05 +- 1.96 * sqrt(.05 * .95 / 1e6) = +- .00043
    assert 0.00043 < high - 0.05 < 0.002
    assert 0.00043 < 0.05 - low < 0.002


@pytest.mark.parametrize(
    ("losses", "weights", "cap", "words"),
    [
        ([0.5, 1.5], None, 1, "losses"),
        ([nan], None, 1, "losses"),
        ([[0.0]], None, 1, "one-dimensional"),
        ([0, 1], [1.0], 1, "1 weights for 2 pairs"),
        ([0, 1], [1.0, 1.1], 1, "weights"),
        ([0, 1], [1.0, nan], 1, "weights"),
        ([0, 1], [1.0, 0.0], 1, "above 0"),
        ([0, 1], [1.0, 1.0], 0, "cap"),
        ([0, 1], [1.0, 1.0], math.inf, "cap"),
        ([0, 1], [1.0, 1.0], nan, "cap"),
    ],
)
def test_what_would_void_the_guarantee_is_refused(
    losses: list[float], weights: list[float] | None, cap: float, words: str
) -> None:
    for interval in (always_valid, rate_band):
        with pytest.raises(EvidenceError, match=words):
            interval(losses, weights, max_weight=cap)


@pytest.mark.parametrize(
    ("bad", "n", "level"),
    [(-1, 3, 0.9), (4, 3, 0.9), (nan, 3, 0.9), (1, math.inf, 0.9), (1, 3, 1.0), (1, 3, 95)],
)
def test_impossible_counts_and_levels_are_refused(bad: float, n: float, level: float) -> None:
    with pytest.raises(EvidenceError):
        always_valid_interval(bad, n, level)


def test_a_level_off_its_range_is_refused_even_without_pairs() -> None:
    for interval in (always_valid, rate_band):
        with pytest.raises(EvidenceError, match="level"):
            interval([], level=1)


def test_few_runs_ever_miss_in_a_short_simulation() -> None:
    # Bar C2 reduced: 5 % of 400 runs of 1,000 pairs are 20.
    rng = np.random.default_rng(5)
    losses = rng.random((400, 1_000)) < 0.05
    bands = [rate_band(run) for run in losses]
    ever = sum(bool(np.any((band.low > 0.05) | (band.high < 0.05))) for band in bands)
    assert 1 <= ever <= 20
    assert np.mean([band.high[-1] - band.low[-1] for band in bands]) < 0.05
