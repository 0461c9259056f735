"""The input alarm of traffic that repeats weekly: each hour of the week has its own reference.

Ordinary traffic follows the clock. Against one reference for all hours a daily wave of +-.05 of the
mean confidence alarms within ten hours at 20,000 requests a day, and twice a day from then on.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final, Self

from tierwatch.errors import EvidenceError
from tierwatch.evaluation.alarms.input_drift import checked_counts, in_random_order
from tierwatch.evaluation.alarms.level import check_level
from tierwatch.evaluation.alarms.rank_bets import RankBets
from tierwatch.routing.policy import hashed_share

WEEK_H: Final = 168
# From here on every hour of the week has been seen twice.
KNOWN_AFTER_H: Final = 2 * WEEK_H
_MOST_BINS: Final = 1_000


class WeeklyDriftMonitor:
    """Alarms when confidences stop being what the same hour of the week has had so far.

    A request of hour h falls into bin b; c are the counts of earlier requests in the cell
    ``h mod 168``, n their sum. Its conformal rank in the cell, ties broken by chance U, is ::

        p = (sum of c below b + U * (c_b + 1)) / (n + 1)

    `RankBets` bets on p from the third week on; until then the cells only gather.

    Guarantee: while confidences are independent, with a distribution that depends on the hour of
    the week alone, the p are independent and uniform whatever these 168 distributions are and
    however many requests each cell has, so ``P(alarm within N bets) <= N / level``.

    Measured (tests/simulation/test_weekly_drift_bars.py): no alarm in 30 days of daily waves of
    +-.02, .05 and .10 or of weekends .05 lower, at 2,000 and at 20,000 requests a day.

    Not guaranteed: silence where the clock is another one (summer time moves a wave by an hour
    against UTC; a public holiday is no Monday: true findings, both), or under a wave that is steep
    within an hour; detection within the first two weeks; anything about answers.

    Args:
        level: evidence at which to alarm, in (1, 1e100].
        bins: into which [0, 1] is cut, in 2 .. 1,000.
        seed: separates this stream's chance from that of others.
        first_hour: hours since 1970 of its first request; None before there is one.

    Raises:
        EvidenceError: an argument outside its range.

    Example:
        Every hour alike for two weeks, then confidences of another kind:

        >>> monitor = WeeklyDriftMonitor(bins=4)
        >>> any(monitor.update_counts(hour, [5, 15, 20, 10]) for hour in range(350))
        False
        >>> any(monitor.update_counts(hour, [35, 10, 5, 0]) for hour in range(350, 360))
        True
    """

    __slots__ = ("_bets", "_cells", "bins", "first_hour", "level", "n", "seed")

    def __init__(
        self,
        level: float = 1e7,
        bins: int = 20,
        seed: int = 0,
        first_hour: int | None = None,
    ) -> None:
        check_level(level)
        if not 2 <= bins <= _MOST_BINS:  # noqa: PLR2004 - one bin tells nothing
            raise EvidenceError(f"the number of bins must be 2 to {_MOST_BINS:,}, not {bins}")
        self.level, self.bins, self.seed = float(level), int(bins), int(seed)
        self.first_hour = first_hour
        self.n = 0
        self._bets = RankBets(self.level)
        self._cells: dict[int, list[int]] = {}

    @property
    def statistic(self) -> float:
        """The evidence that the confidences have changed; below `level` is no alarm."""
        return self._bets.statistic

    @property
    def back(self) -> bool:
        """Whether the last thousands of requests are like the reference again."""
        return self._bets.uniform_lately

    def knows(self, hour: int) -> bool:
        """Whether two weeks are known at an hour since 1970, so that it bets."""
        return self.first_hour is not None and hour - self.first_hour >= KNOWN_AFTER_H

    def cell(self, hour: int) -> list[int]:
        """Requests by bin that are the reference of an hour since 1970; of its hour of the week."""
        return list(self._cells.get(hour % WEEK_H, [0] * self.bins))

    def update_counts(self, hour: int, counts: Sequence[int]) -> bool:
        """Take a histogram of requests of one hour, in an order drawn evenly from all orders.

        Args:
            hour: hours since 1970, in UTC.
            counts: requests by bin of confidence; of more than 2,000, so many are drawn.

        Returns:
            Whether the stream was in alarm after any of these requests.

        Raises:
            EvidenceError: another number of bins, or what is not a count; nothing was updated.
        """
        wholes = checked_counts(counts, self.bins)
        if self.first_hour is None and any(wholes):
            self.first_hour = hour
        cell = self._cells.setdefault(hour % WEEK_H, [0] * self.bins)
        betting, seen, alarmed = self.knows(hour), sum(cell), False
        for place in in_random_order(wholes, f"weekly-order|{self.seed}|{self.n}"):
            chance = hashed_share(f"weekly-ties|{self.seed}", str(self.n))
            rank = (sum(cell[:place]) + chance * (cell[place] + 1)) / (seen + 1)
            alarmed = self._bets.take(rank, betting=betting) or alarmed
            cell[place] += 1
            seen += 1
            self.n += 1
        return alarmed

    def state(self) -> dict[str, Any]:
        """All but the cells as plain JSON: five settings and 33 numbers."""
        return {
            "level": self.level,
            "bins": self.bins,
            "seed": self.seed,
            "first_hour": self.first_hour,
            "n": self.n,
            **self._bets.state(),
        }

    @classmethod
    def from_state(
        cls, state: Mapping[str, Any], cells: Mapping[int, Sequence[int]] | None = None
    ) -> Self:
        """Continue from what `state` and `cell` returned.

        Args:
            state: of the monitor.
            cells: by hour of the week, at least those that will be updated.

        Raises:
            EvidenceError: they are not such values.
        """
        try:
            first = state["first_hour"]
            monitor = cls(
                state["level"],
                state["bins"],
                state["seed"],
                None if first is None else int(first),
            )
            monitor.n = int(state["n"])
        except (KeyError, TypeError, ValueError, OverflowError) as error:
            raise EvidenceError(
                f"this is not the state of a weekly drift monitor: {error}"
            ) from error
        monitor._bets = RankBets.from_state(monitor.level, state)
        if monitor.n < 0:
            raise EvidenceError("this state of a weekly drift monitor is damaged")
        for place, counts in (cells or {}).items():
            if not 0 <= place < WEEK_H:
                raise EvidenceError(f"a week has no hour {place}")
            monitor._cells[place] = checked_counts(counts, monitor.bins)
        return monitor
