"""Which kinds of requests among those that would move fare worse than the rest.

A rate over all of them hides a kind for which moving is wrong. Looked at one by one, some kind
looks bad by chance: the intervals are wider by as many kinds as there are.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import ArrayLike

from tierwatch.errors import EvidenceError
from tierwatch.evaluation.rates.estimate import Estimate
from tierwatch.evaluation.rates.weighted import weighted_rate
from tierwatch.evaluation.thresholds.pair_columns import checked_columns

_LEVEL: Final = 0.95


@dataclass(frozen=True, slots=True)
class MovingGroup:
    """Pairs of one kind among those that would move.

    Attributes:
        name: of the kind.
        misroute: rate at which the lower tier's answer is worse, with its widened interval.
        worse: pairs in which it is.
        shown: whether the whole interval is above what is tolerated.
    """

    name: str
    misroute: Estimate
    worse: int
    shown: bool


def moving_groups(
    names: Sequence[str],
    losses: ArrayLike,
    weights: ArrayLike | None,
    *,
    tolerated: float | None,
) -> tuple[MovingGroup, ...]:
    """The kinds among pairs that would move, the highest rate first.

    Each interval has level ``1 - 0.05 / kinds`` (Bonferroni), so that with chance .95 all of them
    hold at once. Not guaranteed: anything of a kind that has no pair among these, and, as for
    `moving_pairs`, the rate of a threshold that was chosen on them is flattered by the choosing.

    Args:
        names: kind of each pair, shape (n,).
        losses: in [0, 1], shape (n,).
        weights: 1 / pi, shape (n,); None for equal weights.
        tolerated: rate that a kept request may have; None where there is none.

    Raises:
        EvidenceError: columns of different length or with values outside their range.

    >>> found = moving_groups(["sql"] * 20 + ["chat"] * 80, [1] * 10 + [0] * 90, None,
    ...                       tolerated=.05)
    >>> [(one.name, one.misroute.value, one.worse, one.shown) for one in found]
    [('sql', 0.5, 10, True), ('chat', 0.0, 0, False)]
    """
    if len(names) != np.size(losses):
        raise EvidenceError(f"found {len(names)} names for {np.size(losses)} losses")
    _, x, w = checked_columns([0.0] * len(names), losses, weights)
    kinds = sorted(set(names))
    named = np.array(names, dtype=object)
    groups = []
    for kind in kinds:
        of = named == kind
        rate = weighted_rate(x[of], w[of], level=1 - (1 - _LEVEL) / len(kinds))
        groups.append(
            MovingGroup(
                name=kind,
                misroute=rate,
                worse=int(np.count_nonzero(x[of])),
                shown=tolerated is not None and rate.low > tolerated,
            )
        )
    return tuple(sorted(groups, key=lambda one: (-(one.misroute.value or 0.0), one.name)))
