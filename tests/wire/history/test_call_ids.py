"""Ids of tool calls that the reader of a history takes."""

import re
from collections import Counter
from typing import Any

import pytest
from factories.histories import ASKED, CALL, GIVEN, USE
from factories.wires import request_to_anthropic

from tierwatch.wire.history.call_ids import with_anthropic_ids, with_safe_ids, with_short_ids


@pytest.mark.parametrize(
    "ids",
    [
        ["functions.weather:0", "functions.weather:1"],
        ["call_0", "call_0"],
        ["", ""],
        ["x" * 65, "ü"],
        [None, 7],
    ],
)
def test_ids_that_anthropic_refuses_are_replaced_and_stay_together(ids: list[Any]) -> None:
    def turn(number: int) -> list[dict[str, Any]]:
        calls = [{**CALL, "id": call_id} for call_id in ids]
        results = [
            {"role": "tool", "tool_call_id": call_id, "content": f"{number}.{place}"}
            for place, call_id in enumerate(ids)
        ]
        return [ASKED, {"role": "assistant", "content": None, "tool_calls": calls}, *results]

    chat = {"model": "m", "messages": [*turn(0), *turn(1)]}
    changes: Counter[str] = Counter()
    out = with_safe_ids(chat["messages"], changes)  # type: ignore[arg-type]
    calls = [call["id"] for one in out for call in one.get("tool_calls") or []]
    answers = [one["tool_call_id"] for one in out if one["role"] == "tool"]
    assert len(set(calls)) == 4
    assert all(re.fullmatch("[a-zA-Z0-9_-]{1,64}", call_id) for call_id in calls)
    assert answers == calls
    assert changes["tool_id"] >= 2
    # The beginning of a history gets the same ids whatever follows: a prompt cache stays warm.
    assert with_safe_ids(turn(0)) == list(out[:4])
    sent = request_to_anthropic(chat)["messages"]
    assert [block["id"] for one in sent for block in one["content"] if "id" in block] == calls


def test_good_ids_are_left_alone() -> None:
    messages = [{"role": "assistant", "tool_calls": [CALL]}]
    assert with_safe_ids(messages) is messages
    assert with_short_ids(messages) is messages
    turns = [{"role": "assistant", "content": [USE]}, GIVEN]
    assert with_anthropic_ids(turns) is turns


def test_ids_of_another_provider_are_replaced_in_blocks() -> None:
    turns = [
        {"role": "assistant", "content": [{**USE, "id": "functions.weather:0"}]},
        {
            "role": "user",
            "content": [{"type": "tool_result", "tool_use_id": "functions.weather:0"}],
        },
    ]
    out = with_anthropic_ids(turns)
    assert out[0]["content"][0]["id"] == out[1]["content"][0]["tool_use_id"]
    assert re.fullmatch("call_[0-9a-f]{24}", out[0]["content"][0]["id"])


def test_ids_too_long_for_openai_are_shortened() -> None:
    long = "toolu_" + "x" * 60
    messages = [
        {"role": "assistant", "tool_calls": [{**CALL, "id": long}]},
        {"role": "tool", "tool_call_id": long, "content": "sunny"},
    ]
    out = with_short_ids(messages)
    assert out[0]["tool_calls"][0]["id"] == out[1]["tool_call_id"]
    assert len(out[1]["tool_call_id"]) <= 40
