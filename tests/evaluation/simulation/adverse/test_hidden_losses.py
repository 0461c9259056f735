"""Rows of V4: refused without direct comparisons, right with them, found where there is room."""

from tierwatch.evaluation.simulation.adverse.hidden_losses import rows
from tierwatch.evaluation.simulation.certificate_rows import Effort


def test_what_was_not_compared_certifies_nothing_and_what_was_nothing_wrong() -> None:
    found = list(rows(Effort(runs=0.01, length=0.01), 5))
    assert len(found) == 7
    assert {row.verdict for row in found} == {"holds"}
    assert all(row.bar == "V4" and row.promised for row in found)
    refused = [row for row in found if row.recipe.endswith("nothing compared with the top tier")]
    assert [row.value for row in refused] == [0, 0]
    assert all(row.others.startswith("by the assumption") for row in refused)
    assert found[-1].measure == "runs that certify a lowering"
    assert found[-1].value >= 0.8
