"""Two windows whose rate has doubled, anchors of a steady and of a lax judge, probes."""

from tierwatch.evaluation.attribution.cells import Cell
from tierwatch.evaluation.attribution.flips import AnchorEvidence, AnchorFlips, ProbeFlips


def cell(n: int, bad: float) -> Cell:
    return Cell(n, n, n, bad)


# 5 % of 10,000 before, 10 % after: in one cell, so nothing but the rate can have changed.
BEFORE, AFTER = {"all": cell(10_000, 500)}, {"all": cell(10_000, 1_000)}


# A judge that clears and accuses the same anchors as before.
STEADY = AnchorEvidence(AnchorFlips(1_000, 800, 8, 8), AnchorFlips(2_000, 40, 10, 10))


# One that calls 5 % more of the not-worse anchors worse: about the whole change.
LAX = AnchorEvidence(AnchorFlips(1_000, 800, 8, 8), AnchorFlips(2_000, 40, 110, 10))


LOST, KEPT = ProbeFlips(120, 12, 1), ProbeFlips(120, 2, 3)
