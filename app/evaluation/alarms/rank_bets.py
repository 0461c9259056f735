"""Bets on ranks: evidence that ranks which should be uniform are not, and where they fall.

References: Fedorova, Gammerman, Nouretdinov and Vovk, "Plug-in martingales for testing
exchangeability on-line" (ICML 2012), bets learnt from past ranks; Vovk, "Testing randomness online"
(Statistical Science 2021) and Shin, Ramdas and Rinaldo (2024), Shiryaev-Roberts on top of them.
"""

from collections.abc import Mapping
from typing import Any, Self

from tierwatch.errors import EvidenceError
from tierwatch.evaluation.alarms.level import HEADROOM

# Ranks are bet on by tenth. Fifths learn no jump sooner, and a change of spread, as from
# Beta(2.5, 1.5) to (1.2, .8), takes them 300 requests instead of 220.
_CELLS = 10
# Weight of the uniform density in each cell. Five keeps bets timid for the first 50 ranks.
_PRIOR = 5.0
# What one rank leaves of the weight of earlier ones: memories of 100, 1,000 and 4,000 ranks. The
# shortest alarms 152 requests after a jump for which one of 400 takes 211. The longer ones see
# slight changes, as to Beta(2.3, 1.5), that the shortest never does. All three together take 162.
_KEEP = (1 - 1 / 100, 1 - 1 / 1_000, 1 - 1 / 4_000)
# The 99.9 % point of chi-square with nine degrees of freedom, for ranks in a cell share its
# reference and so spread more; and a memory that is nearly full.
_EVEN, _FULL = 27.88, 0.95


class RankBets:
    """Three memories of ranks, each with the evidence that bets by it have gathered.

    For each memory, ``keep`` in .99, .999, .99975, and c the tenth that a rank falls into::

        M <- (M + 1) * 10 * (5 + h_c) / (50 + sum(h)),    then h <- keep * h,  h_c <- h_c + 1
        statistic = mean of the three M

    Guarantee: while ranks are independent and uniform, ``P(the statistic reaches level within N
    bets) <= N / level``, for the bets depend on earlier ranks alone and have mean 1.

    At most ``1e6 * level`` is kept of each M. That can only lower the statistic, and only after an
    alarm, so the guarantee stands.

    Args:
        level: evidence at which its owner alarms.
    """

    __slots__ = ("_ceiling", "_evidence", "_memories", "level")

    def __init__(self, level: float) -> None:
        self.level = level
        self._ceiling = level * HEADROOM
        self._memories = [[0.0] * _CELLS for _ in _KEEP]
        self._evidence = [0.0] * len(_KEEP)

    @property
    def statistic(self) -> float:
        """The evidence that ranks are not uniform."""
        return sum(self._evidence) / len(self._evidence)

    @property
    def uniform_lately(self) -> bool:
        """Whether ranks fall evenly again, by the memory of 1,000 of them.

        Evidence says when they began not to, and never falls far by itself: bets by a memory that
        has become even win and lose nothing. Of uniform ranks the weighted counts h have ::

            X = sum((h_c - s/10)^2) / (s/10 * 1/(1 + keep)),    s = sum(h)

        near chi-square of 9 degrees, for the squared weights add up to s / (1 + keep) once the
        memory is full. Asked for is X at most at its 99.9 % point; False before it is full.
        """
        keep, memory = _KEEP[1], self._memories[1]
        total = sum(memory)
        if total * (1 - keep) < _FULL:
            return False
        spread = sum((seen - total / _CELLS) ** 2 for seen in memory)
        return spread * _CELLS * (1 + keep) / total <= _EVEN

    def take(self, rank: float, *, betting: bool) -> bool:
        """Take a rank in [0, 1]; return whether the statistic has reached the level.

        Args:
            rank: independent of earlier ones and uniform, as long as nothing has changed.
            betting: False only learns where ranks fall.
        """
        # A rank may round up to 1.
        cell = min(int(rank * _CELLS), _CELLS - 1)
        evidence, memories = self._evidence, self._memories
        total = 0.0
        for k, keep in enumerate(_KEEP):
            memory = memories[k]
            if betting:
                bet = _CELLS * (_PRIOR + memory[cell]) / (_CELLS * _PRIOR + sum(memory))
                grown = min((evidence[k] + 1.0) * bet, self._ceiling)
                evidence[k] = grown
                total += grown
            memory = [keep * weight for weight in memory]
            memory[cell] += 1.0
            memories[k] = memory
        return total >= self.level * len(evidence)

    def state(self) -> dict[str, Any]:
        """As plain JSON: 33 numbers."""
        return {
            "memories": [list(memory) for memory in self._memories],
            "evidence": list(self._evidence),
        }

    @classmethod
    def from_state(cls, level: float, state: Mapping[str, Any]) -> Self:
        """Continue from what `state` returned.

        Raises:
            EvidenceError: the mapping is not such a state, or a damaged one.
        """
        bets = cls(level)
        try:
            # float(): PostgreSQL's jsonb gives a large float back as an integer.
            memories = [[float(weight) for weight in memory] for memory in state["memories"]]
            evidence = [float(value) for value in state["evidence"]]
        except (KeyError, TypeError, ValueError, OverflowError) as error:
            raise EvidenceError(f"this is not the state of a drift monitor: {error}") from error
        sound = (
            len(memories) == len(evidence) == len(_KEEP)
            and all(len(memory) == _CELLS and min(memory) >= 0.0 for memory in memories)
            # Weights 1 + keep + keep^2 + ... never pass 1 / (1 - keep), but for rounding.
            and all(
                sum(memory) * (1 - keep) <= 1 + 1e-9
                for keep, memory in zip(_KEEP, memories, strict=True)
            )
            and all(0.0 <= value <= bets._ceiling for value in evidence)
        )
        if not sound:
            raise EvidenceError("this state of a drift monitor is damaged; restart the stream")
        bets._memories, bets._evidence = memories, evidence
        return bets
