"""Bar A: what bursts are worth, what they cost, and that they raise no false alarm."""

import pytest

from tierwatch.evaluation.simulation.burst_rows import rows
from tierwatch.evaluation.simulation.certificate_rows import FULL

# 97 s of CPU; more than five minutes on a processor that is shared.
pytestmark = [pytest.mark.slow, pytest.mark.timeout(1_200)]


def test_every_bar_of_bursts_holds_in_full() -> None:
    for row in rows(FULL, 20_261_124):
        assert row.verdict == "holds", row
