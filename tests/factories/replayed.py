"""Pairs about one boundary as they were logged, and a replay of another threshold on them."""

from typing import Any

import numpy as np

from tierwatch.evaluation.counterfactual.boundary_outcomes import BoundaryOutcomes
from tierwatch.evaluation.counterfactual.boundary_replay import Replay
from tierwatch.evaluation.counterfactual.replay import replay_policy


def pairs(rows: list[tuple[float, float, float, int]], **more: Any) -> BoundaryOutcomes:
    """From (confidence, loss, pi, times); the lower tier costs 1, the upper 3."""
    columns = [np.repeat([row[k] for row in rows], [row[3] for row in rows]) for k in range(3)]
    n = columns[0].size
    return BoundaryOutcomes(*columns, np.full(n, 1.0), np.full(n, 3.0), **more)


def replay(evidence: BoundaryOutcomes, now: float, candidate: float, **more: Any) -> Replay:
    return replay_policy({"simple": evidence}, {"simple": now}, {"simple": candidate}, **more)


# 60 kept now with 3 bad, shadowed at 1; 40 escalated with 8 bad, probed down at 1/4.
LOGGED = pairs([(0.8, 1, 1.0, 3), (0.8, 0, 1.0, 57), (0.65, 1, 0.25, 8), (0.65, 0, 0.25, 32)])
