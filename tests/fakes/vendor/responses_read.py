"""Responses: the request read as strictly as OpenAI reads it."""

from collections.abc import Mapping
from typing import Any

from fakes.vendor import media, schemas
from fakes.vendor.asked import Asked, Options, Said, Tool
from fakes.vendor.chat_read import (
    _in_one_form,
    check_format,
    check_reach,
    check_sampling,
    check_shared,
)
from fakes.vendor.fields import RESPONSES
from fakes.vendor.models import Model
from fakes.vendor.refusals import RefusedError, require
from fakes.vendor.seals import Seals

_SMALLEST_LIMIT = 16
_INCLUDES = {
    "reasoning.encrypted_content", "message.output_text.logprobs", "file_search_call.results",
    "web_search_call.action.sources", "web_search_call.results", "message.input_image.image_url",
    "computer_call_output.output.image_url", "code_interpreter_call.outputs",
}  # fmt: skip
_PARTS = {
    "user": {"input_text", "input_image", "input_file"},
    "system": {"input_text", "input_image", "input_file"},
    "developer": {"input_text", "input_image", "input_file"},
    "assistant": {"output_text", "refusal"},
}
# How the ids of items begin.
_ID_BEGINS = {"message": "msg", "function_call": "fc", "custom_tool_call": "ctc", "reasoning": "rs"}
_HOSTED_ITEMS = {"web_search_call", "file_search_call", "code_interpreter_call", "mcp_call"}


def read(body: Mapping[str, Any], seals: Seals, before: tuple[Any, ...] = ()) -> Asked:
    """What a request asks, after the items of the response it goes on from.

    Raises:
        RefusedError: when OpenAI would not take its form, whatever the model.
    """
    unknown = sorted(body.keys() - RESPONSES)
    require(
        not unknown, f"Unknown parameter: '{''.join(unknown[:1])}'.", param="".join(unknown[:1]),
        code="unknown_parameter",
    )  # fmt: skip
    items = Items(seals, stored=body.get("store") is not False)
    items.system += [body["instructions"]] if body.get("instructions") else []
    for place, item in enumerate((*before, *_input(body))):
        items.take(item, f"input[{place}]")
    items.check_answered()
    _check_options(body)
    options = Options(body)
    for name in ("temperature", "top_p", "user", "metadata", "store", "truncation", "seed"):
        options.take(name)
    options.take("limit", "max_output_tokens")
    options.take("effort", "reasoning.effort")
    options.take("parallel", "parallel_tool_calls")
    options.take("cache_key", "prompt_cache_key")
    options.take("verbosity", "text.verbosity")
    options.take("logprobs", "top_logprobs")
    shape = (body.get("text") or {}).get("format") or {}
    if shape.get("type") == "json_object":
        options.put("schema", "text.format", "json")
    elif shape.get("type") == "json_schema":
        check_format(shape, "text.format")
        options.put("schema", "text.format", shape.get("schema") or {})
    choice = body.get("tool_choice")
    if choice is not None:
        word = choice.get("name", choice.get("type")) if isinstance(choice, Mapping) else choice
        options.put("tool_choice", "tool_choice", "any" if word == "required" else word)
    tools, hosted = read_tools([*(body.get("tools") or ()), *items.tools])
    return Asked(
        model=str(body.get("model")),
        system="\n".join(items.system),
        said=tuple(items.said),
        tools={name: tool for name, (tool, _) in tools.items()},
        hosted=hosted,
        options=options.values,
        fields=options.fields,
        stream=body.get("stream") is True,
    )


def check_model(body: Mapping[str, Any], asked: Asked, model: Model) -> None:
    """Refuse what this model does not take.

    Raises:
        RefusedError: as OpenAI does.
    """
    if model.reasons:
        check_sampling(body, asked, model, "reasoning.effort")
    else:
        require(
            not body.get("reasoning") or set(body["reasoning"].values()) <= {None},
            "Unsupported parameter: 'reasoning.effort' is not supported with this model.",
            param="reasoning.effort", code="unsupported_parameter",
        )  # fmt: skip
        require(
            "reasoning.encrypted_content" not in (body.get("include") or ()),
            "Encrypted content is not supported with this model.", param="include",
        )  # fmt: skip
    limit = asked.options.get("limit")
    require(
        not limit or limit <= model.output,
        f"Invalid 'max_output_tokens': integer above maximum value. Expected a value <= "
        f"{model.output}, but got {limit} instead.",
        param="max_output_tokens", code="integer_above_max_value",
    )  # fmt: skip
    check_reach(asked, model, "input")


