"""Rows of V2: each cell of both certificates, beside what the drawn weights alone would give."""

from tierwatch.evaluation.simulation.adverse.heavy_weights import rows
from tierwatch.evaluation.simulation.certificate_rows import Effort
from tierwatch.evaluation.simulation.rare_weights import CELLS, JOINT_CELLS


def test_both_certificates_hold_where_the_drawn_weights_would_not() -> None:
    found = list(rows(Effort(runs=0.1, length=0.1), 5))
    assert len(found) == len(CELLS) + len(JOINT_CELLS)
    assert {row.verdict for row in found} == {"holds"}
    assert all(row.value == 0 and row.promised for row in found)
    assert all(row.others.startswith("the largest weight drawn") for row in found)
    # The recipe bites: 15 % of 40 runs in the report's own cell.
    assert found[0].others != "the largest weight drawn 0 %"


def test_each_row_says_what_was_drawn() -> None:
    found = [row.recipe for row in rows(Effort(runs=0.01, length=0.01), 5)]
    assert found[0] == "one tier's threshold, 200 pairs: 1.00% stand for 20 each"
    assert found[-2].startswith("all tiers together, 500 pairs")
    assert "band" in found[-2]
