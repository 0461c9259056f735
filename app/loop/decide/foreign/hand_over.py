"""Hand over: an approved threshold, as a change of the watched router's own settings."""

from collections.abc import Mapping
from typing import NamedTuple

from sqlalchemy import Connection

from tierwatch.errors import ConflictError, ForeignError
from tierwatch.routing.foreign.change import Change
from tierwatch.routing.foreign.router import ForeignRouter
from tierwatch.routing.policy import ALL_TASKS
from tierwatch.store.policies import load_policy, lock_active
from tierwatch.store.proposals import Proposal
from tierwatch.store.watched.router_changes import add_change, waiting_change


class Watched(NamedTuple):
    """The router that is watched, and whether a program is asked to apply changes of it."""

    router: ForeignRouter
    webhook: bool = False


def require_ours(router: ForeignRouter | None) -> None:
    """Refuse to move by hand what a router that is only watched decides by.

    Raises:
        ConflictError: there is one.
    """
    if router is not None:
        raise ConflictError(
            f"tiers are chosen by {router.name or router.kind}, which is only watched: change its"
            " own settings, and this follows"
        )


def is_free(connection: Connection) -> bool:
    """Whether nothing waits for the watched router, and nothing is being tried there."""
    active = lock_active(connection)
    trying = active is not None and active.candidate_version is not None
    return not trying and waiting_change(connection) is None


def hand_over(connection: Connection, proposal: Proposal, watched: Watched) -> None:
    """Write down what is to be changed in the router's settings; nothing of ours is changed yet.

    Args:
        connection: in the transaction that approves, the active policy locked.
        proposal: that is approved.
        watched: the router.

    Raises:
        ConflictError: its router cannot be changed so, or another change of it waits.
    """
    require_takes(proposal)
    if (other := waiting_change(connection, lock=True)) is not None:
        todo = "applied" if other.state == "waiting" else "undone"
        raise ConflictError(
            f"proposal {other.proposal_id} waits to be {todo} in its router: one change at a time"
        )
    active = lock_active(connection)
    if active is not None and active.candidate_version is not None:
        raise ConflictError(
            f"policy {active.candidate_version} is being tried: one change at a time"
        )
    change = change_for(connection, proposal, watched.router)
    add_change(
        connection,
        proposal.id,
        change,
        router=watched.router.name or watched.router.kind,
        webhook=watched.webhook,
    )


def change_for(connection: Connection, proposal: Proposal, router: ForeignRouter) -> Change:
    """What a proposal changes in the router's settings, as its file has them now.

    Raises:
        ConflictError: they cannot be changed so; says why.
    """
    require_takes(proposal)
    before = _thresholds_of(connection, proposal.base_version)
    try:
        return router.fresh().change(before, {**before, proposal.tier: proposal.to_threshold})
    except ForeignError as problem:
        raise ConflictError(str(problem)) from problem


def require_takes(proposal: Proposal) -> None:
    """Refuse what a router that is only watched has no setting for.

    Raises:
        ConflictError: it is no tier's own threshold.
    """
    if proposal.kind != "threshold":
        raise ConflictError(
            f"proposal {proposal.id} is about a {proposal.kind}, and tiers are chosen by a router"
            " that is only watched: only its thresholds are changed from here"
        )
    if proposal.task_type != ALL_TASKS:
        raise ConflictError(
            f"proposal {proposal.id} is about {proposal.task_type} requests, and the router that is"
            " watched has no thresholds by task type"
        )


def _thresholds_of(connection: Connection, version: int) -> Mapping[str, float]:
    policy = load_policy(connection, version)
    if policy is None:
        raise ConflictError(f"there is no policy {version}")
    return policy.thresholds
