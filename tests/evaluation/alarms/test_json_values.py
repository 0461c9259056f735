import json
import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tierwatch.evaluation.alarms.json_values import is_json, refuse_constant, same_json

scalars = st.none() | st.booleans() | st.integers(-5, 5) | st.text(max_size=3)
values = st.recursive(
    scalars | st.floats(allow_nan=False, allow_infinity=False),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=2), inner),
    max_leaves=8,
)


@given(values)
def test_a_value_that_json_writes_and_reads_is_the_same(value: Any) -> None:
    assert is_json(value)
    assert same_json(value, json.loads(json.dumps(value)))


@given(values, values)
def test_being_the_same_goes_both_ways(one: Any, other: Any) -> None:
    assert same_json(one, other) == same_json(other, one)


@pytest.mark.parametrize(
    ("wanted", "said"),
    [
        (1, True),
        (False, 0),
        ([1], [True]),
        ({"a": 1}, {"a": 1, "b": 2}),
        ({"a": 1}, {"b": 1}),
        ([1, 2], [2, 1]),
        ([1], [1, 1]),
        ([], {}),
        ({}, []),
        ("6", 6),
        (None, False),
    ],
)
def test_what_only_looks_alike_is_not_the_same(wanted: Any, said: Any) -> None:
    assert not same_json(wanted, said)


@pytest.mark.parametrize(("wanted", "said"), [(6, 6.0), ((1, 2), [1, 2]), ({"a": []}, {"a": []})])
def test_numbers_and_lists_of_other_types_are_the_same(wanted: Any, said: Any) -> None:
    assert same_json(wanted, said)


@pytest.mark.parametrize(
    "value", [math.nan, math.inf, {1: "a"}, {"a": {2: 3}}, [object()], {"a", "b"}, b"bytes"]
)
def test_what_json_cannot_write_is_none(value: Any) -> None:
    assert not is_json(value)


def test_constants_beyond_json_are_refused_while_reading() -> None:
    for text in ("[NaN]", "-Infinity", '{"a": Infinity}'):
        with pytest.raises(ValueError, match="is not JSON"):
            json.loads(text, parse_constant=refuse_constant)
