"""Items of the Responses wire as turns of typed parts."""

from collections.abc import Iterable, Mapping
from typing import Any

from tierwatch.wire.chat import (
    RESPONSES,
    Data,
    Declined,
    Extras,
    Media,
    Part,
    Reasoning,
    Source,
    Stored,
    Text,
    ToolCall,
    ToolResult,
    Turn,
    Unknown,
    Url,
)
from tierwatch.wire.json_values import json_text, mapping, objects, rest, string
from tierwatch.wire.openai_responses.tools import flat_name, write_input

NOTHING = Extras(RESPONSES)

CALLS = frozenset({"function_call", "custom_tool_call"})
OUTPUTS = frozenset({"function_call_output", "custom_tool_call_output"})
# Items of tools that the provider runs itself.
PROVIDER_RUN = frozenset(
    {
        "web_search_call",
        "file_search_call",
        "code_interpreter_call",
        "image_generation_call",
        "mcp_call",
        "mcp_list_tools",
        "tool_search_call",
        "tool_search_output",
        "program",
        "program_output",
    }
)
# What an assistant says in items of its own, beside messages.
SAID_BY_ASSISTANT = CALLS | PROVIDER_RUN | {"reasoning"}

_OF_A_MESSAGE = frozenset({"role", "content"})
_OF_A_CALL = frozenset({"call_id", "arguments", "input"})
_OF_AN_OUTPUT = frozenset({"call_id", "output"})
_OF_A_THOUGHT = frozenset({"encrypted_content"})
_OF_A_TEXT = frozenset({"type", "text"})


def is_message(item: Mapping[str, Any]) -> bool:
    """Whether an item is a message; its type may be left out."""
    return bool(item.get("type", "message") == "message")


def is_assistants(item: Mapping[str, Any]) -> bool:
    """Whether an item belongs to a turn of the assistant."""
    if is_message(item):
        return item.get("role") == "assistant"
    return string(item.get("type")) in SAID_BY_ASSISTANT


def items_of(given: object) -> list[dict[str, Any]]:
    """The items of an input, which may be a text of the user's."""
    if isinstance(given, str):
        return [{"role": "user", "content": given}]
    return objects(given)


def read_turns(items: Iterable[Mapping[str, Any]]) -> tuple[Turn, ...]:
    """Items as turns. Never raises: what has no typed form is kept as it was said."""
    turns: list[Turn] = []
    role = ""
    parts: list[Part] = []
    for item in items:
        follows = _joined_role(item)
        if role and follows != role:
            turns.append(Turn(role, tuple(parts), plain=False, extras=NOTHING))
            parts = []
        role = follows
        if role == "assistant":
            parts += read_said(item)
        elif role:
            parts.append(_read_output(item))
        else:
            turns.append(_read_item(item))
    if role:
        turns.append(Turn(role, tuple(parts), plain=False, extras=NOTHING))
    return tuple(turns)


def _joined_role(item: Mapping[str, Any]) -> str:
    """Whose turn an item is part of, where several make one; empty for one that stands alone.

    The results of one answer's calls are one turn: what they show follows all of them elsewhere.
    """
    if is_assistants(item):
        return "assistant"
    return "tool" if string(item.get("type")) in OUTPUTS else ""


def _read_item(item: Mapping[str, Any]) -> Turn:
    kind = string(item.get("type"))
    if is_message(item):
        content = item.get("content")
        plain = isinstance(content, str)
        return Turn(string(item.get("role")), _content(content), plain, _rest(item, _OF_A_MESSAGE))
    said = Unknown(RESPONSES, item, for_issuer=kind == "additional_tools")
    return Turn("user", (said,), plain=False, extras=Extras(RESPONSES, {"item": item}))


def read_said(item: Mapping[str, Any]) -> list[Part]:
    """An item of the assistant as parts of its turn."""
    kind = string(item.get("type"))
    if kind == "reasoning":
        return [_read_thought(item)]
    if kind in CALLS:
        return [_read_call(item, custom=kind == "custom_tool_call")]
    if kind in PROVIDER_RUN:
        return [Unknown(RESPONSES, item, for_issuer=True)]
    content = item.get("content")
    said = {"message": rest(item, _OF_A_MESSAGE), "plain": isinstance(content, str)}
    parts = list(_content(content))
    if not parts or isinstance(parts[0], Unknown):
        # Nothing that begins a message: its own provider may still know what it stands for.
        return [Unknown(RESPONSES, item, for_issuer=True)]
    return [_beginning(parts[0], said), *parts[1:]]


