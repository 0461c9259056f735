"""The order of turns that Anthropic demands."""

import copy
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tierwatch.wire.history.turns import blocks_of, joined_turns, thinks, without_orphaned_thinking

RESULT = {"type": "tool_result", "tool_use_id": "t", "content": "sunny"}
USE = {"type": "tool_use", "id": "t", "name": "f", "input": {}}
THOUGHT = {"type": "thinking", "thinking": "Hm.", "signature": "c2ln"}
ENABLED = {"type": "enabled", "budget_tokens": 1_024}

BLOCKS = st.lists(
    st.sampled_from([RESULT, USE, {"type": "text", "text": "a"}, {"type": "text", "text": "b"}]),
    max_size=3,
)
TURNS = st.lists(
    st.fixed_dictionaries(
        {"role": st.sampled_from(["user", "assistant"]), "content": BLOCKS | st.sampled_from("ab")}
    ),
    max_size=6,
)


@given(TURNS)
def test_roles_alternate_and_every_block_stays(turns: list[dict[str, Any]]) -> None:
    before = copy.deepcopy(turns)
    joined = joined_turns(turns)
    assert turns == before
    assert all(one["role"] != other["role"] for one, other in pairwise(joined))
    for role in ("user", "assistant"):
        said = [b for one in turns if one["role"] == role for b in blocks_of(one["content"])]
        kept = [b for one in joined if one["role"] == role for b in blocks_of(one["content"])]
        assert sorted(map(str, kept)) == sorted(map(str, said))
    assert joined_turns(joined) == joined


def test_results_stand_first_when_turns_are_joined() -> None:
    turns = [{"role": "user", "content": "And now?"}, {"role": "user", "content": [RESULT]}]
    [joined] = joined_turns(turns)
    assert joined["content"] == [RESULT, {"type": "text", "text": "And now?"}]


@pytest.mark.parametrize(
    ("content", "blocks"),
    [("hi", [{"type": "text", "text": "hi"}]), ("", []), (None, []), ([USE, "x"], [USE])],
)
def test_content_is_a_list_of_blocks(content: object, blocks: list[Any]) -> None:
    assert blocks_of(content) == blocks


@pytest.mark.parametrize(
    ("thinking", "wants"),
    [(ENABLED, True), ({"type": "adaptive"}, False), ({"type": "disabled"}, False), (None, False)],
)
def test_only_the_older_kind_must_begin_an_exchange(thinking: object, *, wants: bool) -> None:
    assert thinks({"thinking": thinking}) is wants


@pytest.mark.parametrize(
    ("begun", "given", "off"),
    [
        ([USE], [RESULT], True),
        ([THOUGHT, USE], [RESULT], False),
        ([{"type": "redacted_thinking", "data": "x"}, USE], [RESULT], False),
        ([USE], [{"type": "text", "text": "no result"}], False),
        ([], [RESULT], False),
    ],
)
def test_an_exchange_that_does_not_begin_with_a_thought_has_none(
    begun: list[Any], given: list[Any], *, off: bool
) -> None:
    request = {
        "thinking": ENABLED,
        "messages": [{"role": "assistant", "content": begun}, {"role": "user", "content": given}],
    }
    assert without_orphaned_thinking(request) is off
    assert ("thinking" in request) is not off


def test_nothing_is_off_where_nothing_was_asked() -> None:
    assert not without_orphaned_thinking({"thinking": ENABLED, "messages": []})
    assert not without_orphaned_thinking({"messages": [{"role": "user", "content": [RESULT]}]})
