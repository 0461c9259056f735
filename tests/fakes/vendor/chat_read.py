"""Chat completions: the request read as strictly as OpenAI reads it."""

import json
import re
from collections.abc import Mapping
from typing import Any

from fakes.vendor import media, schemas
from fakes.vendor.asked import Asked, Options, Said, Tool, digest
from fakes.vendor.fields import CHAT
from fakes.vendor.models import Model
from fakes.vendor.refusals import RefusedError, require

_NAME = re.compile(r"[a-zA-Z0-9_-]{1,64}")
_MESSAGE_FIELDS = {
    "system": {"role", "content", "name"},
    "developer": {"role", "content", "name"},
    "user": {"role", "content", "name"},
    "assistant": {
        "role", "content", "name", "refusal", "tool_calls", "audio", "function_call", "annotations",
    },
    "tool": {"role", "content", "tool_call_id"},
    "function": {"role", "content", "name"},
}  # fmt: skip
_LONGEST_USER = 64
_LONGEST_ID = 40
_MOST_STOPS = 4
# What reasoning models do not take, beside the value that says nothing.
_SAMPLING = {
    "temperature": (1,),
    "top_p": (1,),
    "presence_penalty": (0,),
    "frequency_penalty": (0,),
    "logprobs": (False,),
    "top_logprobs": (),
    "logit_bias": ({},),
    "stop": ([],),
}


def read(body: Mapping[str, Any]) -> Asked:
    """What a request asks.

    Raises:
        RefusedError: when OpenAI would not take its form, whatever the model.
    """
    unknown = sorted(body.keys() - CHAT)
    require(
        not unknown, f"Unknown parameter: '{unknown[:1]}'.", param="".join(unknown[:1]),
        code="unknown_parameter",
    )  # fmt: skip
    require(body.get("messages"), "Missing required parameter: 'messages'.", param="messages")
    conversation = _Conversation()
    for place, message in enumerate(body["messages"]):
        conversation.take(message, f"messages[{place}]")
    conversation.check_answered(f"messages[{len(body['messages'])}]")
    _check_options(body)
    options = Options(body)
    for name in ("temperature", "top_p", "n", "logprobs", "seed", "user", "store", "metadata"):
        options.take(name)
    for name in ("presence_penalty", "frequency_penalty", "logit_bias", "service_tier"):
        options.take(name)
    options.take("limit", "max_tokens")
    options.take("limit", "max_completion_tokens")
    options.take("effort", "reasoning_effort")
    options.take("parallel", "parallel_tool_calls")
    options.take("cache_key", "prompt_cache_key")
    options.take("verbosity")
    if stop := body.get("stop"):
        options.put("stop", "stop", [stop] if isinstance(stop, str) else stop)
    _read_format(body.get("response_format"), options)
    _read_choice(body.get("tool_choice"), options)
    return Asked(
        model=str(body.get("model")),
        system="\n".join(conversation.system),
        said=tuple(conversation.said),
        tools=_tools(body.get("tools") or ()),
        options=options.values,
        fields=options.fields,
        stream=body.get("stream") is True,
    )


def check_model(body: Mapping[str, Any], asked: Asked, model: Model) -> None:
    """Refuse what this model does not take.

    Raises:
        RefusedError: as OpenAI does.
    """
    limit = asked.options.get("limit")
    if model.reasons:
        require(
            "max_tokens" not in body,
            "Unsupported parameter: 'max_tokens' is not supported with this model. Use "
            "'max_completion_tokens' instead.",
            param="max_tokens", code="unsupported_parameter",
        )  # fmt: skip
        check_sampling(body, asked, model, "reasoning_effort")
    else:
        require(
            "reasoning_effort" not in body,
            "Unrecognized request argument supplied: reasoning_effort",
            param="reasoning_effort", code="unsupported_parameter",
        )  # fmt: skip
    require(
        not limit or limit <= model.output,
        f"max_tokens is too large: {limit}. This model supports at most {model.output} completion "
        f"tokens, whereas you provided {limit}.",
        param="max_tokens", code="invalid_value",
    )  # fmt: skip
    check_reach(asked, model, "messages")


