"""Messages in the parts of the GenAI conventions, as OpenAI's wire has them.

Source: OpenTelemetry's semantic conventions for GenAI 1.37 to 1.39 (gen-ai-input-messages.json,
gen-ai-output-messages.json), and what instrumentations write beside them.
"""

from typing import Final, NamedTuple

from tierwatch.intake.calls import NO_QUESTION, PARAMETERS_UNSEEN, TRUNCATED
from tierwatch.store.documents import Json, JsonValue
from tierwatch.wire.json_values import json_text, objects, string

_ROLES: Final = {
    "system": "system",
    "developer": "developer",
    "user": "user",
    "human": "user",
    "assistant": "assistant",
    "model": "assistant",
    "ai": "assistant",
    "tool": "tool",
}
# What a model thought is no part of what it was asked or said.
_THOUGHTS: Final = frozenset({"reasoning", "thinking", "redacted_thinking"})
_SERVERS_OWN: Final = frozenset({"server_tool_call", "server_tool_call_response", "compaction"})


class Said(NamedTuple):
    """Messages in OpenAI's form.

    Attributes:
        messages: in their order.
        finish: the reason that the last of them gives; None where it gives none.
        outside: why they are not all that was said; "" where they are.
    """

    messages: list[Json]
    finish: str | None = None
    outside: str = ""


def said_messages(value: JsonValue) -> Said:
    """The messages of ``gen_ai.input.messages`` or ``gen_ai.output.messages``.

    >>> said_messages([{"role": "user", "parts": [{"type": "text", "content": "Hi"}]}]).messages
    [{'role': 'user', 'content': 'Hi'}]
    """
    if not isinstance(value, list):
        return Said([], outside=TRUNCATED)
    messages: list[Json] = []
    finish: str | None = None
    outside = "" if all(isinstance(one, dict) for one in value) else TRUNCATED
    for one in objects(value):
        read, problem = _message(one)
        messages += read
        outside = outside or problem
        reason = one.get("finish_reason")
        finish = reason if isinstance(reason, str) else finish
    return Said(messages, finish, outside)


def instructions(value: JsonValue) -> Said:
    """The system message of ``gen_ai.system_instructions``: a list of parts; none where empty."""
    if isinstance(value, str):
        return Said([{"role": "system", "content": value}] if value else [])
    read = said_messages([{"role": "system", "parts": value}]) if value else Said([])
    return read._replace(messages=[one for one in read.messages if one.get("content")])


def _message(one: Json) -> tuple[list[Json], str]:
    """A message may become several: results of tools are messages of their own on the wire."""
    role = _ROLES.get(string(one.get("role")))
    if role is None:
        return [], TRUNCATED
    parts = one.get("parts")
    if not isinstance(parts, list):
        return _as_it_is(role, one)
    if not parts:
        return [], NO_QUESTION if role == "user" else TRUNCATED
    read: dict[str, list[Json]] = {"content": [], "calls": [], "results": []}
    outside = ""
    for part in parts:
        place, found, problem = _part(part) if isinstance(part, dict) else ("", [], TRUNCATED)
        outside = outside or problem
        if place:
            read[place] += found
    return [*read["results"], *_own(role, read["content"], read["calls"])], outside


def _part(part: Json) -> tuple[str, list[Json], str]:
    """Where a part belongs, what it is in OpenAI's form, and what is missing of it."""
    kind = string(part.get("type"))
    if kind == "text":
        return "content", [{"type": "text", "text": string(part.get("content"))}], ""
    if kind == "tool_call":
        return "calls", [_call(part)], ""
    if kind == "tool_call_response":
        return "results", [_result(part)], ""
    if kind in {"blob", "uri", "file"}:
        medium = _medium(part)
        return "content", medium, "" if medium else TRUNCATED
    if kind in _SERVERS_OWN:
        return "", [], PARAMETERS_UNSEEN
    return "", [], "" if kind in _THOUGHTS else TRUNCATED


