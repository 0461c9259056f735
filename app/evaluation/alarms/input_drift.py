"""The input alarm: is the traffic still what it was, going by the router's confidence?

One `InputDriftMonitor` watches the confidence of every request under one policy. It needs no shadow
run and no verdict, so it speaks within a few hundred requests of a change, long before enough pairs
have been judged. It says that the inputs changed, not that answers became worse.

References: Vovk, Gammerman and Shafer, "Algorithmic Learning in a Random World" (2005), conformal
ranks; Fedorova, Gammerman, Nouretdinov and Vovk, "Plug-in martingales for testing exchangeability
on-line" (ICML 2012), bets learnt from past ranks; Vovk, "Testing randomness online" (Statistical
Science 2021) and Shin, Ramdas and Rinaldo (2024), Shiryaev-Roberts on top of them.
"""

import operator
from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from itertools import accumulate
from typing import Any, Self

from tierwatch.errors import EvidenceError
from tierwatch.evaluation.alarms.level import HEADROOM, check_level
from tierwatch.routing.policy import hashed_share

# Ranks are bet on by tenth. Fifths learn no jump sooner, and a change of spread, as from
# Beta(2.5, 1.5) to (1.2, .8), takes them 300 requests instead of 220.
_CELLS = 10
# Weight of the uniform density in each cell. Five keeps bets timid for the first 50 ranks.
_PRIOR = 5.0
# What one rank leaves of the weight of earlier ones: memories of 100, 1,000 and 4,000 ranks. The
# shortest alarms 152 requests after a jump for which one of 400 takes 211. The longer ones see
# slight changes, as to Beta(2.3, 1.5), that the shortest never does. All three together take 162.
_KEEP = (1 - 1 / 100, 1 - 1 / 1_000, 1 - 1 / 4_000)
_FEWEST_BINS, _MOST_BINS = 2, 1_000
# Requests taken of one histogram. At 6 us each they cost 12 ms; a change that needs more than a
# few times this many is slight, and gets them from the next histograms.
_MOST_OF_A_HISTOGRAM = 2_000


