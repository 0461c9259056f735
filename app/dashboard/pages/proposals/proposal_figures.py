"""What the page of a proposal shows of its evidence, by what was tested or compared."""

from collections.abc import Mapping
from dataclasses import dataclass

from tierwatch.dashboard.figures import DAYS_A_MONTH, Figure, figure
from tierwatch.evaluation.counterfactual.boundary_replay import Replay
from tierwatch.evaluation.evidence.model_evidence import ModelEvidence
from tierwatch.evaluation.evidence.proposal_evidence import Prediction
from tierwatch.evaluation.evidence.threshold_evidence import (
    MovedTraffic,
    ObjectiveEvidence,
    ThresholdEvidence,
)
from tierwatch.evaluation.thresholds.moving import MovingPairs
from tierwatch.store.proposals import Proposal


@dataclass(frozen=True, slots=True)
class PredictionFigures:
    """What a proposal predicts at its boundary."""

    misroute: Figure
    cost_change: Figure
    kept: Figure


@dataclass(frozen=True, slots=True)
class BoundLine:
    """A threshold that was tested: the upper bound of its misroute rate, and whether it passed."""

    threshold: float
    bound: float
    pairs: int
    passed: bool
    proposed: bool
    current: bool


@dataclass(frozen=True, slots=True)
class ReplayFigures:
    """The proposed threshold replayed on past pairs; ``refused`` says where there are too few."""

    refused: str
    effective: float
    effective_moved: float
    misroute: Figure
    robust: Figure
    quality_change: Figure
    cost_change: Figure


@dataclass(frozen=True, slots=True)
class ModelFigures:
    """A proposed model beside the active one, on held-out pairs (`loop.improve.refit`).

    ``offsets`` are of the types that move the proposed model's chances, (type, that the higher
    tier's answer is better, that the lower's is) in log-odds.
    """

    conversations: float
    learned: int
    learned_before: int
    author: str
    log_loss: tuple[float | None, float | None]
    log_loss_gain: Figure
    apgr: tuple[float | None, float | None]
    apgr_gain: Figure
    misroute_change: Figure
    offsets: tuple[tuple[str, float, float], ...]


@dataclass(frozen=True, slots=True)
class KeptLine:
    """Share of requests served by a tier or a cheaper one, and what is promised of the tier."""

    tier: str
    now: float
    then: float
    promised: float | None


@dataclass(frozen=True, slots=True)
class ObjectiveFigures:
    """The quality loss of all tiers against always the top one (`loop.improve.objective`)."""

    top: str
    allowed: float
    loss_now: Figure
    loss_then: Figure
    bound: float
    saved_usd_per_thousand: float
    kept: tuple[KeptLine, ...]


@dataclass(frozen=True, slots=True)
class MovedFigures:
    """What the tier that gets requests would make of recent ones like them.

    ``fitted`` and ``lacking`` are what would be done, and what is missing, with how often.
    """

    to: str
    requests: int
    changed: int
    fitted: tuple[tuple[str, int], ...]
    lacking: tuple[tuple[str, int], ...]
    not_taken: float


@dataclass(frozen=True, slots=True)
class MovingFigures:
    """The pairs that would move, apart from all those kept.

    ``requests_per_day``, ``usd_per_day`` (below 0 where it saves) and ``bill_share`` are None where
    they are not known; ``warning`` is what comes first, empty where that is nothing.
    """

    warning: str
    lowers: bool
    misroute: Figure
    effective: float
    requests_per_day: float | None
    usd_per_day: float | None
    usd_per_month: float | None
    bill_share: float | None


@dataclass(frozen=True, slots=True)
class ProposalFigures:
    """What a proposal rests on.

    Attributes:
        misroute_now: rate of what is kept now.
        alpha: rate to hold; None for none.
        delta: chance that the certificate is wrong.
        judge_version: whose verdicts.
        reason: why it is as it is, or not certified; may be empty.
        judge_corrected: whether labels corrected the judge's errors.
        replay: None where nothing was replayed.
        model: of a proposed model.
        objective: of a test of all tiers together.
        moved: what becomes of the requests that move; None where nobody looked.
        moving: the pairs that would move; None of a model, and of an older version's proposal.
        bounds: of the thresholds that were tested, strict to loose.
    """

    misroute_now: Figure
    alpha: float | None
    delta: float
    judge_version: str
    reason: str
    judge_corrected: bool
    replay: ReplayFigures | None
    model: ModelFigures | None
    objective: ObjectiveFigures | None
    moved: MovedFigures | None
    moving: MovingFigures | None
    bounds: tuple[BoundLine, ...]


def prediction_figures(predicted: Prediction) -> PredictionFigures:
    """What is shown of a prediction."""
    return PredictionFigures(
        figure(predicted.misroute), figure(predicted.cost_change), figure(predicted.kept)
    )


