"""Which change a pattern of signs speaks of: where verdicts rise, where they fall, who did it.

A pair testifies on both of its models. When tier T gets worse, its own pairs upward are judged
worse more often, and those of the tier below, which are compared with T, less often. So the
boundaries at which the rate rose or fell name the change before any probe has run.
"""

from dataclasses import dataclass
from typing import Literal

from tierwatch.errors import EvidenceError

ChangeKind = Literal["tier_worse", "tier_better", "judge_stricter", "judge_milder", "boundary"]
_FEWEST_TIERS = 2
# Of the bets: what the alarm is there for has most of them, and is found the sooner for it.
_WORSE_WEIGHT = 4.0


@dataclass(frozen=True, slots=True)
class SignPattern:
    """One pattern and what it speaks of.

    Attributes:
        signs: of each boundary, cheapest first: 1 where the lower tier's answers are judged worse
            more often than before, -1 where less often, 0 where the pattern says nothing.
        readings: what makes this pattern, the likeliest first, as (kind, tier). The tier of a
            ``boundary`` is the lower one; the tier of a ``judge_*`` is empty.
    """

    signs: tuple[int, ...]
    readings: tuple[tuple[ChangeKind, str], ...]

    @property
    def name(self) -> str:
        """The signs as text, ``-+`` for a middle tier that got worse."""
        return "".join({1: "+", -1: "-", 0: "0"}[sign] for sign in self.signs)

    @property
    def tier(self) -> str:
        """The tier that the likeliest reading names; empty where it names the judge."""
        return self.readings[0][1]

    @property
    def weight(self) -> float:
        """How much is bet on it, against 1: more where the likeliest is that a tier got worse."""
        return _WORSE_WEIGHT if self.readings[0][0] == "tier_worse" else 1.0


def sign_patterns(tiers: tuple[str, ...]) -> tuple[SignPattern, ...]:
    """Every pattern that some change makes, each once, with all its readings.

    - ``tier_worse`` T: up at T's own boundary, down at the one below T; ``tier_better`` reversed.
    - ``judge_stricter``: up at every boundary; the traffic's becoming harder looks the same.
      ``judge_milder`` reversed.
    - ``boundary`` b: one boundary alone, by the mix of its traffic or its own classifier. One alone
      may also be half of what the upper tier did, whose own boundary has not been heard enough.

    Where two changes make one pattern, as always with two tiers, it has both readings: a tier
    that makes all of it first, then a boundary's traffic, a tier that makes half, and the judge.

    Args:
        tiers: names, cheapest first.

    Raises:
        EvidenceError: fewer than two tiers, or a name twice.

    >>> for pattern in sign_patterns(("small", "large")):
    ...     print(pattern.name, pattern.readings[0], len(pattern.readings))
    + ('tier_worse', 'small') 4
    - ('tier_better', 'small') 4
    >>> [pattern.name for pattern in sign_patterns(("simple", "standard", "complex"))]
    ['+0', '-0', '-+', '+-', '0-', '0+', '++', '--']
    """
    if len(tiers) < _FEWEST_TIERS or len(set(tiers)) != len(tiers):
        raise EvidenceError(f"patterns need two tiers or more, each name once, not {tiers}")
    boundaries = len(tiers) - 1
    found: dict[tuple[int, ...], list[tuple[ChangeKind, str]]] = {}

    def add(signs: dict[int, int], kind: ChangeKind, tier: str) -> None:
        key = tuple(signs.get(place, 0) for place in range(boundaries))
        readings = found.setdefault(key, [])
        if (kind, tier) not in readings:
            readings.append((kind, tier))

    for place, tier in enumerate(tiers):
        worse = {place: 1, place - 1: -1}
        add(worse, "tier_worse", tier)
        add({at: -sign for at, sign in worse.items()}, "tier_better", tier)
    for place, tier in enumerate(tiers[:-1]):
        halves: tuple[tuple[int, ChangeKind], ...] = ((1, "tier_better"), (-1, "tier_worse"))
        for sign, upper in halves:
            add({place: sign}, "boundary", tier)
            add({place: sign}, upper, tiers[place + 1])
    add(dict.fromkeys(range(boundaries), 1), "judge_stricter", "")
    add(dict.fromkeys(range(boundaries), -1), "judge_milder", "")
    return tuple(SignPattern(signs, tuple(readings)) for signs, readings in found.items())