def _own(role: str, content: list[Json], calls: list[Json]) -> list[Json]:
    if role == "assistant":
        # Several texts of an answer are one answer.
        told = "".join(string(part.get("text")) for part in content)
        if not (told or calls):
            return []
        message: Json = {"role": role, "content": told or None}
        return [message | {"tool_calls": calls} if calls else message]
    if not content:
        return []
    texts = [part["text"] for part in content if part["type"] == "text"]
    alone = len(content) == len(texts) == 1
    return [{"role": role, "content": texts[0] if alone else content}]


def _as_it_is(role: str, one: Json) -> tuple[list[Json], str]:
    """A message in OpenAI's own form, which some senders put here."""
    kept = {
        name: one[name]
        for name in ("content", "tool_calls", "tool_call_id")
        if one.get(name) is not None
    }
    if not kept:
        return [], NO_QUESTION if role == "user" else TRUNCATED
    return [{"role": role, "content": None} | kept], ""


def _call(part: Json) -> Json:
    return tool_call(part.get("id"), part.get("name"), part.get("arguments"))


def tool_call(call_id: object, name: object, arguments: object) -> Json:
    """A call of a tool in OpenAI's form; arguments are JSON as text there, objects elsewhere."""
    given = arguments if isinstance(arguments, str) else json_text(arguments or {})
    function = {"name": string(name), "arguments": given}
    return {"id": string(call_id), "type": "function", "function": function}


def _result(part: Json) -> Json:
    """Of a tool; pydantic-ai says ``result`` where the conventions say ``response``."""
    said = part.get("response", part.get("result"))
    content = said if isinstance(said, str) else json_text(said)
    return {"role": "tool", "tool_call_id": string(part.get("id")), "content": content}


def _medium(part: Json) -> list[Json]:
    """A part of OpenAI's wire for an image, a sound or a file; none where its bytes are missing."""
    kind = part.get("type")
    media_type = string(part.get("mime_type")) or string(part.get("media_type"))
    if kind == "file":
        file_id = string(part.get("file_id"))
        return [{"type": "file", "file": {"file_id": file_id}}] if file_id else []
    if kind == "uri":
        return _image(string(part.get("uri")), string(part.get("modality")), media_type)
    raw = string(part.get("content")) or string(part.get("data"))
    if not (raw and media_type):
        return []
    if string(part.get("modality")) == "audio" or media_type.startswith("audio/"):
        sound = {"data": raw, "format": media_type.partition("/")[2]}
        return [{"type": "input_audio", "input_audio": sound}]
    return _image(f"data:{media_type};base64,{raw}", string(part.get("modality")), media_type)


def _image(url: str, modality: str, media_type: str) -> list[Json]:
    if not url or (modality != "image" and not media_type.startswith("image/")):
        return []
    return [{"type": "image_url", "image_url": {"url": url}}]


def with_known_calls(messages: list[Json]) -> list[Json]:
    """The messages with the ids of calls that their results name, where the two differ.

    An instrumentation that calls the item of Responses a call's id (``fc_...``) leaves results
    (``call_...``) that answer nothing: they are matched in their order.
    """
    calls = [call for message in messages for call in objects(message.get("tool_calls"))]
    results = [message for message in messages if message.get("role") == "tool"]
    named = {string(call.get("id")) for call in calls}
    answered = {string(result.get("tool_call_id")) for result in results}
    waiting = [call for call in calls if string(call.get("id")) not in answered]
    strays = [result for result in results if string(result.get("tool_call_id")) not in named]
    renamed = {
        string(call.get("id")): stray["tool_call_id"]
        for call, stray in zip(waiting, strays, strict=False)
    }
    if not renamed:
        return messages
    return [
        message
        | {
            "tool_calls": [
                call | {"id": renamed.get(string(call.get("id")), call.get("id"))}
                for call in objects(message["tool_calls"])
            ]
        }
        if message.get("tool_calls")
        else message
        for message in messages
    ]
