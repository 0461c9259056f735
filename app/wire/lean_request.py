"""The request for a shadow call: the same question, without what it would cause."""

from collections.abc import Mapping
from typing import Any

from tierwatch.wire.chat import OPENAI
from tierwatch.wire.history.reader import Reader
from tierwatch.wire.openai_chat.history import fitted_history

# What a shadow call must not carry. It is ours, not the caller's: it must not be stored, billed or
# counted under their name; it must not start anything on the provider's side; one answer is enough.
_NOT_FOR_SHADOWS = frozenset(
    {
        "stream",
        "stream_options",
        "n",
        "user",
        "safety_identifier",
        "metadata",
        "store",
        "service_tier",
        "prompt_cache_key",
        "prompt_cache_retention",
        "web_search_options",
        "mcp_servers",
        "container",
        "background",
        "plugins",
    }
)
# Tools the caller runs, so naming one in an answer has no effect. Any other type (web search, code
# execution, a remote server) is run by the provider while it answers.
_CALLER_RUN_TOOLS = frozenset({"function", "custom"})
_SOMEBODY_ELSE = Reader(provider="", model="", mixed=True)


def lean_request(request: Mapping[str, Any]) -> dict[str, Any]:
    """Return the request for a shadow call: the same question, without what it would cause.

    Streaming, identity, storage, priority and everything the provider would execute while it
    answers are dropped. Tools the caller runs are kept: the calls are compared, never executed.
    What in the history only its issuer can read is dropped too: another model is asked.
    """
    request = fitted_history(request, to=OPENAI, reader=_SOMEBODY_ELSE).request
    lean = {key: value for key, value in request.items() if key not in _NOT_FOR_SHADOWS}
    tools = lean.get("tools")
    if isinstance(tools, list):
        kept = [tool for tool in tools if _run_by_caller(tool)]
        if kept:
            lean["tools"] = kept
        else:
            for key in ("tools", "tool_choice", "parallel_tool_calls"):
                lean.pop(key, None)
    return lean


def _run_by_caller(tool: object) -> bool:
    kind = tool.get("type", "function") if isinstance(tool, dict) else None
    return isinstance(kind, str) and kind in _CALLER_RUN_TOOLS
