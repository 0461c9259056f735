from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tierwatch.dashboard.texts.tool_calls import (
    LONGEST_VALUE,
    MOST_CALLS,
    MOST_ROWS,
    ToolCall,
    call_diffs,
    tool_calls,
)


def _call(name: str, arguments: object, call_id: str = "") -> ToolCall:
    return ToolCall(call_id, name, arguments)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("message", "calls"),
    [
        ({}, ()),
        ({"tool_calls": None}, ()),
        ({"tool_calls": "odd"}, ()),
        ({"tool_calls": [{"id": "c1", "function": {"name": "f", "arguments": '{"a": 1}'}}]},
         (_call("f", {"a": 1}, "c1"),)),
        ({"tool_calls": [{"function": {"name": "f", "arguments": {"a": 1}}}]},
         (_call("f", {"a": 1}),)),
        ({"tool_calls": [{"function": {"name": "f", "arguments": "not json"}}]},
         (_call("f", "not json"),)),
        ({"tool_calls": [{"function": {"name": "f", "arguments": "[1]"}}]}, (_call("f", "[1]"),)),
        ({"tool_calls": [{"function": {"name": "f"}}]}, (_call("f", ""),)),
        ({"tool_calls": [{"type": "custom", "custom": {"name": "sh", "input": "ls"}}]},
         (_call("sh", "ls"),)),
        ({"tool_calls": [3]}, (_call("?", "3"),)),
        ({"tool_calls": [{"function": {}}]}, (_call("?", ""),)),
        ({"function_call": {"name": "f", "arguments": "{}"}}, (_call("f", {}),)),
    ],
)  # fmt: skip
def test_calls_of_every_shape(message: dict[str, Any], calls: tuple[ToolCall, ...]) -> None:
    assert tool_calls(message) == calls


def test_calls_without_end_are_cut() -> None:
    many = [{"function": {"name": "f", "arguments": "{}"}}] * 10_000
    assert len(tool_calls({"tool_calls": many})) == MOST_CALLS


def test_arguments_are_set_side_by_side_by_their_paths() -> None:
    first = _call("search", {"query": "cats", "limit": 5, "in": {"lang": ["no", "en"]}})
    second = _call("search", {"query": "dogs", "limit": 5, "in": {"lang": ["no"]}, "page": 2})
    (found,) = call_diffs([first], [second])
    assert (found.first, found.second, found.same) == ("search", "search", False)
    assert [(row.path, row.first, row.second) for row in found.rows] == [
        ("query", "cats", "dogs"),
        ("limit", "5", "5"),
        ("in.lang[0]", "no", "no"),
        ("in.lang[1]", "en", None),
        ("page", None, "2"),
    ]
    assert [row.path for row in found.rows if not row.same] == ["query", "in.lang[1]", "page"]


def test_calls_meet_by_name_and_others_stand_alone() -> None:
    found = call_diffs(
        [_call("a", {"x": 1}), _call("b", {})],
        [_call("c", {}), _call("b", {}), _call("a", {"x": 1}), _call("a", {"x": 2})],
    )
    assert [(one.first, one.second, one.same) for one in found] == [
        ("a", "a", True),
        ("b", "b", True),
        (None, "c", False),
        (None, "a", False),
    ]


def test_the_order_of_keys_is_no_difference() -> None:
    (found,) = call_diffs([_call("f", {"a": 1, "b": 2})], [_call("f", {"b": 2, "a": 1})])
    assert found.same


def test_arguments_that_are_no_object_are_compared_as_text() -> None:
    (found,) = call_diffs([_call("sh", "ls -l")], [_call("sh", "ls")])
    assert [(row.path, row.shown) for row in found.rows] == [("", ("ls -l", "ls"))]


def test_a_long_value_is_shown_from_where_it_begins_to_differ() -> None:
    same = "x" * 5_000
    (found,) = call_diffs([_call("f", {"a": same + "ONE"})], [_call("f", {"a": same + "TWO"})])
    one, two = found.rows[0].shown
    assert one.startswith("…x")
    assert one.endswith("ONE")
    assert two.endswith("TWO")
    assert len(one) <= LONGEST_VALUE + 2


def test_one_long_value_begins_the_other() -> None:
    (found,) = call_diffs([_call("f", {"a": "x" * 1_500})], [_call("f", {"a": "x" * 500})])
    one, two = found.rows[0].shown
    assert (one, two) == ("…" + "x" * LONGEST_VALUE + "…", "…" + "x" * 60)
    assert not found.same


def test_arguments_without_end_are_cut_and_count_as_different() -> None:
    wide = _call("f", {str(n): n for n in range(MOST_ROWS + 7)})
    (found,) = call_diffs([wide], [wide])
    assert (len(found.rows), found.more) == (MOST_ROWS, 7)
    assert not found.same


def test_a_deep_argument_ends() -> None:
    deep: object = 1
    for _ in range(300):
        deep = {"a": deep}
    (found,) = call_diffs([_call("f", deep)], [_call("f", deep)])
    assert found.same
    assert len(found.rows) == 1


_ARGUMENTS = st.dictionaries(
    st.sampled_from("abc"), st.integers(0, 2) | st.lists(st.integers(0, 2), max_size=2), max_size=3
)
_CALLS = st.lists(st.builds(_call, st.sampled_from("fg"), _ARGUMENTS), max_size=4)


@given(_CALLS, _CALLS)
def test_every_call_is_there_once(first: list[ToolCall], second: list[ToolCall]) -> None:
    found = call_diffs(first, second)
    assert sorted(one.first for one in found if one.first) == sorted(call.name for call in first)
    assert sorted(one.second for one in found if one.second) == sorted(call.name for call in second)


@given(_CALLS)
def test_calls_are_themselves(calls: list[ToolCall]) -> None:
    assert all(one.same for one in call_diffs(calls, calls))
