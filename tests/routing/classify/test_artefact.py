"""An artefact is opened whole or refused by name."""

import sys
from array import array
from hashlib import blake2b

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


headers = st.dictionaries(
    st.text(max_size=8),
    st.none() | st.booleans() | st.integers(-(2**40), 2**40) | st.text(max_size=8),
    max_size=4,
)
floats = st.lists(st.floats(width=32, allow_nan=False), max_size=20)


@given(header=headers, numbers=floats, kind=st.sampled_from(["demo", "two words", "k-1"]))
def test_whatever_is_sealed_is_opened_bit_by_bit(
    header: dict[str, object], numbers: list[float], kind: str
) -> None:
    sealed = seal(kind, header, [array("f", numbers)])
    opened, found = open_sealed(kind, sealed)
    assert opened == header
    assert list(found) == numbers
    assert seal(kind, opened, [found]) == sealed


def test_an_artefact_begins_with_what_it_is() -> None:
    assert SEALED.startswith(b"tierwatch demo\n")


def resealed(content: bytes) -> bytes:
    """Content under a checksum that fits, as somebody might make it."""
    digest = blake2b(content, digest_size=16).hexdigest().encode()
    return b"tierwatch demo\n" + digest + b"\n" + content


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"no json\n",
        b"[1]\n",
        b'"text"\n',
        b"{}\nabc",  # not a whole number of floats
        b"{",
        b"\xff\n",
    ],
)
def test_a_checksum_that_fits_makes_no_artefact_of_odd_content(content: bytes) -> None:
    with pytest.raises(ArtefactError, match="demo: its content cannot be read"):
        open_sealed("demo", resealed(content))


def test_numbers_are_little_endian_whatever_the_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    here = seal("demo", {}, [array("f", [1.5])])
    assert here.endswith(b"\x00\x00\xc0\x3f")  # 1.5, least byte first
    monkeypatch.setattr(sys, "byteorder", "big")
    there = seal("demo", {}, [array("f", [1.5])])
    # This machine is little-endian: taken for a big one it swaps what it writes, and back.
    assert there.endswith(b"\x3f\xc0\x00\x00")
    assert list(open_sealed("demo", there)[1]) == [1.5]


def test_the_largest_artefact_is_sealed_and_one_more_number_is_not() -> None:
    room = LARGEST_BYTES - len(seal("demo", {}, []))
    full = seal("demo", {}, [array("f", bytes(room - room % 4))])
    assert LARGEST_BYTES - 4 < len(full) <= LARGEST_BYTES
    open_sealed("demo", full)
    with pytest.raises(ArtefactError, match="accepted: at most"):
        seal("demo", {}, [array("f", bytes(room - room % 4 + 4))])
