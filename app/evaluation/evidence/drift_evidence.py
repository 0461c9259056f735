"""What alerts rest on that say: the traffic, the judge, a model or the sampling has changed."""

from dataclasses import dataclass
from typing import ClassVar, Literal

from tierwatch.evaluation.evidence.document import Document


@dataclass(frozen=True, slots=True)
class InputDriftEvidence(Document):
    """Why the router's confidences are distributed otherwise than before.

    Attributes:
        policy_version: under which the requests were decided.
        requests: that the monitor has seen.
        by_hour: compared with the same hour of other weeks; else, before two weeks were known, with
            all hours together, where the time of day may be all there is to it.
        statistic: of the monitor.
        level: at which it alarms.
        bins_before: requests by bin of confidence until lately.
        bins_after: the same of the last stretch.
    """

    title: ClassVar[str] = "evidence of an input drift alert"
    kind: ClassVar[str] = "input_drift"

    policy_version: int
    requests: int
    statistic: float
    level: float
    bins_before: tuple[int, ...]
    bins_after: tuple[int, ...]
    by_hour: bool = False


@dataclass(frozen=True, slots=True)
class JudgeDriftEvidence(Document):
    """Why a judge is taken to judge otherwise than at first.

    Attributes:
        direction: of the anchors that flipped.
        judge_version: whose verdicts.
        flips: anchors judged otherwise than at first, in the run that alarmed.
        items: anchors of that run that could flip.
        statistic: of the monitor.
        level: at which it alarms.
        tolerance: share of flips that is noise.
    """

    title: ClassVar[str] = "evidence of a judge drift alert"
    kind: ClassVar[str] = "judge_drift"

    direction: Literal["to_worse", "to_not_worse"]
    judge_version: str
    flips: int
    items: int
    statistic: float
    level: float
    tolerance: float


@dataclass(frozen=True, slots=True)
class ModelDriftEvidence(Document):
    """Why a tier's model is taken to be another one than at first.

    Attributes:
        model: of the tier.
        flips: probes failed that were passed at first, in the run that alarmed.
        items: probes of that run that were passed at first.
        statistic: of the monitor.
        level: at which it alarms.
        tolerance: share of flips that is noise.
    """

    title: ClassVar[str] = "evidence of a model drift alert"
    kind: ClassVar[str] = "model_drift"

    model: str
    flips: int
    items: int
    statistic: float
    level: float
    tolerance: float


@dataclass(frozen=True, slots=True)
class CaptureEvidence(Document):
    """Why the recorded inclusion probabilities of a tier are taken to be wrong.

    Attributes:
        eligible: requests that could have been captured.
        expected: sum of their inclusion probabilities.
        captured: of them.
        statistic: of the monitor.
    """

    title: ClassVar[str] = "evidence of a capture alert"
    kind: ClassVar[str] = "capture"

    eligible: int
    expected: float
    captured: int
    statistic: float
