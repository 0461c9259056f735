import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tierwatch.evaluation.rates.binomial import clopper_pearson_upper
from tierwatch.evaluation.thresholds.fixed_sequence import run_sequence, start_places
from tierwatch.evaluation.thresholds.kept_sums import KeptSums
from tierwatch.evaluation.thresholds.risk_test import risk_test

ALPHA = DELTA = 0.05


def kept(n: int, bad: int = 0) -> KeptSums:
    return KeptSums(n, float(bad), True, 1.0, 1.0, float(n), float(bad), float(bad))  # noqa: FBT003 - a field's value


def found(*counts: tuple[int, int], alpha: float = ALPHA) -> tuple[float | None, list[float], int]:
    """What testing candidates .9, .8, ... finds: certified, those tested, sequences."""
    sums = {round(0.9 - place / 10, 1): kept(*each) for place, each in enumerate(counts)}
    tested = run_sequence(sums, risk_test(alpha, DELTA, None))
    return tested.certified, list(tested.bounds), tested.starts


def test_the_loosest_before_the_first_failure_is_certified() -> None:
    # Without a loss 400 pairs have at most .0075; where 60 of 480 are lost it is more than .05.
    assert found((400, 0), (440, 0), (480, 60), (3_600, 60)) == (0.8, [0.9, 0.8, 0.7], 1)


def test_all_may_pass() -> None:
    assert found((400, 0), (800, 0)) == (0.8, [0.9, 0.8], 1)


def test_a_failure_at_the_first_certifies_nothing() -> None:
    assert found((400, 80), (800, 80)) == (None, [0.9], 1)


def test_a_thin_start_is_passed_once_and_delta_is_shared() -> None:
    # 20 pairs certify nothing, whatever they are; 400 could certify half of alpha.
    certified, tested, starts = found((20, 0), (20, 0), (400, 0))
    assert (certified, tested, starts) == (0.7, [0.9, 0.7], 2)
    bound = run_sequence({0.9: kept(20), 0.7: kept(400)}, risk_test(ALPHA, DELTA, None)).bounds
    # None lost of 400, at half of delta.
    assert bound[0.7] == pytest.approx(clopper_pearson_upper(0, 400, DELTA / 2))


def test_the_second_start_is_used_only_where_the_first_certified_nothing() -> None:
    # 70 pairs at half of delta: up to .0513, and so the second sequence certifies .8.
    assert found((70, 0), (400, 0)) == (0.8, [0.9, 0.8], 2)
    # 100 pairs have up to .0362. What fails after them ends it for good, though 4,000 would pass.
    assert found((100, 0), (500, 400), (4_000, 0)) == (0.9, [0.9, 0.8], 2)


def test_where_no_candidate_could_certify_there_is_one_start() -> None:
    assert start_places([kept(5), kept(20), kept(30)], ALPHA, DELTA) == (0,)
    assert start_places([kept(0)], ALPHA, DELTA) == (0,)


@given(st.lists(st.integers(0, 600), min_size=1, max_size=12), st.randoms())
def test_starts_are_read_from_counts_and_never_from_losses(
    sizes: list[int], chance: random.Random
) -> None:
    rising = sorted(sizes)
    clean = start_places([kept(n) for n in rising], ALPHA, DELTA)
    lossy = start_places([kept(n, chance.randint(0, n)) for n in rising], ALPHA, DELTA)
    assert clean == lossy
    assert clean[0] == 0
    assert len(clean) <= 2


@given(
    st.lists(st.tuples(st.integers(0, 300), st.integers(0, 20)), min_size=1, max_size=9),
    st.floats(0.01, 0.5),
    st.floats(0.01, 0.5),
)
def test_a_looser_tolerance_never_certifies_a_stricter_threshold(
    steps: list[tuple[int, int]], one: float, two: float
) -> None:
    counts, n, bad = [], 0, 0
    for more, lost in steps:
        n, bad = n + more, bad + min(more, lost)
        counts.append((n, bad))
    strict, loose = sorted((one, two))
    # With one start only: a second one depends on alpha, and shares delta.
    first, second = (found(*counts, alpha=alpha) for alpha in (strict, loose))
    if first[2] == second[2] == 1 and first[0] is not None:
        assert second[0] is not None
        assert second[0] <= first[0]
