"""Chat requests between OpenAI's form and Anthropic's Messages. Pure; see ``anthropic_wire``."""

import binascii
import json
from base64 import b64decode
from collections.abc import Iterable, Mapping
from typing import Any

from tierwatch.errors import ProviderError
from tierwatch.wire.history import joined_turns, with_safe_ids, without_orphaned_thinking

# Anthropic demands max_tokens; OpenAI's callers mostly leave it out. 4096 is what every model of
# theirs that is still served can write.
DEFAULT_MAX_TOKENS = 4096

_KEPT_FOR_ANTHROPIC = (
    "model",
    "stream",
    "thinking",
    "top_k",
    "cache_control",
    "output_config",
    "inference_geo",
    "speed",
)
_KEPT_FOR_OPENAI = ("model", "temperature", "top_p", "stream", "seed", "reasoning_effort")
_ANTHROPIC_BLOCKS = frozenset({"image", "document", "search_result"})
_DROPPED_BLOCKS = frozenset({"thinking", "redacted_thinking", "server_tool_use", "compaction"})


def request_to_anthropic(request: Mapping[str, Any]) -> dict[str, Any]:
    """Translate a chat request to the body of ``POST /v1/messages``.

    Raises:
        ProviderError: kind ``refused`` when a message holds what Anthropic's wire cannot carry.
    """
    out = {key: request[key] for key in _KEPT_FOR_ANTHROPIC if request.get(key) is not None}
    out["max_tokens"] = (
        request.get("max_completion_tokens") or request.get("max_tokens") or DEFAULT_MAX_TOKENS
    )
    system, messages = _turns_to_anthropic(with_safe_ids(objects(request.get("messages"))))
    instruction = _format_instruction(request.get("response_format"))
    if instruction:
        system = [*system, {"type": "text", "text": instruction}]
    if system:
        plain = all(block.keys() == {"type", "text"} for block in system)
        out["system"] = "\n\n".join(block["text"] for block in system) if plain else system
    out["messages"] = joined_turns(messages)
    without_orphaned_thinking(out)
    _sampling_to_anthropic(request, out)
    _tools_to_anthropic(request, out)
    user = request.get("user") or request.get("safety_identifier")
    if isinstance(user, str):
        out["metadata"] = {"user_id": user}
    tier = {"auto": "auto", "default": "standard_only"}.get(str(request.get("service_tier")))
    if tier:
        out["service_tier"] = tier
    return out


def _sampling_to_anthropic(request: Mapping[str, Any], out: dict[str, Any]) -> None:
    temperature = request.get("temperature")
    if isinstance(temperature, int | float):
        out["temperature"] = min(temperature, 1.0)
    elif request.get("top_p") is not None:
        out["top_p"] = request["top_p"]
    stop = request.get("stop")
    # Anthropic refuses sequences of white space alone.
    given = stop if isinstance(stop, list) else [stop]
    sequences = [one for one in given if isinstance(one, str) and one.strip()]
    if sequences:
        out["stop_sequences"] = sequences


def _format_instruction(response_format: object) -> str:
    if not isinstance(response_format, dict):
        return ""
    if response_format.get("type") == "json_object":
        return "Answer with one JSON object and nothing else."
    if response_format.get("type") == "json_schema":
        schema = mapping(response_format.get("json_schema")).get("schema", {})
        return (
            "Answer with one JSON value that is valid under this JSON Schema, and nothing else:\n"
            + _json(schema)
        )
    return ""


