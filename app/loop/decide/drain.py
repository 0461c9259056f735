"""Drain: a person sends a tier's requests up for some hours; it ends by itself.

The rows of `store.drains` are the truth, and the active policy follows from them: a version like
others, with the thresholds as they were and the tiers that keep nothing. So a drain ends with its
row, and a policy that says otherwise (an older one, put back) is put right at the next tick.
"""

import datetime as dt
import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Final

from sqlalchemy import Connection, Engine

from tierwatch.errors import ConflictError, UsageError
from tierwatch.loop.decide.approve import require_reason
from tierwatch.loop.decide.end import cancel_rollout
from tierwatch.routing.policy import ALL_TASKS
from tierwatch.store.audit import add_audit
from tierwatch.store.drains import (
    Drain,
    drains_going_on,
    load_drain,
    put_drain,
    put_drain_end,
)
from tierwatch.store.policies import add_policy, load_policy, lock_active, next_version, set_active
from tierwatch.store.proposals import proposals_in, put_base

USUAL: Final = "4h"
_LASTING: Final = re.compile(r"([0-9]{1,5})(m|h|d)")
_UNITS: Final = {"m": "minutes", "h": "hours", "d": "days"}
_SHORTEST: Final = dt.timedelta(minutes=1)
# What needs longer is a threshold, and a proposal with evidence.
_LONGEST: Final = dt.timedelta(days=7)


def lasting(words: str) -> dt.timedelta:
    """How long a drain, a silence or a burst by hand is to last.

    >>> lasting("90m"), lasting("4h")
    (datetime.timedelta(seconds=5400), datetime.timedelta(seconds=14400))

    Raises:
        UsageError: other words, or not between a minute and a week.
    """
    found = _LASTING.fullmatch(words.strip())
    length = dt.timedelta(**{_UNITS[found[2]]: int(found[1])}) if found else dt.timedelta()
    if not _SHORTEST <= length <= _LONGEST:
        raise UsageError(f"lasting: found {words[:40]!r}; accepted: 1m to 7d, as 30m, 4h or 1d")
    return length


def drain_tier(
    connection: Connection,
    tier: str,
    *,
    now: dt.datetime,
    until: dt.datetime,
    actor: str,
    why: str,
    task_type: str = ALL_TASKS,
    alert_id: int | None = None,
) -> int:
    """Send a tier's requests, or those of a task type, up until a moment; gateways follow in 5 s.

    A running rollout is taken back: its evidence would be about another ladder. Where the tier is
    drained already, that drain gets the new end and reason.

    Returns:
        The drain's id.

    Raises:
        UsageError: no reason given.
        ConflictError: there is no policy yet, or no such tier below the top one.
    """
    require_reason(why)
    active = lock_active(connection)
    stable = None if active is None else load_policy(connection, active.stable_version)
    if stable is None or tier not in stable.thresholds:
        known = (
            "none, for no policy is active yet" if stable is None else ", ".join(stable.thresholds)
        )
        raise ConflictError(f"tier {tier} cannot be sent up; accepted: {known}")
    for proposal in proposals_in(connection, "rolling_out", lock=True):
        cancel_rollout(connection, proposal, actor=actor, why=f"{tier} is sent up: {why.strip()}")
    drain_id = put_drain(
        connection,
        (tier, task_type),
        now=now,
        until=until,
        actor=actor,
        why=why.strip(),
        alert_id=alert_id,
    )
    add_audit(
        connection,
        actor=actor,
        action="drain.began",
        subject=f"segment/{tier}/{task_type}",
        why=why.strip(),
        until=until.isoformat(),
        alert=alert_id,
    )
    _settle(connection, actor=actor, why=f"{_segment(tier, task_type)} is sent up: {why.strip()}")
    return drain_id


def end_drain(connection: Connection, drain_id: int, *, actor: str, why: str) -> Drain:
    """Let a tier keep its requests again; the drain as it was.

    Raises:
        UsageError: no reason given.
        ConflictError: there is no such drain, or it has ended.
    """
    require_reason(why)
    lock_active(connection)
    drain = load_drain(connection, drain_id)
    if drain is None or drain.ended_at is not None:
        raise ConflictError(f"drain {drain_id} does not go on; the tier keeps its requests already")
    _end(connection, drain, actor=actor, why=why.strip())
    return drain


def settle_drains(*, engine: Engine, now: dt.datetime) -> int:
    """End what is over, and make the active policy what the drains say; how many ended."""
    with engine.begin() as connection:
        if lock_active(connection) is None:
            return 0
        over = [drain for drain in drains_going_on(connection, lock=True) if drain.until <= now]
        for drain in over:
            _end(connection, drain, actor="tierwatch", why="its time is over")
        _settle(connection, actor="tierwatch", why="the policy follows from what is sent up")
    return len(over)


def _end(connection: Connection, drain: Drain, *, actor: str, why: str) -> None:
    put_drain_end(connection, drain.id, actor=actor, why=why)
    add_audit(
        connection,
        actor=actor,
        action="drain.ended",
        subject=f"segment/{drain.tier}/{drain.task_type}",
        why=why,
    )
    said = _segment(drain.tier, drain.task_type)
    _settle(connection, actor=actor, why=f"{said} keeps its requests again: {why}")


def _settle(connection: Connection, *, actor: str, why: str) -> None:
    """Make the active policy, and its candidate if there is one, drain what the rows say."""
    active = lock_active(connection)
    stable = None if active is None else load_policy(connection, active.stable_version)
    if active is None or stable is None:
        return
    drained = drained_tiers(drains_going_on(connection), stable.thresholds)
    if stable.drained == drained:
        return
    for proposal in proposals_in(connection, "rolling_out", lock=True):
        cancel_rollout(connection, proposal, actor=actor, why=why)
    policy = replace(stable, version=next_version(connection), drained=drained)
    add_policy(connection, policy, author=actor, reason=why, base=stable.version)
    # An hour's drain moves no threshold: what was tested beside them may be decided as before.
    put_base(connection, policy.version, instead_of=stable.version)
    set_active(connection, stable=policy.version, candidate=None, share=0.0, salt=active.salt)


def drained_tiers(drains: Iterable[Drain], tiers: Iterable[str]) -> Mapping[str, frozenset[str]]:
    """What drains make of a policy with these tiers; one of another file's tier is left out."""
    known, found = set(tiers), dict[str, frozenset[str]]()
    for drain in drains:
        if drain.tier in known:
            found[drain.task_type] = found.get(drain.task_type, frozenset()) | {drain.tier}
    return found


def _segment(tier: str, task_type: str) -> str:
    return tier if task_type == ALL_TASKS else f"{tier}/{task_type}"
