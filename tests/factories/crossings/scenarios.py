"""What is asked, in the words of each wire: one table, a scenario a line.

A scenario gives a body for each wire that has words for it; None where a wire has none. Bodies are
what current SDKs send, and each is taken as it stands by a vendor of its own wire.
"""

import base64
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

WIRES = ("openai", "anthropic", "responses")
PATHS = {
    "openai": "/v1/chat/completions",
    "anthropic": "/v1/messages",
    "responses": "/v1/responses",
}
Body = dict[str, Any]

# One red point.
PNG = base64.b64encode(
    bytes.fromhex(
        "89504e470d0a1a0a0000000d49484452000000010000000108020000009077"
        "53de0000000c49444154789c63f8cfc0000003010100c9fe92ef0000000049454e44ae426082"
    )
).decode()
PDF = base64.b64encode(b"%PDF-1.4\n1 0 obj <</Type /Catalog>> endobj\n%%EOF\n").decode()
SYSTEM = "Answer in one sentence: être brève, 短く."
CITY: Body = {
    "type": "object",
    "properties": {
        "city": {"type": "string", "description": "Its name in English"},
        "days": {"type": "integer"},
    },
    "required": ["city"],
}
# All properties required, as OpenAI's strict form and Anthropic's structured output want them.
ANSWER: Body = {
    "type": "object",
    "properties": {"city": {"type": "string"}, "kind": {"enum": ["town", "river"]}},
    "required": ["city", "kind"],
    "additionalProperties": False,
}
# As a person writes it: optional property, no word on others, a bound.
LOOSE: Body = {
    "type": "object",
    "properties": {"city": {"type": "string", "minLength": 1}, "days": {"type": "integer"}},
    "required": ["city"],
}


@dataclass(frozen=True)
class Scenario:
    """What is asked, and how the answer is looked at."""

    name: str
    bodies: Mapping[str, Body | None]
    # Turns of a tool loop that are played to its end.
    turns: int = 1
    # The status that the vendor answers, 200 when it answers.
    status: int = 200
    # "error" | "break" in the middle of a stream.
    within: str = ""
    # Whether it is asked whole, streamed or both.
    streams: tuple[bool, ...] = (False, True)


def ask(question: str, wire: str, **more: Any) -> Body:
    """A plain question on a wire."""
    return with_parts(wire, [("text", question)], **more)


def with_parts(wire: str, parts: list[tuple[str, str]], **more: Any) -> Body:
    """A question of texts, images and files."""
    written = [_PARTS[wire][kind](value) for kind, value in parts]
    content: Any = written if len(parts) > 1 else parts[0][1]
    turn = {"role": "user", "content": content}
    if wire == "openai":
        return {"messages": [{"role": "system", "content": SYSTEM}, turn], **more}
    if wire == "anthropic":
        return {"max_tokens": 4_000, "system": SYSTEM, "messages": [turn], **more}
    return {"instructions": SYSTEM, "input": [turn], **more}


def _document(data: str) -> Body:
    source = {"type": "base64", "media_type": "application/pdf", "data": data}
    return {"type": "document", "source": source, "title": "report.pdf"}


_PARTS: dict[str, dict[str, Callable[[str], Body]]] = {
    "openai": {
        "text": lambda text: {"type": "text", "text": text},
        "image": lambda data: {
            "type": "image_url", "image_url": {"url": f"data:image/png;base64,{data}"},
        },
        "file": lambda data: {
            "type": "file",
            "file": {
                "filename": "report.pdf", "file_data": f"data:application/pdf;base64,{data}",
            },
        },
    },
    "anthropic": {
        "text": lambda text: {"type": "text", "text": text},
        "image": lambda data: {
            "type": "image",
            "source": {"type": "base64", "media_type": "image/png", "data": data},
        },
        "file": _document,
    },
    "responses": {
        "text": lambda text: {"type": "input_text", "text": text},
        "image": lambda data: {
            "type": "input_image", "image_url": f"data:image/png;base64,{data}", "detail": "auto",
        },
        "file": lambda data: {
            "type": "input_file", "filename": "report.pdf",
            "file_data": f"data:application/pdf;base64,{data}",
        },
    },
}  # fmt: skip


def tools(wire: str, *names: str) -> list[Body]:
    about = "The weather of a city"
    if wire == "openai":
        return [
            {"type": "function",
             "function": {"name": name, "description": about, "parameters": CITY}}
            for name in names
        ]  # fmt: skip
    if wire == "anthropic":
        return [{"name": name, "description": about, "input_schema": CITY} for name in names]
    return [
        {"type": "function", "name": name, "description": about, "parameters": CITY,
         "strict": False}
        for name in names
    ]  # fmt: skip