def _beginning(part: Part, said: Mapping[str, Any]) -> Part:
    """The first part of a message, which says what else was said of that."""
    if isinstance(part, Text):
        return Text(part.text, Extras(RESPONSES, {**part.extras.fields, **said}))
    if isinstance(part, Declined):
        return Declined(part.text, Extras(RESPONSES, {**part.extras.fields, **said}))
    return part


def _read_thought(item: Mapping[str, Any]) -> Reasoning:
    texts = [string(one.get("text")) for one in objects(item.get("content"))]
    texts = texts or [string(one.get("text")) for one in objects(item.get("summary"))]
    encrypted = item.get("encrypted_content")
    return Reasoning(
        "\n\n".join(texts),
        Extras(RESPONSES, {"item": rest(item, _OF_A_THOUGHT)}),
        encrypted=encrypted if isinstance(encrypted, str) else None,
    )


def _read_call(item: Mapping[str, Any], *, custom: bool) -> ToolCall:
    given = item.get("input" if custom else "arguments")
    arguments = given if isinstance(given, str) else "" if given is None else json_text(given)
    return ToolCall(
        string(item.get("call_id")),
        flat_name(string(item.get("name")), string(item.get("namespace"))),
        write_input(arguments) if custom else arguments,
        Extras(RESPONSES, {"item": rest(item, _OF_A_CALL)}),
    )


def _read_output(item: Mapping[str, Any]) -> ToolResult:
    output = item.get("output")
    if isinstance(output, list):
        parts, plain = _content(output), False
    else:
        text = output if isinstance(output, str) else "" if output is None else json_text(output)
        parts, plain = (Text(text, NOTHING),), True
    return ToolResult(string(item.get("call_id")), parts, plain, _rest(item, _OF_AN_OUTPUT))


def _content(content: object) -> tuple[Part, ...]:
    if isinstance(content, str):
        return (Text(content, NOTHING),)
    return tuple([_read_part(part) for part in objects(content)])


def _read_part(part: Mapping[str, Any]) -> Part:
    match part.get("type"):
        case "input_text" | "output_text" | "text" | "summary_text" as kind:
            # What words are called follows from who says them, unless they were called otherwise.
            fields = rest(part, _OF_A_TEXT)
            fields["type"] = kind
            return Text(string(part.get("text")), Extras(RESPONSES, fields))
        case "refusal":
            return Declined(string(part.get("refusal")), _rest(part, _REFUSAL))
        case "input_image":
            typed = _image(part)
        case "input_file":
            typed = _file(part)
        case "input_audio":
            typed = _audio(part)
        case _:
            typed = None
    return Unknown(RESPONSES, part) if typed is None else typed


def _image(part: Mapping[str, Any]) -> Media | None:
    url, file_id = part.get("image_url"), part.get("file_id")
    if isinstance(url, str):
        source = _source(url)
    elif isinstance(file_id, str):
        source = Stored(file_id)
    else:
        return None
    return Media("image", source, None, _rest(part, _IMAGE))


def _file(part: Mapping[str, Any]) -> Media | None:
    data, url, file_id = (part.get(key) for key in ("file_data", "file_url", "file_id"))
    if isinstance(data, str):
        source: Source = _source(data)
    elif isinstance(url, str):
        source = Url(url)
    elif isinstance(file_id, str):
        source = Stored(file_id)
    else:
        return None
    name = part.get("filename")
    fields = rest(part, _FILE)
    if isinstance(data, str) and isinstance(source, Url):
        fields["as_data"] = True  # no data URL: its provider says whether it takes that
    return Media("file", source, name if isinstance(name, str) else None, Extras(RESPONSES, fields))


def _audio(part: Mapping[str, Any]) -> Media | None:
    audio = mapping(part.get("input_audio"))
    data = audio.get("data")
    if not isinstance(data, str):
        return None
    source = Data(f"audio/{string(audio.get('format'))}", data)
    return Media("audio", source, None, _rest(part, _AUDIO))


_REFUSAL = frozenset({"type", "refusal"})
_IMAGE = frozenset({"type", "image_url", "file_id"})
_FILE = frozenset({"type", "file_data", "file_url", "file_id", "filename"})
_AUDIO = frozenset({"type", "input_audio"})


def _source(url: str) -> Source:
    if not url.startswith("data:"):
        return Url(url)
    head, comma, data = url[len("data:") :].partition(",")
    if comma and head.endswith(";base64"):
        return Data(head.removesuffix(";base64"), data)
    return Url(url)  # not base64: who cannot take it as it is says so


def _rest(said: Mapping[str, Any], known: frozenset[str]) -> Extras:
    return NOTHING if known.issuperset(said) else Extras(RESPONSES, rest(said, known))
