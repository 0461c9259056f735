"""The input alarm: is the traffic still what it was, going by the router's confidence?

One `InputDriftMonitor` watches the confidence of every request under one policy. It needs no shadow
run and no verdict, so it speaks within a few hundred requests of a change, long before enough pairs
have been judged. It says that the inputs changed, not that answers became worse.

References: Vovk, Gammerman and Shafer, "Algorithmic Learning in a Random World" (2005), conformal
ranks; the bets on them are those of `rank_bets`.
"""

import operator
from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from itertools import accumulate
from typing import Any, Self

from tierwatch.errors import EvidenceError
from tierwatch.evaluation.alarms.level import check_level
from tierwatch.evaluation.alarms.rank_bets import RankBets
from tierwatch.routing.policy import hashed_share

_FEWEST_BINS, _MOST_BINS = 2, 1_000
# Requests taken of one histogram. At 6 us each they cost 12 ms; a change that needs more than a
# few times this many is slight, and gets them from the next histograms.
_MOST_OF_A_HISTOGRAM = 2_000


class InputDriftMonitor:
    r"""Alarms when confidences stop being exchangeable with those seen before.

    The n-th confidence falls into bin b of ``bins`` equal ones. Its conformal rank among all so far
    (ties broken by chance U, uniform in [0, 1)) is ::

        p = (earlier ones in lower bins + U * (earlier ones in the same bin + 1)) / n

    The statistic is that of `RankBets` on p; it alarms while that is at the level or above.

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
        "_bets",
        "_counts",
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
        self._counts = [0] * self.bins
        self._bets = RankBets(self.level)

    @property
    def statistic(self) -> float:
        """The evidence that the confidences have changed; below `level` is no alarm."""
        return self._bets.statistic

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
        wholes = checked_counts(counts, self.bins)
        alarmed = self.statistic >= self.level and not any(wholes)
        for place in in_random_order(wholes, f"drift-order|{self.seed}|{self.n}"):
            # In this order: every request is taken, also after the first alarm.
            alarmed = self._take(place) or alarmed
        return alarmed

    def _take(self, place: int) -> bool:
        counts = self._counts
        chance = hashed_share(f"drift-ties|{self.seed}", str(self.n))
        rank = (sum(counts[:place]) + chance * (counts[place] + 1)) / (self.n + 1)
        alarmed = self._bets.take(rank, betting=self.n >= self.min_n)
        counts[place] += 1
        self.n += 1
        return alarmed

    def state(self) -> dict[str, Any]:
        """The whole monitor as plain JSON: four settings, the counts by bin and 33 numbers."""
        return {
            "level": self.level,
            "bins": self.bins,
            "seed": self.seed,
            "min_n": self.min_n,
            "counts": list(self._counts),
            **self._bets.state(),
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
        except (KeyError, TypeError, ValueError, OverflowError) as error:
            raise EvidenceError(f"this is not the state of a drift monitor: {error}") from error
        if len(counts) != monitor.bins or min(counts) < 0:
            raise EvidenceError("this state of a drift monitor is damaged; restart the stream")
        monitor.n = sum(counts)
        monitor._counts = counts
        monitor._bets = RankBets.from_state(monitor.level, state)
        return monitor


def _whole(value: Any, what: str) -> int:
    try:
        return operator.index(value)
    except TypeError as error:
        raise EvidenceError(f"{what} must be a whole number, not {value!r}") from error


def checked_counts(counts: Sequence[int], bins: int) -> list[int]:
    """A histogram of requests, checked.

    Raises:
        EvidenceError: another number of bins, or what is not a count.

    >>> checked_counts([2, 0], 2)
    [2, 0]
    """
    if len(counts) != bins:
        raise EvidenceError(
            f"this monitor counts in {bins} bins, not {len(counts)}; nothing was updated"
        )
    wholes = [_whole(count, "a count") for count in counts]
    if min(wholes) < 0:
        raise EvidenceError(f"a count cannot be below 0, as {min(wholes)} is; nothing was updated")
    return wholes


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
