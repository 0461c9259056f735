"""Losses that cluster in time: kept where the promise speaks of them, shown where it does not."""

from tierwatch.evaluation.simulation.adverse import clustered_losses
from tierwatch.evaluation.simulation.certificate_rows import Effort


def test_the_conditional_rate_is_promised_and_the_average_is_not() -> None:
    found = list(clustered_losses.rows(Effort(runs=0.2, length=0.2), 7))
    assert [row.promised for row in found] == [True, False, False, False]
    assert found[0].verdict == "holds"
    # A correlation of .2 between neighbours is enough for false alarms in runs of 20,000 pairs.
    assert found[2].value > 0.05
    assert found[2].verdict == "not promised"
    assert all(row.runs == 60 for row in found)
