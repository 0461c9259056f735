"""Two stand-ins for providers that refuse what the real ones refuse, and write down what they get.

What a message asks of them stands in its text: ``[[call 2]]`` asks for two tool calls, anything
else for words. Each knows its conversation by ``#c17#`` in the first user message.
"""

import json
import re
import threading
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

# What was said, in order: (who, text), ("call", name, arguments) or ("result", text).
Said = tuple[Any, ...]

_CONVERSATION = re.compile(r"#c(\d+)#")
_CALLS = re.compile(r"\[\[call (\d)\]\]")
_ID = re.compile(r"[a-zA-Z0-9_-]{1,64}")


class RefusedError(Exception):
    """What the real provider would answer 400 to."""


def require(holds: object, sentence: str) -> None:
    if not holds:
        raise RefusedError(sentence)


@dataclass
class Heard:
    """One call as a provider got it."""

    conversation: int
    model: str
    said: list[Said]
    own_reasoning: int
    body: dict[str, Any]


@dataclass
class Answer:
    """What a provider says: reasoning, text and calls (id, name, arguments)."""

    text: str
    calls: list[tuple[str, str, dict[str, Any]]]
    reasoning: str
    prompt_tokens: int


@dataclass
class StrictProvider:
    """Reads a request as strictly as the real one and answers it, streamed or whole."""

    kind: str
    # By conversation, in order; providers of one test share it.
    heard: dict[int, list[Heard]] = field(default_factory=lambda: defaultdict(list))
    refused: list[str] = field(default_factory=list)
    # Reasoning this provider issued: signature or text -> model.
    issued: dict[str, str] = field(default_factory=dict)
    # Ids of the calls of an answer -> (model, signature of the thinking it began with).
    begun: dict[tuple[int, str], tuple[str, str]] = field(default_factory=dict)
    counts: dict[int, int] = field(default_factory=lambda: defaultdict(int))
    lock: threading.Lock = field(default_factory=threading.Lock)

    def reply(self, wire: Any) -> Callable[..., Any]:
        """What a `FakeProvider` of the gateway's tests replies."""

        async def reply(writer: Any, received: Any) -> None:
            body = received.json
            try:
                with self.lock:
                    answer = self._answer(body)
            except RefusedError as error:
                self.refused.append(f"{error}: {json.dumps(body)[:3_000]}")
                problem = {"type": "error", "error": {"type": "invalid_request_error",
                                                      "message": str(error)}}  # fmt: skip
                await wire.json(problem, 400)(writer, received)
                return
            write = _openai_reply if self.kind == "openai" else _anthropic_reply
            await write(wire, body, answer)(writer, received)

        return reply

    def _answer(self, body: dict[str, Any]) -> Answer:
        reader = self._read_openai if self.kind == "openai" else self._read_anthropic
        said, own, conversation, thinks = reader(body)
        self.heard[conversation].append(Heard(conversation, body["model"], said, own, body))
        number = self.counts[conversation]
        self.counts[conversation] += 1
        asked = _CALLS.search(said[-1][-1])
        calls = []
        for place in range(int(asked[1]) if asked and body.get("tools") else 0):
            arguments = {"city": f"Zürich {number}.{place}", "days": [place, None, {"a": "\"'"}]}
            # Half of the conversations: ids as some servers write them, the same for every answer.
            plain = self.kind == "anthropic" or conversation % 4 < 2
            call_id = (
                f"{'toolu' if self.kind == 'anthropic' else 'call'}_{conversation}_{number}_{place}"
                if plain
                else f"functions.weather:{place}"
            )
            calls.append((call_id, "weather", arguments))
        reasoning = ""
        if thinks:
            reasoning = f"{self.kind}/{body['model']}/{conversation}/{number}"
            self.issued[reasoning] = body["model"]
            if calls:
                self.begun[conversation, calls[0][0]] = (body["model"], reasoning)
        # Some answers call tools without a word, some with.
        text = "" if calls and number % 3 == 0 else f"{self.kind} says {number} in {conversation}."
        read = sum(len(one[-1]) for one in said if one[0] != "call") // 4
        return Answer(text, calls, reasoning, max(50, read))

    # -- OpenAI's wire ------------------------------------------------------------------------

    def _read_openai(self, body: dict[str, Any]) -> tuple[list[Said], int, int, bool]:
        said: list[Said] = []
        own, waiting = 0, []
        conversation = None
        require(body.get("messages"), "no messages")
        require("thinking" not in body, "unknown parameter thinking")
        for given in body["messages"]:
            message = {name: value for name, value in given.items() if value not in (None, [])}
            role, content = message.get("role"), message.get("content")
            if role == "tool":
                require(message.keys() == {"role", "tool_call_id", "content"}, "odd tool message")
                require(message["tool_call_id"] in waiting, "a result without its call")
                waiting.remove(message["tool_call_id"])
                require(isinstance(content, str), "a result that is no text")
                said.append(("result", content))
                continue
            require(not waiting, f"calls without results: {waiting}")
            if role == "system":
                continue
            if role == "user":
                require(message.keys() <= {"role", "content", "name"}, "odd user message")
                text = _openai_text(content, {"text", "image_url"})
                conversation = conversation or _CONVERSATION.search(text)
                said.append(("user", text))
                continue
            require(role == "assistant", f"role {role}")
            known = {"role", "content", "tool_calls", "refusal", "name", "reasoning_content"}
            require(message.keys() <= known, f"unknown fields {message.keys() - known}")
            if message.get("reasoning_content"):
                mine = self.issued.get(message["reasoning_content"]) == body["model"]
                require(mine, "reasoning of another model")
                own += 1
            if content:
                said.append(("assistant", _openai_text(content, {"text"})))
            calls = message.get("tool_calls") or []
            require(content or calls, "an empty assistant message")
            for call in calls:
                known = {"id", "type", "function", "index"}
                require(call.keys() <= known, f"odd call {call.keys()}")
                require(0 < len(call["id"]) <= 40, f"id {call['id']!r}")
                function = call["function"]
                said.append(("call", function["name"], json.loads(function["arguments"])))
                waiting.append(call["id"])
        require(not waiting, f"calls without results at the end: {waiting}")
        require(said[-1][0] in {"user", "result"}, "nothing to answer")
        assert conversation is not None
        return said, own, int(conversation[1]), True

    # -- Anthropic's wire ---------------------------------------------------------------------

    def _read_anthropic(self, body: dict[str, Any]) -> tuple[list[Said], int, int, bool]:
        thinks = body.get("thinking", {}).get("type") == "enabled"
        turns = body["messages"]
        require(turns and turns[0]["role"] == "user", "the first turn is not the user's")
        require(isinstance(body.get("max_tokens"), int), "no max_tokens")
        said: list[Said] = []
        waiting: list[str] = []
        seen: set[str] = set()
        own, conversation, before = 0, None, ""
        for turn in turns:
            require(turn.keys() == {"role", "content"}, f"odd turn {turn.keys()}")
            role, content = turn["role"], turn["content"]
            require(role in {"user", "assistant"} and role != before, f"{role} after {before}")
            before = role
            require(content, "an empty turn")
            blocks = [{"type": "text", "text": content}] if isinstance(content, str) else content
            if role == "assistant":
                own += self._read_assistant(body["model"], blocks, said, waiting, seen)
                continue
            results = [block for block in blocks if block["type"] == "tool_result"]
            require(blocks[: len(results)] == results, "results do not come first")
            given = [block["tool_use_id"] for block in results]
            require(sorted(given) == sorted(waiting), f"results {given} for calls {waiting}")
            waiting.clear()
            for block in blocks:
                if block["type"] == "tool_result":
                    require(block.keys() <= {"type", "tool_use_id", "content"}, "odd result")
                    inner = block["content"]
                    parts = [inner] if isinstance(inner, str) else [part["text"] for part in inner]
                    said.append(("result", "".join(parts)))
                else:
                    text = _anthropic_text(block)
                    conversation = conversation or _CONVERSATION.search(text)
                    said.append(("user", text))
        require(not waiting, f"calls without results: {waiting}")
        require(before == "user", "nothing to answer")
        assert conversation is not None
        number = int(conversation[1])
        self._check_exchange(body, number, turns, thinks=thinks)
        return said, own, number, thinks

    def _read_assistant(
        self,
        model: str,
        blocks: list[dict[str, Any]],
        said: list[Said],
        waiting: list[str],
        seen: set[str],
    ) -> int:
        own = 0
        for block in blocks:
            if block["type"] == "thinking":
                require(block.keys() == {"type", "thinking", "signature"}, "odd thinking")
                mine = self.issued.get(block["signature"]) == model
                require(mine, f"invalid signature {block['signature']!r} for {model}")
                require(block["thinking"] == f"Thought {block['signature']}", "changed thinking")
                own += 1
            elif block["type"] == "tool_use":
                require(block.keys() == {"type", "id", "name", "input"}, f"odd call {block.keys()}")
                require(_ID.fullmatch(block["id"]), f"id {block['id']!r}")
                require(block["id"] not in seen, f"id {block['id']!r} twice")
                seen.add(block["id"])
                waiting.append(block["id"])
                said.append(("call", block["name"], block["input"]))
            else:
                said.append(("assistant", _anthropic_text(block)))
        return own

    def _check_exchange(
        self, body: dict[str, Any], conversation: int, turns: list[Any], *, thinks: bool
    ) -> None:
        """In a tool exchange, the model that began it gets its own thinking, or none is asked."""
        blocks = turns[-1]["content"]
        if isinstance(blocks, str) or blocks[0]["type"] != "tool_result":
            return
        asked = turns[-2]["content"]
        first = asked[0]["type"]
        require(not thinks or first == "thinking", f"expected thinking, found {first}")
        use = next(block for block in asked if block["type"] == "tool_use")
        model, signature = self.begun.get((conversation, use["id"]), ("", ""))
        if model == body["model"]:
            require(first == "thinking", "its own thinking was taken away")
            require(asked[0]["signature"] == signature, "another thinking was put there")