def _turns_to_anthropic(
    messages: Iterable[Mapping[str, Any]],
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    system: list[dict[str, Any]] = []
    turns: list[dict[str, Any]] = []
    results: list[dict[str, Any]] | None = None
    for message in messages:
        role = string(message.get("role"))
        if role == "tool":
            if results is None:
                results = []
                turns.append({"role": "user", "content": results})
            results.append(_tool_result(message))
            continue
        results = None
        if role in {"system", "developer"}:
            system += _parts_to_blocks(message.get("content"))
        elif role in {"user", "assistant"}:
            content: Any = message.get("content")
            if role == "assistant" or not isinstance(content, str):
                content = _parts_to_blocks(content)
            if role == "assistant":
                content += _parts_to_blocks(message.get("refusal"))
                content += [tool_use_block(call) for call in objects(message.get("tool_calls"))]
            if content:  # Anthropic refuses an empty turn
                turns.append({"role": role, "content": content})
        else:
            raise _refused(f"Anthropic's wire has no role {role!r}.")
    return system, turns


def _parts_to_blocks(content: object) -> list[dict[str, Any]]:
    if isinstance(content, str):
        return [{"type": "text", "text": content}] if content else []
    return [
        block
        for part in objects(content)
        if (block := _part_to_block(part)) and block.get("text") != ""
    ]


def _part_to_block(part: Mapping[str, Any]) -> dict[str, Any]:
    kind = string(part.get("type"))
    if kind == "text":
        block: dict[str, Any] = {"type": "text", "text": string(part.get("text"))}
    elif kind == "refusal":
        block = {"type": "text", "text": string(part.get("refusal"))}
    elif kind == "image_url":
        block = {"type": "image", "source": _source(mapping(part.get("image_url")).get("url"))}
    elif kind == "file" and "file_data" in mapping(part.get("file")):
        file = part["file"]
        block = {"type": "document", "source": _source(file["file_data"])}
        if isinstance(file.get("filename"), str):
            block["title"] = file["filename"]
    elif kind in _ANTHROPIC_BLOCKS:
        return dict(part)
    else:
        raise _refused(f"Anthropic's wire has no content part {kind!r}.")
    if part.get("cache_control"):
        block["cache_control"] = part["cache_control"]
    return block


def _source(url: object) -> dict[str, Any]:
    if not isinstance(url, str):
        raise _refused("An image or file part has no url or data.")
    if not url.startswith("data:"):
        return {"type": "url", "url": url}
    head, _, data = url[len("data:") :].partition(",")
    media_type, *parameters = head.split(";")
    if "base64" not in parameters:
        raise _refused("A data URL is not base64.")
    try:
        b64decode(data, validate=True)
    except (binascii.Error, ValueError) as error:
        raise _refused("A data URL holds characters that are not base64.") from error
    return {"type": "base64", "media_type": media_type, "data": data}


def tool_use_block(call: Mapping[str, Any]) -> dict[str, Any]:
    """A tool call of OpenAI's as a block of Anthropic's.

    Raises:
        ProviderError: kind ``refused`` for a call that is not of a function.
    """
    function = mapping(call.get("function"))
    if not function:
        raise _refused(f"Anthropic's wire has no tool call of type {call.get('type')!r}.")
    return {
        "type": "tool_use",
        "id": call.get("id") or "",
        "name": function.get("name") or "",
        "input": _arguments(function.get("arguments")),
    }


def _arguments(text: object) -> dict[str, Any]:
    """The arguments of a call as an object; a model's broken JSON is kept under ``arguments``."""
    if not text:
        return {}
    try:
        value = json.loads(text) if isinstance(text, str) else text
    except (ValueError, RecursionError):
        value = text
    return value if isinstance(value, dict) else {"arguments": value}


def _tool_result(message: Mapping[str, Any]) -> dict[str, Any]:
    content = message.get("content")
    return {
        "type": "tool_result",
        "tool_use_id": message.get("tool_call_id") or "",
        "content": content if isinstance(content, str) else _parts_to_blocks(content),
    }


def _tools_to_anthropic(request: Mapping[str, Any], out: dict[str, Any]) -> None:
    choice: Any = request.get("tool_choice")
    tools = [_tool_to_anthropic(tool) for tool in objects(request.get("tools"))]
    if isinstance(choice, dict) and choice.get("type") == "allowed_tools":
        allowed = mapping(choice.get("allowed_tools"))
        names = {_name(tool) for tool in objects(allowed.get("tools"))}
        tools = [tool for tool in tools if _name(tool) in names]
        choice = allowed.get("mode")
    if not tools:
        return
    out["tools"] = tools
    if isinstance(choice, dict):
        chosen: dict[str, Any] | None = {"type": "tool", "name": _name(choice)}
    else:
        kind = {"auto": "auto", "required": "any", "none": "none"}.get(str(choice))
        chosen = {"type": kind} if kind else None
    if request.get("parallel_tool_calls") is False:
        chosen = chosen or {"type": "auto"}
        if chosen["type"] != "none":
            chosen["disable_parallel_tool_use"] = True
    if chosen:
        out["tool_choice"] = chosen


def _tool_to_anthropic(tool: Mapping[str, Any]) -> dict[str, Any]:
    function = mapping(tool.get("function"))
    if not function:
        if tool.get("type") == "custom" and "input_schema" not in tool:
            raise _refused("Anthropic's wire has no tools with free-text input.")
        return dict(tool)  # already Anthropic's: a tool of their own
    out = {
        "name": function.get("name") or "",
        "input_schema": function.get("parameters") or {"type": "object", "properties": {}},
    }
    if function.get("description"):
        out["description"] = function["description"]
    if tool.get("cache_control"):
        out["cache_control"] = tool["cache_control"]
    return out


def _name(tool: Mapping[str, Any]) -> str:
    return string(mapping(tool.get("function")).get("name")) or string(tool.get("name"))


def request_to_openai(request: Mapping[str, Any]) -> dict[str, Any]:
    """Translate the body of ``POST /v1/messages`` to a chat request.

    Tools that Anthropic runs itself (web search, code execution) are left out: nobody on the other
    side could run them.

    Raises:
        ProviderError: kind ``refused`` when a message holds what OpenAI's wire cannot carry.
    """
    out = {key: request[key] for key in _KEPT_FOR_OPENAI if request.get(key) is not None}
    messages: list[dict[str, Any]] = []
    system = _joined(request.get("system"))
    if system:
        messages.append({"role": "system", "content": system})
    for message in objects(request.get("messages")):
        messages += _turn_to_openai(message)
    out["messages"] = messages
    # OpenAI's reasoning models refuse max_tokens; servers that know only that ignore this name.
    if request.get("max_tokens") is not None:
        out["max_completion_tokens"] = request["max_tokens"]
    if request.get("stop_sequences"):
        out["stop"] = request["stop_sequences"]
    if out.get("stream"):
        out["stream_options"] = {"include_usage": True}  # Anthropic's streams always count
    _tools_to_openai(request, out)
    user = mapping(request.get("metadata")).get("user_id")
    if isinstance(user, str):
        out["user"] = user
    tier = {"auto": "auto", "standard_only": "default"}.get(str(request.get("service_tier")))
    if tier:
        out["service_tier"] = tier
    answer_format = mapping(mapping(request.get("output_config")).get("format"))
    if answer_format.get("type") == "json_schema":
        schema = {"name": "answer", "schema": answer_format.get("schema", {}), "strict": True}
        out["response_format"] = {"type": "json_schema", "json_schema": schema}
    return out


def _turn_to_openai(message: Mapping[str, Any]) -> list[dict[str, Any]]:
    role, content = message.get("role"), message.get("content")
    if isinstance(content, str) or role == "system":
        return [{"role": role, "content": _joined(content)}]
    blocks = objects(content)
    if role == "assistant":
        turn: dict[str, Any] = {"role": "assistant", "content": _joined(content) or None}
        calls = [tool_call(block) for block in blocks if block.get("type") == "tool_use"]
        if calls:
            turn["tool_calls"] = calls
        return [turn] if calls or turn["content"] else []
    results: list[dict[str, Any]] = []
    parts: list[dict[str, Any]] = []
    for block in blocks:
        if block.get("type") != "tool_result":
            parts += _block_to_parts(block)
            continue
        result = block.get("content")
        results.append(
            {
                "role": "tool",
                "tool_call_id": block.get("tool_use_id") or "",
                "content": _joined(result),
            }
        )
        # A tool message takes text alone; what else the tool gave follows as the user's.
        rest = [] if isinstance(result, str) else objects(result)
        parts += [p for b in rest if b.get("type") != "text" for p in _block_to_parts(b)]
    return [*results, {"role": "user", "content": parts}] if parts else results


def _joined(content: object) -> str:
    """The text of a string or of the text blocks of a list."""
    if isinstance(content, str):
        return content
    texts = (b.get("text") for b in objects(content) if b.get("type", "text") == "text")
    return "\n\n".join(text for text in texts if isinstance(text, str))


def _block_to_parts(block: Mapping[str, Any]) -> list[dict[str, Any]]:
    kind, source = string(block.get("type")), mapping(block.get("source"))
    data_url = f"data:{source.get('media_type')};base64,{source.get('data')}"
    match kind, source.get("type"):
        case "text", _:
            return [{"type": "text", "text": block.get("text") or ""}]
        case "image", "base64":
            return [{"type": "image_url", "image_url": {"url": data_url}}]
        case "image", "url":
            return [{"type": "image_url", "image_url": {"url": source.get("url")}}]
        case "document", "base64":
            name = block.get("title") or "document.pdf"
            return [{"type": "file", "file": {"filename": name, "file_data": data_url}}]
        case "document", "text":
            return [{"type": "text", "text": source.get("data") or ""}]
    if kind in _DROPPED_BLOCKS:
        return []
    raise _refused(f"OpenAI's wire has no content part for {kind!r} from {source.get('type')!r}.")


def tool_call(block: Mapping[str, Any]) -> dict[str, Any]:
    """A ``tool_use`` block of Anthropic's as a tool call of OpenAI's."""
    arguments = _json(block.get("input") or {})
    function = {"name": block.get("name") or "", "arguments": arguments}
    return {"id": block.get("id") or "", "type": "function", "function": function}


def _tools_to_openai(request: Mapping[str, Any], out: dict[str, Any]) -> None:
    tools = [
        {
            "type": "function",
            "function": {
                "name": tool.get("name") or "",
                "parameters": tool["input_schema"],
                **({"description": tool["description"]} if tool.get("description") else {}),
            },
        }
        for tool in objects(request.get("tools"))
        if isinstance(tool.get("input_schema"), dict)
    ]
    if not tools:
        return
    out["tools"] = tools
    choice = mapping(request.get("tool_choice"))
    kind = {"auto": "auto", "any": "required", "none": "none"}.get(str(choice.get("type")))
    if kind:
        out["tool_choice"] = kind
    elif choice.get("type") == "tool":
        out["tool_choice"] = {"type": "function", "function": {"name": choice.get("name")}}
    if choice.get("disable_parallel_tool_use") is True:
        out["parallel_tool_calls"] = False


def objects(value: object) -> list[dict[str, Any]]:
    """The objects in a JSON list; none when it is not a list."""
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def string(value: object) -> str:
    """The value when it is text, else empty text."""
    return value if isinstance(value, str) else ""


def mapping(value: object) -> dict[str, Any]:
    """The value when it is a JSON object, else an empty one."""
    return value if isinstance(value, dict) else {}


def _refused(sentence: str) -> ProviderError:
    return ProviderError(sentence, kind="refused")


def _json(value: object) -> str:
    # Not orjson: it refuses half a surrogate pair, which callers do send and models do answer.
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
