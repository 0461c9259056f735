"""How a rollout stands: its share, both arms, its monitor, and what was promised of it."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from sqlalchemy import Connection

from tierwatch.evaluation.alarms.misroute_monitor import MisrouteMonitor, fits
from tierwatch.evaluation.rates.confidence_sequence import always_valid_interval
from tierwatch.evaluation.rates.estimate import Estimate, unknown
from tierwatch.evaluation.rates.weighted import effective_counts
from tierwatch.loop.decide.rollout import (
    RolloutRules,
    ServedPair,
    candidate_pairs,
    promised_limit,
    rollout_monitor,
)
from tierwatch.store.pages.lists import policy
from tierwatch.store.pages.rollout import ArmTraffic, arm_traffic, other_pairs
from tierwatch.store.policies import active_policies, load_policy
from tierwatch.store.proposals import Proposal, proposal_of_version

# As many as a chart shows.
_POINTS: Final = 200


@dataclass(frozen=True, slots=True)
class Arm:
    """One arm of a rollout.

    Attributes:
        traffic: of all tiers.
        misroute: rate of the tier's judged pairs, with an interval that may be read at any time.
        pairs: judged, of the tier.
    """

    traffic: ArmTraffic
    misroute: Estimate
    pairs: int


@dataclass(frozen=True, slots=True)
class RolloutStanding:
    """How a rollout stands, or stood when it ended.

    Attributes:
        version: the candidate.
        proposal: what is rolled out.
        running: whether it is at this moment.
        share: of the sessions; 0 once it has ended.
        started_at: when.
        ended_at: when; None while it runs.
        candidate: its arm. After a completed rollout it goes on gathering pairs.
        other: all other policies while it ran.
        promised: misroute rate above which it is taken back; None where it cannot be read.
        statistic: of its monitor.
        level: at which it is taken back.
        min_pairs: that complete it.
        path: of the monitor, its statistic after so many pairs; every so-and-so-many of many.
    """

    version: int
    proposal: Proposal
    running: bool
    share: float
    started_at: dt.datetime
    ended_at: dt.datetime | None
    candidate: Arm
    other: Arm
    promised: float | None
    statistic: float | None
    level: float | None
    min_pairs: int
    path: tuple[tuple[int, float], ...] = ()

    @property
    def left(self) -> int:
        """Pairs that it still takes to complete."""
        return max(0, self.min_pairs - self.candidate.pairs)


def rollout_standing(
    connection: Connection, version: int, rules: RolloutRules, now: dt.datetime
) -> RolloutStanding | None:
    """How the rollout of a policy stands; None where it is, and was, none.

    Args:
        connection: any.
        version: the candidate.
        rules: by which rollouts end.
        now: the time.
    """
    proposal, stored = proposal_of_version(connection, version), policy(connection, version)
    if proposal is None or stored is None:
        return None
    candidate, active = load_policy(connection, version), active_policies(connection)
    running = proposal.state == "rolling_out"
    until = now if running else proposal.ended_at or now
    promised = promised_limit(proposal, candidate, rules)
    mine = candidate_pairs(connection, proposal, candidate)
    others = other_pairs(
        connection, (proposal.tier, proposal.task_type), version, stored.created_at, until
    )
    # What it served after it had become everybody's policy has no other arm to be held against.
    traffic, other_traffic = arm_traffic(connection, version, stored.created_at, until)
    monitor = None if promised is None else rollout_monitor(promised, rules)
    path = () if monitor is None else monitor_path(monitor, mine, rules.max_weight)
    return RolloutStanding(
        version=version,
        proposal=proposal,
        running=running,
        share=active.share if running and active is not None else 0.0,
        started_at=stored.created_at,
        ended_at=None if running else proposal.ended_at,
        candidate=Arm(traffic, rate_of(mine), len(mine)),
        other=Arm(
            other_traffic,
            rate_of([ServedPair(*one) for one in zip(others.losses, others.weights, strict=True)]),
            len(others.losses),
        ),
        promised=promised,
        statistic=None if monitor is None else monitor.statistic,
        level=None if monitor is None else monitor.level,
        min_pairs=rules.min_pairs,
        path=path,
    )


def monitor_path(
    monitor: MisrouteMonitor, pairs: Sequence[ServedPair], max_weight: float
) -> tuple[tuple[int, float], ...]:
    """Give a monitor its pairs, and note where it stands on the way: the last pair always.

    >>> monitor = MisrouteMonitor(.5, 1e4, 1.0)
    >>> [n for n, _ in monitor_path(monitor, [ServedPair(0.0, 1.0)] * 450, 1.0)][:2], monitor.n
    ([3, 6], 450)
    """
    taken = [pair for pair in pairs if fits([pair.weight], max_weight)]
    every = -(-len(taken) // _POINTS)
    path = []
    for number, pair in enumerate(taken, 1):
        monitor.update(pair.loss, pair.weight)
        if number % every == 0 or number == len(taken):
            path.append((number, monitor.statistic))
    return tuple(path)


def rate_of(pairs: Sequence[ServedPair]) -> Estimate:
    """The weighted rate of pairs, with an interval that holds however often it is read.

    >>> rate_of([]).value is None
    True
    >>> found = rate_of([ServedPair(1.0, 1.0)] + [ServedPair(0.0, 1.0)] * 9)
    >>> found.value, found.n
    (0.1, 10)
    """
    if not pairs:
        return unknown()
    losses = np.array([pair.loss for pair in pairs], dtype=np.float64)
    weights = np.array([pair.weight for pair in pairs], dtype=np.float64)
    bad, n = effective_counts(losses, weights)
    low, high = always_valid_interval(min(bad, n), n)
    return Estimate(bad / n, low, high, len(pairs), f"always valid, {n:.0f} effective pairs")
