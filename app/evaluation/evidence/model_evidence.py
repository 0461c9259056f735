"""What a proposal of a learned model rests on: a comparison on pairs neither model has learned."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar

from tierwatch.evaluation.evidence.document import Document
from tierwatch.evaluation.evidence.threshold_evidence import ThresholdBound
from tierwatch.evaluation.rates.estimate import Estimate


@dataclass(frozen=True, slots=True)
class HeldOutSize:
    """Held-out pairs, and how many equally weighted conversations they are worth."""

    pairs: int
    conversations: float


@dataclass(frozen=True, slots=True)
class Compared:
    """A figure of both models, None where it is not defined, and the candidate's gain."""

    incumbent: float | None
    candidate: float | None
    gain: Estimate


@dataclass(frozen=True, slots=True)
class OffsetsOfTypes:
    """What a model adds to its log-odds by task type: (worse, better) under a version of types."""

    types_version: int = 0
    by_type: Mapping[str, tuple[float, float]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ModelEvidence(Document):
    """A candidate beside the model that decides now.

    Attributes:
        held_out: what they were compared on.
        log_loss: weighted mean log loss.
        apgr: share of the quality gap recovered, averaged over budgets.
        kept_now: misroute rate among the traffic that is kept now.
        misroute_change: of the candidate against now, paired.
        threshold: of the candidate.
        candidate_pairs: that it has learned.
        candidate_position: position of the last of them.
        candidate_author: who made it.
        reason: why its threshold is as it is, or is not certified; empty without a rate to hold.
        bounds: of the thresholds that were tested, strict to loose.
        judge_version: whose verdicts.
        alpha: misroute rate to hold; None for none.
        delta: what the test of thresholds spent.
        k: which comparison of the boundary it was, from 0.
        incumbent_id: artefact of the model that decides now; 0 for the configured one.
        incumbent_pairs: that it has learned.
        first_position: position of the first held-out pair.
        last_position: of the last.
        type_offsets: of the candidate.
    """

    title: ClassVar[str] = "evidence of a model proposal"
    kind: ClassVar[str] = "model"

    held_out: HeldOutSize
    log_loss: Compared
    apgr: Compared
    kept_now: Estimate
    misroute_change: Estimate
    threshold: float
    candidate_pairs: int
    candidate_position: int
    candidate_author: str
    reason: str
    bounds: tuple[ThresholdBound, ...]
    judge_version: str
    alpha: float | None
    delta: float
    k: int
    incumbent_id: int
    incumbent_pairs: int
    first_position: int
    last_position: int
    type_offsets: OffsetsOfTypes = field(default_factory=OffsetsOfTypes)
