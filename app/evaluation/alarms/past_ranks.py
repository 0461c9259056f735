"""Ranks of losses among the past of their stratum: uniform as long as nothing changes.

Reference: Vovk, Gammerman and Shafer, "Algorithmic Learning in a Random World" (2nd edition, 2022),
chapter 8: conformal test martingales; ties are broken at random.
"""

import math
from collections import Counter
from collections.abc import Mapping
from typing import Any, NamedTuple, Self

from tierwatch.errors import EvidenceError

# Conversations that only say where a stratum's bets are cut. They are never ranked, so the cut
# knows nothing of what is. Half as many place it worse: alarms then took a third more pairs.
CALIBRATION = 64
# Losses are counted in steps of this: a conversation of several pairs has a mean.
STEPS = 24


class Rank(NamedTuple):
    """A loss among the past: ``rank`` is uniform on [0, 1) and small where losses are high.

    Attributes:
        rank: share of the past that is worse, ties at random.
        worse_share: about the share of losses before; below it are the ranks of losses.
        better_share: the same of what is no loss.
        rate: mean loss of the past.
    """

    rank: float
    worse_share: float
    better_share: float
    rate: float


class StratumRanks:
    """The past of one stratum, and the rank of each new loss in it.

    Guarantee: while the stratum's losses are exchangeable, that is while their order says nothing,
    the ranks are independent and uniform on [0, 1).

    >>> past = StratumRanks()
    >>> [past.rank_of(loss=0.0, draw=0.5) for _ in range(CALIBRATION)] == [None] * CALIBRATION
    True
    >>> for _ in range(99):
    ...     _ = past.rank_of(loss=0.0, draw=0.5)
    >>> rank = past.rank_of(loss=1.0, draw=0.5)
    >>> rank.rank, round(rank.worse_share, 4), rank.rate
    (0.005, 0.0156, 0.0)
    """

    __slots__ = ("_bad", "_counts", "_first", "_first_bad", "seen_at")

    def __init__(self) -> None:
        self.seen_at = 0
        self._first = 0
        self._first_bad = 0
        self._counts: Counter[int] = Counter()
        self._bad = 0

    @property
    def n(self) -> int:
        """Losses that were ranked."""
        return self._counts.total()

    def rank_of(self, *, loss: float, draw: float) -> Rank | None:
        """Take one loss; its rank, or None while the stratum is being calibrated.

        Args:
            loss: in [0, 1].
            draw: uniform on [0, 1), independent of all losses; breaks ties.
        """
        step = round(loss * STEPS)
        if self._first < CALIBRATION:
            self._first += 1
            self._first_bad += step
            return None
        n = self.n
        rate = (self._bad / n if n else self._first_bad / self._first) / STEPS
        self._counts[step] += 1
        self._bad += step
        above = sum(count for other, count in self._counts.items() if other > step)
        mean = self._first_bad / self._first / STEPS
        return Rank(
            (above + draw * self._counts[step]) / (n + 1), _cut(mean), _cut(1.0 - mean), rate
        )

    def state(self) -> dict[str, Any]:
        """The past as plain JSON."""
        return {
            "seen_at": self.seen_at,
            "first": [self._first, self._first_bad],
            "counts": [[step, count] for step, count in sorted(self._counts.items())],
        }

    @classmethod
    def from_state(cls, state: Mapping[str, Any]) -> Self:
        """Continue from what `state` returned.

        Raises:
            EvidenceError: numbers that no losses make.
            KeyError, TypeError, ValueError: the mapping is not such a state.
        """
        past = cls()
        past.seen_at = int(state["seen_at"])
        past._first, past._first_bad = (int(number) for number in state["first"])
        for step, count in state["counts"]:
            past._counts[int(step)] = int(count)
        past._bad = sum(step * count for step, count in past._counts.items())
        sound = (
            past.seen_at >= 0
            and 0 <= past._first <= CALIBRATION
            and 0 <= past._first_bad <= STEPS * past._first
            and (past._first == CALIBRATION or not past._counts)
            and all(0 <= step <= STEPS and count > 0 for step, count in past._counts.items())
        )
        if not sound:
            raise EvidenceError("this past of a stratum is damaged; start it again")
        return past


def _cut(share: float) -> float:
    """Where bets on a share of losses are cut: half a standard error above it, inside (0, 1).

    A cut that is too low misses losses, one that is too high only dilutes them.
    """
    error = math.sqrt(max(share * (1.0 - share), 0.01) / CALIBRATION)
    return min(1.0 - 1.0 / CALIBRATION, max(1.0 / CALIBRATION, share + error / 2))
