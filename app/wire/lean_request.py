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
    ),
}  # fmt: skip
# What a wire takes an untyped tool for.
_UNTYPED: Final = {OPENAI: "function", ANTHROPIC: "custom", RESPONSES: "function"}
_OF_TOOLS: Final = ("tools", "tool_choice", "parallel_tool_calls")
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
    if request.get("web_search_options") is not None or request.get("mcp_servers"):
        return True
    tools = request.get("tools")
    return isinstance(tools, list) and not all(_run_by_caller(tool, wire) for tool in tools)


def _keep_tools_of_the_caller(lean: dict[str, Any], wire: str) -> None:
    kept = [tool for tool in lean["tools"] if _run_by_caller(tool, wire)]
    if len(kept) == len(lean["tools"]):
        return
    if not kept:
        for key in _OF_TOOLS:
            lean.pop(key, None)
        return
    lean["tools"] = kept
    if _names_none_of(lean.get("tool_choice"), kept, wire):
        del lean["tool_choice"]


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
    return isinstance(kind, str) and kind.startswith(_RUN_BY_CALLER.get(wire, ()))
