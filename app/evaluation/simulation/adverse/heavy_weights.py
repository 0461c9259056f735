"""Certificates where a few pairs stand for many requests each, and for all losses."""

from collections.abc import Callable, Iterator

from tierwatch.evaluation.simulation.certificate_rows import Effort, Row, share_row
from tierwatch.evaluation.simulation.rare_weights import (
    CELLS,
    DELTA,
    JOINT_CELLS,
    RareWeights,
    wrong_joint,
    wrong_thresholds,
)

# Delta, with the Monte Carlo slack of 400 runs.
_LIMIT = DELTA + 0.02


def rows(effort: Effort, seed: int) -> Iterator[Row]:
    """Wrong certificates of one tier's threshold, and of all tiers together."""
    for cell in CELLS:
        yield _row("one tier's threshold", wrong_thresholds, cell, effort.of(400), seed)
    for cell in JOINT_CELLS:
        yield _row("all tiers together", wrong_joint, cell, effort.of(400), seed)


def _row(what: str, wrong: Callable[..., int], cell: RareWeights, runs: int, seed: int) -> Row:
    where = ", in a band of confidence" if cell.banded else ""
    drawn = wrong(seed, cell, runs=runs, declared=False)
    return share_row(
        "V2",
        f"{what}, {cell.n} pairs: {cell.share:.2%} stand for {cell.heavy:g} each{where}",
        "wrong certificates",
        wrong(seed, cell, runs=runs),
        runs,
        limit=_LIMIT,
        others=f"the largest weight drawn {100 * drawn / runs:.0f} %",
    )