def check_sampling(body: Mapping[str, Any], asked: Asked, model: Model, effort: str) -> None:
    """What reasoning models refuse while they reason."""
    wanted = asked.options.get("effort", "none" if "none" in model.efforts else "medium")
    require(
        wanted in model.efforts,
        f"Unsupported value: '{wanted}' is not supported with the '{asked.model}' model. Supported "
        f"values are: {', '.join(map(repr, model.efforts))}.",
        param=effort, code="unsupported_value",
    )  # fmt: skip
    if wanted == "none":
        return
    for name, neutral in _SAMPLING.items():
        value = body.get(name)
        if value is None or value in neutral:
            continue
        if name == "temperature":
            raise RefusedError(
                f"Unsupported value: 'temperature' does not support {value} with this model. Only "
                "the default (1) value is supported.",
                param=name, code="unsupported_value",
            )  # fmt: skip
        raise RefusedError(
            f"Unsupported parameter: '{name}' is not supported with this model.",
            param=name, code="unsupported_parameter",
        )  # fmt: skip


def check_reach(asked: Asked, model: Model, param: str) -> None:
    """Images, schemas and the context window."""
    images = any(one.kind == "image" for one in asked.said)
    require(
        model.images or not images,
        "Invalid content type. image_url is only supported by certain models.", param=param,
    )  # fmt: skip
    shaped = isinstance(asked.options.get("schema"), Mapping)
    require(
        model.schema or not shaped,
        "Invalid parameter: 'response_format' of type 'json_schema' is not supported with this "
        "model.",
        param="response_format",
    )
    read_tokens = asked.prompt_tokens
    require(
        read_tokens <= model.context,
        f"This model's maximum context length is {model.context} tokens. However, your messages "
        f"resulted in {read_tokens} tokens. Please reduce the length of the messages.",
        param=param, code="context_length_exceeded",
    )  # fmt: skip


class _Conversation:
    """The messages, one after the other, and the calls that wait for their results."""

    def __init__(self) -> None:
        self.system: list[str] = []
        self.said: list[Said] = []
        self._waiting: dict[str, str] = {}

    def take(self, message: Any, at: str) -> None:
        require(isinstance(message, Mapping), f"Invalid type for '{at}': expected an object.")
        role = message.get("role")
        known = _MESSAGE_FIELDS.get(str(role))
        if known is None:
            raise RefusedError(
                f"Invalid value: '{role}'. Supported values are: 'system', 'assistant', 'user', "
                "'function', 'tool', and 'developer'.",
                param=f"{at}.role", code="invalid_value",
            )  # fmt: skip
        unknown = sorted(message.keys() - known)
        require(
            not unknown, f"Unknown parameter: '{at}.{''.join(unknown[:1])}'.",
            param=f"{at}.{''.join(unknown[:1])}", code="unknown_parameter",
        )  # fmt: skip
        if role == "tool":
            self._result(message, at)
            return
        self.check_answered(at)
        parts = _parts(message.get("content"), at, str(role))
        if role in {"system", "developer"}:
            text = "".join(one.content for one in parts)
            # One in the middle is part of what was said.
            if self.said:
                self.said.append(Said("system", "text", text))
            else:
                self.system.append(text)
            return
        self.said += parts
        if role == "assistant":
            self._calls(message, at, empty=not parts)

    def _result(self, message: Mapping[str, Any], at: str) -> None:
        call = message.get("tool_call_id")
        require(
            call in self._waiting,
            "Invalid parameter: messages with role 'tool' must be a response to a preceding "
            "message with 'tool_calls'.",
            param=f"{at}.role",
        )
        name = self._waiting.pop(str(call))
        text = "".join(one.content for one in _parts(message.get("content"), at, "tool"))
        self.said.append(Said("result", "text", text, name))

    def _calls(self, message: Mapping[str, Any], at: str, *, empty: bool) -> None:
        calls = message.get("tool_calls")
        require(
            calls or not empty or message.get("refusal"),
            f"Invalid value for 'content': expected a string, got null at {at}.",
            param=f"{at}.content",
        )
        require(calls is None or calls, f"Invalid '{at}.tool_calls': empty array.", param=at)
        for call in calls or ():
            require(
                call.keys() <= {"id", "type", "function", "custom"},
                f"Unknown parameter: '{at}.tool_calls[0].{min(call)}'.",
                param=f"{at}.tool_calls", code="unknown_parameter",
            )  # fmt: skip
            require(call.get("type") in {"function", "custom"}, f"{at}: no type of a call")
            require(
                isinstance(call.get("id"), str) and 0 < len(call["id"]) <= _LONGEST_ID,
                f"Invalid '{at}.tool_calls[0].id': string too long. Expected a string with maximum "
                f"length {_LONGEST_ID}.",
                param=f"{at}.tool_calls[0].id", code="string_above_max_length",
            )  # fmt: skip
            of = call.get("function") or call.get("custom") or {}
            require(_NAME.fullmatch(str(of.get("name"))), f"Invalid '{at}' name of a call")
            told = of.get("arguments", of.get("input"))
            require(isinstance(told, str), f"Invalid type for '{at}.tool_calls[0].arguments'")
            self._waiting[call["id"]] = of["name"]
            self.said.append(Said("call", "text", _in_one_form(told), of["name"]))

    def check_answered(self, at: str) -> None:
        require(
            not self._waiting,
            "An assistant message with 'tool_calls' must be followed by tool messages responding "
            "to each 'tool_call_id'. The following tool_call_ids did not have response messages: "
            + ", ".join(self._waiting),
            param=at,
        )


