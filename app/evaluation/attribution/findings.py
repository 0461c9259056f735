"""What an attribution finds: the parts of a change, their evidence, the cause in words."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from tierwatch.evaluation.rates.estimate import Estimate

Cause = Literal["mix", "quality", "judge", "model", "undetermined"]


@dataclass(frozen=True, slots=True)
class SegmentShift:
    """One cell's contribution to the change.

    Attributes:
        key: of the cell.
        share_before: of the weighted traffic.
        share_after: the same, after.
        rate_before: weighted loss rate; None without pairs.
        rate_after: the same, after.
        mix: contribution to the mix part, ``(change of share) * (its rate - mean rate)``.
        within: contribution to the within part, ``(change of rate) * (mean share)``.
    """

    key: str
    share_before: float
    share_after: float
    rate_before: float | None
    rate_after: float | None
    mix: float
    within: float


@dataclass(frozen=True, slots=True)
class Parts:
    """The change of the judged rate and what makes it up, each a difference in [-1, 1].

    ``change = mix + within`` and ``within = judge + quality``.
    """

    change: Estimate
    mix: Estimate
    within: Estimate
    judge: Estimate
    quality: Estimate


@dataclass(frozen=True, slots=True)
class AttributionEvidence:
    """What a person checks an attribution by.

    Attributes:
        rate_before: judged rate of the first window.
        rate_after: of the second.
        segments: the cells that contributed most, the largest first.
        probes: net rate of probes newly failed by the tier; unknown without probes.
        probes_p: exact one-sided p for them; None without probes.
        others_p: the same for each other tier.
        reason: why this cause, or why none, as a sentence.
    """

    rate_before: float
    rate_after: float
    segments: tuple[SegmentShift, ...]
    probes: Estimate
    probes_p: float | None
    others_p: Mapping[str, float] = field(default_factory=dict)
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Attribution:
    """Why a rate changed.

    Attributes:
        cause: the part that demonstrably makes up at least half of the change, or undetermined.
        parts: all parts, with intervals.
        evidence: segments, probes and the reason in words.
    """

    cause: Cause
    parts: Parts
    evidence: AttributionEvidence

    @property
    def sentence(self) -> str:
        """The one sentence a person reads."""
        change = self.parts.change
        if change.value is None:
            return f"Cause undetermined: {self.evidence.reason}."
        way = "fell" if change.value < 0 else "rose"
        return (
            f"The judged rate {way} from {100 * self.evidence.rate_before:.1f} % to"
            f" {100 * self.evidence.rate_after:.1f} %; cause {self.cause}: {self.evidence.reason}."
        )

    def to_json(self) -> dict[str, Any]:
        """Plain numbers, strings, lists and dicts, for JSON."""
        evidence = asdict(self.evidence)
        evidence["segments"] = list(evidence["segments"])
        evidence["others_p"] = dict(evidence["others_p"])
        return {
            "cause": self.cause,
            "sentence": self.sentence,
            "parts": asdict(self.parts),
            "evidence": evidence,
        }
