"""The request for a shadow call: the same question, without what it would cause."""

from collections.abc import Mapping
from typing import Any, Final

from tierwatch.wire.chat import ANTHROPIC, OPENAI, RESPONSES
from tierwatch.wire.history.reader import Reader
from tierwatch.wire.json_values import mapping, objects, string
from tierwatch.wire.wires import WIRES

# What a shadow call must not carry. It is ours, not the caller's: it must not be stored, billed or
# counted under their name; it must not start anything on the provider's side; one answer is enough.
# Marks and keys of prompt caches stay: without them the alternative would be charged for reading
# what the served model had from its cache.
_NOT_FOR_SHADOWS: Final = frozenset(
    {
        "stream",
        "stream_options",
        "n",
        "user",
        "safety_identifier",
        "metadata",
        "store",
        "service_tier",
        "web_search_options",
        "mcp_servers",
        "container",
        "background",
        "plugins",
        "search_parameters",
        "thread",
        "conversation",
        "previous_response_id",
    }
)
# Tools the caller runs, so naming one in an answer has no effect. Any other type (web search, code
# execution, a remote server) is run by the provider while it answers.
_RUN_BY_CALLER: Final = {
    OPENAI: ("function", "custom"),
    # A search among the caller's own tools has no effect beyond the answer.
    ANTHROPIC: ("custom", "bash_", "text_editor_", "computer_", "memory_", "tool_search_tool_"),
    RESPONSES: (
        "function", "custom", "namespace", "local_shell", "shell", "apply_patch", "computer",
        "tool_search",
    ),
}  # fmt: skip
# Where a shell may stand for its commands to be the caller's; others are containers.
_AT_HOME: Final = ("", "local")
# What a wire takes an untyped tool for.
_UNTYPED: Final = {OPENAI: "function", ANTHROPIC: "custom", RESPONSES: "function"}
# Fields by which a provider searches for itself: OpenAI's, Anthropic's, OpenRouter's and xAI's.
_OFFERS: Final = ("web_search_options", "mcp_servers", "plugins", "search_parameters")
_OF_TOOLS: Final = ("tools", "tool_choice", "parallel_tool_calls")
# What a provider keeps, and where else in messages the name of something may stand.
_KEPT_FIELDS: Final = ("conversation", "previous_response_id", "thread", "prompt")
_WITHIN: Final = ("content", "source", "file", "output", "image_url")
_DEEPEST: Final = 12
_CALLS: Final = frozenset({"tool_use", "function_call", "custom_tool_call"})
_SOMEBODY_ELSE: Final = Reader(provider="", model="", mixed=True)


def lean_request(
    request: Mapping[str, Any], *, wire: str = OPENAI, to: str = OPENAI
) -> dict[str, Any]:
    """Return the request for a shadow call: the same question, without what it would cause.

    Streaming, identity, storage, priority and everything the provider would execute while it
    answers are dropped. Tools the caller runs are kept: the calls are compared, never executed.
    What in the history only its issuer can read is dropped too: another model is asked.

    Args:
        request: as it was asked, on its wire.
        wire: that it is on; the result is on the same.
        to: the wire of the provider that will be called.
    """
    fitted = WIRES[wire].fitted_history(request, to=to, reader=_SOMEBODY_ELSE).request
    lean = {key: value for key, value in fitted.items() if key not in _NOT_FOR_SHADOWS}
    if isinstance(lean.get("tools"), list):
        _keep_tools_of_the_caller(lean, wire)
    if wire == RESPONSES:
        lean["store"] = False  # where nothing is said there, the provider keeps the answer
    return lean


def offers_provider_tools(wire: str, request: Mapping[str, Any]) -> bool:
    """Whether the request offers tools that the provider would run, which a shadow leaves out."""
    for field in _OFFERS:
        if field in request and request[field] not in (None, [], False):
            return True
    tools = request.get("tools")
    return isinstance(tools, list) and not all(_run_by_caller(tool, wire) for tool in tools)


def kept_at_its_provider(request: Mapping[str, Any]) -> str:
    """What a request names that only the provider has which served it; empty where nothing.

    A conversation that a provider keeps is another one once it was answered: ``conversation``.

    >>> kept_at_its_provider({"input": [{"type": "item_reference", "id": "msg_1"}]})
    'item_reference'
    """
    for name in _KEPT_FIELDS:
        if request.get(name):
            return name
    return _named_in(request.get("messages")) or _named_in(request.get("input"))


def _named_in(value: object, depth: int = 0) -> str:
    """The first such name in messages, or in what they are made of."""
    if isinstance(value, list) and depth < _DEEPEST:
        return next((named for item in value if (named := _named_in(item, depth + 1))), "")
    # What the caller's own tools are given may be called anything.
    if not isinstance(value, dict) or string(value.get("type")) in _CALLS:
        return ""
    return _name_of(value) or _named_in([value.get(name) for name in _WITHIN], depth)


def _name_of(part: Mapping[str, Any]) -> str:
    if part.get("type") == "item_reference":
        return "item_reference"
    if isinstance(part.get("file_id"), str):
        return "file_id"
    spoke = part.get("role") == "assistant" and mapping(part.get("audio")).get("id")
    return "audio" if spoke else ""


def _keep_tools_of_the_caller(lean: dict[str, Any], wire: str) -> None:
    kept = [tool for tool in lean["tools"] if _run_by_caller(tool, wire)]
    if len(kept) == len(lean["tools"]):
        return
    if not kept:
        for key in _OF_TOOLS:
            lean.pop(key, None)
        return
    lean["tools"] = kept
    choice = lean.get("tool_choice")
    if mapping(choice).get("type") == "allowed_tools":
        choice = _allowing(mapping(choice), wire)
        lean["tool_choice"] = choice
    if choice is None or _names_none_of(choice, kept, wire):
        lean.pop("tool_choice", None)


def _allowing(choice: Mapping[str, Any], wire: str) -> dict[str, Any] | None:
    """A choice among some tools without those that are left out; None where none is left."""
    inner = choice if wire == RESPONSES else mapping(choice.get("allowed_tools"))
    tools = [tool for tool in objects(inner.get("tools")) if _run_by_caller(tool, wire)]
    if not tools:
        return None
    left = {**inner, "tools": tools}
    return left if wire == RESPONSES else {**choice, "allowed_tools": left}


def _names_none_of(choice: object, kept: list[Any], wire: str) -> bool:
    """Whether a choice demands a tool that is left out."""
    asked = mapping(choice)
    name = string(asked.get("name"))
    if wire == RESPONSES and not name:
        return bool(asked) and asked.get("type") not in ("allowed_tools", "function", "custom")
    return bool(name) and name not in {tool.get("name") for tool in objects(kept)}


def _run_by_caller(tool: object, wire: str) -> bool:
    if not isinstance(tool, dict):
        return False
    kind = tool.get("type", _UNTYPED.get(wire))
    if kind == "shell" and string(mapping(tool.get("environment")).get("type")) not in _AT_HOME:
        return False
    return isinstance(kind, str) and kind.startswith(_RUN_BY_CALLER.get(wire, ()))
