"""Approve: a person's (or the stated mode's) decision on a proposal."""

from typing import Final

from sqlalchemy import Connection

from tierwatch.errors import ConflictError, UsageError
from tierwatch.loop.compare.trust import distrust
from tierwatch.loop.decide.approvals import ONE_PERSON, ApprovalRules, agreement
from tierwatch.loop.decide.end import why_outdated
from tierwatch.loop.decide.foreign.hand_over import Watched, hand_over, require_takes
from tierwatch.loop.decide.rollout import start_rollout
from tierwatch.loop.decide.unreadable import is_unreadable
from tierwatch.store.audit import add_audit
from tierwatch.store.policies import load_policy, lock_active
from tierwatch.store.proposals import Proposal, load_proposal, put_decision, put_end

# Share of sessions a new policy gets first.
DEFAULT_SHARE: Final = 0.2


def approve_proposal(
    connection: Connection,
    proposal_id: int,
    *,
    actor: str,
    why: str,
    share: float = DEFAULT_SHARE,
    despite_judge: bool = False,
    person: str | None = None,
    rules: ApprovalRules = ONE_PERSON,
    watched: Watched | None = None,
) -> int | None:
    """Approve a proposal; its rollout starts at once unless another one is running.

    Where more persons have to agree, this approval is kept, and the proposal stays open.

    Args:
        connection: inside the caller's transaction.
        proposal_id: an open proposal.
        actor: who decides.
        why: the reason, for the audit.
        share: share of sessions to start with, in (0, 1].
        despite_judge: a person says explicitly that it is to be approved although the judge is not
            trusted; the audit keeps it. Its rollout then starts, and completes only once the judge
            is trusted.
        person: who answers for the actor: a token's owner; None where nobody is known to.
        rules: how many persons have to agree.
        watched: the router that is only watched; its own settings are what is to be changed.

    Returns:
        The new policy version, or None while another person has to approve, another rollout has
        to end first, or the watched router has to apply it.

    Raises:
        UsageError: no reason given.
        ConflictError: there is no such proposal, it was decided before, this version cannot read
            what it rests on, it was tested beside a policy that is no longer active or against
            a model that is not, the judge is not trusted and ``despite_judge`` was not said,
            somebody else has to approve it, or the watched router cannot be changed so.
    """
    require_reason(why)
    active, proposal = lock_active(connection), _open_proposal(connection, proposal_id)
    _require_readable(proposal)
    if active is not None:
        _require_current(connection, proposal, active.stable_version)
    if watched is not None:
        require_takes(proposal)
    doubt = distrust(connection)
    if doubt and not despite_judge:
        raise ConflictError(
            f"proposal {proposal.id} is held back. {doubt} To approve it all the same, say so:"
            " despite_judge"
        )
    agreed = agreement(connection, proposal, actor=actor, person=person, why=why, rules=rules)
    detail: dict[str, object] = {"despite": doubt} if doubt else {}
    if len(agreed) < rules.needed(proposal):
        _say(
            connection, proposal_id, "first_approval", actor=actor, why=why, after="open", **detail
        )
        return None
    if len(agreed) > 1:
        detail["approved_by"] = list(agreed)
    put_decision(connection, proposal_id, "approved", actor=" and ".join(agreed), why=why.strip())
    _say(connection, proposal_id, "approved", actor=actor, why=why, after="approved", **detail)
    if watched is not None:
        hand_over(connection, proposal, watched)
        return None
    return start_rollout(connection, share=share)


def reject_proposal(connection: Connection, proposal_id: int, *, actor: str, why: str) -> None:
    """Reject a proposal.

    Raises:
        UsageError: no reason given.
        ConflictError: there is no such proposal, or it was decided before.
    """
    require_reason(why)
    _open_proposal(connection, proposal_id)
    put_decision(connection, proposal_id, "rejected", actor=actor, why=why.strip())
    _say(connection, proposal_id, "rejected", actor=actor, why=why, after="rejected")
    put_end(connection, proposal_id, "rejected", why="rejected")


def require_reason(why: str) -> None:
    """Refuse a decision without a reason.

    Raises:
        UsageError: none was given.
    """
    if not why.strip():
        raise UsageError("a reason is required: the next person on call will read it")


def _require_readable(proposal: Proposal) -> None:
    if is_unreadable(proposal):
        raise ConflictError(
            f"proposal {proposal.id} rests on evidence that this version of tierwatch cannot read;"
            " reject it, or decide it with the version that made it"
        )


def _require_current(connection: Connection, proposal: Proposal, stable_version: int) -> None:
    stable = load_policy(connection, stable_version)
    if stable is not None and (why := why_outdated(proposal, stable)):
        raise ConflictError(why)


def _open_proposal(connection: Connection, proposal_id: int) -> Proposal:
    """The proposal, locked until the transaction ends.

    Raises:
        ConflictError: there is none, or it is not open any more.
    """
    proposal = load_proposal(connection, proposal_id, lock=True)
    if proposal is None:
        raise ConflictError(f"there is no proposal {proposal_id}")
    if proposal.state != "open":
        who = f", by {proposal.decided_by}" if proposal.decided_by else ""
        raise ConflictError(f"proposal {proposal_id} is {proposal.state} already{who}")
    return proposal


def _say(
    connection: Connection,
    proposal_id: int,
    what: str,
    *,
    actor: str,
    why: str,
    after: str,
    **detail: object,
) -> None:
    """A line in the audit: the state before and after, and the reason."""
    add_audit(
        connection,
        actor=actor,
        action=f"proposal.{what}",
        subject=f"proposal/{proposal_id}",
        why=why.strip(),
        before="open",
        after=after,
        **detail,
    )
