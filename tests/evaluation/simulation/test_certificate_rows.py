from typing import Any

import pytest

from tierwatch.evaluation.simulation.certificate_rows import Row


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
