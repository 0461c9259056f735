"""Offsets of task types: which are refused, and that they count under one version only."""

import math
from typing import Any

import pytest

from tierwatch.errors import ArtefactError
from tierwatch.routing.classify.type_offsets import TypeOffsets

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
