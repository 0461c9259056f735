"""Mirror: what a watched router runs with becomes our active policy, whoever changed it."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from sqlalchemy import Connection

from tierwatch.errors import ConflictError
from tierwatch.loop.decide.end import expire_proposal
from tierwatch.loop.decide.rollout import start_rollout
from tierwatch.store.audit import add_audit
from tierwatch.store.policies import add_policy, load_policy, lock_active, next_version, set_active
from tierwatch.store.proposals import load_proposal, proposals_in, put_end
from tierwatch.store.watched.router_changes import (
    RouterChange,
    change_of,
    put_applied,
    put_over,
    put_undone,
    waiting_change,
)

# Everybody's requests: the router that is watched has one set of thresholds.
_EVERYBODY: Final = 1.0


def apply_change(connection: Connection, proposal_id: int, *, actor: str) -> int:
    """Say that the watched router runs with an approved change; from now on its effect is watched.

    Args:
        connection: in a transaction.
        proposal_id: whose change waits.
        actor: who says so.

    Returns:
        The policy version that stands for it.

    Raises:
        ConflictError: it does not wait to be applied.
    """
    lock_active(connection)  # before proposals, as everywhere
    proposal = load_proposal(connection, proposal_id, lock=True)
    change = change_of(connection, proposal_id, lock=True)
    if change is None or proposal is None or change.state != "waiting":
        state = "no change of a watched router" if change is None else f"{change.state} already"
        raise ConflictError(f"proposal {proposal_id} is {state}")
    if proposal.state != "approved":
        raise ConflictError(f"proposal {proposal_id} is {proposal.state}, and not to be applied")
    put_applied(connection, proposal_id, by=actor)
    _say(connection, "router.applied", change, actor)
    version = start_rollout(connection, share=_EVERYBODY, only=proposal_id)
    if version is None:
        raise ConflictError(f"proposal {proposal_id} cannot be watched now: it has expired")
    return version


def undo_change(connection: Connection, proposal_id: int, *, actor: str) -> int:
    """Say that the watched router runs with what was before a change.

    Returns:
        The policy version that stands for it.

    Raises:
        ConflictError: it does not wait to be undone.
    """
    lock_active(connection)
    change = change_of(connection, proposal_id, lock=True)
    if change is None or change.state != "undo":
        raise ConflictError(f"proposal {proposal_id} does not wait to be undone")
    put_undone(connection, proposal_id, by=actor)
    _say(connection, "router.undone", change, actor)
    why = f"proposal {proposal_id} was undone in its router"
    return _put_active(connection, change.before, why=why)


def mirror(connection: Connection, thresholds: Mapping[str, float], *, why: str) -> int:
    """Make what a watched router runs with the active policy; nobody here asked for it.

    What is being tried ends, and what waits for the router expires: it was tested beside others.

    Returns:
        The policy version that stands for it.
    """
    lock_active(connection)
    for proposal in proposals_in(connection, "rolling_out", lock=True):
        put_end(connection, proposal.id, "rolled_back", why=why)
        put_over(connection, proposal.id)
        add_audit(
            connection,
            actor="tierwatch",
            action="rollout.rolled_back",
            subject=f"policy/{proposal.candidate_version}",
            proposal=proposal.id,
            why=why,
        )
    waiting = waiting_change(connection, lock=True)
    if waiting is not None:
        put_over(connection, waiting.proposal_id)
        asked = load_proposal(connection, waiting.proposal_id, lock=True)
        if asked is not None and asked.state == "approved":
            expire_proposal(connection, asked, why=why)
    version = _put_active(connection, thresholds, why=why)
    add_audit(
        connection,
        actor="tierwatch",
        action="router.followed",
        subject=f"policy/{version}",
        why=why,
        thresholds=dict(thresholds),
    )
    return version


def _put_active(connection: Connection, thresholds: Mapping[str, float], *, why: str) -> int:
    active = lock_active(connection)
    stable = None if active is None else load_policy(connection, active.stable_version)
    if active is None or stable is None:
        raise ConflictError("no policy is active")
    if thresholds.keys() != stable.thresholds.keys():
        return stable.version  # the configured tiers are others since
    version = next_version(connection)
    # What was promised was promised of other thresholds.
    policy = replace(
        stable, version=version, thresholds=dict(thresholds), promised={}, promised_for=None
    )
    add_policy(connection, policy, author="watched router", reason=why, base=stable.version)
    set_active(connection, stable=version, candidate=None, share=0.0, salt=active.salt)
    return version


def _say(connection: Connection, action: str, change: RouterChange, actor: str) -> None:
    add_audit(
        connection,
        actor=actor,
        action=action,
        subject=f"proposal/{change.proposal_id}",
        router=change.router,
        file=change.file,
    )
