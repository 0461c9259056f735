import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tierwatch.errors import EvidenceError
from tierwatch.evaluation.rates.double_sampling import estimate_rate
from tierwatch.evaluation.rates.estimate import Estimate, unknown
from tierwatch.evaluation.rates.ladder_quality import relative_quality, split_level
from tierwatch.evaluation.rates.weighted import weighted_rate

nan = math.nan


def rate(value: float | None, low: float, high: float, method: str = "double sampling") -> Estimate:
    return Estimate(value, low, high, 100, method)


def test_the_quality_shows_its_arithmetic() -> None:
    quality = relative_quality([600, 300, 100], [rate(0.1, 0.05, 0.2), rate(0.04, 0.02, 0.08)])
    # Two tiers down .6 at .1 + .04, one down .3 at .04
    assert quality.value == pytest.approx(1 - 0.084 - 0.012)
    assert quality.low == pytest.approx(1 - 0.6 * 0.28 - 0.3 * 0.08)
    assert quality.high == pytest.approx(1 - 0.6 * 0.07 - 0.3 * 0.02)
    assert quality.n == 200
    assert quality.method.startswith("at least")


def test_a_request_is_lost_at_most_once() -> None:
    quality = relative_quality([1, 0, 1], [rate(0.8, 0.7, 0.9), rate(0.6, 0.5, 0.7)])
    assert quality.value == pytest.approx(0.5)
    assert (quality.low, quality.high) == pytest.approx((0.5, 0.5))


def test_boundaries_below_all_traffic_play_no_part() -> None:
    quality = relative_quality([0, 1, 1], [unknown(), rate(0.1, 0.05, 0.2)])
    assert quality.value == pytest.approx(0.95)
    assert relative_quality([0, 0, 7], [unknown(), unknown()]).value == 1.0
    assert relative_quality([7], []).value == 1.0


def test_an_unknown_boundary_leaves_the_value_unknown_and_the_rest_of_the_interval() -> None:
    quality = relative_quality([1, 3], [unknown()])
    assert quality.value is None
    assert (quality.low, quality.high) == (0.75, 1.0)
    # Tier 0's own boundary is known; the one above it, of which half its loss may come, is not.
    assert relative_quality([1, 0, 1], [rate(0.1, 0.05, 0.2), unknown()]).value is None


def direct(value: float | None, low: float, high: float, n: int = 30) -> Estimate:
    return Estimate(value, low, high, n, "judge rate")


def test_a_direct_rate_stands_for_the_sum() -> None:
    rates = [rate(0.1, 0.05, 0.2), rate(0.04, 0.02, 0.08)]
    quality = relative_quality([600, 300, 100], rates, {0: direct(0.3, 0.2, 0.4)})
    assert quality.value == pytest.approx(1 - 0.6 * 0.3 - 0.3 * 0.04)
    assert quality.low == pytest.approx(1 - 0.6 * 0.4 - 0.3 * 0.08)
    assert quality.high == pytest.approx(1 - 0.6 * 0.2 - 0.3 * 0.02)
    assert quality.n == 130
    assert "30 pairs compared with the top tier directly" in quality.method
    assert "assumes" not in quality.method


@pytest.mark.parametrize(
    "found",
    [{}, {0: direct(0.3, 0.2, 0.4, n=29)}, {0: direct(None, 0, 1)}, {1: direct(0.3, 0.2, 0.4)}],
    ids=["none", "too few", "unknown", "next to the top"],
)
def test_without_one_the_sum_stays_and_says_what_it_assumes(found: dict[int, Estimate]) -> None:
    rates = [rate(0.1, 0.05, 0.2), rate(0.04, 0.02, 0.08)]
    quality = relative_quality([600, 300, 100], rates, found)
    assert quality.value == pytest.approx(1 - 0.084 - 0.012)
    assert "assumes that what a cheaper tier serves" in quality.method
    # Where it serves nothing, nothing is assumed.
    assert "assumes" not in relative_quality([0, 300, 100], rates, found).method


def test_what_lies_below_a_direct_rate_adds_its_own() -> None:
    # The response cache, which stands below the cheapest tier.
    rates = [rate(0.1, 0.05, 0.2), rate(0.2, 0.1, 0.3), rate(0.04, 0.02, 0.08)]
    quality = relative_quality([1, 0, 0, 1], rates, {1: direct(0.3, 0.2, 0.4)})
    assert quality.value == pytest.approx(1 - 0.5 * 0.4)


