"""What some models demand beside calls that they did not make."""

import copy
from typing import Any

import pytest

from tierwatch.wire.chat import ANTHROPIC, OPENAI
from tierwatch.wire.crossing.stand_ins import with_stand_ins
from tierwatch.wire.translation import provider_request


def call(call_id: str, **more: Any) -> dict[str, Any]:
    return {"id": call_id, "type": "function", "function": {"name": "w", "arguments": "{}"}, **more}


REQUEST: dict[str, Any] = {
    "messages": [
        {"role": "user", "content": "x"},
        {"role": "assistant", "content": "no calls"},
        {"role": "assistant", "content": None, "tool_calls": [call("a"), call("b")]},
        {"role": "tool", "tool_call_id": "a", "content": "y"},
    ]
}


def test_gemini_gets_the_first_call_signed() -> None:
    notes: list[str] = []
    before = copy.deepcopy(REQUEST)
    told = with_stand_ins(REQUEST, "google/gemini-3-pro", notes)["messages"]
    google = {"google": {"thought_signature": "skip_thought_signature_validator"}}
    assert told[2]["tool_calls"] == [call("a", extra_content=google), call("b")]
    assert told[:2] + told[3:] == [REQUEST["messages"][at] for at in (0, 1, 3)]
    assert notes == ["+thought_signature"]
    assert before == REQUEST


def test_deepseek_gets_no_thought_before_a_call() -> None:
    notes: list[str] = []
    told = with_stand_ins(REQUEST, "DeepSeek-V3.2", notes)["messages"]
    assert told[2]["reasoning_content"] == ""
    assert "reasoning_content" not in told[1]
    assert notes == ["+reasoning_content"]


@pytest.mark.parametrize(
    ("model", "message"),
    [
        ("gpt-5", REQUEST["messages"][2]),
        ("gemini-3", {"role": "user", "content": "x"}),
        ("gemini-3", {"role": "assistant", "tool_calls": "junk"}),
        ("gemini-3", {"role": "assistant", "tool_calls": [
            call("a", extra_content={"google": {"thought_signature": "own"}})]}),
        ("deepseek-chat", {"role": "assistant", "tool_calls": [call("a")],
                           "reasoning_content": "own"}),
    ],
)  # fmt: skip
def test_others_stay_as_they_are(model: str, message: dict[str, Any]) -> None:
    notes: list[str] = []
    request = {"messages": [message, "junk"]}
    assert with_stand_ins(request, model, notes) is request
    assert notes == []
    assert with_stand_ins({"messages": 3}, model, notes) == {"messages": 3}


def test_a_provider_of_openais_wire_gets_them_from_every_caller() -> None:
    sent, fitted = provider_request(OPENAI, OPENAI, REQUEST, "gemini-3")
    assert fitted == ("+thought_signature",)
    use = {"type": "tool_use", "id": "a", "name": "w", "input": {}}
    theirs = {"max_tokens": 9, "messages": [{"role": "assistant", "content": [use]}]}
    sent, fitted = provider_request(ANTHROPIC, OPENAI, theirs, "gemini-3")
    assert "extra_content" in sent["messages"][0]["tool_calls"][0]
    assert fitted[-1] == "+thought_signature"
    assert provider_request(ANTHROPIC, ANTHROPIC, theirs, "gemini-3").fitted == ()
