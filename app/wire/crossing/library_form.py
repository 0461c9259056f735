"""A typed request in OpenAI's dictionaries, for readers of our own: it is never refused."""

from dataclasses import replace
from typing import Any

from tierwatch.errors import ProviderError
from tierwatch.wire.chat import ChatRequest, Part, Text, ToolCall, ToolResult, Turn
from tierwatch.wire.crossing.part_mark import part_mark
from tierwatch.wire.openai_chat.read_parts import NOTHING
from tierwatch.wire.openai_chat.write_parts import write_part
from tierwatch.wire.openai_chat.write_request import write_request


def library_form(request: ChatRequest) -> dict[str, Any]:
    """The request as the routing library and the capture take it.

    A part that OpenAI's wire has no word for becomes a short text that names it.
    """
    try:
        return write_request(request).request
    except ProviderError:  # seldom: what most requests hold can be said
        marked = request._replace(turns=tuple([_marked(turn) for turn in request.turns]))
        return write_request(marked).request


def _marked(turn: Turn) -> Turn:
    calls = turn.role == "assistant"  # nobody else's calls have a place of their own
    return replace(turn, parts=tuple([_marked_part(part, calls=calls) for part in turn.parts]))


def _marked_part(part: Part, *, calls: bool = False) -> Part:
    if isinstance(part, ToolResult):
        return replace(part, parts=tuple([_marked_part(inner) for inner in part.parts]))
    if calls and isinstance(part, ToolCall):
        return part
    try:
        write_part(part, [])
    except ProviderError:
        return Text(part_mark(part), NOTHING)
    return part
