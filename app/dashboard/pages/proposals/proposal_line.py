"""A proposal as a line of a list: on the overview, under its alert, among all proposals."""

import datetime as dt
from dataclasses import dataclass

from tierwatch.evaluation.evidence.document import Unreadable
from tierwatch.evaluation.evidence.replacement_evidence import ReplacementEvidence
from tierwatch.store.proposals import Proposal


@dataclass(frozen=True, slots=True)
class ProposalLine:
    """A proposal in a list.

    ``misroute`` and ``cost_change`` are what it predicts, None where it is not known; ``readable``
    says whether this version can show what it predicts. ``candidate`` is the model that is to serve
    the tier, empty where that stays.
    """

    id: int
    kind: str
    tier: str
    task_type: str
    from_threshold: float
    to_threshold: float
    direction: str
    certified: bool
    state: str
    pairs: int
    created_at: dt.datetime
    readable: bool
    misroute: float | None
    cost_change: float | None
    candidate: str = ""


def proposal_line(proposal: Proposal) -> ProposalLine:
    """The line of a proposal."""
    evidence = proposal.evidence
    predicted = None if isinstance(proposal.predicted, Unreadable) else proposal.predicted
    return ProposalLine(
        id=proposal.id,
        kind=proposal.kind,
        tier=proposal.tier,
        task_type=proposal.task_type,
        from_threshold=proposal.from_threshold,
        to_threshold=proposal.to_threshold,
        direction=proposal.direction,
        certified=proposal.certified,
        state=proposal.state,
        pairs=proposal.pairs,
        created_at=proposal.created_at,
        readable=predicted is not None,
        misroute=None if predicted is None else predicted.misroute.value,
        cost_change=None if predicted is None else predicted.cost_change.value,
        candidate=evidence.candidate if isinstance(evidence, ReplacementEvidence) else "",
    )
