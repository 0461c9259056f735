"""An artefact is opened whole or refused by name."""

from array import array

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tierwatch.errors import ArtefactError
from tierwatch.routing.classify.artefact import LARGEST_BYTES, open_sealed, require, seal

SEALED = seal("demo", {"version": 3}, [array("f", [1.0, -2.5]), array("f", [0.25])])


def test_what_was_sealed_is_opened() -> None:
    header, numbers = open_sealed("demo", SEALED)
    assert header == {"version": 3}
    assert list(numbers) == [1.0, -2.5, 0.25]


@given(st.integers(0, len(SEALED) - 1), st.integers(1, 255))
def test_one_changed_byte_is_refused(place: int, change: int) -> None:
    changed = bytearray(SEALED)
    changed[place] ^= change
    with pytest.raises(ArtefactError, match="demo: "):
        open_sealed("demo", bytes(changed))


@given(st.integers(0, len(SEALED) - 1))
def test_a_cut_artefact_is_refused(length: int) -> None:
    with pytest.raises(ArtefactError):
        open_sealed("demo", SEALED[:length])


@given(st.binary(max_size=200))
def test_arbitrary_bytes_are_refused(content: bytes) -> None:
    with pytest.raises(ArtefactError):
        open_sealed("demo", content)


def test_another_kind_is_refused_by_name() -> None:
    with pytest.raises(ArtefactError, match=r"^other: found something else"):
        open_sealed("other", SEALED)


def test_too_large_is_refused_both_ways() -> None:
    with pytest.raises(ArtefactError, match="at most 1,048,576"):
        seal("demo", {}, [array("f", bytes(LARGEST_BYTES))])
    with pytest.raises(ArtefactError, match="at most 1,048,576"):
        open_sealed("demo", SEALED + bytes(LARGEST_BYTES))


def test_the_field_that_differs_is_named() -> None:
    require("demo", {"a": 1, "b": 2}, {"a": 1})
    with pytest.raises(ArtefactError, match="demo: b: found 2; accepted: 3"):
        require("demo", {"a": 1, "b": 2}, {"a": 1, "b": 3})
    with pytest.raises(ArtefactError, match="c: found None"):
        require("demo", {}, {"c": "x"})
