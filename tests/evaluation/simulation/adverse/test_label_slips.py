"""Rows of V6: people who slip, to either side, to a tie, and one who always says the same."""

import pytest

from tierwatch.evaluation.simulation.adverse.label_slips import CELLS, Slipping, coverage, rows
from tierwatch.evaluation.simulation.certificate_rows import Effort


def test_each_way_of_slipping_has_a_row_that_says_what_holds() -> None:
    found = list(rows(Effort(runs=0.0, length=0.0), 20_261_130))
    assert len(found) == len(CELLS)
    assert [row.verdict for row in found if row.promised and row.verdict == "fails"] == []
    assert {row.bar for row in found} == {"V6"}
    assert all(row.others.startswith("labels as truth ") for row in found)
    assert found[0].recipe == "200 labels, slips of 2% to either side, 20 second labels"
    assert "not promised" in {row.verdict for row in found} or all(
        row.verdict == "holds" for row in found
    )


def test_labels_as_truth_miss_what_slips_taken_off_hold() -> None:
    held = coverage(1, Slipping("either side", 0.10), runs=25)
    assert held.as_truth <= 2
    assert held.corrected >= 22
    assert held.withheld <= 1


def test_without_slips_both_hold() -> None:
    held = coverage(1, Slipping("either side", 0.0), runs=25)
    assert held.as_truth >= 22
    assert held.corrected >= 22


def test_one_who_always_says_tie_withholds_the_rate() -> None:
    assert coverage(1, CELLS[-1], runs=10).withheld == 10


@pytest.mark.parametrize("cell", CELLS[::4])
def test_the_same_seed_draws_the_same_people(cell: Slipping) -> None:
    assert coverage(3, cell, runs=3) == coverage(3, cell, runs=3)