def _shape(wire: str, schema: Body, *, strict: bool) -> Body:
    if wire == "openai":
        of = {"name": "place", "schema": schema, "strict": strict}
        return {"response_format": {"type": "json_schema", "json_schema": of}}
    if wire == "anthropic":
        return {"output_config": {"format": {"type": "json_schema", "schema": schema}}}
    shape = {"type": "json_schema", "name": "place", "schema": schema, "strict": strict}
    return {"text": {"format": shape}}


def _each(build: Callable[[str], Body | None]) -> dict[str, Body | None]:
    return {wire: build(wire) for wire in WIRES}


def _same(text: str, **by_wire: Mapping[str, Any] | None) -> dict[str, Body | None]:
    """A plain question with more fields on each wire that has them (None: it has no word)."""
    return {
        wire: None if fields is None else ask(text, wire, **fields)
        for wire, fields in by_wire.items()
    }


def _prefilled(wire: str) -> Body:
    body = ask("Which city lies on the Aare?", wire)
    listed = body["input" if wire == "responses" else "messages"]
    listed.append({"role": "assistant", "content": "The city is"})
    return body


def _history(wire: str) -> Body:
    """Two calls at once, their results (one failed), and a word of the user after them."""
    body = ask("Weather in Bern and Oslo? [[say Both seen.]]", wire, tools=tools(wire, "weather"))
    given = [("c1", "Bern", "sunny", False), ("c2", "Oslo", "no such city", True)]
    if wire == "openai":
        calls = [
            {"id": name, "type": "function",
             "function": {"name": "weather", "arguments": json.dumps({"city": city})}}
            for name, city, _, _ in given
        ]  # fmt: skip
        body["messages"].append({"role": "assistant", "content": None, "tool_calls": calls})
        body["messages"] += [
            {"role": "tool", "tool_call_id": name, "content": result}
            for name, _, result, _ in given
        ]
        body["messages"].append({"role": "user", "content": "Well?"})
    elif wire == "anthropic":
        uses = [
            {"type": "tool_use", "id": name, "name": "weather", "input": {"city": city}}
            for name, city, _, _ in given
        ]
        results: list[Body] = [
            {"type": "tool_result", "tool_use_id": name, "content": result, "is_error": failed}
            for name, _, result, failed in given
        ]
        body["messages"].append({"role": "assistant", "content": uses})
        results.append({"type": "text", "text": "Well?"})
        body["messages"].append({"role": "user", "content": results})
    else:
        body["input"] += [
            {"type": "function_call", "call_id": name, "name": "weather",
             "arguments": json.dumps({"city": city})}
            for name, city, _, _ in given
        ]  # fmt: skip
        body["input"] += [
            {"type": "function_call_output", "call_id": name, "output": result}
            for name, _, result, _ in given
        ]
        body["input"].append({"role": "user", "content": "Well?"})
    return body


def _tooled(text: str) -> dict[str, Body | None]:
    return _each(lambda wire: ask(text, wire, tools=tools(wire, "weather", "lake")))


def _forced(wire: str) -> Body:
    choice: dict[str, Any] = {
        "openai": {"type": "function", "function": {"name": "lake"}},
        "anthropic": {"type": "tool", "name": "lake", "disable_parallel_tool_use": True},
        "responses": {"type": "function", "name": "lake"},
    }
    more = {} if wire == "anthropic" else {"parallel_tool_calls": False}
    given = tools(wire, "weather", "lake")
    return ask("Go on.", wire, tools=given, tool_choice=choice[wire], **more)


