"""What an answer says, read from each wire alike: whole, or as the bytes of a stream."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

_FAILED = 400
_ENDS = {
    "stop": "stop", "end_turn": "stop", "completed": "stop", "stop_sequence": "stop",
    "tool_calls": "tools", "tool_use": "tools",
    "length": "length", "max_tokens": "length", "incomplete": "length",
    "refusal": "refusal", "content_filter": "refusal",
}  # fmt: skip


@dataclass
class Got:
    """An answer as a caller reads it."""

    text: str = ""
    # Texts of all choices, when there are several.
    choices: list[str] = field(default_factory=list)
    # (id, name, arguments) of each call.
    calls: list[tuple[str, str, Any]] = field(default_factory=list)
    thinking: str = ""
    refusal: str = ""
    end: str = ""
    prompt: int = 0
    completion: int = 0
    logprobs: bool = False
    # The sentence of an error, before or within.
    error: str = ""
    # Whether it came to its end as its wire ends.
    ended: bool = False
    problems: list[str] = field(default_factory=list)


def read_whole(wire: str, status: int, body: bytes) -> Got:
    """An answer that came at once."""
    try:
        value = json.loads(body)
    except ValueError:
        return Got(error=body.decode(errors="replace")[:200], problems=["not JSON"])
    if status >= _FAILED or value.get("error"):
        return _problem(wire, value)
    got = _WHOLE[wire](value)
    got.ended = True
    return got


def _problem(wire: str, value: Any) -> Got:
    error = value.get("error") if isinstance(value, dict) else None
    got = Got(error=str(error.get("message", "")) if isinstance(error, dict) else "")
    if not got.error:
        got.problems.append(f"no sentence in {value!r}")
    elif wire == "anthropic" and (value.get("type") != "error" or "type" not in error):
        got.problems.append("not the envelope of messages")
    elif wire != "anthropic" and "type" not in error:
        got.problems.append("not the envelope of OpenAI")
    return got


def _chat(value: Any) -> Got:
    choice = value["choices"][0]
    message = choice["message"]
    got = Got(text=message.get("content") or "", end=_ENDS[choice["finish_reason"]])
    got.choices = [one["message"].get("content") or "" for one in value["choices"]]
    got.refusal = message.get("refusal") or ""
    got.thinking = message.get("reasoning_content") or ""
    got.logprobs = bool(choice.get("logprobs"))
    for call in message.get("tool_calls") or ():
        of = call["function"]
        got.calls.append((call["id"], of["name"], _arguments(of["arguments"])))
    _chat_usage(got, value.get("usage"))
    return got


def _chat_usage(got: Got, usage: Any) -> None:
    if usage:
        got.prompt, got.completion = usage["prompt_tokens"], usage["completion_tokens"]
        if usage["total_tokens"] != got.prompt + got.completion:
            got.problems.append("total_tokens is no sum")


def _messages(value: Any) -> Got:
    got = Got(end=_ENDS[value["stop_reason"]])
    for block in value["content"]:
        _take_block(got, block)
    _messages_usage(got, value["usage"])
    return got


def _take_block(got: Got, block: Any) -> None:
    if block["type"] == "text":
        got.text += block["text"]
    elif block["type"] == "thinking":
        got.thinking += block["thinking"]
    elif block["type"] == "tool_use":
        got.calls.append((block["id"], block["name"], block["input"]))


def _messages_usage(got: Got, usage: Any) -> None:
    read = ("input_tokens", "cache_read_input_tokens", "cache_creation_input_tokens")
    if any(usage.get(name) for name in read):
        got.prompt = sum(usage.get(name) or 0 for name in read)
    got.completion = usage.get("output_tokens", got.completion)


def _response_end(value: Any) -> str:
    why = (value.get("incomplete_details") or {}).get("reason")
    return _ENDS.get(why) or _ENDS.get(value["status"], value["status"])


def _response(value: Any) -> Got:
    got = Got(end=_response_end(value))
    for item in value["output"]:
        if item["type"] == "message":
            for part in item["content"]:
                got.text += part.get("text") or ""
                got.refusal += part.get("refusal") or ""
                got.logprobs = got.logprobs or bool(part.get("logprobs"))
        elif item["type"] == "reasoning":
            got.thinking += "".join(part["text"] for part in item["summary"])
        elif item["type"] == "function_call":
            got.calls.append((item["call_id"], item["name"], _arguments(item["arguments"])))
        elif item["type"] == "custom_tool_call":
            got.calls.append((item["call_id"], item["name"], item["input"]))
    if got.calls and got.end == "stop":
        got.end = "tools"
    usage = value.get("usage")
    if usage:
        got.prompt, got.completion = usage["input_tokens"], usage["output_tokens"]
        if usage["total_tokens"] != got.prompt + got.completion:
            got.problems.append("total_tokens is no sum")
    return got


def _arguments(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text


_WHOLE: dict[str, Callable[[Any], Got]] = {
    "openai": _chat, "anthropic": _messages, "responses": _response,
}  # fmt: skip


# -- streams ----------------------------------------------------------------------------------


def read_stream(wire: str, data: bytes) -> Got:
    """An answer from the bytes of its stream, read as strictly as the strictest SDK does."""
    return _STREAMS[wire](list(_events(data)))


def _events(data: bytes) -> Iterator[tuple[str, str]]:
    """(event, data) of each event; comments are passed over."""
    for block in data.replace(b"\r\n", b"\n").decode().split("\n\n"):
        name, lines = "", []
        for line in block.split("\n"):
            field_name, _, value = line.partition(":")
            if field_name == "event":
                name = value.strip()
            elif field_name == "data":
                lines.append(value.removeprefix(" "))
        if lines:
            yield name, "\n".join(lines)


def _chat_stream(events: list[tuple[str, str]]) -> Got:
    got = Got()
    texts: dict[int, str] = {}
    calls: dict[int, dict[str, str]] = {}
    for _, data in events:
        if data == "[DONE]":
            got.ended = not got.error
            continue
        chunk = json.loads(data)
        if chunk.get("error"):
            got.error = str(chunk["error"].get("message", ""))
            continue
        if chunk.get("usage"):
            _chat_usage(got, chunk["usage"])
        for choice in chunk.get("choices") or ():
            delta = choice.get("delta") or {}
            at = choice["index"]
            texts[at] = texts.get(at, "") + (delta.get("content") or "")
            got.refusal += delta.get("refusal") or ""
            got.thinking += delta.get("reasoning_content") or ""
            got.logprobs = got.logprobs or bool(choice.get("logprobs"))
            for call in delta.get("tool_calls") or ():
                _take_call(calls.setdefault(call["index"], {}), call)
            if choice.get("finish_reason"):
                got.end = _ENDS[choice["finish_reason"]]
    got.choices = [texts[at] for at in sorted(texts)]
    got.text = got.choices[0] if got.choices else ""
    for place in sorted(calls):
        one = calls[place]
        got.calls.append((one["id"], one["name"], _arguments(one.get("arguments", ""))))
    if got.ended and not got.end:
        got.problems.append("[DONE] without a finish_reason")
    return got


def _take_call(one: dict[str, str], call: Any) -> None:
    of = call.get("function") or {}
    named = {"id": call.get("id"), "name": of.get("name")}
    one.update({name: value for name, value in named.items() if value})
    one["arguments"] = one.get("arguments", "") + (of.get("arguments") or "")


class _MessagesStream:
    """The events of messages, with what the strictest SDK holds of their order."""

    def __init__(self) -> None:
        self.got = Got()
        self._blocks: dict[int, dict[str, Any]] = {}
        self._open: set[int] = set()

    def take(self, name: str, data: str) -> None:
        if data == "[DONE]":
            self.got.problems.append("[DONE] on the wire of messages")
            return
        event = json.loads(data)
        if name != event["type"]:
            self.got.problems.append(f"event {name} holds {event['type']}")
        if (take := getattr(self, f"_{event['type']}", None)) is not None:
            take(event)

    def _message_start(self, event: Any) -> None:
        _messages_usage(self.got, event["message"]["usage"])

    def _content_block_start(self, event: Any) -> None:
        if self._open or event["index"] != len(self._blocks):
            self.got.problems.append(f"block {event['index']} begins out of turn")
        self._open.add(event["index"])
        self._blocks[event["index"]] = {**event["content_block"], "written": ""}

    def _content_block_delta(self, event: Any) -> None:
        if event["index"] not in self._open:
            self.got.problems.append(f"a piece of the closed block {event['index']}")
        block, delta = self._blocks[event["index"]], event["delta"]
        told = {"text", "thinking", "signature"} & delta.keys()
        block |= {name: block.get(name, "") + delta[name] for name in told}
        block["written"] += delta.get("partial_json", "")

    def _content_block_stop(self, event: Any) -> None:
        self._open.discard(event["index"])

    def _message_delta(self, event: Any) -> None:
        self.got.end = _ENDS.get(event["delta"]["stop_reason"], "")
        _messages_usage(self.got, event.get("usage") or {})

    def _message_stop(self, _: Any) -> None:
        self.got.ended = not self.got.error
        if self._open or not self.got.end:
            self.got.problems.append("message_stop before all was said")

    def _error(self, event: Any) -> None:
        self.got.error = str(event["error"].get("message", ""))

    def all(self) -> Got:
        for block in self._blocks.values():
            if block["type"] == "tool_use":
                block["input"] = _arguments(block["written"] or "{}")
            _take_block(self.got, block)
        return self.got


def _messages_stream(events: list[tuple[str, str]]) -> Got:
    stream = _MessagesStream()
    for name, data in events:
        stream.take(name, data)
    return stream.all()


class _ResponseStream:
    """The events of a response, with what the strictest clients hold of ids and order."""

    def __init__(self) -> None:
        self.got = Got()
        self._problems: list[str] = []
        self._names: set[str] = set()
        self._items: dict[int, dict[str, Any]] = {}
        self._written: dict[int, str] = {}

    def take(self, name: str, data: str) -> None:
        if data == "[DONE]":
            return
        event = json.loads(data)
        kind, at = event["type"], event.get("output_index", -1)
        if name and name != kind:
            self._problems.append(f"event {name} holds {kind}")
        if "response" in event:
            self._names.add(event["response"]["id"])
            self._take_state(kind, event["response"])
        elif kind == "response.output_item.added":
            self._items[at], self._written[at] = event["item"], ""
        elif kind.endswith(".delta"):
            if event.get("item_id") != self._items.get(at, {}).get("id"):
                self._problems.append(f"{kind} of an item that was not opened")
            self._written[at] = self._written.get(at, "") + str(event["delta"])
        elif kind == "response.output_item.done":
            self._take_item(at, event["item"])
        elif kind == "error":
            self.got.error = str(event.get("message", ""))

    def _take_state(self, kind: str, response: Any) -> None:
        if kind in {"response.completed", "response.incomplete"}:
            self.got = _response(response)
            self.got.ended = True
            if len(response["output"]) != len(self._items):
                self._problems.append("the last event has other items than the stream")
        elif kind == "response.failed":
            self.got.error = str((response.get("error") or {}).get("message", ""))

    def _take_item(self, at: int, done: Any) -> None:
        opened, written = self._items.get(at, {}), self._written.get(at, "")
        changed = [name for name in ("id", "type") if opened.get(name) != done.get(name)]
        self._problems += [f"{name} of an item changed" for name in changed]
        whole = done.get("arguments", done.get("input"))
        if done["type"] == "message":
            whole = "".join(p.get("text") or p.get("refusal") or "" for p in done["content"])
        if whole is not None and written and whole != written:
            self._problems.append("the pieces of an item are not its whole")

    def all(self) -> Got:
        if len(self._names) > 1:
            self._problems.append(f"one response has {len(self._names)} ids")
        if not self.got.ended:
            self.got.text = "".join(self._written.values())
            if not self.got.error:
                self._problems.append("a bare end")
        self.got.problems += self._problems
        return self.got


def _response_stream(events: list[tuple[str, str]]) -> Got:
    stream = _ResponseStream()
    for name, data in events:
        stream.take(name, data)
    return stream.all()


_STREAMS: dict[str, Callable[[list[tuple[str, str]]], Got]] = {
    "openai": _chat_stream, "anthropic": _messages_stream, "responses": _response_stream,
}  # fmt: skip
