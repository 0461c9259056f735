"""How the recorded provider behaves: its speed, its faults, and the noise of what it says."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Literal

from tierwatch.errors import UsageError
from tierwatch.providers.recorded_reply import FAULTS
from tierwatch.routing.policy import hashed_share


@dataclass(frozen=True, slots=True)
class RecordedOptions:
    """How the recorded provider behaves.

    Attributes:
        latency_s: before the first byte.
        jitter: share by which a request's latency may differ, both ways, in [0, 1].
        error_rates: share of requests that fail, by fault: ``429 | 500 | cut`` (the socket is
            closed mid-way) ``| garbage`` (broken JSON) ``| html | empty``.
        position_consistency: probability that the judge's verdict stays when the answers are
            swapped; otherwise it names whichever answer comes first. 0.93 was measured of GPT-4,
            0.66 of ChatGPT.
        flip_rate: probability that the judge prefers the other answer than the recorded one, in
            both orders; a tie becomes either.
        judge_noise_from: the judge repeats the recording exactly for this many requests before
            the two rates above apply.
        classifier_accuracy: mean of the classifier's confidence that the request's kind of task
            needs the tier it names (`sufficient_tiers`), which is calibrated: a label given with
            confidence c is right with probability c. In [0.5, 1].
        unknown: ``refuse`` a prompt that was not recorded with 404, or ``echo`` filler.
        seed: of everything random.
    """

    latency_s: float = 0.0
    jitter: float = 0.0
    error_rates: Mapping[str, float] = field(default_factory=lambda: MappingProxyType({}))
    position_consistency: float = 1.0
    flip_rate: float = 0.0
    judge_noise_from: int = 0
    classifier_accuracy: float = 0.8
    unknown: Literal["refuse", "echo"] = "refuse"
    seed: int = 0

    def __post_init__(self) -> None:
        strange = sorted(set(self.error_rates) - set(FAULTS))
        if strange:
            raise UsageError(f"error_rates: found {strange}; accepted {', '.join(FAULTS)}")
        if min([0.0, *self.error_rates.values()]) < 0 or sum(self.error_rates.values()) > 1:
            raise UsageError("error_rates: shares of 0 or more, together at most 1, are accepted")

    def chance(self, what: str, key: str) -> float:
        """A number in [0, 1) that is the same for the same seed, question and key."""
        return hashed_share(f"{self.seed}:{what}", key)
