"""Messages: the request read as strictly as Anthropic reads it."""

import json
import re
from collections.abc import Mapping
from typing import Any

from fakes.vendor import media, schemas
from fakes.vendor.asked import Asked, Options, Said, Tool, digest
from fakes.vendor.fields import MESSAGES, MESSAGES_BETA
from fakes.vendor.models import Model
from fakes.vendor.refusals import RefusedError, require
from fakes.vendor.seals import Seals

_NAME = re.compile(r"[a-zA-Z0-9_-]{1,128}")
_ID = re.compile(r"[a-zA-Z0-9_-]+")
_MOST_MARKS = 4
_SMALLEST_BUDGET = 1_024
_BLOCK_FIELDS = {
    "text": {"type", "text", "cache_control", "citations"},
    "image": {"type", "source", "cache_control", "transformations"},
    "document": {"type", "source", "title", "context", "citations", "cache_control"},
    "thinking": {"type", "thinking", "signature"},
    "redacted_thinking": {"type", "data"},
    "tool_use": {"type", "id", "name", "input", "cache_control", "caller", "toolset_name"},
    "tool_result": {
        "type", "tool_use_id", "content", "is_error", "cache_control", "toolset_name",
    },
    "search_result": {"type", "source", "title", "content", "citations", "cache_control"},
    "container_upload": {"type", "file_id", "cache_control"},
    "tool_reference": {"type", "tool_name", "cache_control"},
    "server_tool_use": {"type", "id", "name", "input", "cache_control", "caller"},
    "web_search_tool_result": {"type", "tool_use_id", "content", "cache_control", "caller"},
}  # fmt: skip
_TOOL_FIELDS = {
    "name", "description", "input_schema", "cache_control", "type", "strict", "defer_loading",
    "eager_input_streaming", "allowed_callers", "input_examples",
}  # fmt: skip


def read(
    body: Mapping[str, Any], headers: Mapping[str, str], seals: Seals, model: Model | None
) -> Asked:
    """What a request asks. `model` None: its form alone, whatever the model.

    Raises:
        RefusedError: when Anthropic would not take its form.
    """
    beta = "anthropic-beta" in headers
    _check_fields(body, beta=beta)
    require(isinstance(body.get("max_tokens"), int), "max_tokens: Field required")
    require(body["max_tokens"] >= 1, "max_tokens: Input should be greater than or equal to 1")
    turns = body.get("messages")
    require(isinstance(turns, list) and turns, "messages: at least one message is required")
    marks = _Marks()
    system = _system(body.get("system"), marks)
    tools, hosted = _tools(body.get("tools") or (), marks)
    conversation = _Conversation(seals, marks, system_turns=model is None or model.system_turns)
    for place, turn in enumerate(body["messages"]):
        conversation.take(turn, f"messages.{place}", last=place == len(body["messages"]) - 1)
    conversation.check_answered()
    require(
        marks.count <= _MOST_MARKS,
        f"A maximum of {_MOST_MARKS} blocks with cache_control may be provided. Found "
        f"{marks.count}.",
    )
    options = Options(body)
    for name in ("temperature", "top_p", "top_k", "service_tier", "container"):
        options.take(name)
    options.take("limit", "max_tokens")
    options.take("stop", "stop_sequences")
    options.take("effort", "output_config.effort")
    options.take("schema", "output_config.format.schema")
    options.take("user", "metadata.user_id")
    options.take("context_management")
    _read_thinking(body.get("thinking"), options)
    _read_choice(body, options)
    for name, most in (("temperature", 1), ("top_p", 1)):
        value = body.get(name)
        require(
            value is None or 0 <= value <= most,
            f"{name}: Input should be less than or equal to {most}",
        )
    stops = body.get("stop_sequences") or ()
    require(
        all(str(one).strip() for one in stops),
        "stop_sequences: each stop sequence must contain non-whitespace",
    )
    return Asked(
        model=str(body.get("model")),
        system=system,
        said=tuple(conversation.said),
        tools=tools,
        hosted=hosted,
        options=options.values,
        fields=options.fields,
        cache_marks=marks.count,
        stream=body.get("stream") is True,
    )


