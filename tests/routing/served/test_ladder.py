"""A ladder says who is above and below, for any number of tiers."""

from hypothesis import given
from hypothesis import strategies as st

from tierwatch.routing.served.ladder import Ladder
from tierwatch.routing.tiers import Price, Tier


@given(st.integers(1, 6))
def test_each_tier_knows_its_place(count: int) -> None:
    tiers = [Tier(f"t{rank}", f"m{rank}", "lab", Price(rank, rank)) for rank in range(count)]
    ladder = Ladder.of(tiers)
    assert list(ladder.tiers) == tiers
    for rank, tier in enumerate(tiers):
        assert ladder.by_name[tier.name] is tier
        assert list(ladder.upward[tier.name]) == tiers[rank:]
        assert list(ladder.downward[tier.name]) == tiers[:rank][::-1]
        assert ladder.above.get(tier.name) == (tiers[rank + 1] if rank + 1 < count else None)