def proposal_figures(
    proposal: Proposal, evidence: ThresholdEvidence | ObjectiveEvidence | ModelEvidence
) -> ProposalFigures:
    """What is shown of a proposal's evidence."""
    objective = objective_figures(evidence) if isinstance(evidence, ObjectiveEvidence) else None
    limit = evidence.alpha if objective is None else objective.allowed
    return ProposalFigures(
        misroute_now=figure(evidence.kept_now),
        alpha=evidence.alpha,
        delta=evidence.delta,
        judge_version=evidence.judge_version,
        reason=evidence.reason,
        judge_corrected=isinstance(evidence, ThresholdEvidence)
        and evidence.judge_errors is not None,
        replay=None
        if isinstance(evidence, ModelEvidence) or evidence.replay is None
        else replay_figures(evidence.replay, proposal.tier),
        model=model_figures(evidence) if isinstance(evidence, ModelEvidence) else None,
        objective=objective,
        moved=None
        if isinstance(evidence, ModelEvidence) or evidence.moved is None
        else moved_figures(evidence.moved),
        moving=None
        if isinstance(evidence, ModelEvidence) or evidence.moving is None
        else moving_figures(evidence.moving),
        bounds=tuple(
            BoundLine(
                threshold=tested.threshold,
                bound=tested.bound,
                pairs=tested.pairs,
                passed=limit is not None and tested.bound <= limit,
                proposed=tested.threshold == proposal.to_threshold,
                current=tested.threshold == proposal.from_threshold,
            )
            for tested in evidence.bounds
        ),
    )


def moved_figures(moved: MovedTraffic) -> MovedFigures:
    """What is shown of the requests that move."""
    return MovedFigures(
        to=moved.to,
        requests=moved.requests,
        changed=moved.changed,
        fitted=_most_first(moved.fitted),
        lacking=_most_first(moved.lacking),
        not_taken=moved.not_taken,
    )


def moving_figures(moving: MovingPairs) -> MovingFigures:
    """What is shown of the pairs that would move."""
    return MovingFigures(
        warning=moving.warning,
        lowers=moving.lowers,
        misroute=figure(moving.misroute),
        effective=moving.effective,
        requests_per_day=moving.requests_per_day,
        usd_per_day=moving.usd_per_day,
        usd_per_month=None if moving.usd_per_day is None else DAYS_A_MONTH * moving.usd_per_day,
        bill_share=moving.bill_share,
    )


def _most_first(counts: Mapping[str, int]) -> tuple[tuple[str, int], ...]:
    return tuple(sorted(counts.items(), key=lambda one: -one[1]))


def objective_figures(evidence: ObjectiveEvidence) -> ObjectiveFigures:
    """What is shown of a test of all tiers together."""
    test = evidence.objective
    return ObjectiveFigures(
        top=test.top,
        allowed=test.allowed,
        loss_now=figure(test.loss_now),
        loss_then=figure(test.loss_then),
        bound=test.bound_then,
        saved_usd_per_thousand=1_000 * test.saved_usd_per_request,
        kept=tuple(
            # A tier without a share then is one that was not tested: nothing is said of it.
            KeptLine(tier, now, test.kept_then[tier], evidence.promised.get(tier))
            for tier, now in test.kept_now.items()
            if tier in test.kept_then
        ),
    )


def model_figures(evidence: ModelEvidence) -> ModelFigures:
    """What is shown of a comparison of models."""
    loss, area = evidence.log_loss, evidence.apgr
    offsets = sorted(evidence.type_offsets.by_type.items(), key=lambda item: -abs(item[1][0]))
    return ModelFigures(
        conversations=evidence.held_out.conversations,
        learned=evidence.candidate_pairs,
        learned_before=evidence.incumbent_pairs,
        author=evidence.candidate_author,
        log_loss=(loss.incumbent, loss.candidate),
        log_loss_gain=figure(loss.gain),
        apgr=(area.incumbent, area.candidate),
        apgr_gain=figure(area.gain),
        misroute_change=figure(evidence.misroute_change),
        offsets=tuple((name, *moved) for name, moved in offsets),
    )


def replay_figures(replay: Replay, tier: str) -> ReplayFigures | None:
    """What is shown of a replay; None when the tier's boundary is not in it."""
    found = next((one for one in replay.boundaries if one.tier == tier), None)
    if found is None:
        return None
    return ReplayFigures(
        refused=replay.refused or "",
        effective=found.effective,
        effective_moved=found.effective_moved,
        misroute=figure(found.misroute),
        robust=figure(found.misroute_robust),
        quality_change=figure(replay.quality_change),
        cost_change=figure(replay.cost_change),
    )