def _input(body: Mapping[str, Any]) -> list[Any]:
    given = body.get("input")
    if isinstance(given, str):
        return [{"role": "user", "content": given}]
    require(
        given or body.get("prompt") or body.get("previous_response_id"),
        "Missing required parameter: 'input'.", param="input",
    )  # fmt: skip
    return list(given or ())


class Items:
    """The items, one after the other, and the calls that wait for their outputs."""

    def __init__(self, seals: Seals, *, stored: bool) -> None:
        self.system: list[str] = []
        self.said: list[Said] = []
        self.tools: list[Any] = []
        self._seals = seals
        self._stored = stored
        self._waiting: dict[str, str] = {}
        self._reasoned = ""

    def take(self, item: Any, at: str) -> None:
        require(isinstance(item, Mapping), f"Invalid type for '{at}'.", param=at)
        kind = item.get("type", "message" if "role" in item else None)
        begins, named = _ID_BEGINS.get(str(kind)), item.get("id")
        require(
            named is None or begins is None or str(named).startswith(begins),
            f"Invalid '{at}.id': '{named}'. Expected an ID that begins with '{begins}'.",
            param=f"{at}.id", code="invalid_value",
        )  # fmt: skip
        if kind == "reasoning":
            self._reasoning(item, at)
            return
        if kind == "message":
            self._message(item, at)
        elif kind in {"function_call", "custom_tool_call"}:
            self._call(item, at)
        elif kind in {"function_call_output", "custom_tool_call_output"}:
            self._output(item, at)
        elif kind == "additional_tools":
            self.tools += item.get("tools") or ()
        else:
            require(
                kind in _HOSTED_ITEMS,
                f"Invalid value: '{kind}'. Supported values are: 'message', 'function_call', "
                "'function_call_output', 'reasoning', and others.",
                param=f"{at}.type", code="invalid_value",
            )  # fmt: skip
        self._reasoned = ""

    def _message(self, item: Mapping[str, Any], at: str) -> None:
        role = str(item.get("role"))
        require(role in _PARTS, f"Invalid value: '{role}'.", param=f"{at}.role")
        require(
            item.keys() <= {"type", "role", "content", "id", "status", "phase"},
            f"Unknown parameter: '{at}.{max(item)}'.", param=at, code="unknown_parameter",
        )  # fmt: skip
        require(
            role == "assistant" or not self._reasoned,
            f"Item '{self._reasoned}' of type 'reasoning' was provided without its required "
            "following item.",
            param="input",
        )
        content = item.get("content")
        require(content is not None, f"Missing required parameter: '{at}.content'.", param=at)
        if isinstance(content, str):
            pieces = [Said(role, "text", content)]
        else:
            pieces = [_part(p, f"{at}.content[{n}]", role) for n, p in enumerate(content)]
        if role in {"system", "developer"}:
            text = "".join(one.content for one in pieces)
            if self.said:
                self.said.append(Said("system", "text", text))
            else:
                self.system.append(text)
            return
        self.said += pieces

    def _call(self, item: Mapping[str, Any], at: str) -> None:
        call, name = item.get("call_id"), item.get("name")
        require(call, f"Missing required parameter: '{at}.call_id'.", param=f"{at}.call_id")
        require(name, f"Missing required parameter: '{at}.name'.", param=f"{at}.name")
        told = item.get("arguments", item.get("input"))
        require(isinstance(told, str), f"Invalid type for '{at}.arguments'.", param=at)
        self._waiting[str(call)] = str(name)
        self.said.append(Said("call", "text", _in_one_form(str(told)), str(name)))

    def _output(self, item: Mapping[str, Any], at: str) -> None:
        call = str(item.get("call_id"))
        require(
            call in self._waiting,
            f"No tool call found for function call output with call_id {call}.", param="input",
        )  # fmt: skip
        name = self._waiting.pop(call)
        output = item.get("output")
        require(output is not None, f"Missing required parameter: '{at}.output'.", param=at)
        if isinstance(output, str):
            self.said.append(Said("result", "text", output, name))
            return
        for number, part in enumerate(output):
            piece = _part(part, f"{at}.output[{number}]", "user")
            self.said.append(piece._replace(who="result", name=name))

    def _reasoning(self, item: Mapping[str, Any], at: str) -> None:
        hidden = item.get("encrypted_content")
        require("summary" in item, f"Missing required parameter: '{at}.summary'.", param=at)
        if hidden is None and not self._stored:
            raise RefusedError(
                f"Item with id '{item.get('id')}' not found. Items are not persisted when `store` "
                "is set to false.",
                param="input", status=404,
            )  # fmt: skip
        require(
            hidden is None or self._seals.opens(str(hidden)),
            f"The encrypted content for item {item.get('id')} could not be verified.",
            code="invalid_encrypted_content",
        )
        self._reasoned = str(item.get("id"))
        text = "".join(one["text"] for one in item["summary"])
        self.said.append(Said("assistant", "thinking", text))

    def check_answered(self) -> None:
        require(
            not self._waiting,
            f"No tool output found for function call {', '.join(self._waiting)}.", param="input",
        )  # fmt: skip