def _openai_text(content: Any, kinds: set[str]) -> str:
    if isinstance(content, str):
        return content
    require(all(part["type"] in kinds for part in content), f"parts {content}")
    require(all(part.keys() == {"type", "text"} for part in content), f"odd parts {content}")
    return "".join(part["text"] for part in content)


def _anthropic_text(block: dict[str, Any]) -> str:
    require(block["type"] == "text", f"unknown block {block['type']}")
    require(block.keys() == {"type", "text"}, f"odd text {block.keys()}")
    require(block["text"].strip(), "empty text")
    return str(block["text"])


def _openai_reply(wire: Any, body: dict[str, Any], answer: Answer) -> Any:
    head = {"id": "chatcmpl-1", "created": 1, "model": body["model"]}
    calls = [
        {"id": i, "type": "function", "function": {"name": n, "arguments": json.dumps(a)}}
        for i, n, a in answer.calls
    ]
    finish = "tool_calls" if calls else "stop"
    read = answer.prompt_tokens
    usage = {"prompt_tokens": read, "completion_tokens": 7, "total_tokens": read + 7}
    if not body.get("stream"):
        message = {"role": "assistant", "content": answer.text or None, "refusal": None}
        message |= {"reasoning_content": answer.reasoning, "annotations": []}
        if calls:
            message["tool_calls"] = calls
        choice = {"index": 0, "message": message, "finish_reason": finish, "logprobs": None}
        return wire.json({**head, "object": "chat.completion", "choices": [choice], "usage": usage})
    deltas: list[dict[str, Any]] = [{"role": "assistant", "content": ""}]
    deltas += [{"reasoning_content": piece} for piece in _halves(answer.reasoning)]
    deltas += [{"content": piece} for piece in _halves(answer.text)]
    for index, call in enumerate(calls):
        name = call["function"]["name"]
        opened = {**call, "index": index, "function": {"name": name, "arguments": ""}}
        deltas.append({"tool_calls": [opened]})
        for piece in _halves(call["function"]["arguments"]):
            deltas.append({"tool_calls": [{"index": index, "function": {"arguments": piece}}]})
    choices = [{"index": 0, "delta": delta, "finish_reason": None} for delta in deltas]
    choices.append({"index": 0, "delta": {}, "finish_reason": finish})
    head["object"] = "chat.completion.chunk"
    chunks = [json.dumps({**head, "choices": [choice]}) for choice in choices]
    chunks += [json.dumps({**head, "choices": [], "usage": usage}), "[DONE]"]
    return wire.stream(*(f"data: {chunk}\n\n".encode() for chunk in chunks))


