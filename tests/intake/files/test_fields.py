"""Fields of exported rows."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tierwatch.intake.files.fields import amount, field, parsed, said, seconds

ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=6,
)


def test_the_first_name_that_says_something_is_taken() -> None:
    row = {"a": None, "b": 0, "c": "", "d": "x"}
    assert field(row, "a", "b") == 0
    assert field(row, "a", "z") is None
    assert said(row, "a", "b", "c", "d") == "x"
    assert said(row, "c") == ""


@pytest.mark.parametrize(
    ("value", "moment"),
    [
        ("2026-11-29T23:31:39.5Z", 1_795_995_099.5),
        ("2026-11-29T23:31:39+00:00", 1_795_995_099.0),
        ("2026-11-30T00:31:39+01:00", 1_795_995_099.0),
        ("2026-11-29 23:31:39", 1_795_995_099.0),
        (1_795_995_099, 1_795_995_099.0),
        (1_795_995_099_500, 1_795_995_099.5),
        ("", 0.0),
        ("29/11/2026", 0.0),
        (-5, 0.0),
        (True, 0.0),
        (float("nan"), 0.0),
        ([], 0.0),
    ],
)
def test_moments(value: object, moment: float) -> None:
    assert seconds(value) == moment


@pytest.mark.parametrize(
    ("value", "number"),
    [
        ("0.01", 0.01),
        (0, 0.0),
        ("", None),
        ("nan", None),
        ("inf", None),
        (10**400, None),
        ({}, None),
    ],
)
def test_amounts(value: object, number: float | None) -> None:
    assert amount(value) == number


def test_json_as_text_is_read_where_it_is_an_object_or_a_list() -> None:
    assert parsed('[{"role": "user"}]') == [{"role": "user"}]
    assert parsed('"x"') == '"x"'
    assert parsed("{not json") == "{not json"


@given(ANYTHING)
def test_nothing_raises(value: object) -> None:
    parsed(value)
    seconds(value)
    amount(value)