QUESTION = "Which city lies on the Aare?"
LONG = "word " * 110_000
SCENARIOS = (
    Scenario("text", _each(lambda wire: ask(QUESTION, wire)), streams=(False,)),
    Scenario("stream", _each(lambda wire: ask(QUESTION, wire)), streams=(True,)),
    Scenario("tools", _tooled("Weather in Bern? [[call 1 weather]]")),
    Scenario("parallel tools", _tooled("Bern and Oslo? [[call 2 weather]]")),
    Scenario("tool results", _each(_history)),
    Scenario("tool choice", _each(_forced)),
    Scenario("tool loop", _tooled("Five cities. [[loop 5 weather]]"), turns=5),
    Scenario(
        "JSON schema", _each(lambda w: ask(QUESTION, w, **_shape(w, ANSWER, strict=True)))
    ),
    Scenario(
        "loose schema",
        {
            wire: ask(QUESTION, wire, **_shape(wire, LOOSE, strict=False))
            for wire in ("openai", "responses")
        } | {"anthropic": None},
    ),
    Scenario("image", _each(lambda w: with_parts(w, [("text", QUESTION), ("image", PNG)]))),
    Scenario("file", _each(lambda w: with_parts(w, [("text", QUESTION), ("file", PDF)]))),
    Scenario(
        "thinking",
        _same(
            QUESTION,
            openai={"reasoning_effort": "high"},
            anthropic={"thinking": {"type": "enabled", "budget_tokens": 2_000}},
            responses={
                "reasoning": {"effort": "high", "summary": "auto"},
                "include": ["reasoning.encrypted_content"],
            },
        ),
    ),
    Scenario(
        "adaptive thinking",
        _same(QUESTION, openai=None, responses=None,
              anthropic={"thinking": {"type": "adaptive"}}),
    ),
    Scenario(
        "effort",
        _same(
            QUESTION,
            openai={"reasoning_effort": "low"},
            anthropic={"output_config": {"effort": "low"}},
            responses={"reasoning": {"effort": "low"}},
        ),
    ),
    Scenario("prefill", _each(_prefilled)),
    Scenario("n", _same(QUESTION, openai={"n": 2}, anthropic=None, responses=None)),
    Scenario(
        "logprobs",
        _same(
            QUESTION,
            openai={"logprobs": True, "top_logprobs": 2},
            anthropic=None,
            responses={"top_logprobs": 2, "include": ["message.output_text.logprobs"]},
        ),
    ),
    Scenario(
        "sampling",
        _same(
            QUESTION,
            openai={"temperature": 0.2, "seed": 7, "presence_penalty": 0.5},
            anthropic={"temperature": 0.2, "top_k": 5},
            responses={"temperature": 0.2},
        ),
    ),
    Scenario(
        "stop",
        _same(
            QUESTION,
            openai={"stop": ["END", "\n\n"]},
            anthropic={"stop_sequences": ["END"]},
            responses=None,
        ),
    ),
    Scenario(
        "limit",
        _same(
            QUESTION,
            openai={"max_tokens": 30_000},
            anthropic={"max_tokens": 64_000},
            responses={"max_output_tokens": 30_000},
        ),
    ),
    Scenario(
        "user",
        _same(
            QUESTION,
            openai={"user": "u-" + "7" * 60},
            anthropic={"metadata": {"user_id": '{"device_id": "' + "d" * 130 + '"}'}},
            responses={"user": "u-" + "7" * 60},
        ),
    ),
    Scenario("long", _each(lambda wire: ask(LONG, wire)), streams=(False,)),
    Scenario("cut by the limit", _each(lambda wire: ask("[[length]]", wire))),
    Scenario("refusal", _each(lambda wire: ask("[[refuse]]", wire))),
    Scenario("error 429", _each(lambda wire: ask("[[error 429]]", wire)), status=429),
    Scenario("error before", _each(lambda wire: ask("[[error 500]]", wire)), status=500),
    Scenario("error within", _each(lambda wire: ask("[[within]]", wire)), within="error",
             streams=(True,)),
    Scenario("cut", _each(lambda wire: ask("[[break]]", wire)), within="break", streams=(True,)),
)  # fmt: skip


def next_turn(wire: str, body: Body, whole: Any, results: list[str]) -> Body:
    """The request after an answer with calls: the answer as it came, and the results."""
    if wire == "openai":
        message = whole["choices"][0]["message"]
        told = [
            {"role": "tool", "tool_call_id": call["id"], "content": result}
            for call, result in zip(message["tool_calls"], results, strict=True)
        ]
        return {**body, "messages": [*body["messages"], message, *told]}
    if wire == "anthropic":
        uses = [block for block in whole["content"] if block["type"] == "tool_use"]
        told = [
            {"type": "tool_result", "tool_use_id": use["id"], "content": result}
            for use, result in zip(uses, results, strict=True)
        ]
        answered = {"role": "assistant", "content": whole["content"]}
        return {
            **body,
            "messages": [*body["messages"], answered, {"role": "user", "content": told}],
        }
    calls = [item for item in whole["output"] if item["type"] == "function_call"]
    told = [
        {"type": "function_call_output", "call_id": call["call_id"], "output": result}
        for call, result in zip(calls, results, strict=True)
    ]
    return {**body, "input": [*body["input"], *whole["output"], *told]}