def _part(part: Mapping[str, Any], at: str, role: str) -> Said:
    kind = part.get("type")
    if kind not in _PARTS[role]:
        raise RefusedError(
            f"Invalid value: '{kind}'. Supported values are: "
            f"{', '.join(map(repr, sorted(_PARTS[role])))}.",
            param=f"{at}.type", code="invalid_value",
        )  # fmt: skip
    if kind == "input_image":
        require(
            part.keys() <= {"type", "image_url", "file_id", "detail"},
            f"Unknown parameter in '{at}'.", param=at,
        )  # fmt: skip
        url = part.get("image_url")
        named = part["file_id"] if url is None else media.openai_image(url, f"{at}.image_url")
        return Said(role, "image", str(named))
    if kind == "input_file":
        return Said(role, "file", media.openai_file(part, at))
    text = part.get("text", part.get("refusal"))
    require(isinstance(text, str), f"Invalid type for '{at}.text'.", param=at)
    return Said(role, "text", str(text))


def read_tools(given: list[Any]) -> tuple[dict[str, tuple[Tool, str]], tuple[str, ...]]:
    """Function and custom tools by name with their namespace, and the types of hosted ones."""
    tools: dict[str, tuple[Tool, str]] = {}
    hosted: list[str] = []
    for place, tool in enumerate(given):
        at = f"tools[{place}]"
        kind = tool.get("type")
        if kind == "namespace":
            inner, _ = read_tools(tool.get("tools") or [])
            tools |= {name: (one, str(tool["name"])) for name, (one, _) in inner.items()}
        elif kind == "custom":
            tools[tool["name"]] = (Tool(tool.get("description") or "", {}), "")
        elif kind == "function":
            require(tool.get("name"), f"Missing required parameter: '{at}.name'.", param=at)
            schema = tool.get("parameters")
            if schema is not None:
                schemas.check_openai(
                    schema, f"function '{tool['name']}'", strict=tool.get("strict") is True,
                    param=f"{at}.parameters",
                )  # fmt: skip
            tools[tool["name"]] = (Tool(tool.get("description") or "", schema or {}), "")
        else:
            require(kind, f"Missing required parameter: '{at}.type'.", param=at)
            hosted.append(str(kind))
    return tools, tuple(hosted)


def _check_options(body: Mapping[str, Any]) -> None:
    limit = body.get("max_output_tokens")
    require(
        limit is None or limit >= _SMALLEST_LIMIT,
        f"Invalid 'max_output_tokens': integer below minimum value. Expected a value >= "
        f"{_SMALLEST_LIMIT}, but got {limit} instead.",
        param="max_output_tokens", code="integer_below_min_value",
    )  # fmt: skip
    odd = sorted(set(body.get("include") or ()) - _INCLUDES)
    require(not odd, f"Invalid value: '{''.join(odd[:1])}'.", param="include")
    check_shared(body)