def test_an_unknown_boundary_is_none_to_who_was_compared_directly() -> None:
    known = {0: direct(0.3, 0.2, 0.4)}
    assert relative_quality([1, 0, 1], [rate(0.1, 0, 0.2), unknown()], known).value == 0.85
    assert relative_quality([1, 1, 1], [rate(0.1, 0, 0.2), unknown()], known).value is None
    assert relative_quality([1, 0, 1], [unknown(), rate(0.1, 0, 0.2)], known).value == 0.85


def test_no_requests_are_unknown() -> None:
    assert relative_quality([0, 0], [rate(0.1, 0, 0.2)]).value is None


def test_only_rates_checked_by_people_make_quality() -> None:
    judged = [1] * 5 + [0] * 95
    checked = estimate_rate(judged, None, None, judged)
    assert "not quality" not in relative_quality([1, 1], [checked]).method
    for unchecked in (estimate_rate(judged), weighted_rate(judged)):
        for rates in ([unchecked, checked], [checked, unchecked]):
            assert "judge's view, not quality" in relative_quality([1, 1, 1], rates).method


@pytest.mark.parametrize("requests", [[], [1], [1, 2, 3], [1, -1], [1, nan], [math.inf, 1]])
def test_tiers_that_do_not_fit_are_refused(requests: list[float]) -> None:
    with pytest.raises(EvidenceError, match="tiers"):
        relative_quality(requests, [rate(0.1, 0, 0.2)])


def test_the_low_end_is_below_the_true_quality() -> None:
    """Losses at both boundaries that hang together, as hard prompts make them: 300 runs."""
    rng = np.random.default_rng(17)
    share = np.array([0.5, 0.3, 0.2])
    hard = rng.beta(0.4, 4, 400_000)

    def losses(difficulty: np.ndarray) -> np.ndarray:
        return rng.random(difficulty.size) < difficulty

    # Served by tier 0 and worse than the top: worse at either boundary, the second half as often.
    truth = 1 - share[0] * np.mean(losses(hard) | losses(hard / 2)) - share[1] * 0.5 * hard.mean()
    held = 0
    for _ in range(300):
        here = rng.choice(hard, 900)
        rates = [
            weighted_rate(losses(here), level=split_level(0.95, 2)),
            weighted_rate(losses(here[:400] / 2), level=split_level(0.95, 2)),
        ]
        held += relative_quality(share, rates).low <= truth
    assert held >= 285


shares = st.lists(st.floats(0, 1), min_size=2, max_size=2)


@given(st.lists(st.floats(0, 1_000), min_size=3, max_size=3), shares, st.floats(0.1, 10))
def test_quality_is_a_share_and_does_not_depend_on_the_unit_of_requests(
    requests: list[float], rates: list[float], factor: float
) -> None:
    lost = [rate(value, 0.5 * value, min(1.0, 2 * value)) for value in rates]
    found = relative_quality(requests, lost)
    if sum(requests) == 0:
        assert found.value is None
        return
    assert found.value is not None
    assert 0 <= found.low <= found.value + 1e-9
    assert found.value - 1e-9 <= found.high <= 1
    scaled = relative_quality([factor * count for count in requests], lost)
    assert scaled.value == pytest.approx(found.value, abs=1e-9)


@given(shares, st.floats(0, 1))
def test_more_misroutes_at_any_boundary_are_never_better(rates: list[float], worse: float) -> None:
    plain = relative_quality([50, 30, 20], [rate(value, value, value) for value in rates])
    for place in range(2):
        raised = list(rates)
        raised[place] = max(raised[place], worse)
        found = relative_quality([50, 30, 20], [rate(value, value, value) for value in raised])
        assert found.value is not None
        assert plain.value is not None
        assert found.value <= plain.value + 1e-9


@given(st.floats(0.01, 0.99), st.integers(1, 50))
def test_a_split_level_is_stricter_and_holds_together(level: float, parts: int) -> None:
    each = split_level(level, parts)
    assert level - 1e-12 <= each < 1
    # The chances of missing add up to that of the whole (Bonferroni).
    assert parts * (1 - each) == pytest.approx(1 - level)