def _anthropic_reply(wire: Any, body: dict[str, Any], answer: Answer) -> Any:
    blocks: list[dict[str, Any]] = []
    if answer.reasoning:
        thought = f"Thought {answer.reasoning}"
        blocks.append({"type": "thinking", "thinking": thought, "signature": answer.reasoning})
    if answer.text:
        blocks.append({"type": "text", "text": answer.text})
    blocks += [{"type": "tool_use", "id": i, "name": n, "input": a} for i, n, a in answer.calls]
    stop = "tool_use" if answer.calls else "end_turn"
    usage = {"input_tokens": answer.prompt_tokens, "output_tokens": 7}
    message = {"id": "msg_1", "type": "message", "role": "assistant", "stop_sequence": None}
    message |= {"model": body["model"], "usage": usage}
    if not body.get("stream"):
        return wire.json({**message, "content": blocks, "stop_reason": stop})
    events: list[dict[str, Any]] = [
        {"type": "message_start", "message": {**message, "content": [], "stop_reason": None}}
    ]
    for index, block in enumerate(blocks):
        opened, deltas = _opened(block)
        events.append({"type": "content_block_start", "index": index, "content_block": opened})
        events += [{"type": "content_block_delta", "index": index, "delta": d} for d in deltas]
        events.append({"type": "content_block_stop", "index": index})
    events.append({"type": "message_delta", "delta": {"stop_reason": stop, "stop_sequence": None},
                   "usage": {"output_tokens": 7}})  # fmt: skip
    events.append({"type": "message_stop"})
    return wire.stream(*(f"event: {e['type']}\ndata: {json.dumps(e)}\n\n".encode() for e in events))


def _opened(block: dict[str, Any]) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    if block["type"] == "text":
        pieces = [{"type": "text_delta", "text": piece} for piece in _halves(block["text"])]
        return {"type": "text", "text": ""}, pieces
    if block["type"] == "thinking":
        thoughts = _halves(block["thinking"])
        pieces = [{"type": "thinking_delta", "thinking": piece} for piece in thoughts]
        pieces.append({"type": "signature_delta", "signature": block["signature"]})
        return {"type": "thinking", "thinking": "", "signature": ""}, pieces
    written = _halves(json.dumps(block["input"]))
    pieces = [{"type": "input_json_delta", "partial_json": piece} for piece in written]
    return {**block, "input": {}}, pieces


def _halves(text: str) -> list[str]:
    middle = len(text) // 2
    return [piece for piece in (text[:middle], text[middle:]) if piece]
