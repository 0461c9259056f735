"""Offsets of task types: which are refused, and that they count under one version only."""

import json
import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tierwatch.errors import ArtefactError
from tierwatch.routing.classify.type_offsets import LARGEST_OFFSET, NO_OFFSETS, TypeOffsets

OFFSETS = TypeOffsets(4, {"sql": (0.5, -0.25), "poem": (0.0, 3.0)})


def test_what_is_written_is_read_back() -> None:
    assert TypeOffsets.from_json(OFFSETS.to_json()) == OFFSETS


def test_they_count_under_their_own_version_and_no_other() -> None:
    assert dict(OFFSETS.under(4)) == {"sql": (0.5, -0.25), "poem": (0.0, 3.0)}
    for other in (0, 1, 3, 5):
        assert not OFFSETS.under(other)


def test_they_cannot_be_changed_from_outside() -> None:
    given = {"sql": (0.5, 0.0)}
    offsets = TypeOffsets(1, given)
    given["sql"] = (2.0, 2.0)
    assert offsets.under(1)["sql"] == (0.5, 0.0)
    with pytest.raises(TypeError):
        offsets.by_type["sql"] = (1.0, 1.0)  # type: ignore[index]  # that is what is tested


@pytest.mark.parametrize("version", [0, -1, True, "1", 1.0, None])
def test_a_version_that_is_none_is_refused(version: Any) -> None:
    with pytest.raises(ArtefactError, match="type offsets: version: found"):
        TypeOffsets(version, {})


@pytest.mark.parametrize("bad", [math.nan, math.inf, -3.001, 3.001])
def test_an_offset_out_of_range_is_refused_by_its_type(bad: float) -> None:
    for offsets in ((bad, 0.0), (0.0, bad)):
        with pytest.raises(ArtefactError, match=r"type offsets: sql: found .* from -3 to 3"):
            TypeOffsets(1, {"sql": offsets})


def test_a_name_that_no_type_may_have_is_refused() -> None:
    with pytest.raises(ArtefactError, match="found 'all'; accepted: the name of a task type"):
        TypeOffsets(1, {"all": (0.1, 0.1)})


@pytest.mark.parametrize(
    "value",
    [
        None,
        [],
        {},
        {"types_version": 1},
        {"types_version": 1, "by_type": []},
        {"types_version": 1, "by_type": {"sql": 0.5}},
        {"types_version": 1, "by_type": {"sql": [1]}},
        {"types_version": 1, "by_type": {"sql": ["x", 1]}},
    ],
)
def test_what_is_no_set_of_offsets_is_refused(value: Any) -> None:
    with pytest.raises(ArtefactError, match="type offsets: cannot be read"):
        TypeOffsets.from_json(value)


shares = st.floats(-LARGEST_OFFSET, LARGEST_OFFSET)
names = st.text("abcdefghij", min_size=1, max_size=8).filter(lambda name: name != "all")


@given(
    version=st.integers(1, 10**6),
    by_type=st.dictionaries(names, st.tuples(shares, shares), max_size=5),
)
def test_any_offsets_survive_json(version: int, by_type: dict[str, tuple[float, float]]) -> None:
    offsets = TypeOffsets(version, by_type)
    again = TypeOffsets.from_json(json.loads(json.dumps(offsets.to_json())))
    assert again == offsets
    assert dict(again.under(version)) == by_type
    assert not again.under(version + 1)


def test_the_largest_offsets_are_accepted() -> None:
    assert TypeOffsets(1, {"sql": (3.0, -3.0)}).under(1)["sql"] == (3.0, -3.0)


def test_without_a_type_nothing_is_added() -> None:
    assert TypeOffsets(1, {}).under(1).get("sql", NO_OFFSETS) == (0.0, 0.0)


@pytest.mark.parametrize("name", ["", "all", "a" * 500])
def test_json_with_a_name_that_no_type_may_have_is_refused(name: str) -> None:
    with pytest.raises(ArtefactError, match="accepted: the name of a task type"):
        TypeOffsets.from_json({"types_version": 1, "by_type": {name: [0.1, 0.1]}})
