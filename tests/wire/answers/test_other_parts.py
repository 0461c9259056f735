"""The older call, sound and pictures of chat completions: nothing of them is silent elsewhere."""

import json
from typing import Any

import pytest

from tierwatch.wire.answers.other_parts import with_other_parts
from tierwatch.wire.chat import ANTHROPIC, OPENAI, RESPONSES
from tierwatch.wire.stream_answer import StreamAnswer
from tierwatch.wire.stream_relay import StreamRelay
from tierwatch.wire.translation import caller_reply

PICTURE = {"type": "image_url", "image_url": {"url": "data:image/png;base64,aGk="}}
LINKED = {"type": "image_url", "image_url": {"url": "https://example.org/a.png"}}
CALL = {"name": "weather", "arguments": '{"city":"Bern"}'}


@pytest.mark.parametrize(
    ("said", "becomes"),
    [
        ({"images": [PICTURE]}, "[image]"),
        ({"content": "Look: ", "images": [PICTURE, LINKED]},
         "Look: [image][image https://example.org/a.png]"),
        ({"content": None, "audio": {"id": "a", "data": "aGk=", "transcript": "Hello"}}, "Hello"),
        ({"content": "", "audio": {"id": "a", "data": "aGk="}}, "[audio]"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("caller", [ANTHROPIC, RESPONSES])
def test_what_is_seen_or_heard_is_marked_on_other_wires(
    caller: str, said: dict[str, Any], becomes: str
) -> None:
    assert whole(caller, said) == becomes
    assert streamed(caller, said) == becomes


@pytest.mark.parametrize("caller", [ANTHROPIC, RESPONSES])
def test_a_call_in_the_older_field_is_a_call(caller: str) -> None:
    body, _ = caller_reply(caller, OPENAI, b"", answer({"function_call": CALL}, "x"), 7)
    told = json.loads(body)
    [called] = told["content"] if caller == ANTHROPIC else told["output"]
    assert called["name"] == "weather"
    assert called.get("input") == {"city": "Bern"} or called["arguments"] == CALL["arguments"]
    assert called.get("id" if caller == ANTHROPIC else "call_id")


@pytest.mark.parametrize("caller", [ANTHROPIC, RESPONSES])
def test_a_call_in_pieces_of_the_older_field_is_one_call(caller: str) -> None:
    relay = StreamRelay(caller, OPENAI, include_usage=True, created=7)
    pieces = [
        {"role": "assistant", "content": None, "function_call": {"name": "weather"}},
        {"function_call": {"arguments": '{"city":'}},
        {"function_call": {"arguments": '"Bern"}'}},
    ]
    sent = relay.feed(as_events(pieces, "function_call")) + relay.end()
    [call] = relay.answer.message["tool_calls"]
    assert call["function"] == CALL
    assert sent.count(b'"weather"') >= 1
    assert b"function_call" not in sent or caller == RESPONSES


def test_pieces_of_sound_are_heard_one_after_the_other() -> None:
    heard = StreamAnswer()
    for piece in ({"id": "a", "transcript": ""}, {"transcript": "Hel"}, {"transcript": "lo"},
                  {"data": "aGk="}, {"expires_at": 1}):  # fmt: skip
        heard.feed({"choices": [{"delta": {"audio": piece}}]})
    assert heard.message["content"] == "Hello"


@pytest.mark.parametrize(
    "said",
    [
        {"content": "Hi"},
        {},
        {"content": [{"type": "text", "text": "Hi"}]},
        {"content": "Hi", "audio": None, "function_call": None, "images": []},
        {"tool_calls": [{"index": 0, "id": "c", "function": CALL}]},
    ],
)
def test_other_messages_are_given_back(said: dict[str, Any]) -> None:
    assert with_other_parts(said) is said


@pytest.mark.parametrize("odd", [None, [], {}, 7, "x", [7], [{}], [{"image_url": 7}]])
def test_odd_ones_raise_nothing(odd: object) -> None:
    for name in ("images", "audio", "function_call"):
        assert with_other_parts({"content": "Hi", name: odd})["content"].startswith("Hi")


def test_calls_in_the_field_of_today_stand() -> None:
    calls = [{"index": 0, "id": "c", "function": CALL}]
    said = {"tool_calls": calls, "function_call": {"name": "other"}}
    assert with_other_parts(said) == {"tool_calls": calls}


def test_on_the_same_wire_bytes_pass() -> None:
    raw = json.dumps(answer({"content": "Hi", "images": [PICTURE]}, "stop")).encode()
    body, reply = caller_reply(OPENAI, OPENAI, raw, json.loads(raw), 7)
    assert body == raw
    assert reply.message["images"] == [PICTURE]


def answer(said: dict[str, Any], reason: str) -> dict[str, Any]:
    choice = {"index": 0, "message": {"role": "assistant", **said}, "finish_reason": reason}
    return {
        "id": "c1",
        "object": "chat.completion",
        "created": 7,
        "model": "m",
        "choices": [choice],
    }


def as_events(pieces: list[dict[str, Any]], reason: str) -> bytes:
    choices = [{"index": 0, "delta": piece, "finish_reason": None} for piece in pieces]
    choices.append({"index": 0, "delta": {}, "finish_reason": reason})
    chunks = [{"id": "c1", "created": 7, "model": "m", "choices": [one]} for one in choices]
    return b"".join(b"data: %s\n\n" % json.dumps(c).encode() for c in chunks) + b"data: [DONE]\n\n"


def whole(caller: str, said: dict[str, Any]) -> str:
    told = json.loads(caller_reply(caller, OPENAI, b"", answer(said, "stop"), 7)[0])
    if caller == ANTHROPIC:
        return "".join(block["text"] for block in told["content"])
    return "".join(part["text"] for item in told["output"] for part in item["content"])


def streamed(caller: str, said: dict[str, Any]) -> str:
    relay = StreamRelay(caller, OPENAI, include_usage=True, created=7)
    sent = (relay.feed(as_events([said], "stop")) + relay.end()).decode()
    told = [json.loads(line[6:]) for line in sent.splitlines() if line.startswith("data: {")]
    if caller == ANTHROPIC:
        deltas = [one["delta"] for one in told if one["type"] == "content_block_delta"]
        return "".join(delta["text"] for delta in deltas)
    return "".join(one["delta"] for one in told if one["type"] == "response.output_text.delta")
