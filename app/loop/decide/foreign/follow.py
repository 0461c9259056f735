"""Follow: what a watched router runs with, by its own log, or by its file where it logs nothing."""

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

import structlog
from sqlalchemy import Connection, Engine

from tierwatch.errors import ForeignError
from tierwatch.loop.decide.end import expire_proposal
from tierwatch.loop.decide.foreign.mirror import apply_change, mirror, undo_change
from tierwatch.routing.foreign.router import ForeignRouter
from tierwatch.store.policies import active_policies, lock_active
from tierwatch.store.proposals import load_proposal, proposals_in
from tierwatch.store.watched.router_changes import change_of, waiting_change
from tierwatch.store.watched.seen_thresholds import SeenThresholds, seen_thresholds

# Processes of one router are restarted one after another: until those with the former thresholds
# have been silent for so long, nothing follows from the new ones.
_SETTLED: Final = dt.timedelta(seconds=60)
# As long as a proposal is open.
_APPLIED_WITHIN: Final = dt.timedelta(days=7)
# Who says that it is applied may be about to restart the router.
_GRACE: Final = dt.timedelta(minutes=15)

_log = structlog.get_logger(__name__)


class Runs(NamedTuple):
    """The thresholds that a router runs with, by tier, and where that is known from."""

    thresholds: Mapping[str, float]
    by: str


def follow_router(*, engine: Engine, router: ForeignRouter | None, now: dt.datetime) -> int | None:
    """Let the active policy say what the watched router runs with.

    Where that is what a change asked for, the change is applied, or undone, by what was seen.
    Anything else that is new was changed without us: it is taken over, and said in the audit. What
    nobody has applied within a week expires.

    Returns:
        The new policy version, or None where nothing moved.
    """
    if router is None:
        return None
    with engine.begin() as connection:
        if lock_active(connection) is None:
            return None
        _expire(connection, now)
        runs = runs_with(connection, router)
        return None if runs is None else _follow(connection, runs, now)


def _expire(connection: Connection, now: dt.datetime) -> None:
    """Close what nobody applied in time: its evidence ages with its traffic."""
    change = waiting_change(connection)
    if change is None or change.state != "waiting" or now - change.created_at < _APPLIED_WITHIN:
        return
    proposal = load_proposal(connection, change.proposal_id, lock=True)
    if proposal is not None and proposal.state == "approved":
        expire_proposal(connection, proposal, why="nobody applied it to its router in time")


def runs_with(connection: Connection, router: ForeignRouter) -> Runs | None:
    """What the router runs with; None while two sets are seen at once, or nothing is known.

    The file of a router that logs its thresholds is what it will run with once it is restarted.
    """
    seen = seen_thresholds(connection)
    if seen:
        return Runs(seen[0].thresholds, "its log") if is_settled(seen) else None
    if router.logs or router.path is None:
        return None
    try:
        return Runs(router.fresh().thresholds, "its file")
    except ForeignError as problem:
        _log.warning("the watched router's settings cannot be read", why=str(problem))
        return None


def is_settled(seen: Sequence[SeenThresholds]) -> bool:
    """Whether one set of thresholds has taken the others' place."""
    return len(seen) == 1 or seen[0].last_seen_at - seen[1].last_seen_at >= _SETTLED


def _follow(connection: Connection, runs: Runs, now: dt.datetime) -> int | None:
    active = active_policies(connection)
    if active is None or runs.thresholds.keys() != active.stable.thresholds.keys():
        return None
    present = active.candidate or active.stable
    if dict(runs.thresholds) == dict(present.thresholds):
        return None
    waiting = waiting_change(connection)
    seen_by = f"tierwatch, by {runs.by}"
    if waiting is not None and waiting.state == "waiting" and runs.thresholds == waiting.after:
        return apply_change(connection, waiting.proposal_id, actor=seen_by)
    if waiting is not None and waiting.state == "undo" and runs.thresholds == waiting.before:
        return undo_change(connection, waiting.proposal_id, actor=seen_by)
    if _is_early(connection, runs, now):
        return None
    return mirror(connection, runs.thresholds, why=_why(runs, present.thresholds))


def _is_early(connection: Connection, runs: Runs, now: dt.datetime) -> bool:
    """Whether somebody has just said that a change is applied, and the former still runs."""
    for proposal in proposals_in(connection, "rolling_out"):
        change = change_of(connection, proposal.id)
        if change is not None and change.applied_at is not None:
            return runs.thresholds == change.before and now - change.applied_at < _GRACE
    return False


def _why(runs: Runs, before: Mapping[str, float]) -> str:
    moved = ", ".join(
        f"{tier} {before[tier]:g} to {value:g}"
        for tier, value in runs.thresholds.items()
        if before[tier] != value
    )
    return f"its thresholds were changed without tierwatch, by {runs.by}: {moved}"
