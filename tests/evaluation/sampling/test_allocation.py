import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tierwatch.errors import EvidenceError
from tierwatch.evaluation.sampling.allocation import (
    CONFIDENCE_BINS,
    RiskCell,
    confidence_bin,
    neyman_allocation,
)


def test_the_allocation_follows_the_spread_of_a_bin_and_averages_to_the_rate() -> None:
    cells = [
        RiskCell("simple", 19, 900, 900, 9),  # 1 %
        RiskCell("simple", 10, 100, 100, 30),  # 30 %
        RiskCell("complex", 19, 500, 0, 0),  # never shadowed up
    ]
    found = neyman_allocation(cells)
    assert set(found) == {("simple", 19), ("simple", 10)}
    # sd .117 and .439 (drawn towards the tier's 3.9 %); their mean over traffic is .149.
    assert found["simple", 19] == pytest.approx(0.75, abs=0.06)
    assert found["simple", 10] == 2.5  # 2.9, cut
    assert neyman_allocation([]) == {}


def test_a_tier_without_a_loss_is_sampled_alike() -> None:
    cells = [RiskCell("simple", place, 100, 50, 0) for place in (3, 9)]
    assert neyman_allocation(cells) == {("simple", 3): 1.0, ("simple", 9): 1.0}


@pytest.mark.parametrize(
    "cell", [RiskCell("simple", 1, -1, 1, 0), RiskCell("simple", 1, 1, 1, 2)], ids=str
)
def test_impossible_cells_are_refused(cell: RiskCell) -> None:
    with pytest.raises(EvidenceError, match="tier simple"):
        neyman_allocation([cell])


def test_two_phases_make_rates_more_precise_than_uniform_sampling() -> None:
    """The variance of a Horvitz-Thompson rate, uniform over two-phase, at the same spend.

    sum over bins of traffic x r (1 / pi - r), with pi = rate or rate x (.2 + .8 share).
    """
    risks = {19: 0.01, 17: 0.03, 14: 0.12, 10: 0.35}
    traffic = {19: 600, 17: 250, 14: 100, 10: 50}
    cells = [RiskCell("simple", b, traffic[b], 200.0, 200.0 * risks[b]) for b in risks]
    share = neyman_allocation(cells)
    spent = sum(traffic[b] * (0.2 + 0.8 * share["simple", b]) for b in risks) / 1_000
    uniform = sum(traffic[b] * risks[b] * (1 / (0.05 * spent)) for b in risks)
    two_phase = sum(
        traffic[b] * risks[b] / (0.05 * (0.2 + 0.8 * share["simple", b])) for b in risks
    )
    assert 1.2 < uniform / two_phase < 2.0


@given(st.floats(-2, 3))
def test_every_confidence_has_a_bin(confidence: float) -> None:
    place = confidence_bin(confidence)
    assert 0 <= place < CONFIDENCE_BINS
    if 0 <= confidence < 1:
        assert place <= confidence * CONFIDENCE_BINS < place + 1


def test_a_confidence_at_an_edge_is_of_the_bin_above_it() -> None:
    assert [confidence_bin(value) for value in (0.0, 0.05, 0.5, 0.95, 1.0)] == [0, 1, 10, 19, 19]


cells = st.lists(
    st.tuples(st.integers(0, 500), st.floats(0, 300), st.floats(0, 1)), min_size=1, max_size=20
)


@given(cells)
def test_no_bin_is_starved_and_none_is_flooded(rows: list[tuple[int, float, float]]) -> None:
    found = neyman_allocation(
        [
            RiskCell("simple", place, requests, weight, weight * rate)
            for place, (requests, weight, rate) in enumerate(rows)
        ]
    )
    assert all(0.5 <= share <= 2.5 for share in found.values())
    known = sum(weight for _, weight, _ in rows) and sum(requests for requests, _, _ in rows)
    assert len(found) == (len(rows) if known else 0)


@given(cells, st.integers(2, 5))
def test_tiers_do_not_hear_of_each_other(rows: list[tuple[int, float, float]], busy: int) -> None:
    mine = [
        RiskCell("simple", place, requests, weight, weight * rate)
        for place, (requests, weight, rate) in enumerate(rows)
    ]
    others = [RiskCell("standard", place, 100 * busy, 50, 25) for place in range(busy)]
    alone, beside = neyman_allocation(mine), neyman_allocation([*others, *mine])
    assert alone == {key: share for key, share in beside.items() if key[0] == "simple"}


def test_a_bin_is_drawn_to_its_tier_by_twenty_pairs() -> None:
    # Tier: 10 of 200. A bin of 1 pair, lost: (1 + 20 * .05) / 21 = .0952, beside 9 / 199 = .0457.
    cells = [RiskCell("simple", 0, 100, 1, 1), RiskCell("simple", 1, 100, 199, 9)]
    found = neyman_allocation(cells)
    rates = ((1 + 20 * 0.05) / 21, (9 + 20 * 0.05) / 219)
    spread = [math.sqrt(rate * (1 - rate)) for rate in rates]
    mean = sum(spread) / 2
    assert found["simple", 0] == pytest.approx(spread[0] / mean)
    assert found["simple", 1] == pytest.approx(spread[1] / mean)


def test_no_cells_and_no_traffic_allocate_nothing() -> None:
    assert neyman_allocation([]) == {}
    assert neyman_allocation([RiskCell("simple", 0, 0, 10, 1)]) == {}
