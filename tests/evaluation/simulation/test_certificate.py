"""The certificate's rows say what holds, what is open, and what fails."""

import pytest

from tierwatch.evaluation.simulation import certificate as module
from tierwatch.evaluation.simulation.certificate import certificate
from tierwatch.evaluation.simulation.certificate_rows import Effort, Row


def test_every_bar_is_measured_and_none_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "QUICK", Effort(runs=0.01, length=0.05))
    said: list[Row] = []
    rows = certificate(quick=True, said=said.append)
    assert tuple(said) == rows
    assert {one.bar for one in rows} == {
        *("D1", "D2", "D3", "D4"),
        *("C1", "C2"),
        *("T1", "T2", "T4", "T5"),
        *("A", "I1"),
        *("W1", "W2", "W3"),
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
