"""The cells of answers: what a caller on the other wire hears of an answer, whole or streamed."""

import json
from collections.abc import Iterable
from typing import Any, NamedTuple

from factories.wire_cells import TO_CHAT, TO_MESSAGES, Body


class Heard(NamedTuple):
    """What a caller hears, on either wire.

    Attributes:
        text: its words.
        calls: (name, arguments as JSON) each.
        stop: why it ended, in the word of the caller's wire; None where it did not.
        tokens: (read, written, read from the cache).
        failed: whether it ended in an error.
    """

    text: str = ""
    calls: tuple[tuple[str, str], ...] = ()
    stop: str | None = None
    tokens: tuple[int, int, int] | None = None
    failed: bool = False


class AnswerCell(NamedTuple):
    """A cell: what a provider said, whole or as the events of its stream, and what is heard.

    Of the expected fields those that are not None are asked.
    """

    name: str
    way: str
    said: Body | list[Any]
    heard: dict[str, Any]
    litellm: str = ""


BERN, ROME = '{"city": "Bern"}', '{"city": "Rome"}'
BOTH = (("weather", BERN), ("weather", ROME))


def message(*content: Body, stop: str | None = "end_turn", **usage: int) -> Body:
    counts = {"input_tokens": 9, "output_tokens": 2, **usage}
    return {
        "id": "msg_1", "type": "message", "role": "assistant", "model": "m",
        "content": list(content), "stop_reason": stop, "stop_sequence": None, "usage": counts,
    }  # fmt: skip


def text(words: str) -> Body:
    return {"type": "text", "text": words}


def use(city: str, call_id: str) -> Body:
    return {"type": "tool_use", "id": call_id, "name": "weather", "input": {"city": city}}


def completion(finish: str | None = "stop", usage: Body | None = None, **said: Any) -> Body:
    counts = {"prompt_tokens": 9, "completion_tokens": 2, "total_tokens": 11}
    return {
        "id": "c1", "object": "chat.completion", "created": 7, "model": "m",
        "choices": [{"index": 0, "finish_reason": finish,
                     "message": {"role": "assistant", **said}}],
        "usage": usage or counts,
    }  # fmt: skip


def call(arguments: str, **more: Any) -> Body:
    return {"type": "function", "function": {"name": "weather", "arguments": arguments}, **more}


def chunk(finish: str | None = None, **delta: Any) -> Body:
    choice = {"index": 0, "delta": delta, "finish_reason": finish}
    return {"id": "c1", "object": "chat.completion.chunk", "created": 7, "model": "m",
            "choices": [choice]}  # fmt: skip


def piece(arguments: str, name: str | None = None, **more: Any) -> Body:
    function = {"arguments": arguments} if name is None else {"name": name, "arguments": arguments}
    return chunk(tool_calls=[{"function": function, **more}])


COUNTED = {"choices": [], "id": "c1", "object": "chat.completion.chunk", "created": 7, "model": "m",
           "usage": {"prompt_tokens": 9, "completion_tokens": 2, "total_tokens": 11,
                     "prompt_tokens_details": {"cached_tokens": 4}}}  # fmt: skip
DONE = "[DONE]"


def block(index: int, begun: Body, *deltas: Body) -> list[Body]:
    return [
        {"type": "content_block_start", "index": index, "content_block": begun},
        *[{"type": "content_block_delta", "index": index, "delta": delta} for delta in deltas],
        {"type": "content_block_stop", "index": index},
    ]


def written(words: str) -> Body:
    return {"type": "text_delta", "text": words}


def given(part: str) -> Body:
    return {"type": "input_json_delta", "partial_json": part}


def begins(**usage: int) -> list[Body]:
    start = message(stop=None, **{"input_tokens": 9, "output_tokens": 1, **usage})
    return [{"type": "message_start", "message": start}]


def ends(stop: str = "end_turn") -> list[Body]:
    last = {"type": "message_delta", "delta": {"stop_reason": stop, "stop_sequence": None}}
    return [{**last, "usage": {"output_tokens": 2}}, {"type": "message_stop"}]


OPEN_USE = {"type": "tool_use", "name": "weather", "input": {}}
SAID = block(0, text(""), written("Let me "), written("look."))

