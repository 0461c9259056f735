"""Rows about bursts say days, pairs and money, with what was without bursts beside them."""

from tierwatch.evaluation.simulation.burst_rows import rows
from tierwatch.evaluation.simulation.certificate_rows import Effort


def test_rows_speak_of_days_pairs_and_money() -> None:
    found = list(rows(Effort(runs=0.01, length=0.02), 20_261_130))
    assert {row.bar for row in found} == {"A"}
    assert [row.limit for row in found[:4]] == [6.0, 220.0, 2.5, 1.0]
    assert any("money a day" in row.measure for row in found)
    assert all("without bursts" in row.others for row in found[:4])
    assert [row for row in found if row.verdict == "fails"] == []
    money = next(row for row in found if "money" in row.measure)
    assert 0 < money.value < 1
    assert len({(row.recipe, row.measure) for row in found}) == len(found)
