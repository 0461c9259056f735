"""Approvals: how many persons have to agree to a proposal, and who has.

Whoever makes a proposal agrees to it. A token of the API is as good as its owner, so that nobody is
two persons; one without an owner may be anybody's, so it proposes and approves only where one
person is enough, whoever that is.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Connection

from tierwatch.errors import ConflictError
from tierwatch.store.people.roles import PROGRAM
from tierwatch.store.proposals import Approval, Proposal, add_approval, approvals_of

_TWO: Final = 2


@dataclass(frozen=True, slots=True)
class ApprovalRules:
    """How many persons have to agree.

    Attributes:
        approvals: persons who approve what tierwatch proposes, 1 or 2.
        own: whether who proposes may approve it too, where one person is enough.
    """

    approvals: int = 1
    own: bool = False

    def needed(self, proposal: Proposal) -> int:
        """Approvals that a proposal needs: of two persons who agree, its proposer is one.

        Whoever proposes may not approve it unless ``own`` says so; another person then has to.
        """
        return 1 if proposal.by_a_person else self.approvals

    def are_two(self, proposal: Proposal) -> bool:
        """Whether two persons have to agree, its proposer among them."""
        return self.approvals == _TWO or (proposal.by_a_person and not self.own)

    @property
    def ask_who_proposes(self) -> bool:
        """Whether it matters who makes a proposal by hand: as one of two who agree to it."""
        return self.approvals == _TWO or not self.own


ONE_PERSON: Final = ApprovalRules()


def agreement(
    connection: Connection,
    proposal: Proposal,
    *,
    actor: str,
    person: str | None,
    why: str,
    rules: ApprovalRules,
) -> tuple[str, ...]:
    """Add an approval; everybody who has approved so far, this one last.

    Args:
        connection: in the caller's transaction, the proposal locked.
        proposal: that is open.
        actor: who approves, as the audit names them.
        person: who answers for the actor; None where nobody is known to.
        why: their reason.
        rules: how many have to agree.

    Raises:
        ConflictError: this person may not approve it, or has already.
    """
    before = approvals_of(connection, [proposal.id]).get(proposal.id, ())
    refused = why_not(proposal, before, person) if rules.are_two(proposal) else ""
    if refused:
        raise ConflictError(refused)
    who = person or actor
    # Two were asked for once, and this one has agreed by then.
    others = tuple(one.actor for one in before if one.person != who)
    if len(others) == len(before):
        add_approval(connection, proposal.id, person=who, actor=actor, why=why.strip())
    return (*others, actor)


def proposer(actor: str, person: str | None, rules: ApprovalRules) -> str:
    """Who a proposal by hand is of.

    Args:
        actor: who proposes, as the audit names them.
        person: who answers for the actor; None where nobody is known to.
        rules: how many have to agree.

    Raises:
        ConflictError: nobody answers for it, and another person than its proposer has to approve.
    """
    if person is None and rules.ask_who_proposes:
        raise ConflictError(
            "another person than its proposer has to approve a proposal, and nobody is known to"
            f" answer for {actor}: propose as a user, or with a token that has an owner"
        )
    return person or actor


def why_not(proposal: Proposal, before: Sequence[Approval], person: str | None) -> str:
    """Why a person may not be one of two who agree to a proposal; empty where they may.

    Args:
        proposal: that is open.
        before: its approvals.
        person: who is asking; None for a token without an owner.
    """
    if person is None:
        return (
            f"proposal {proposal.id} needs two persons, and nobody is known to answer for this"
            " token: make one with an owner, or approve on the page"
        )
    if (proposal.proposed_by or "").startswith(PROGRAM):
        return (
            f"proposal {proposal.id} was made by {proposal.proposed_by}, for which nobody is known"
            " to answer: whoever approves it might have made it; propose it again"
        )
    if person == proposal.proposed_by:
        return f"proposal {proposal.id} was made by {person}: another person has to approve it"
    if person in {one.person for one in before}:
        return f"proposal {proposal.id} has {person}'s approval already: it takes another person's"
    return ""
