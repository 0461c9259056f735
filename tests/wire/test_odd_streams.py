"""Streams as servers send them that read the wire in their own way, at every caller.

However their bytes are cut, and with either end of a line, they say the same.
"""

import json
from typing import Any

import pytest
from factories.wires import events

from tierwatch.wire.chat import ANTHROPIC, OPENAI, RESPONSES
from tierwatch.wire.stream_relay import StreamRelay
from tierwatch.wire.wires import WIRES

HEAD = {"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "m"}
START = {"type": "message_start", "message": {"id": "msg_1", "model": "m", "usage": {}}}


def piece(delta: Any, finish: str | None = None, **more: Any) -> dict[str, Any]:
    return {**HEAD, "choices": [{"index": 0, "delta": delta, "finish_reason": finish, **more}]}


def chat(*chunks: Any, end: str = "data: [DONE]\n\n") -> bytes:
    return ("".join(f"data: {json.dumps(one)}\n\n" for one in chunks) + end).encode()


def messages(*payloads: dict[str, Any], end: str = "") -> bytes:
    said = "".join(
        f"event: {one['type']}\ndata: {json.dumps(one)}\n\n" for one in (START, *payloads)
    )
    return (said + end).encode()


def begins(index: int, **block: Any) -> dict[str, Any]:
    return {"type": "content_block_start", "index": index, "content_block": block}


def goes_on(index: int, kind: str, **delta: Any) -> dict[str, Any]:
    return {"type": "content_block_delta", "index": index, "delta": {"type": kind, **delta}}


def ends(index: int) -> dict[str, Any]:
    return {"type": "content_block_stop", "index": index}


def stops(reason: str) -> tuple[dict[str, Any], dict[str, Any]]:
    return ({"type": "message_delta", "delta": {"stop_reason": reason}}, {"type": "message_stop"})


HI = (begins(0, type="text", text=""), goes_on(0, "text_delta", text="Hi"))
THOUGHT = [{"type": "thinking", "thinking": [{"type": "text", "text": "Hm."}]}]
CALL = {"index": 0, "id": "a", "type": "function", "function": {"name": "f", "arguments": "{}"}}

SAYS = {
    "a list of parts": chat(
        piece({"role": "assistant", "content": THOUGHT}),
        piece({"content": [{"type": "text", "text": "H"}]}), piece({"content": "i"}),
        piece({}, "stop"),
    ),
    "a whole message": chat(
        {**HEAD, "choices": [{"message": {"content": "Hi"}, "finish_reason": "stop"}]}
    ),
    "null in every place": chat(
        {**HEAD, "choices": None}, piece(None), piece({"content": None, "tool_calls": None}),
        piece({"content": "Hi", "tool_calls": [], "refusal": None}), piece({}, "stop"),
    ),
    "filters first": chat(
        {"id": "", "choices": [], "prompt_filter_results": [{}]}, piece({"content": "Hi"}, "stop")
    ),
    "no end": chat(piece({"content": "Hi"}), piece({}, "stop"), end=""),
    "no blank line last": chat(piece({"content": "Hi"}), piece({}, "stop"))[:-1],
}  # fmt: skip

GIVES_UP = {
    "a word": (OPENAI, chat(piece({"content": "Hi"}), piece({}, "error")), "error"),
    "DeepSeek's word": (
        OPENAI,
        chat(piece({"content": "Hi"}), piece({}, "insufficient_system_resource")),
        "insufficient_system_resource",
    ),
    "within the choice": (
        OPENAI,
        chat(piece({"content": "Hi"}), piece({}, error={"message": "Too hot."})),
        "Too hot.",
    ),
    "beside the choice": (
        OPENAI,
        chat(piece({"content": "Hi"}), {**piece({}, "error"), "error": {"message": "Too hot."}}),
        "Too hot.",
    ),
    "plain words": (
        OPENAI,
        chat(piece({"content": "Hi"}), end="event: error\ndata: Too hot.\n\n"),
        "Too hot.",
    ),
    "plain words of Anthropic's": (
        ANTHROPIC, messages(*HI, end="event: error\ndata: Too hot.\n\n"), "Too hot.",
    ),
    "OpenAI's form on Anthropic's wire": (
        ANTHROPIC, messages(*HI, end='data: {"error": {"message": "Too hot."}}\n\n'), "Too hot.",
    ),
    "no type on Anthropic's wire": (
        ANTHROPIC, messages(*HI, end='event: error\ndata: {"message": "Too hot."}\n\n'), "Too hot.",
    ),
    "no type on the Responses wire": (
        RESPONSES, b'data: {"error": {"message": "Too hot."}}\n\n', "Too hot.",
    ),
    "plain words on the Responses wire": (
        RESPONSES, b"event: error\ndata: Too hot.\n\n", "Too hot.",
    ),
}  # fmt: skip

every_caller = pytest.mark.parametrize("caller", sorted(WIRES))


def relayed(caller: str, provider: str, raw: bytes, size: int) -> tuple[StreamRelay, bytes]:
    relay = StreamRelay(caller, provider, include_usage=True, created=7)
    sent = b"".join([relay.feed(raw[at : at + size]) for at in range(0, len(raw), size)])
    return relay, sent + relay.end()


def heard(caller: str, sent: bytes) -> tuple[str, list[Any]]:
    """The words and the errors in a caller's stream."""
    stream = WIRES[caller].stream_in()
    chunks = [one for event in events(sent) for one in stream.feed(event)]
    errors = [one["error"] for one in chunks if one.get("error")]
    deltas = [one["choices"][0]["delta"] for one in chunks if one.get("choices")]
    return "".join([delta.get("content") or "" for delta in deltas]), errors


@every_caller
@pytest.mark.parametrize("name", SAYS)
def test_odd_forms_of_words_are_words(caller: str, name: str) -> None:
    raw = SAYS[name]
    relay, sent = relayed(caller, OPENAI, raw, len(raw))
    assert (relay.finished, relay.answer.message["content"]) == (True, "Hi")
    if caller == OPENAI:
        assert sent == raw
    else:
        assert heard(caller, sent) == ("Hi", [])
    for size, other in ((1, raw), (1, raw.replace(b"\n", b"\r\n")), (3, b"\xef\xbb\xbf" + raw)):
        again, bytes_again = relayed(caller, OPENAI, other, size)
        assert again.answer.message == relay.answer.message
        assert bytes_again == (other if caller == OPENAI else sent)


@every_caller
@pytest.mark.parametrize("name", GIVES_UP)
def test_an_answer_given_up_is_never_whole(caller: str, name: str) -> None:
    provider, raw, sentence = GIVES_UP[name]
    relay, sent = relayed(caller, provider, raw, 5)
    assert not relay.finished
    assert relay.answer.error is not None
    if caller == provider:
        assert sent == raw
    else:
        [error] = heard(caller, sent)[1]
        assert sentence in error["message"]


def test_calls_of_anthropic_that_are_open_at_once_each_have_arguments() -> None:
    raw = messages(
        begins(0, type="tool_use", id="a", name="f", input={}),
        begins(1, type="tool_use", id="b", name="g", input={}),
        goes_on(0, "input_json_delta", partial_json='{"x":1}'),
        ends(0), ends(1), *stops("tool_use"),
    )  # fmt: skip
    calls = relayed(OPENAI, ANTHROPIC, raw, 9)[0].answer.message["tool_calls"]
    assert [call["function"]["arguments"] for call in calls] == ['{"x":1}', "{}"]


def test_what_anthropic_runs_itself_is_no_call_of_the_callers() -> None:
    raw = messages(
        begins(0, type="server_tool_use", id="s", name="web_search", input={}),
        goes_on(0, "input_json_delta", partial_json='{"query": "q"}'), ends(0),
        begins(1, type="web_search_tool_result", tool_use_id="s", content=[]), ends(1),
        begins(2, type="text", text=""), goes_on(2, "citations_delta", citation={}),
        goes_on(2, "text_delta", text="Hi"), ends(2),
        begins(3, type="tool_use", id="t", name="f", input={}), ends(3), *stops("tool_use"),
    )  # fmt: skip
    message = relayed(OPENAI, ANTHROPIC, raw, 9)[0].answer.message
    assert message["content"] == "Hi"
    assert [call["function"] for call in message["tool_calls"]] == [
        {"name": "f", "arguments": "{}"}
    ]


@pytest.mark.parametrize("field", ["reasoning", "reasoning_content"])
def test_thoughts_between_calls_are_items_of_their_own(field: str) -> None:
    other = {**CALL, "index": 1, "id": "b"}
    raw = chat(
        piece({field: "First."}), piece({"tool_calls": [CALL]}),
        piece({field: "Second."}), piece({"tool_calls": [other]}), piece({}, "tool_calls"),
    )  # fmt: skip
    sent = relayed(RESPONSES, OPENAI, raw, 9)[1]
    output = json.loads(events(sent)[-1].data)["response"]["output"]
    kinds = ["reasoning", "function_call", "reasoning", "function_call"]
    assert [item["type"] for item in output] == kinds
    assert len({item["id"] for item in output}) == len(kinds)
