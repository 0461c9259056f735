"""JSON from anybody: what is read can be written, and what could not be is not read."""

import json
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tierwatch.wire.json_bytes import DEEPEST, read_json, read_outside_json, write_json

LONE = '"\\ud800"'
FLOATS = st.floats(allow_nan=False, allow_infinity=False)
SCALARS = st.none() | st.booleans() | st.integers() | FLOATS | st.text()
VALUES = st.recursive(SCALARS, lambda of: st.lists(of) | st.dictionaries(st.text(), of))


def nested(levels: int, inner: str = "1", *, of: str = "list") -> bytes:
    """JSON of so many levels."""
    opening, closing = ("[", "]") if of == "list" else ('{"a":', "}")
    return (opening * levels + inner + closing * levels).encode()


@given(VALUES)
def test_what_is_read_can_be_written_and_read_again(value: Any) -> None:
    assert read_json(json.dumps(value).encode()) == value
    assert read_json(write_json(value)) == value


@pytest.mark.parametrize(
    "number", [2**63 - 1, 2**63, 2**64 - 1, 2**64, -(2**63), -(2**63) - 1, 2**70, 10**18, 10**399]
)
def test_an_integer_of_any_size_stays_that_integer(number: int) -> None:
    raw = b'{"seed":%d,"text":"12345678901234567890","part":1.0}' % number
    assert write_json(read_json(raw)) == raw


def test_moments_in_nanoseconds_are_read_once(monkeypatch: pytest.MonkeyPatch) -> None:
    def read_again(*_: Any, **__: Any) -> Any:
        raise AssertionError

    monkeypatch.setattr(json, "loads", read_again)
    moments = [1_764_547_200_000_000_000, 10**19 - 1, -(10**17)]
    assert read_json(b"[%d, %d, %d]" % tuple(moments)) == moments


def test_digits_in_a_text_and_long_fractions_change_nothing() -> None:
    raw = b'{"a":"123456789012345678901234567890","b":0.12345678901234567890123,"c":1e300}'
    assert read_json(raw) == orjson.loads(raw)


def test_digits_that_python_does_not_read_are_as_orjson_takes_them() -> None:
    raw = b"[0." + b"1" * 5_000 + b"]"
    assert read_json(raw) == [pytest.approx(1 / 9)]
    with pytest.raises(ValueError, match=r"digits|infinity"):
        read_json(b"[" + b"1" * 5_000 + b"]")


def test_what_no_double_holds_is_refused_beside_a_lone_surrogate_too() -> None:
    for raw in (b"[1e999]", b"[1e999, " + LONE.encode() + b"]"):
        with pytest.raises(ValueError, match=r"double"):
            read_json(raw)


@pytest.mark.parametrize("inner", ["1", LONE, str(2**70), "[]"])
@pytest.mark.parametrize("of", ["list", "object"])
@pytest.mark.parametrize("levels", [1, 100, 198, 199])
def test_what_nobody_writes_deeper_is_read(levels: int, of: str, inner: str) -> None:
    raw = nested(levels, inner, of=of)
    assert read_outside_json(write_json(read_outside_json(raw))) == read_json(raw)


@pytest.mark.parametrize("inner", ["1", LONE, str(2**70), "[]"])
@pytest.mark.parametrize("of", ["list", "object"])
@pytest.mark.parametrize("levels", [202, 254, 255, 900, 1_000, 1_023, 1_024, 5_000, 200_000])
def test_what_is_nested_deeper_is_not_json_to_us(levels: int, of: str, inner: str) -> None:
    with pytest.raises(ValueError, match=r"nested|recursion|depth|expected"):
        read_outside_json(nested(levels, inner, of=of))


def test_many_brackets_side_by_side_are_not_deep() -> None:
    wide = [{"a": [{"b": number}]} for number in range(5_000)]
    assert read_outside_json(json.dumps(wide).encode()) == wide
    odd = [*wide, "\ud800", 2**70]
    assert len(read_outside_json(json.dumps(odd).encode())) == 5_002


@pytest.mark.parametrize("name", ["NaN", "Infinity", "-Infinity"])
def test_what_is_no_number_of_json_is_not_read_beside_a_lone_surrogate_either(name: str) -> None:
    for raw in (f"[{name}]", f"[{name}, {LONE}]"):
        with pytest.raises(ValueError, match=r"number|unexpected|expected|digit"):
            read_json(raw.encode())


@pytest.mark.parametrize("raw", [b"", b"{", b"nonsense", b'"\\ud800', b"\xff", b"[1,]"])
def test_what_is_not_json_is_said_so(raw: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        read_json(raw)


def test_a_lone_surrogate_is_written_as_it_came() -> None:
    assert write_json(read_json(b'{"a": "\\ud800"}')) == b'{"a":"\\ud800"}'


def test_what_was_let_in_can_be_read_again_when_it_is_wrapped() -> None:
    stored = write_json({"batch": [{"request": read_outside_json(nested(DEEPEST, LONE))}]})
    assert read_json(stored)["batch"][0]["request"] == read_json(nested(DEEPEST, LONE))
