"""The certificate's rows say what holds, what is open, and what fails."""

from typing import Any

import pytest

from tierwatch.evaluation.simulation import certificate as module
from tierwatch.evaluation.simulation.certificate import certificate
from tierwatch.evaluation.simulation.certificate_rows import Effort, Row


def row(**changes: Any) -> Row:
    columns: dict[str, Any] = {
        "bar": "D1",
        "recipe": "no change",
        "measure": "runs with a false alarm",
        "value": 0.01,
        "low": 0.005,
        "high": 0.02,
        "limit": 0.0155,
        "at_least": False,
        "runs": 200,
    }
    return Row(**(columns | changes))


@pytest.mark.parametrize(
    ("changes", "verdict"),
    [
        ({}, "holds"),
        ({"value": 0.0155}, "holds"),
        ({"value": 0.016}, "undecided"),
        ({"value": 0.03, "low": 0.02}, "fails"),
        ({"at_least": True, "value": 0.95, "limit": 0.94}, "holds"),
        ({"at_least": True, "value": 0.93, "high": 0.96, "limit": 0.94}, "undecided"),
        ({"at_least": True, "value": 0.90, "high": 0.93, "limit": 0.94}, "fails"),
    ],
)
def test_a_bar_holds_is_open_or_fails(changes: dict[str, Any], verdict: str) -> None:
    assert row(**changes).verdict == verdict


def test_every_bar_is_measured_and_none_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "QUICK", Effort(runs=0.01, length=0.05))
    said: list[Row] = []
    rows = certificate(quick=True, said=said.append)
    assert tuple(said) == rows
    assert {one.bar for one in rows} == {
        *("D1", "D2", "D3", "D4"),
        *("C1", "C2"),
        *("T1", "T2", "T4", "T5"),
        "I1",
    }
    assert [one for one in rows if one.verdict == "fails"] == []
    for one in rows:
        assert one.low <= one.value <= one.high
        assert one.runs >= 20
    # The same seed, the same certificate.
    assert certificate(quick=True) == rows


def test_a_twin_that_is_not_the_monitor_is_no_certificate(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module.misroute_streams, "twin_difference", lambda _: 0.1)
    with pytest.raises(AssertionError, match="differ from the installed"):
        certificate(quick=True)
