"""Exact bounds of a judge's sensitivity and false-positive rate, from counts on gold pairs.

Apart from the counts, since evidence is read where scipy is not.
"""

from tierwatch.evaluation.calibration.judge_errors import JudgeErrors
from tierwatch.evaluation.rates.binomial import clopper_pearson_lower, clopper_pearson_upper


def least_errors(errors: JudgeErrors, delta: float) -> tuple[float, float]:
    """Lower bounds of sensitivity and of the false-positive rate, each at ``delta``.

    >>> [round(bound, 3) for bound in least_errors(JudgeErrors(80, 100, 98, 100), 0.05)]
    [0.723, 0.004]
    """
    accused = errors.good - errors.cleared
    return (
        clopper_pearson_lower(errors.caught, errors.bad, delta),
        clopper_pearson_lower(accused, errors.good, delta),
    )


def most_errors(errors: JudgeErrors, delta: float) -> tuple[float, float]:
    """Upper bounds of the same two.

    >>> [round(bound, 3) for bound in most_errors(JudgeErrors(80, 100, 98, 100), 0.05)]
    [0.863, 0.062]
    """
    accused = errors.good - errors.cleared
    return (
        clopper_pearson_upper(errors.caught, errors.bad, delta),
        clopper_pearson_upper(accused, errors.good, delta),
    )