ANSWERS = [
    AnswerCell("text and two calls", TO_CHAT,
               message(text("Let me look."), use("Bern", "t1"), use("Rome", "t2"), stop="tool_use"),
               {"text": "Let me look.", "calls": BOTH, "stop": "tool_calls"}),
    AnswerCell("thinking and redacted", TO_CHAT,
               message({"type": "thinking", "thinking": "Hm.", "signature": "c2ln"},
                       {"type": "redacted_thinking", "data": "c2ln"}, text("42")),
               {"text": "42", "stop": "stop"}),
    AnswerCell("usage with cache", TO_CHAT,
               message(text("42"), input_tokens=10, cache_read_input_tokens=40,
                       cache_creation_input_tokens=5),
               {"tokens": (55, 2, 40)}),
    AnswerCell("refusal", TO_CHAT, message(stop="refusal"), {"stop": "content_filter"}),
    AnswerCell("max_tokens", TO_CHAT, message(text("4"), stop="max_tokens"), {"stop": "length"}),
    AnswerCell("calls that end with another word", TO_CHAT, message(use("Bern", "t1")),
               {"stop": "tool_calls"},
               litellm="passes the word on"),
    AnswerCell("calls that end with stop", TO_MESSAGES,
               completion(content=None, tool_calls=[call(BERN, id="a"), call(ROME, id="b")]),
               {"calls": BOTH, "stop": "tool_use"}),
    AnswerCell("usage with cached", TO_MESSAGES,
               completion(content="42", usage={"prompt_tokens": 9, "completion_tokens": 2,
                                               "prompt_tokens_details": {"cached_tokens": 4}}),
               {"tokens": (9, 2, 4)}),
    AnswerCell("content_filter", TO_MESSAGES, completion("content_filter", content=""),
               {"stop": "refusal"}),
    AnswerCell("cut before the first word", TO_MESSAGES, completion("length"),
               {"stop": "max_tokens", "text": ""}),
    AnswerCell("reasoning_content", TO_MESSAGES,
               completion(content="42", reasoning_content="Hm."), {"text": "42"}),
    AnswerCell("refusal text", TO_MESSAGES, completion(content=None, refusal="No."),
               {"text": "No."}),
    AnswerCell("arguments as an object, no ids", TO_MESSAGES,
               completion("tool_calls", content=None,
                          tool_calls=[call({"city": "Bern"}), call({"city": "Rome"})]),  # type: ignore[arg-type]
               {"calls": BOTH, "stop": "tool_use"}),
    AnswerCell("an empty finish reason", TO_MESSAGES, completion("", content="42"),
               {"stop": "end_turn"}),

    AnswerCell("stream: text and two calls", TO_CHAT,
               [*begins(), *SAID,
                *block(1, {**OPEN_USE, "id": "t1"}, given(BERN[:5]), given(BERN[5:])),
                *block(2, {**OPEN_USE, "id": "t2"}, given(ROME)), *ends("tool_use")],
               {"text": "Let me look.", "calls": BOTH, "stop": "tool_calls"}),
    AnswerCell("stream: call without input", TO_CHAT,
               [*begins(), *block(0, {**OPEN_USE, "id": "t1"}), *ends("tool_use")],
               {"calls": (("weather", "{}"),), "stop": "tool_calls"},
               litellm="leaves the arguments empty, which is no JSON"),
    AnswerCell("stream: thinking and signature", TO_CHAT,
               [*begins(), *block(0, {"type": "thinking", "thinking": "", "signature": ""},
                                  {"type": "thinking_delta", "thinking": "Hm."},
                                  {"type": "signature_delta", "signature": "c2ln"}),
                *block(1, text(""), written("42")), *ends()],
               {"text": "42", "stop": "stop"}),
    AnswerCell("stream: usage with cache", TO_CHAT,
               [*begins(input_tokens=10, cache_read_input_tokens=40, cache_creation_input_tokens=5),
                *SAID, *ends()], {"tokens": (55, 2, 40)}),
    AnswerCell("stream: error event in the middle", TO_CHAT,
               [*begins(), *SAID[:2],
                {"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}}],
               {"failed": True}),
    AnswerCell("stream: cut in the middle", TO_CHAT, [*begins(), *SAID[:2]], {"stop": None}),

    AnswerCell("stream: text, call, usage last", TO_MESSAGES,
               [chunk(role="assistant", content=""), chunk(content="Let me look."),
                piece("", "weather", index=0, id="a"), piece(BERN, index=0), chunk("tool_calls"),
                COUNTED, DONE],
               {"text": "Let me look.", "calls": (("weather", BERN),), "stop": "tool_use",
                "tokens": (9, 2, 4)}),
    AnswerCell("stream: two calls interleaved", TO_MESSAGES,
               [piece("", "weather", index=0, id="a"), piece("", "weather", index=1, id="b"),
                piece(BERN[:5], index=0), piece(ROME[:5], index=1), piece(BERN[5:], index=0),
                piece(ROME[5:], index=1), chunk("tool_calls"), DONE],
               {"calls": BOTH, "stop": "tool_use"},
               litellm="glues the arguments of the second"),
    AnswerCell("stream: calls without index", TO_MESSAGES,
               [piece(BERN, "weather", id="a"), piece(ROME, "weather", id="b"),
                chunk("tool_calls"), DONE],
               {"calls": BOTH, "stop": "tool_use"}),
    AnswerCell("stream: calls without index or id", TO_MESSAGES,
               [piece(BERN, "weather"), piece(ROME, "weather"), chunk("tool_calls"), DONE],
               {"calls": BOTH, "stop": "tool_use"}),
    AnswerCell("stream: empty finish reason first", TO_MESSAGES,
               [chunk("", content="4"), chunk("", content="2"), chunk("stop"), DONE],
               {"text": "42", "stop": "end_turn"}),
    AnswerCell("stream: calls that end with stop", TO_MESSAGES,
               [piece(BERN, "weather", index=0, id="a"), chunk("stop"), DONE],
               {"calls": (("weather", BERN),), "stop": "tool_use"}),
    AnswerCell("stream: reasoning_content", TO_MESSAGES,
               [chunk(reasoning_content="Hm."), chunk(content="42"), chunk("stop"), DONE],
               {"text": "42", "stop": "end_turn"}),
    AnswerCell("stream: error in the middle", TO_MESSAGES,
               [chunk(content="4"), {"error": {"message": "overloaded", "code": 503}}],
               {"failed": True}),
    AnswerCell("stream: cut in the middle", TO_MESSAGES, [chunk(content="4")], {"stop": None}),
    AnswerCell("stream: text after a call", TO_MESSAGES,
               [piece(BERN, "weather", index=0, id="a"), chunk(content="So."), chunk("tool_calls"),
                DONE],
               {"text": "So.", "calls": (("weather", BERN),), "stop": "tool_use"}),
]  # fmt: skip


def as_stream(said: list[Any]) -> bytes:
    """The events of a provider's stream, as it sends them."""
    lines = []
    for one in said:
        name = f"event: {one['type']}\n" if isinstance(one, dict) and "type" in one else ""
        lines.append(f"{name}data: {one if isinstance(one, str) else json.dumps(one)}\n\n")
    return "".join(lines).encode()


def message_heard(said: Body) -> Heard:
    """What a Message says."""
    content = said["content"]
    words = "".join(one["text"] for one in content if one["type"] == "text")
    calls = [
        (one["name"], json.dumps(one["input"])) for one in content if one["type"] == "tool_use"
    ]
    return Heard(words, tuple(calls), said["stop_reason"], _message_tokens(said["usage"]))


def _message_tokens(usage: Body) -> tuple[int, int, int]:
    cached = usage.get("cache_read_input_tokens") or 0
    fresh = usage["input_tokens"] + (usage.get("cache_creation_input_tokens") or 0)
    return fresh + cached, usage["output_tokens"], cached


def message_events_heard(events: Iterable[Body]) -> Heard:
    """What the events of a Messages stream say, as their SDK adds them up."""
    blocks: list[Body] = []
    heard, usage = Heard(), {}
    for event in events:
        match event.get("type"):
            case "message_start":
                usage |= event["message"]["usage"]
            case "content_block_start":
                blocks.append({**event["content_block"], "said": []})
            case "content_block_delta":
                delta = event["delta"]
                blocks[event["index"]]["said"] += [
                    delta.get("text") or delta.get("partial_json") or ""
                ]
            case "message_delta":
                usage |= {name: n for name, n in event["usage"].items() if n is not None}
                heard = heard._replace(stop=event["delta"]["stop_reason"])
            case "error":
                heard = heard._replace(failed=True)
    words = "".join("".join(one["said"]) for one in blocks if one["type"] == "text")
    calls = [
        (one["name"], json.dumps(json.loads("".join(one["said"]) or "{}")))
        for one in blocks
        if one["type"] == "tool_use"
    ]
    tokens = _message_tokens(usage) if usage else None
    return heard._replace(text=words, calls=tuple(calls), tokens=tokens)


def completion_heard(said: Body) -> Heard:
    """What a chat completion says."""
    choice = said["choices"][0]
    told = choice["message"]
    calls = [
        (one["function"]["name"], json.dumps(json.loads(one["function"]["arguments"])))
        for one in told.get("tool_calls") or ()
    ]
    usage = said.get("usage")
    return Heard(
        told.get("content") or "", tuple(calls), choice["finish_reason"],
        _chat_tokens(usage) if usage else None,
    )  # fmt: skip


def _chat_tokens(usage: Body) -> tuple[int, int, int]:
    cached = (usage.get("prompt_tokens_details") or {}).get("cached_tokens") or 0
    return usage["prompt_tokens"], usage["completion_tokens"], cached


def chunks_heard(chunks: Iterable[Body]) -> Heard:
    """What the chunks of a chat say, as their SDK adds them up."""
    heard, words = Heard(), ""
    calls: dict[int, list[str]] = {}
    for one in chunks:
        if one.get("error"):
            heard = heard._replace(failed=True)
        if one.get("usage"):
            heard = heard._replace(tokens=_chat_tokens(one["usage"]))
        for choice in one.get("choices") or ():
            delta = choice["delta"]
            words += delta.get("content") or ""
            heard = heard._replace(stop=choice.get("finish_reason") or heard.stop)
            for part in delta.get("tool_calls") or ():
                told = calls.setdefault(part["index"], ["", ""])
                told[0] += part["function"].get("name") or ""
                told[1] += part["function"].get("arguments") or ""
    said = [(name, json.dumps(json.loads(arguments))) for name, arguments in calls.values()]
    return heard._replace(text=words, calls=tuple(said))