class InputDriftMonitor:
    r"""Alarms when confidences stop being exchangeable with those seen before.

    The n-th confidence falls into bin b of ``bins`` equal ones. Its conformal rank among all so far
    (ties broken by chance U, uniform in [0, 1)) is ::

        p = (earlier ones in lower bins + U * (earlier ones in the same bin + 1)) / n

    For each of three memories, ``keep`` in .99, .999, .99975, and c the tenth that p falls into::

        M <- (M + 1) * 10 * (5 + h_c) / (50 + sum(h)),    then h <- keep * h,  h_c <- h_c + 1
        statistic = mean of the three M,                  alarm while statistic >= level

    Guarantee: while confidences are independent with one distribution, or only exchangeable, the p
    are independent and uniform, however coarse the bins. The bets depend on earlier p alone and
    have mean 1, so ``P(alarm within N updates) <= N / level``, looking after every update.
    Updates before ``min_n`` are reference only and do not count against N.

    Measured (tests/simulation/test_drift_bars.py): from Beta(2.5, 1.5) to Beta(1.8, 1.8) the alarm
    comes some 170 requests after the change when 5,000 came before it, 220 when 700 did, with 20
    bins as with 100.

    Not guaranteed: anything about answers, which may stay good when inputs change; silence under
    traffic that follows the hour or comes in runs of one client, for that is not exchangeable and
    a true finding; detection of a change inside the first ``min_n`` requests, which becomes part
    of the reference, or of one so slow that the reference follows it. After a change of policy or
    model start a new monitor: the stream is another population.

    At most ``1e6 * level`` is kept of each M. That can only lower the statistic, and only after an
    alarm, so the guarantee stands.

    Chance is a hash of the seed and a count of updates, so a replay repeats it bit for bit.

    Args:
        level: evidence at which to alarm, in (1, 1e100]. 1e7 is a false-alarm chance of at most
            1 % per 100,000 updates.
        bins: into which [0, 1] is cut, in 2 .. 1,000. Traffic rollups count 20.
        seed: separates this stream's chance from that of others.
        min_n: requests that only build the reference. Not needed for the guarantee: before some
            hundreds a rank says little, and a small reference soon looks like what replaced it.

    Raises:
        EvidenceError: an argument outside its range.

    Example:
        Two thousand confidences evenly over [0.5, 1), then evenly over [0, 0.5):

        >>> monitor = InputDriftMonitor(bins=20)
        >>> any(monitor.update(0.5 + 0.5 * (n * 0.618 % 1)) for n in range(2_000))
        False
        >>> while not monitor.update(0.5 * (monitor.n * 0.618 % 1)):
        ...     pass
        >>> 2_000 < monitor.n < 2_030
        True
    """

    __slots__ = (
        "_ceiling",
        "_counts",
        "_evidence",
        "_memories",
        "bins",
        "level",
        "min_n",
        "n",
        "seed",
    )

    def __init__(
        self, level: float = 1e7, bins: int = 100, seed: int = 0, min_n: int = 500
    ) -> None:
        check_level(level)
        self.level = float(level)
        self.bins = _whole(bins, "the number of bins")
        self.seed = _whole(seed, "the seed")
        self.min_n = _whole(min_n, "the size of the reference")
        if not _FEWEST_BINS <= self.bins <= _MOST_BINS:
            raise EvidenceError(
                f"the number of bins must be {_FEWEST_BINS} to {_MOST_BINS:,}, not {bins}"
            )
        if self.min_n < 0:
            raise EvidenceError(f"the size of the reference cannot be below 0: {min_n}")
        self.n = 0
        self._ceiling = self.level * HEADROOM
        self._counts = [0] * self.bins
        self._memories = [[0.0] * _CELLS for _ in _KEEP]
        self._evidence = [0.0] * len(_KEEP)

    @property
    def statistic(self) -> float:
        """The evidence that the confidences have changed; below `level` is no alarm."""
        return sum(self._evidence) / len(self._evidence)

    def update(self, confidence: float) -> bool:
        """Take one request; return whether the stream is in alarm.

        Args:
            confidence: of the router in its choice, in [0, 1].

        Raises:
            EvidenceError: a confidence outside its range; nothing was updated.
        """
        if not 0.0 <= confidence <= 1.0:
            raise EvidenceError(
                f"a confidence must lie in [0, 1], not {confidence}; nothing was updated"
            )
        return self._take(min(int(confidence * self.bins), self.bins - 1))

    def update_counts(self, counts: Sequence[int]) -> bool:
        """Take a histogram of requests, as a minute of rollups gives it.

        The order of the requests is lost, and going through the bins in theirs would be the
        clearest drift there is. They are taken in an order drawn evenly from all orders (seeded):
        what is exchangeable stays so. Of more than 2,000 requests, 2,000 are drawn without
        replacement, which are exchangeable too; `n` counts the requests taken.

        Args:
            counts: requests by bin of confidence, as many as there are bins.

        Returns:
            Whether the stream was in alarm after any of these requests; without requests, whether
            it is.

        Raises:
            EvidenceError: another number of bins, or what is not a count; nothing was updated.
        """
        if len(counts) != self.bins:
            raise EvidenceError(
                f"this monitor counts in {self.bins} bins, not {len(counts)}; nothing was updated"
            )
        wholes = [_whole(count, "a count") for count in counts]
        if min(wholes) < 0:
            raise EvidenceError(
                f"a count cannot be below 0, as {min(wholes)} is; nothing was updated"
            )
        alarmed = self.statistic >= self.level and not any(wholes)
        for place in in_random_order(wholes, f"drift-order|{self.seed}|{self.n}"):
            # In this order: every request is taken, also after the first alarm.
            alarmed = self._take(place) or alarmed
        return alarmed

    def _take(self, place: int) -> bool:
        counts = self._counts
        chance = hashed_share(f"drift-ties|{self.seed}", str(self.n))
        rank = (sum(counts[:place]) + chance * (counts[place] + 1)) / (self.n + 1)
        # A rank may round up to 1.
        cell = min(int(rank * _CELLS), _CELLS - 1)
        evidence, memories = self._evidence, self._memories
        betting = self.n >= self.min_n
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
        counts[place] += 1
        self.n += 1
        return total >= self.level * len(evidence)

    def state(self) -> dict[str, Any]:
        """The whole monitor as plain JSON: four settings, the counts by bin and 33 numbers."""
        return {
            "level": self.level,
            "bins": self.bins,
            "seed": self.seed,
            "min_n": self.min_n,
            "counts": list(self._counts),
            "memories": [list(memory) for memory in self._memories],
            "evidence": list(self._evidence),
        }

    @classmethod
    def from_state(cls, state: Mapping[str, Any]) -> Self:
        """Continue from what `state` returned, bit for bit, also after a trip through JSON.

        Raises:
            EvidenceError: the mapping is not such a state.
        """
        try:
            monitor = cls(state["level"], state["bins"], state["seed"], state["min_n"])
            counts = [_whole(count, "a count") for count in state["counts"]]
            # float(): PostgreSQL's jsonb gives a large float back as an integer.
            memories = [[float(weight) for weight in memory] for memory in state["memories"]]
            evidence = [float(value) for value in state["evidence"]]
        except (KeyError, TypeError, ValueError, OverflowError) as error:
            raise EvidenceError(f"this is not the state of a drift monitor: {error}") from error
        sound = (
            len(counts) == monitor.bins
            and min(counts) >= 0
            and len(memories) == len(evidence) == len(_KEEP)
            and all(len(memory) == _CELLS and min(memory) >= 0.0 for memory in memories)
            # Weights 1 + keep + keep^2 + ... never pass 1 / (1 - keep), but for rounding.
            and all(
                sum(memory) * (1 - keep) <= 1 + 1e-9
                for keep, memory in zip(_KEEP, memories, strict=True)
            )
            and all(0.0 <= value <= monitor._ceiling for value in evidence)
        )
        if not sound:
            raise EvidenceError("this state of a drift monitor is damaged; restart the stream")
        monitor.n = sum(counts)
        monitor._counts = counts
        monitor._memories = memories
        monitor._evidence = evidence
        return monitor


def _whole(value: Any, what: str) -> int:
    try:
        return operator.index(value)
    except TypeError as error:
        raise EvidenceError(f"{what} must be a whole number, not {value!r}") from error


def in_random_order(counts: Sequence[int], salt: str) -> Iterator[int]:
    """Bins of a histogram's requests in random order, at most 2,000 of them.

    Fisher and Yates' shuffle of the numbers 0 .. total - 1, of which only moved ones are held: a
    histogram of a million requests costs no more than one of 2,000. See docs/statistics.md,
    "Drift, anchors and probes".

    >>> sorted(in_random_order([2, 0, 3], "salt"))
    [0, 0, 2, 2, 2]
    """
    ends = list(accumulate(counts))
    total = ends[-1]
    moved: dict[int, int] = {}
    for taken in range(min(total, _MOST_OF_A_HISTOGRAM)):
        drawn = taken + int(hashed_share(salt, str(taken)) * (total - taken))
        number = moved.get(drawn, drawn)
        moved[drawn] = moved.get(taken, taken)
        yield bisect_right(ends, number)
