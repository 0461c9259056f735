"""Every kind of proposal, the class of its evidence, and what a proposal predicts."""

from dataclasses import dataclass
from typing import ClassVar, TypeAlias

from tierwatch.evaluation.evidence.document import Document, Unreadable, read_or_unreadable
from tierwatch.evaluation.evidence.model_evidence import ModelEvidence
from tierwatch.evaluation.evidence.replacement_evidence import ReplacementEvidence
from tierwatch.evaluation.evidence.threshold_evidence import ObjectiveEvidence, ThresholdEvidence
from tierwatch.evaluation.rates.estimate import Estimate

ProposalEvidence: TypeAlias = (
    ThresholdEvidence | ObjectiveEvidence | ModelEvidence | ReplacementEvidence
)


@dataclass(frozen=True, slots=True)
class Prediction(Document):
    """What a proposal would do at its boundary.

    Attributes:
        misroute: misroute rate among what it keeps.
        cost_change: relative to what the boundary's requests cost now.
        kept: share of the boundary's requests that it keeps.
    """

    title: ClassVar[str] = "what a proposal predicts"

    misroute: Estimate
    cost_change: Estimate
    kept: Estimate


def read_proposal_evidence(kind: str, document: object) -> ProposalEvidence | Unreadable:
    """The evidence of a stored proposal.

    Args:
        kind: of the proposal: ``threshold``, ``model`` (a classifier's) or ``replacement`` (of the
            model that serves a tier).
        document: its evidence, from ``json.loads``.

    >>> read_proposal_evidence("model", {"version": 9}).reason
    'evidence of a model proposal: found version 9; this release reads version 1'
    """
    if kind == ModelEvidence.kind:
        return read_or_unreadable(ModelEvidence.from_json, document)
    if kind == ReplacementEvidence.kind:
        return read_or_unreadable(ReplacementEvidence.from_json, document)
    if kind != ThresholdEvidence.kind:
        known = "threshold, model, replacement"
        return Unreadable(document, f"proposals of kind {kind!r}: not known; known are {known}")
    if isinstance(document, dict) and "objective" in document:
        return read_or_unreadable(ObjectiveEvidence.from_json, document)
    return read_or_unreadable(ThresholdEvidence.from_json, document)


def read_prediction(document: object) -> Prediction | Unreadable:
    """What a stored proposal predicts."""
    return read_or_unreadable(Prediction.from_json, document)
