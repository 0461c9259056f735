"""What is written by hand is read back by OpenTelemetry's own messages."""

import math

from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.proto.common.v1.common_pb2 import KeyValue

from tierwatch.telemetry.wire_format import (
    number_attribute,
    share_attribute,
    sized,
    text_attribute,
    texts_attribute,
    truth_attribute,
    varint,
    written_key,
)

KEY = written_key("a.key")


def read(written: bytes) -> KeyValue:
    found = KeyValue.FromString(written)
    assert found.key == "a.key"
    # As protobuf itself would have written it: nothing unknown, nothing left over.
    assert found.SerializeToString() == written
    return found


@given(st.integers(-(1 << 63), (1 << 63) - 1))
def test_whole_numbers(value: int) -> None:
    assert read(number_attribute(KEY, value)).value.int_value == value


@given(st.floats())
def test_any_numbers(value: float) -> None:
    found = read(share_attribute(KEY, value)).value.double_value
    assert found == value or (math.isnan(found) and math.isnan(value))


@given(st.text(max_size=400))
def test_texts(value: str) -> None:
    assert read(text_attribute(KEY, value)).value.string_value == value


def test_half_a_surrogate_pair_becomes_a_question_mark() -> None:
    assert read(text_attribute(KEY, "a\ud83db")).value.string_value == "a?b"


@given(st.lists(st.text(max_size=20), max_size=5))
def test_lists_of_texts(values: list[str]) -> None:
    found = read(texts_attribute(KEY, tuple(values))).value.array_value
    assert [one.string_value for one in found.values] == values


@given(st.booleans())
def test_truths(value: bool) -> None:  # noqa: FBT001 - hypothesis gives it by place
    assert read(truth_attribute(KEY, value)).value.bool_value is value


@given(st.integers(0, (1 << 64) - 1))
def test_a_varint_has_seven_bits_a_byte(number: int) -> None:
    written = varint(number)
    assert len(written) == max(1, math.ceil(number.bit_length() / 7))
    assert sum((byte & 127) << 7 * place for place, byte in enumerate(written)) == number


@given(st.binary(max_size=300))
def test_a_field_has_its_length(content: bytes) -> None:
    assert sized(b"\x0a", content) == b"\x0a" + varint(len(content)) + content