def check_model(body: Mapping[str, Any], asked: Asked, model: Model) -> None:
    """Refuse what this model does not take.

    Raises:
        RefusedError: as Anthropic does.
    """
    limit = asked.options["limit"]
    require(
        limit <= model.output,
        f"max_tokens: {limit} > {model.output}, which is the maximum allowed number of output "
        f"tokens for {asked.model}",
    )
    require(
        model.efforts or "effort" not in asked.options,
        "This model does not support the effort parameter.",
    )
    effort = asked.options.get("effort")
    require(
        effort is None or effort in model.efforts,
        f"output_config.effort: '{effort}' is not supported on this model",
    )
    _check_thinking(body, asked, model)
    _check_sampling(asked, model)
    require(
        model.prefill or asked.said[-1].who != "assistant",
        "This model does not support assistant message prefill. The conversation must end with a "
        "user message.",
    )
    if "schema" in asked.options:
        require(model.schema, "output_config.format: Extra inputs are not permitted")
        schemas.check_anthropic_format(asked.options["schema"])
    told = asked.prompt_tokens
    require(told <= model.context, f"prompt is too long: {told} tokens > {model.context} maximum")


def _check_thinking(body: Mapping[str, Any], asked: Asked, model: Model) -> None:
    kind = (body.get("thinking") or {}).get("type", "disabled")
    if kind == "disabled":
        return
    if kind not in model.thinking:
        advice = ' Use "thinking.type.adaptive" and "output_config.effort" to control thinking.'
        raise RefusedError(
            "adaptive thinking is not supported on this model"
            if kind == "adaptive"
            else f'"thinking.type.{kind}" is not supported for this model.'
            + (advice if "adaptive" in model.thinking else "")
        )
    require(
        asked.options.get("temperature") in {None, 1},
        "`temperature` may only be set to 1 when thinking is enabled.",
    )
    require("top_k" not in asked.options, "`top_k` must be unset when thinking is enabled.")
    require(
        asked.options.get("tool_choice", "auto") in {"auto", "none"},
        "Thinking may not be enabled when tool_choice forces tool use.",
    )
    require(
        asked.said[-1].who != "assistant",
        "Expected the last turn to be the user's when thinking is enabled.",
    )
    budget = body["thinking"].get("budget_tokens")
    if kind != "enabled":
        require(budget is None, "thinking.adaptive.budget_tokens: Extra inputs are not permitted")
        return
    require(isinstance(budget, int), "thinking.enabled.budget_tokens: Field required")
    require(
        budget >= _SMALLEST_BUDGET,
        "thinking.enabled.budget_tokens: Input should be greater than or equal to 1024",
    )
    require(
        asked.options["limit"] > budget,
        "`max_tokens` must be greater than `thinking.budget_tokens`.",
    )


def _check_sampling(asked: Asked, model: Model) -> None:
    for name in ("temperature", "top_p", "top_k"):
        neutral = name != "top_k" and asked.options.get(name) == 1
        require(
            model.sampling or name not in asked.options or neutral,
            f"`{name}` is deprecated for this model.",
        )
    require(
        not {"temperature", "top_p"} <= asked.options.keys(),
        "`temperature` and `top_p` cannot both be specified for this model. Please use only one.",
    )


class _Marks:
    """Cache marks, counted."""

    def __init__(self) -> None:
        self.count = 0

    def see(self, block: Mapping[str, Any], at: str) -> None:
        mark = block.get("cache_control")
        if mark is not None:
            require(
                isinstance(mark, Mapping) and mark.get("type") == "ephemeral",
                f"{at}.cache_control.type: Input should be 'ephemeral'",
            )
            self.count += 1


