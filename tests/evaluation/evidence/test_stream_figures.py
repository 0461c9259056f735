import pytest
from factories.documents import read_back, values_of
from hypothesis import given

from tierwatch.errors import UnreadableEvidenceError
from tierwatch.evaluation.evidence.misroute_evidence import RelativeChange
from tierwatch.evaluation.evidence.stream_figures import StreamFigures

# As a monitor's row had them before documents had a number.
STORED = {
    "value": 0.04,
    "low": 0.02,
    "high": 0.07,
    "n": 380,
    "method": "may be watched: time-uniform interval",
    "observations": 380,
    "relative": None,
}


@given(values_of(StreamFigures))
def test_figures_come_back_as_they_were(figures: StreamFigures) -> None:
    assert read_back(figures) == figures


def test_stored_figures_are_read() -> None:
    found = StreamFigures.from_json(STORED)
    assert (found.observations, found.relative, found.high) == (380, None, 0.07)


def test_a_rise_is_read_with_them() -> None:
    rise = {"at": 512, "before": 0.01, "after": 0.2, "method": "ADWIN"}
    found = StreamFigures.from_json(STORED | {"relative": rise})
    assert found.relative == RelativeChange(512, 0.01, 0.2, "ADWIN")


def test_figures_without_a_count_are_refused() -> None:
    with pytest.raises(UnreadableEvidenceError, match=r"figures of a stream .*: observations: mis"):
        StreamFigures.from_json({name: v for name, v in STORED.items() if name != "observations"})
