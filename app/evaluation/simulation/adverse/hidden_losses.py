"""The joint test where what the cheapest tier keeps loses more above it than what is seen there."""

from collections.abc import Iterator

from tierwatch.evaluation.simulation.certificate_rows import Effort, Row, share_row
from tierwatch.evaluation.simulation.unseen_losses import (
    CELLS,
    DELTA,
    ROOM,
    Cell,
    assumed_loss,
    certificates,
    true_loss,
)

_PAIRS = 3_000
# Of simple's pairs compared with the top tier: as an objective asks for by default, and twice that.
_SHARES = (0.1, 0.2)
# Delta, with the Monte Carlo slack of 60 runs.
_LIMIT = DELTA + 0.05
# Where there is room, most runs are to find it.
_FOUND = 0.8


def rows(effort: Effort, seed: int) -> Iterator[Row]:
    """Certificates without direct comparisons and with them, and where there is room for one."""
    runs = effort.of(60)
    for cell in CELLS:
        yield _refused(cell, seed, runs)
        for share in _SHARES:
            yield share_row(
                "V4",
                f"{_recipe(cell)}; {share:.0%} of simple's compared with the top tier",
                "wrong certificates",
                certificates(seed, cell, n=_PAIRS, direct=share, runs=runs).wrong,
                runs,
                limit=_LIMIT,
            )
    yield share_row(
        "V4",
        f"{_recipe(ROOM)}; {_SHARES[-1]:.0%} of simple's compared with the top tier",
        "runs that certify a lowering",
        certificates(seed, ROOM, n=_PAIRS, direct=_SHARES[-1], runs=runs).certified,
        runs,
        limit=_FOUND,
        at_least=True,
    )


def _refused(cell: Cell, seed: int, runs: int) -> Row:
    assumed, true = assumed_loss(seed, cell.curve, n=_PAIRS), true_loss(cell.curve)
    return share_row(
        "V4",
        f"{_recipe(cell)}; nothing compared with the top tier",
        "runs that certify a lowering",
        certificates(seed, cell, n=_PAIRS, direct=0.0, runs=runs).certified,
        runs,
        limit=0.0,
        others=f"by the assumption {assumed:.1%} is lost, in truth {true:.1%}",
    )


def _recipe(cell: Cell) -> str:
    curve = cell.curve
    return (
        f"all tiers together: above simple {curve.above:.0%} lose where it is trusted with"
        f" {curve.trusted}, else {curve.elsewhere:.0%}; {1 - cell.quality:.1%} allowed"
    )
