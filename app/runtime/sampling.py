"""The sampling that a configuration asks for: all that a gateway needs of the loop's rules."""

from tierwatch.config import Config
from tierwatch.evaluation.sampling.plan import SamplingPlan

# Sampling rate from which pairs are chosen uniformly.
_TWO_PHASE_BELOW = 0.5


def sampling_plan(config: Config) -> SamplingPlan:
    """The configured sampling rates, whole; in two phases where less than half is sampled.

    Above that there is little left to choose from, and at 1 every exchange is wanted.
    """
    evaluation = config.evaluation
    return SamplingPlan(
        evaluation.sample_rate,
        evaluation.probe_down_rate,
        direct_share=evaluation.direct_share or 0.0,
        allocation={} if evaluation.sample_rate < _TWO_PHASE_BELOW else None,
    )
