"""Values of OTLP/JSON, in all the ways in which senders write them."""

import math

import pytest
from factories.otlp import any_value
from hypothesis import given
from hypothesis import strategies as st

from tierwatch.intake.otlp.attribute_values import (
    plain_attributes,
    plain_value,
    span_id_of,
    trace_id_of,
    whole,
)

TRACE = "0af7651916cd43dd8448eb211c80319c"
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)
PLAIN = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)


@pytest.mark.parametrize(
    ("value", "number"),
    [
        (12, 12),
        ("12", 12),
        (12.0, 12),
        (12.5, 0),
        ("-1", 0),
        (-1, 0),
        ("1e3", 0),
        ("١٢", 0),
        ("9" * 4_301, 0),  # more than Python reads
        (2**64, 0),
        (math.inf, 0),
        (math.nan, 0),
        (True, 0),
        (None, 0),
        ([], 0),
    ],
)
def test_numbers_are_read_as_text_or_number(value: object, number: int) -> None:
    assert whole(value) == number


@pytest.mark.parametrize(
    "given_id", [TRACE, TRACE.upper(), "Cvdl GRbNQ92ESOshHIAxnA==".replace(" ", "")]
)
def test_ids_are_read_as_hexadecimal_or_base64(given_id: str) -> None:
    assert trace_id_of(given_id) == TRACE


@pytest.mark.parametrize("bad", ["", "0" * 32, "g" * 32, "0af7", TRACE[:-1], 7, None, "AAAA"])
def test_what_is_no_trace_id_is_empty(bad: object) -> None:
    assert trace_id_of(bad) == ""


def test_a_span_id_in_base64_has_twelve_characters() -> None:
    assert span_id_of("AAAAAAAAAAE=") == "0000000000000001"
    assert span_id_of("AAAAAAAAAAA=") == ""


def test_an_empty_value_is_left_out_of_attributes_and_kept_in_objects() -> None:
    """OpenTelemetry's SDK exports None as a value without a kind."""
    assert (
        plain_attributes([{"key": "a", "value": {}}, {"key": "b"}, {"key": "c", "value": 1}]) == {}
    )
    assert plain_value(any_value({"name": None})) == {"name": None}


@pytest.mark.parametrize(
    "value",
    [
        {"stringValue": 7},
        {"intValue": "x"},
        {"intValue": "9" * 30},
        {"intValue": True},
        {"doubleValue": "NaN"},
        {"doubleValue": math.inf},
        {"boolValue": "true"},
        {"bytesValue": 7},
        {"mapValue": {}},
        [],
        "text",
        None,
    ],
)
def test_a_value_that_is_not_what_it_says_is_empty(value: object) -> None:
    assert plain_value(value) is None


def test_lists_and_objects_without_values_are_empty_ones() -> None:
    assert plain_value({"arrayValue": {}}) == []
    assert plain_value({"kvlistValue": {}}) == {}
    assert plain_value({"arrayValue": 7}) == []
    assert plain_value({"kvlistValue": "x"}) == {}


@given(PLAIN)
def test_what_is_written_is_read(value: object) -> None:
    assert plain_value(any_value(value)) == value


@given(JSON)
def test_any_json_is_read_without_an_error(value: object) -> None:
    plain_value(value)
    plain_attributes(value)
    whole(value)
    trace_id_of(value)