def _in_one_form(arguments: str) -> str:
    try:
        return json.dumps(json.loads(arguments), sort_keys=True)
    except ValueError:
        return arguments


def _parts(content: Any, at: str, role: str) -> list[Said]:
    who = {"tool": "result"}.get(role, role)
    if content is None:
        require(role == "assistant", f"Invalid value for 'content': got null at {at}.", param=at)
        return []
    if isinstance(content, str):
        return [Said(who, "text", content)] if content or role != "assistant" else []
    require(
        isinstance(content, list) and content,
        f"Invalid '{at}.content': empty array. Expected an array with minimum length 1.",
        param=f"{at}.content",
    )
    found = []
    for number, part in enumerate(content):
        found.append(_part(part, f"{at}.content[{number}]", who, role))
    return found


def _part(part: Mapping[str, Any], at: str, who: str, role: str) -> Said:
    kind = part.get("type")
    fields = {
        "text": {"type", "text"},
        "refusal": {"type", "refusal"},
        "image_url": {"type", "image_url"},
        "input_audio": {"type", "input_audio"},
        "file": {"type", "file"},
    }.get(str(kind))
    takes = {"user": {"text", "image_url", "input_audio", "file"}, "assistant": {"text", "refusal"}}
    if fields is None or kind not in takes.get(role, {"text"}):
        raise RefusedError(
            f"Invalid value: '{kind}'. Supported values are: "
            f"{', '.join(map(repr, sorted(takes.get(role, {'text'}))))}.",
            param=f"{at}.type", code="invalid_value",
        )  # fmt: skip
    unknown = sorted(part.keys() - fields)
    require(
        not unknown, f"Unknown parameter: '{at}.{''.join(unknown[:1])}'.",
        param=f"{at}.{''.join(unknown[:1])}", code="unknown_parameter",
    )  # fmt: skip
    if kind == "image_url":
        return Said(who, "image", media.openai_image(part["image_url"].get("url"), f"{at}.url"))
    if kind == "file":
        return Said(who, "file", media.openai_file(part["file"], f"{at}.file"))
    if kind == "input_audio":
        audio = part["input_audio"]
        require(audio.get("format") in {"wav", "mp3"}, f"Invalid value at '{at}.format'.", param=at)
        return Said(who, "audio", digest(str(audio.get("data"))))
    text = part.get("text", part.get("refusal"))
    require(isinstance(text, str), f"Invalid type for '{at}.text': expected a string.", param=at)
    return Said(who, "text", str(text))


def _tools(given: Any) -> dict[str, Tool]:
    tools = {}
    for place, tool in enumerate(given):
        at = f"tools[{place}]"
        kind = tool.get("type")
        require(
            kind in {"function", "custom"},
            f"Invalid value: '{kind}'. Supported values are: 'function' and 'custom'.",
            param=f"{at}.type", code="invalid_value",
        )  # fmt: skip
        unknown = sorted(tool.keys() - {"type", kind})
        require(not unknown, f"Unknown parameter: '{at}.{unknown[:1]}'.", param=at)
        of = tool[kind]
        require(
            _NAME.fullmatch(str(of.get("name"))),
            f"Invalid '{at}.function.name': string does not match pattern '^[a-zA-Z0-9_-]+$'.",
            param=f"{at}.function.name", code="invalid_value",
        )  # fmt: skip
        require(
            of.keys() <= {"name", "description", "parameters", "strict", "format"},
            f"Unknown parameter in '{at}.function': {sorted(of)}.", param=f"{at}.function",
        )  # fmt: skip
        strict = of.get("strict") is True
        schema = of.get("parameters")
        if schema is not None:
            param = f"{at}.function.parameters"
            schemas.check_openai(schema, f"function '{of['name']}'", strict=strict, param=param)
        require(of["name"] not in tools, f"Tool names must be unique: {of['name']}", param=at)
        tools[of["name"]] = Tool(of.get("description") or "", schema or {})
    return tools


