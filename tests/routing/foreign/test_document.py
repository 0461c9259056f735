"""Thresholds of anybody's router in a file of its own."""

from typing import Any

import pytest

from tierwatch.errors import ForeignError
from tierwatch.routing.foreign.document import read_documented

TIERS = ("simple", "standard", "complex")
SETTINGS = {"simple": 0.7, "routes": [{"a/b": {"~": 0.6}}]}
KEYS = {"standard": "/routes/0/a~1b/~0"}


def test_a_threshold_stands_under_its_tiers_name_or_where_a_pointer_says() -> None:
    found = read_documented(SETTINGS, keys=KEYS, tiers=TIERS)
    assert found.thresholds == {"simple": 0.7, "standard": 0.6}
    assert found.places["standard"] == ("routes", 0, "a/b", "~")


def test_only_what_changes_is_set() -> None:
    found = read_documented(SETTINGS, keys=KEYS, tiers=TIERS)
    assert found.numbers({"simple": 0.7, "standard": 0.55}) == {found.places["standard"]: 0.55}


@pytest.mark.parametrize(
    ("settings", "keys"),
    [
        ({}, {}),
        ({"simple": "0.7", "standard": 0.6}, {}),
        ({"simple": True, "standard": 0.6}, {}),
        ({"simple": 0.705, "standard": 0.6}, {}),
        ({"simple": 1.1, "standard": 0.6}, {}),
        ({"simple": 0.7, "standard": 0.6}, {"simple": "simple"}),
        ({"simple": 0.7, "standard": 0.6}, {"simple": "/0"}),
        ([0.7, 0.6], {}),
        (None, {}),
    ],
)
def test_what_is_no_threshold_is_refused(settings: Any, keys: dict[str, str]) -> None:
    with pytest.raises(ForeignError):
        read_documented(settings, keys=keys, tiers=TIERS)
