"""The joint test certifies nothing wrong where what simple keeps loses more above it (V4)."""

import logging

import pytest

from tierwatch.evaluation.simulation.unseen_losses import CELLS, ROOM, Cell, certificates

pytestmark = pytest.mark.slow

measured = logging.getLogger(__name__)

RUNS = 60


@pytest.mark.parametrize("cell", CELLS, ids=["step", "peak"])
@pytest.mark.parametrize("direct", [0.1, 0.2])
def test_no_certificate_rests_on_what_was_not_compared(cell: Cell, direct: float) -> None:
    """Under the assumption of decision 0032 both were 60 of 60 wrong."""
    without = certificates(1, cell, n=3_000, direct=0.0, runs=RUNS)
    found = certificates(1, cell, n=3_000, direct=direct, runs=RUNS)
    measured.info("%s: without %s, with direct comparisons %s", cell, without, found)
    assert without.certified == 0
    assert found.wrong <= 0.05 * RUNS


def test_with_room_direct_comparisons_certify() -> None:
    found = certificates(1, ROOM, n=3_000, direct=0.2, runs=30)
    assert found.certified >= 0.8 * 30
    assert found.wrong == 0
