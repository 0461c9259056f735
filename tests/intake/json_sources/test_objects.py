"""The objects of a body, in each of the three shapes."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tierwatch.intake.json_sources.objects import objects_of
from tierwatch.intake.unreadable import UnreadableError

OBJECTS = st.lists(st.dictionaries(st.text(max_size=3), st.integers(), max_size=2), min_size=1)


@given(OBJECTS)
def test_three_shapes_hold_the_same(objects: list[dict[str, int]]) -> None:
    array = objects_of(json.dumps(objects).encode())
    lines = objects_of("\n\n".join(json.dumps(one) for one in objects).encode())
    assert array.found == lines.found == objects
    assert (array.bad, lines.bad) == (0, 0)


def test_a_cut_last_line_costs_itself() -> None:
    assert objects_of(b'{"a":1}\n{"a":2}\n{"a":') == ([{"a": 1}, {"a": 2}], 1)


def test_an_empty_array_is_an_empty_batch() -> None:
    assert objects_of(b"[]") == ([], 0)


@pytest.mark.parametrize("body", [b"", b"7", b'"text"', b"[7, null]", b"\x00", b"x\ny"])
def test_no_object_is_a_sentence(body: bytes) -> None:
    with pytest.raises(UnreadableError, match="accepted: a JSON array of objects, one object"):
        objects_of(body)


@given(st.binary(max_size=60))
def test_any_bytes_are_objects_or_a_sentence(body: bytes) -> None:
    try:
        found = objects_of(body)
    except UnreadableError:
        return
    assert all(isinstance(one, dict) for one in found.found)
