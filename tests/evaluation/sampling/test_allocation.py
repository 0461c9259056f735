import pytest

from tierwatch.errors import EvidenceError
from tierwatch.evaluation.sampling.allocation import RiskCell, neyman_allocation


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
