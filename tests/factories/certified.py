"""A threshold chosen with the arguments that most tests share."""

from tierwatch.evaluation.calibration.judge_errors import JudgeErrors
from tierwatch.evaluation.thresholds.choice import ThresholdChoice, choose_threshold


def choose(
    confidences: object,
    losses: object,
    weights: object = None,
    *,
    alpha: float = 0.05,
    delta: float = 0.05,
    current: float = 0.5,
    step: float = 0.1,
    grid: float = 0.01,
    judge: JudgeErrors | None = None,
) -> ThresholdChoice:
    return choose_threshold(
        confidences,  # type: ignore[arg-type]  # some tests pass what is not a column
        losses,  # type: ignore[arg-type]  # as above
        weights,  # type: ignore[arg-type]  # as above
        alpha=alpha,
        delta=delta,
        current=current,
        step=step,
        grid=grid,
        judge=judge,
    )
