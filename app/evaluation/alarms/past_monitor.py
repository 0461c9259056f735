"""The alarm against the past: have verdict rates at the boundaries changed, and by whose doing?

One `PastMonitor` watches all boundaries of a deployment at once. It needs no tolerance: each pair
is held against what pairs like it were like before.

References: Shin, Ramdas and Rinaldo, "E-detectors: a nonparametric framework for sequential change
detection" (New England Journal of Statistics in Data Science, 2024); the factors are conformal
bets, see `past_ranks`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Self

from tierwatch.errors import EvidenceError
from tierwatch.evaluation.alarms.level import HEADROOM, check_level
from tierwatch.evaluation.alarms.past_ranks import Rank, StratumRanks
from tierwatch.evaluation.alarms.sign_patterns import SignPattern, sign_patterns
from tierwatch.routing.policy import hashed_share

# The odds that the bets are tuned to, as multiples of the odds of the past: from half as much again
# to nearly all.
ODDS = (1.5, 2.0, 3.0, 5.0, 10.0, 25.0)
# The bet by which an excursion's beginning is estimated: three times the odds.
_SINCE_BET = 2
# Strata kept; the one that was seen longest ago is given up first. That forgets a past, so it can
# only delay. Twelve types in four bands at two boundaries are 96.
_MOST_STRATA = 1_000
_SUMS = 3


class Heard(NamedTuple):
    """What the pairs of one conversation in one stratum say.

    Attributes:
        stratum: names pairs that are comparable over time: same boundary, type, models, judge,
            classifier, and the same thresholds before them.
        boundary: place of the pair's lower tier among the tiers, cheapest 0.
        bad: in how many of these pairs the lower answer was materially worse.
        pairs: how many they are.
    """

    stratum: str
    boundary: int
    bad: float
    pairs: int


@dataclass(frozen=True, slots=True)
class Shift:
    """What one boundary's rate did in an excursion.

    Attributes:
        boundary: place of the lower tier.
        pairs: of the excursion.
        before: rate that the strata of these pairs had before it.
        after: rate of the pairs.
    """

    boundary: int
    pairs: int
    before: float
    after: float


@dataclass(frozen=True, slots=True)
class Finding:
    """What the monitor found when it alarmed.

    Attributes:
        patterns: those with a tenth or more of the evidence and their share of it, most first.
        statistic: of all patterns together, what is held against the level.
        since: conversation that the excursion is estimated to have begun with, counted from 0.
        n: conversations so far.
        shifts: of the boundaries that the first pattern speaks of.
    """

    patterns: tuple[tuple[SignPattern, float], ...]
    statistic: float
    since: int
    n: int
    shifts: tuple[Shift, ...]


@dataclass(slots=True)
class _Trail:
    """Evidence for one pattern, and the excursion that it is in."""

    evidence: list[float] = field(default_factory=lambda: [0.0] * len(ODDS))
    height: float = 0.0
    since: int = 0
    befores: dict[str, float] = field(default_factory=dict)  # rate by stratum, as it began
    sums: dict[int, list[float]] = field(default_factory=dict)  # by boundary: pairs, before, bad


class _Ranked(NamedTuple):
    """Pairs, their share of the conversation, and their rank."""

    told: Heard
    share: float
    rank: Rank


class PastMonitor:
    r"""Alarms when boundaries' rates of *worse* leave their own past; O(1) a pair.

    A **stratum** is a set of pairs that are comparable over time. A conversation is one observation
    of each of its strata: its loss there is the mean of its pairs, and `past_ranks` gives its rank
    p among the stratum's past, small for high losses. A **pattern** says of each boundary whether
    its rate rises, falls or is not spoken of (`alarms.sign_patterns`). With t about
    the stratum's rate, fixed beforehand, a rise is bet on by the density ::

        f(p) = r / (1 + (r - 1) t) for p < t,  1 / (1 + (r - 1) t) else,   r in 1.5, 2, 3, 5, 10, 25

    which is the likelihood ratio when the odds of a loss become r times as high; a fall by the same
    of 1 - p, with about 1 - rate for t. The factor of a conversation is the mean of its strata's,
    by their shares of its pairs, 1 for those not spoken of. For every pattern and r::

        M <- (M + 1) f(p),    statistic = mean of M over patterns and r,   alarm at >= level

    Patterns whose likeliest reading is that a tier got worse weigh four times the others in it.

    Guarantee: while the losses of each stratum are exchangeable (nothing about them depends on when
    they came), the ranks are independent and uniform, each factor has the mean 1 given the past,
    ``M - n`` is a martingale, and ``P(alarm within N conversations) <= N / level``, checked after
    each. No interval of the past is needed, so none can be wrong; a new stratum has a past of its
    own and costs nothing; patterns share one statistic and so one budget.

    Not guaranteed: the last of it to the letter where conversations have pairs in several strata,
    whose ranks are then not independent; in 800 steady runs of 50,000 with as much in common as
    intra-class correlation .3, 2 alarmed, the bound. Exchangeable losses where the mix *inside* a
    stratum drifts; hence types, and bands of confidence, are strata. A change of the odds to
    less than 1.2 times makes even the smallest bet lose in the mean, so slow and small drift
    does not alarm, in practice; measured in
    docs/statistics.md. Losses that cluster in time outside conversations break it as they break the
    other alarm. That the pattern with the most evidence is the cause: it is the likeliest by these
    verdicts; certainty has to come from anchors, probes or people. Small rises after a short past
    are found late or never, since the change becomes the past: there the alarm with a tolerance is
    the better one.

    Args:
        tiers: names, cheapest first.
        level: evidence at which to alarm, in (1, 1e100].

    Raises:
        EvidenceError: an argument outside its range.

    Example:
        A middle tier gets worse, and the traffic is half below it:

        >>> monitor = PastMonitor(("simple", "standard", "complex"))
        >>> def feed(place, loss):
        ...     return monitor.update(Heard(f"b{place}", place, loss, 1))
        >>> all(feed(n % 2, float(n % 10 < 2)) is None for n in range(2_000))
        True
        >>> while (found := feed(monitor.n % 2, float(monitor.n % 2))) is None:
        ...     pass
        >>> found.patterns[0][0].readings[0], monitor.n < 2_060
        (('tier_worse', 'standard'), True)
    """

    __slots__ = ("_strata", "_trails", "level", "n", "patterns", "tiers")

    def __init__(self, tiers: Sequence[str], level: float = 2e7) -> None:
        check_level(level)
        self.tiers = tuple(tiers)
        self.patterns = sign_patterns(self.tiers)
        self.level = float(level)
        self.n = 0
        self._strata: dict[str, StratumRanks] = {}
        self._trails = [_Trail() for _ in self.patterns]

    @property
    def statistic(self) -> float:
        """The evidence of all patterns together; below `level` is no alarm."""
        weights = sum(pattern.weight for pattern in self.patterns)
        return sum(self._evidence()) / (weights * len(ODDS))

    def _evidence(self) -> list[float]:
        """By pattern, as much as is bet on it."""
        trails = zip(self.patterns, self._trails, strict=True)
        return [pattern.weight * sum(trail.evidence) for pattern, trail in trails]

    @property
    def strata(self) -> Mapping[str, StratumRanks]:
        """The past by stratum."""
        return self._strata

    def update(self, *told: Heard) -> Finding | None:
        """Take one conversation; what was found, if the monitor is in alarm.

        Args:
            told: its pairs, once for each stratum; at least one.

        Raises:
            EvidenceError: no pair, or a number of pairs or a boundary outside its range; nothing
                was updated.
        """
        for one in told or (Heard("", -1, 0, 0),):
            if (
                one.pairs < 1
                or not 0 <= one.bad <= one.pairs
                or not 0 <= one.boundary < len(self.tiers) - 1
            ):
                raise EvidenceError(
                    "pairs must be at least 1, of which 0 or more are bad, at one of"
                    f" {len(self.tiers) - 1} boundaries, not {one}; nothing was updated"
                )
        pairs = sum(one.pairs for one in told)
        ranked = [
            _Ranked(one, one.pairs / pairs, rank)
            for one in told
            if (rank := self._rank(one)) is not None
        ]
        for pattern, trail in zip(self.patterns, self._trails, strict=True):
            spoken = [one for one in ranked if pattern.signs[one.told.boundary]]
            if spoken:
                self._advance(pattern, trail, spoken)
        self.n += 1
        while len(self._strata) > _MOST_STRATA:
            del self._strata[min(self._strata, key=lambda name: self._strata[name].seen_at)]
        return self._finding() if ranked and self.statistic >= self.level else None

    def _rank(self, told: Heard) -> Rank | None:
        past = self._strata.setdefault(told.stratum, StratumRanks())
        past.seen_at = self.n + 1
        # Ties are broken by a hash, so that a stored past and its pairs give the same ranks again.
        draw = hashed_share(f"rank {self.n}", told.stratum)
        return past.rank_of(loss=told.bad / told.pairs, draw=draw)

    def _advance(self, pattern: SignPattern, trail: _Trail, spoken: Sequence[_Ranked]) -> None:
        factors = [1.0] * len(ODDS)
        for told, share, rank in spoken:
            rises = pattern.signs[told.boundary] > 0
            at = rank.rank if rises else 1.0 - rank.rank
            cut = rank.worse_share if rises else rank.better_share
            for k, odds in enumerate(ODDS):
                density = (odds if at < cut else 1.0) / (1.0 + (odds - 1.0) * cut)
                factors[k] += share * (density - 1.0)
        ceiling = self.level * HEADROOM
        trail.evidence = [
            min((evidence + 1.0) * factor, ceiling)
            for evidence, factor in zip(trail.evidence, factors, strict=True)
        ]
        if trail.height <= 1.0:
            trail.height, trail.since, trail.befores, trail.sums = 1.0, self.n, {}, {}
        trail.height = min(trail.height * factors[_SINCE_BET], ceiling)
        for told, _, rank in spoken:
            sums = trail.sums.setdefault(told.boundary, [0.0] * _SUMS)
            sums[0] += told.pairs
            sums[1] += told.pairs * trail.befores.setdefault(told.stratum, rank.rate)
            sums[2] += told.bad

    def _finding(self) -> Finding:
        evidence = self._evidence()
        order = sorted(range(len(evidence)), key=lambda place: -evidence[place])
        shares = [(self.patterns[place], evidence[place] / sum(evidence)) for place in order]
        trail = self._trails[order[0]]
        return Finding(
            patterns=tuple(one for one in shares if one[1] >= 0.1),  # noqa: PLR2004 - a tenth
            statistic=self.statistic,
            since=trail.since,
            n=self.n,
            shifts=tuple(
                Shift(boundary, round(pairs), before / pairs, bad / pairs)
                for boundary, (pairs, before, bad) in sorted(trail.sums.items())
            ),
        )

    def state(self) -> dict[str, Any]:
        """The whole monitor as plain JSON: some ten numbers a stratum, twenty a pattern."""
        return {
            "tiers": list(self.tiers),
            "level": self.level,
            "n": self.n,
            "strata": {name: past.state() for name, past in self._strata.items()},
            "trails": [
                {
                    "evidence": list(trail.evidence),
                    "height": trail.height,
                    "since": trail.since,
                    "befores": dict(trail.befores),
                    "sums": [[place, *sums] for place, sums in sorted(trail.sums.items())],
                }
                for trail in self._trails
            ],
        }

    @classmethod
    def from_state(cls, state: Mapping[str, Any]) -> Self:
        """Continue from what `state` returned, also after a trip through JSON.

        Raises:
            EvidenceError: the mapping is not such a state.
        """
        try:
            monitor = cls(tuple(map(str, state["tiers"])), state["level"])
            monitor.n = int(state["n"])
            monitor._strata = {
                str(name): StratumRanks.from_state(kept) for name, kept in state["strata"].items()
            }
            monitor._trails = [_read_trail(kept) for kept in state["trails"]]
        except (AttributeError, KeyError, TypeError, ValueError, OverflowError) as error:
            raise EvidenceError(f"this is not the state of a past monitor: {error}") from error
        if monitor.n < 0 or len(monitor._trails) != len(monitor.patterns):
            raise EvidenceError("this state of a past monitor is damaged; start it again")
        for trail in monitor._trails:
            monitor._check(trail)
        return monitor

    def _check(self, trail: _Trail) -> None:
        boundaries, ceiling = len(self.tiers) - 1, self.level * HEADROOM
        sound = (
            len(trail.evidence) == len(ODDS)
            and all(0.0 <= value <= ceiling for value in (*trail.evidence, trail.height))
            and 0 <= trail.since <= self.n
            and all(0 <= rate <= 1 for rate in trail.befores.values())
            and all(
                0 <= place < boundaries
                and len(sums) == _SUMS
                and sums[0] > 0
                and all(0 <= one <= sums[0] * (1 + 1e-9) for one in sums)
                for place, sums in trail.sums.items()
            )
        )
        if not sound:
            raise EvidenceError("this state of a past monitor is damaged; start it again")


def _read_trail(kept: Mapping[str, Any]) -> _Trail:
    # float(): PostgreSQL's jsonb gives a large float back as an integer.
    return _Trail(
        [float(value) for value in kept["evidence"]],
        float(kept["height"]),
        int(kept["since"]),
        {str(name): float(rate) for name, rate in kept["befores"].items()},
        {int(place): [float(one) for one in sums] for place, *sums in kept["sums"]},
    )
