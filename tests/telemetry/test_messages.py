"""Attributes of spans and records, as the messages have them."""

from hypothesis import given
from hypothesis import strategies as st

from tierwatch.telemetry.messages import key_values, nanoseconds


def test_each_kind_of_value_keeps_its_kind() -> None:
    found = {
        one.key: one.value.WhichOneof("value")
        for one in key_values({"t": "x", "n": 3, "f": 0.0, "b": False, "z": 0})
    }
    assert found == {
        "t": "string_value", "n": "int_value", "f": "double_value", "b": "bool_value",
        "z": "int_value",
    }  # fmt: skip


def test_what_is_not_there_is_left_out() -> None:
    assert key_values({"a": None, "b": ""}) == []


@given(st.text(alphabet=st.characters(), max_size=50))
def test_any_text_can_be_written(text: str) -> None:
    for one in key_values({"t": text + "\ud800"}):
        assert one.SerializeToString()


def test_long_text_is_cut() -> None:
    [one] = key_values({"t": "x" * 100_000})
    assert len(one.value.string_value) == 4_096


def test_a_time_is_in_nanoseconds() -> None:
    assert nanoseconds(1.5) == 1_500_000_000