class _Conversation:
    """The turns, one after the other, and the calls that wait for their results."""

    def __init__(self, seals: Seals, marks: _Marks, *, system_turns: bool) -> None:
        self.said: list[Said] = []
        self._seals = seals
        self._marks = marks
        self._system_turns = system_turns
        self._waiting: dict[str, str] = {}
        self._seen: set[str] = set()

    def take(self, turn: Any, at: str, *, last: bool) -> None:
        require(isinstance(turn, Mapping), f"{at}: Input should be a valid dictionary")
        role, content = turn.get("role"), turn.get("content")
        if role == "system" and self._system_turns:
            require(self.said, f"{at}.role: the first turn may not be the system's")
            self.said.append(Said("system", "text", _text_of(content)))
            return
        require(role in {"user", "assistant"}, f"{at}.role: Input should be 'user' or 'assistant'")
        extra = sorted(turn.keys() - {"role", "content"})
        require(not extra, f"{at}.{''.join(extra[:1])}: Extra inputs are not permitted")
        require(self.said or role == "user", 'messages: first message must use the "user" role')
        blocks = [{"type": "text", "text": content}] if isinstance(content, str) else content
        may_be_empty = role == "assistant" and last
        require(
            isinstance(blocks, list) and (blocks or may_be_empty),
            f"{at}: all messages must have non-empty content except for the optional final "
            "assistant message",
        )
        waiting = dict(self._waiting)
        if role == "user" and waiting:
            self._check_results(blocks, at)
        for number, block in enumerate(blocks):
            self._block(block, str(role), f"{at}.content.{number}")
        if role == "assistant" and last and blocks and blocks[-1].get("type") == "text":
            text = blocks[-1]["text"]
            require(
                text == text.rstrip(),
                f"{at}: final assistant content cannot end with trailing whitespace",
            )

    def _check_results(self, blocks: list[Any], at: str) -> None:
        results = [one for one in blocks if one.get("type") == "tool_result"]
        missing = sorted(set(self._waiting) - {one.get("tool_use_id") for one in results})
        require(
            not missing,
            f"{at}: `tool_use` ids were found without `tool_result` blocks immediately after: "
            f"{', '.join(missing)}. Each `tool_use` block must have a corresponding `tool_result` "
            "block in the next message.",
        )
        require(
            blocks[: len(results)] == results,
            f"{at}: `tool_result` blocks must come first in the turn that answers `tool_use`",
        )

    def _block(self, block: Any, role: str, at: str) -> None:
        require(isinstance(block, Mapping), f"{at}: Input should be a valid dictionary")
        kind = str(block.get("type"))
        known = _BLOCK_FIELDS.get(kind)
        if known is None:
            raise RefusedError(
                f"{at}: Input tag '{kind}' found using 'type' does not match any of the expected "
                f"tags: {', '.join(map(repr, sorted(_BLOCK_FIELDS)))}"
            )
        extra = sorted(block.keys() - known)
        require(not extra, f"{at}.{kind}.{''.join(extra[:1])}: Extra inputs are not permitted")
        self._marks.see(block, at)
        if kind == "tool_use":
            self._call(block, role, at)
        elif kind == "tool_result":
            self._result(block, role, at)
        elif kind in {"thinking", "redacted_thinking"}:
            self._thinking(block, role, at)
        else:
            self.said.append(_piece(block, role, at))

    def _call(self, block: Mapping[str, Any], role: str, at: str) -> None:
        require(role == "assistant", f"{at}: `tool_use` blocks can only be in `assistant` messages")
        call, name, given = block.get("id"), block.get("name"), block.get("input")
        require(
            _ID.fullmatch(str(call)),
            f"{at}.tool_use.id: String should match pattern '^[a-zA-Z0-9_-]+$'",
        )
        require(call not in self._seen, f"{at}: `tool_use` ids must be unique")
        require(isinstance(given, Mapping), f"{at}.tool_use.input: Input should be an object")
        self._seen.add(str(call))
        self._waiting[str(call)] = str(name)
        self.said.append(Said("call", "text", json.dumps(given, sort_keys=True), str(name)))

    def _result(self, block: Mapping[str, Any], role: str, at: str) -> None:
        require(role == "user", f"{at}: `tool_result` blocks can only be in `user` messages")
        call = str(block.get("tool_use_id"))
        require(
            call in self._waiting,
            f"{at}: unexpected `tool_use_id` found in `tool_result` blocks: {call}. Each "
            "`tool_result` block must have a corresponding `tool_use` block in the previous "
            "message.",
        )
        name = self._waiting.pop(call)
        failed = block.get("is_error") is True
        content = block.get("content", "")
        if isinstance(content, str):
            self.said.append(Said("result", "text", content, name, failed))
            return
        require(isinstance(content, list), f"{at}.content: Input should be a valid list")
        for number, part in enumerate(content):
            kind = part.get("type")
            require(
                kind in {"text", "image", "document", "search_result", "tool_reference"},
                f"{at}.tool_result.content.{number}: Input tag '{kind}' does not match",
            )
            self._marks.see(part, at)
            piece = _piece(part, "result", f"{at}.content.{number}")
            self.said.append(piece._replace(name=name, failed=failed))

    def _thinking(self, block: Mapping[str, Any], role: str, at: str) -> None:
        require(role == "assistant", f"{at}: thinking can only be in `assistant` messages")
        seal = block.get("signature", block.get("data"))
        require(
            self._seals.holds(str(seal), str(block.get("thinking", ""))),
            f"{at}: Invalid `signature` in `{block['type']}` block",
        )
        self.said.append(Said("assistant", "thinking", str(block.get("thinking", seal))))

    def check_answered(self) -> None:
        require(
            not self._waiting,
            "messages: `tool_use` ids were found without `tool_result` blocks immediately after: "
            + ", ".join(self._waiting),
        )


