"""What a proposal to move a threshold rests on: a test of its tier, or of all tiers together."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from tierwatch.evaluation.calibration.judge_errors import JudgeErrors
from tierwatch.evaluation.counterfactual.boundary_replay import Replay
from tierwatch.evaluation.evidence.document import Document
from tierwatch.evaluation.rates.estimate import Estimate
from tierwatch.evaluation.rates.percent import percent
from tierwatch.evaluation.thresholds.moving import MovingPairs


@dataclass(frozen=True, slots=True)
class ThresholdBound:
    """A threshold that was tested.

    Attributes:
        threshold: two decimals.
        bound: upper bound of the misroute rate, or under an objective of the total loss, there.
        pairs: that it would keep.
    """

    threshold: float
    bound: float
    pairs: int = 0


@dataclass(frozen=True, slots=True)
class MeanCosts:
    """Mean USD of an answer of the lower and of the upper tier, over the newest pairs."""

    lower: float
    upper: float


@dataclass(frozen=True, slots=True)
class MovedTraffic:
    """Recent requests like those that a threshold moves, held against what their new tier takes.

    Attributes:
        to: the tier that would serve them.
        requests: that were read.
        changed: of them, those that would be fitted to its model.
        fitted: what would be done, with the number of requests.
        lacking: what they need and the tier does not take, with the number of requests.
        not_taken: share of such traffic that the tier cannot serve, requests that could never be
            compared for that among it; another tier goes on serving them.
    """

    to: str
    requests: int
    changed: int
    fitted: Mapping[str, int]
    lacking: Mapping[str, int]
    not_taken: float


@dataclass(frozen=True, slots=True)
class ThresholdEvidence(Document):
    """A test of one tier's threshold against its tolerance.

    Attributes:
        alpha: misroute rate to hold.
        delta: what this test spent of the chance of ever certifying a wrong threshold.
        k: which test of the tier it was, from 0.
        judge_version: whose verdicts.
        first_outcome: id of the first outcome that was read.
        last_outcome: of the last.
        kept_now: misroute rate among the pairs that the present threshold keeps.
        mean_cost_usd: of answers of both tiers.
        bounds: of the thresholds that were tested, strict to loose.
        reason: why the choice is as it is, or is not certified.
        judge_errors: counts from people's labels; None where verdicts were taken as they are.
        replay: the threshold on all past pairs; None of a version that did not replay.
        moved: what the tier that gets requests would make of them; None where nobody looked.
        moving: the pairs that would move, apart from all those kept; None of an older version.
    """

    title: ClassVar[str] = "evidence of a threshold proposal"
    kind: ClassVar[str] = "threshold"

    alpha: float
    delta: float
    k: int
    judge_version: str
    first_outcome: int
    last_outcome: int
    kept_now: Estimate
    mean_cost_usd: MeanCosts
    bounds: tuple[ThresholdBound, ...]
    reason: str = ""
    judge_errors: JudgeErrors | None = None
    replay: Replay | None = None
    moved: MovedTraffic | None = None
    moving: MovingPairs | None = None


@dataclass(frozen=True, slots=True)
class ObjectiveTest:
    """All tiers together, now and with the proposed threshold.

    Attributes:
        quality: share of the top tier's quality that is to be kept.
        top: the top tier.
        allowed: total loss that is allowed.
        loss_now: total loss now.
        loss_then: with the proposed threshold.
        bound_then: its upper bound.
        certified: whether that bound is at most what is allowed.
        kept_now: share of requests served by each tier or one below it.
        kept_then: the same with the proposed threshold.
        saved_usd_per_request: against now; below 0 where it costs more.
        target: thresholds to head for.
    """

    quality: float
    top: str
    allowed: float
    loss_now: Estimate
    loss_then: Estimate
    bound_then: float
    certified: bool
    kept_now: Mapping[str, float]
    kept_then: Mapping[str, float]
    saved_usd_per_request: float
    target: Mapping[str, float]

    @property
    def sentence(self) -> str:
        """What the proposal does, in one sentence.

        >>> test = ObjectiveTest(
        ...     quality=.95, top="complex", allowed=.05, certified=True, bound_then=.048,
        ...     loss_now=Estimate(.031, 0, 1, 900, ""), loss_then=Estimate(.04, 0, 1, 900, ""),
        ...     kept_now={}, kept_then={}, saved_usd_per_request=0, target={})
        >>> test.sentence
        "Keeps 95 % of complex's quality: loses 3.1 % now, at most 4.8 % then (allowed 5.0 %)"
        """
        keeps = f"{100 * self.quality:g} % of {self.top}'s quality"
        now, then = percent(self.loss_now.value), percent(self.loss_then.value)
        allowed = f"(allowed {percent(self.allowed)})"
        most = percent(self.bound_then)
        if self.certified:
            return f"Keeps {keeps}: loses {now} now, at most {most} then {allowed}"
        return (
            f"Not shown to keep {keeps}: loses {now} now, {then} then by estimate and at most"
            f" {most} {allowed}"
        )


@dataclass(frozen=True, slots=True)
class ObjectiveEvidence(Document):
    """A test of all tiers together against the share of quality to keep.

    Attributes:
        delta: what this test spent of the chance of ever certifying a policy that loses more.
        k: which test it was, from 0.
        judge_version: whose verdicts.
        first_outcome: id of the first outcome that was read.
        last_outcome: of the last.
        kept_now: misroute rate among what the tier keeps now.
        mean_cost_usd: of answers of the tier and the next.
        bounds: of the thresholds that were tested for the tier, strict to loose.
        objective: all tiers now and then.
        promised: misroute rate by tier that approving it promises; a tier with too few pairs has
            none.
        reason: `ObjectiveTest.sentence`; empty of a version that did not say it.
        replay: the threshold on all past pairs.
        moved: what the tier that gets requests would make of them; None where nobody looked.
        moving: the pairs that would move, apart from all those kept; None of an older version.
        alpha: None: no tier has a rate of its own to hold.
    """

    title: ClassVar[str] = "evidence of a proposal under an objective"
    kind: ClassVar[str] = "threshold"

    delta: float
    k: int
    judge_version: str
    first_outcome: int
    last_outcome: int
    kept_now: Estimate
    mean_cost_usd: MeanCosts
    bounds: tuple[ThresholdBound, ...]
    objective: ObjectiveTest
    promised: Mapping[str, float]
    reason: str = ""
    replay: Replay | None = None
    moved: MovedTraffic | None = None
    moving: MovingPairs | None = None
    alpha: None = None