def _check_options(body: Mapping[str, Any]) -> None:
    for name in ("tool_choice", "parallel_tool_calls"):
        require(
            name not in body or body.get("tools"),
            f"Invalid value for '{name}': '{name}' is only allowed when 'tools' are specified.",
            param=name,
        )
    require(
        "stream_options" not in body or body.get("stream"),
        "The 'stream_options' parameter is only allowed when 'stream' is enabled.",
        param="stream_options",
    )
    require(
        "top_logprobs" not in body or body.get("logprobs"),
        "The 'top_logprobs' parameter is only allowed when 'logprobs' is enabled.",
        param="top_logprobs",
    )
    require(
        not ("max_tokens" in body and "max_completion_tokens" in body),
        "Setting 'max_tokens' and 'max_completion_tokens' at the same time is not supported.",
        param="max_tokens",
    )
    stop = body.get("stop") or []
    require(
        isinstance(stop, str) or len(stop) <= _MOST_STOPS,
        "Invalid 'stop': array too long. Expected an array with maximum length 4.", param="stop",
    )  # fmt: skip
    check_shared(body, metadata_needs="store")


def check_shared(body: Mapping[str, Any], *, metadata_needs: str = "") -> None:
    """What both of OpenAI's wires refuse."""
    user = body.get("user")
    require(
        user is None or (isinstance(user, str) and len(user) <= _LONGEST_USER),
        f"Invalid 'user': string too long. Expected a string with maximum length {_LONGEST_USER}, "
        f"but got a string with length {len(str(user))} instead.",
        param="user", code="string_above_max_length",
    )  # fmt: skip
    for name, most in (("temperature", 2), ("top_p", 1)):
        value = body.get(name)
        require(
            value is None or 0 <= value <= most,
            f"Invalid '{name}': decimal above maximum value.", param=name,
        )  # fmt: skip
    metadata = body.get("metadata")
    require(
        not metadata or not metadata_needs or body.get(metadata_needs),
        f"The 'metadata' parameter is only allowed when '{metadata_needs}' is enabled.",
        param="metadata",
    )
    require(
        all(isinstance(value, str) for value in (metadata or {}).values()),
        "Invalid type for 'metadata': expected strings.", param="metadata",
    )  # fmt: skip


def _read_format(given: Any, options: Options) -> None:
    if not isinstance(given, Mapping) or given.get("type") == "text":
        return
    if given.get("type") == "json_object":
        options.put("schema", "response_format", "json")
        return
    require(given.get("type") == "json_schema", "Invalid 'response_format.type'.")
    of = given.get("json_schema") or {}
    check_format(of, "response_format.json_schema")
    options.put("schema", "response_format", of.get("schema") or {})


def check_format(of: Mapping[str, Any], at: str) -> None:
    """A JSON schema that the answer shall have, on both of OpenAI's wires."""
    require(
        _NAME.fullmatch(str(of.get("name"))), f"Missing required parameter: '{at}.name'.", param=at
    )
    if of.get("schema") is not None:
        schemas.check_openai(
            of["schema"], f"response_format '{of['name']}'", strict=of.get("strict") is True,
            param="response_format",
        )  # fmt: skip


def _read_choice(given: Any, options: Options) -> None:
    if given is None:
        return
    if isinstance(given, str):
        require(given in {"none", "auto", "required"}, f"Invalid value: '{given}'.")
        options.put("tool_choice", "tool_choice", "any" if given == "required" else given)
        return
    of = given.get("function") or given.get("custom") or {}
    require(of.get("name"), "Missing required parameter: 'tool_choice.function.name'.")
    options.put("tool_choice", "tool_choice", of["name"])
