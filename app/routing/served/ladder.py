"""A ladder: the tiers as one policy has them served, and what each request asks of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from types import MappingProxyType
from typing import Self

from tierwatch.routing.tiers import Tier


@dataclass(frozen=True, slots=True)
class Ladder:
    """Tiers in order. Made once for a policy, so that a request looks things up and no more.

    Attributes:
        tiers: cheapest first.
        by_name: each.
        upward: name -> that tier and those above it.
        downward: name -> those below it, nearest first.
        above: name -> the next one up; none for the top one.
    """

    tiers: tuple[Tier, ...]
    by_name: Mapping[str, Tier]
    upward: Mapping[str, tuple[Tier, ...]]
    downward: Mapping[str, tuple[Tier, ...]]
    above: Mapping[str, Tier]

    @classmethod
    def of(cls, tiers: Sequence[Tier]) -> Self:
        """The ladder of some tiers, cheapest first.

        >>> from tierwatch.routing.tiers import Price
        >>> low, high = (Tier(name, name, "", Price(1, 1)) for name in ("low", "high"))
        >>> ladder = Ladder.of([low, high])
        >>> [one.name for one in ladder.upward["low"]], ladder.downward["low"]
        (['low', 'high'], ())
        >>> ladder.above["low"].name, "high" in ladder.above
        ('high', False)
        """
        held = tuple(tiers)
        return cls(
            held,
            MappingProxyType({tier.name: tier for tier in held}),
            MappingProxyType({tier.name: held[rank:] for rank, tier in enumerate(held)}),
            MappingProxyType({tier.name: held[:rank][::-1] for rank, tier in enumerate(held)}),
            MappingProxyType({low.name: high for low, high in pairwise(held)}),
        )
