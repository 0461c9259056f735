from dataclasses import replace

import pytest
from factories.replayed import LOGGED, pairs, replay


def test_missing_overlap_is_refused_and_named() -> None:
    found = replay(LOGGED, 0.7, 0.4)
    one = found.boundaries[0]
    assert one.refused == (
        "0 effective pairs at confidence 0.40 to 0.50, 0 effective pairs at confidence"
        " 0.50 to 0.60, and 30 are needed"
    )
    assert found.refused == f"simple: {one.refused}"
    assert not one.overlap_ok
    for estimate in (
        one.kept,
        one.misroute,
        one.misroute_robust,
        one.misroutes_change,
        one.cost_change,
        found.quality_change,
        found.cost_change,
    ):
        assert estimate.value is None
        assert "effective pairs" in estimate.method
    assert one.misroute_now.value == pytest.approx(3 / 60)


def test_a_raise_needs_pairs_in_what_it_would_escalate() -> None:
    assert replay(LOGGED, 0.7, 0.75).refused is not None
    assert replay(LOGGED, 0.75, 0.85).refused is None
    assert replay(LOGGED, 0.75, 0.85, min_effective=61).refused is not None
    # A slice is about a tenth wide, so a hundredth more is not asked for by itself.
    assert replay(LOGGED, 0.74, 0.85).refused is None


def test_overlap_counts_effective_pairs() -> None:
    # 40 pairs of which one stands for as many requests as all others: (39 + 39)^2 / (39 + 39^2)
    evidence = pairs([(0.8, 0, 1.0, 60), (0.65, 0, 1.0, 39), (0.65, 0, 1 / 39, 1)])
    found = replay(evidence, 0.7, 0.6)
    assert found.boundaries[0].effective_moved == pytest.approx(78**2 / (39 + 39**2))
    assert (
        found.refused == "simple: 4 effective pairs at confidence 0.60 to 0.70, and 30 are needed"
    )


def test_where_there_is_no_traffic_no_pairs_are_asked_for() -> None:
    known = replace(LOGGED, traffic=[0.8, 0.65, 0.5], traffic_counts=[600, 1_600, 3])
    assert replay(known, 0.7, 0.45).refused is None
    busy = replace(known, traffic_counts=[600, 1_600, 300])
    assert replay(busy, 0.7, 0.45).refused is not None
    # Counts of nothing tell nothing.
    assert replay(replace(known, traffic_counts=[0, 0, 0]), 0.7, 0.45).refused is not None


@pytest.mark.parametrize(("now", "candidate"), [(0.7, 0.6), (0.3, 0.1), (0.29, 0.28), (1.0, 0.0)])
def test_pairs_at_a_threshold_in_decimals_are_in_its_slice(now: float, candidate: float) -> None:
    edges = [cents / 100 for cents in range(round(100 * candidate), round(100 * now))]
    evidence = pairs([(edge, 0, 0.5, 40) for edge in edges])
    found = replay(evidence, now, candidate)
    assert found.refused is None
    assert found.boundaries[0].effective_moved == pytest.approx(40 * len(edges))
    assert found.boundaries[0].kept.value == 1.0