def _piece(block: Mapping[str, Any], role: str, at: str) -> Said:
    kind = str(block["type"])
    if kind == "text":
        text = block.get("text")
        require(isinstance(text, str), f"{at}.text.text: Input should be a valid string")
        require(text, f"{at}: text content blocks must be non-empty")
        require(str(text).strip(), f"{at}: text content blocks must contain non-whitespace text")
        return Said(role, "text", str(text))
    if kind == "image":
        named = media.anthropic_source(block.get("source"), f"{at}.image", document=False)
        return Said(role, "image", named)
    if kind == "document":
        named = media.anthropic_source(block.get("source"), f"{at}.document", document=True)
        return Said(role, "file", named)
    if kind == "tool_reference":
        return Said(role, "text", str(block.get("tool_name")))
    return Said(role, kind, digest(json.dumps(block, sort_keys=True)))


def _text_of(content: Any) -> str:
    if isinstance(content, str):
        return content
    return "\n".join(str(block.get("text", "")) for block in content or ())


def _check_fields(body: Mapping[str, Any], *, beta: bool) -> None:
    if "thread" in body:
        raise RefusedError(
            "thread: this endpoint keeps no threads", param="thread",
            code="thread_unsupported_request",
        )  # fmt: skip
    extra = sorted(body.keys() - MESSAGES - (MESSAGES_BETA if beta else set()))
    require(not extra, f"{''.join(extra[:1])}: Extra inputs are not permitted")
    metadata = body.get("metadata")
    if metadata is not None:
        require(isinstance(metadata, Mapping), "metadata: Input should be a valid dictionary")
        more = sorted(metadata.keys() - {"user_id"})
        require(not more, f"metadata.{''.join(more[:1])}: Extra inputs are not permitted")
    config = body.get("output_config") or {}
    more = sorted(config.keys() - {"effort", "format"})
    require(not more, f"output_config.{''.join(more[:1])}: Extra inputs are not permitted")


def _system(given: Any, marks: _Marks) -> str:
    if isinstance(given, str) or given is None:
        return given or ""
    parts = []
    for place, block in enumerate(given):
        at = f"system.{place}"
        require(block.get("type") == "text", f"{at}.type: Input should be 'text'")
        require(str(block.get("text", "")).strip(), "system: text content blocks must be non-empty")
        extra = sorted(block.keys() - _BLOCK_FIELDS["text"])
        require(not extra, f"{at}.{''.join(extra[:1])}: Extra inputs are not permitted")
        marks.see(block, at)
        parts.append(block["text"])
    return "\n".join(parts)


def _tools(given: Any, marks: _Marks) -> tuple[dict[str, Tool], tuple[str, ...]]:
    tools: dict[str, Tool] = {}
    hosted = []
    for place, tool in enumerate(given):
        at = f"tools.{place}"
        marks.see(tool, at)
        kind = tool.get("type", "custom")
        if kind != "custom":
            hosted.append(str(kind))
            continue
        extra = sorted(tool.keys() - _TOOL_FIELDS)
        require(not extra, f"{at}.custom.{''.join(extra[:1])}: Extra inputs are not permitted")
        name = str(tool.get("name"))
        require(
            _NAME.fullmatch(name),
            f"{at}.custom.name: String should match pattern '^[a-zA-Z0-9_-]{{1,128}}$'",
        )
        schema = tool.get("input_schema")
        require(isinstance(schema, Mapping), f"{at}.custom.input_schema: Field required")
        require(
            schema.get("type") == "object",
            f"{at}.custom.input_schema.type: Field required to be 'object'",
        )
        require(name not in tools, "tools: Tool names must be unique.")
        tools[name] = Tool(tool.get("description") or "", schema)
    return tools, tuple(hosted)


def _read_thinking(given: Any, options: Options) -> None:
    if not isinstance(given, Mapping):
        return
    kind = given.get("type")
    require(
        kind in {"enabled", "disabled", "adaptive"},
        f"thinking: Input tag '{kind}' found using 'type' does not match any of the expected tags",
    )
    if kind != "disabled":
        options.put("thinking", "thinking", given.get("budget_tokens", kind))


def _read_choice(body: Mapping[str, Any], options: Options) -> None:
    given = body.get("tool_choice")
    if not isinstance(given, Mapping):
        return
    require(body.get("tools"), "tool_choice: may only be specified while providing tools.")
    kind = given.get("type")
    require(kind in {"auto", "any", "tool", "none"}, f"tool_choice: Input tag '{kind}'")
    options.put("tool_choice", "tool_choice", given.get("name", kind))
    if "disable_parallel_tool_use" in given:
        options.put("parallel", "tool_choice", not given["disable_parallel_tool_use"])
