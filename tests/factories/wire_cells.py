"""What is to be right between chat completions and Messages: a table, read by every translator.

Each cell has what one wire said and what must hold of it on the other. The rows
stand in `wire_cells_to_messages` and `wire_cells_to_chat`; `tests/wire/test_cells.py` asks them of
our translator, `tests/wire/test_litellm.py` of LiteLLM's.
"""

import json
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

Body = dict[str, Any]

TO_MESSAGES, TO_CHAT = "chat to Messages", "Messages to chat"


class Cell(NamedTuple):
    """A cell of the table.

    Attributes:
        name: of what is asked.
        way: from which wire to which.
        said: on the one.
        right: what holds on the other.
        fitted: names of what is done to it; all of them.
        refused: a word of the sentence, where it is refused.
        litellm: why LiteLLM's is another one; "" where it is not.
    """

    name: str
    way: str
    said: Body
    right: Callable[[Body], bool] = lambda _: True
    fitted: tuple[str, ...] = ()
    refused: str = ""
    litellm: str = ""


SCHEMA: Body = {
    "type": "object",
    "properties": {"city": {"type": "string"}},
    "required": ["city"],
    "additionalProperties": False,
}
OPTIONAL: Body = {**SCHEMA, "required": []}
PNG = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAQAAAC1HAwCAAAAC0lEQVR42mNk+A8AAQUBAScY42YAAAAASUVORK5CYII="
PDF = "JVBERi0xLjQKJSVFT0YK"
LONG_USER = json.dumps({"device_id": "d" * 64, "session_id": "s" * 36})
MARK = {"cache_control": {"type": "ephemeral"}}
USER = {"role": "user", "content": "Weather?"}


def chat(*messages: Body, **fields: Any) -> Body:
    return {"model": "m", "messages": list(messages) or [USER], **fields}


def messages(*turns: Body, **fields: Any) -> Body:
    return {"model": "m", "max_tokens": 64_000, "messages": list(turns) or [USER], **fields}


def called(*ids: str, content: Any = None, arguments: str = '{"city":"Bern"}') -> Body:
    function = {"name": "weather", "arguments": arguments}
    calls = [{"id": one, "type": "function", "function": function} for one in ids]
    return {"role": "assistant", "content": content, "tool_calls": calls}


def given(call_id: str, content: Any = "sunny") -> Body:
    return {"role": "tool", "tool_call_id": call_id, "content": content}


def user(*parts: Body) -> Body:
    return {"role": "user", "content": list(parts)}


def text(words: str, **more: Any) -> Body:
    return {"type": "text", "text": words, **more}


def image(url: str) -> Body:
    return {"type": "image_url", "image_url": {"url": url}}


def function(parameters: Body | None = SCHEMA, **more: Any) -> Body:
    told = {} if parameters is None else {"parameters": parameters}
    return {"type": "function", "function": {"name": "weather", **told}, **more}


def tool(schema: Body = SCHEMA, **more: Any) -> Body:
    return {"name": "weather", "input_schema": schema, **more}


def use(call_id: str = "t1") -> Body:
    return {"type": "tool_use", "id": call_id, "name": "weather", "input": {"city": "Bern"}}


def result(content: Any = "sunny", call_id: str = "t1", **more: Any) -> Body:
    return {"type": "tool_result", "tool_use_id": call_id, "content": content, **more}


def exchange(
    *results: Body, calls: tuple[str, ...] = ("t1",), before: tuple[Body, ...] = ()
) -> Any:
    """A tool exchange on Anthropic's wire."""
    asked = {"role": "assistant", "content": [*before, *map(use, calls)]}
    return USER, asked, {"role": "user", "content": list(results)}


def source(kind: str, media_type: str, data: str) -> Body:
    return {"type": kind, "source": {"type": "base64", "media_type": media_type, "data": data}}


def words(message: Mapping[str, Any]) -> str:
    """The words of a message on either wire, results of tools included."""
    content = message.get("content")
    if isinstance(content, list):
        return "\n".join(words(part) for part in content)
    return str(content or message.get("text") or "")


def blocks(out: Body, at: int = -1) -> list[Body]:
    content = out["messages"][at]["content"]
    return [text(content)] if isinstance(content, str) else content


def system(out: Body) -> str:
    said = out.get("system", "")
    return said if isinstance(said, str) else "\n\n".join(block["text"] for block in said)


def told(out: Body, at: int = -1) -> Body:
    """The last message of a chat, whose list of one text is that text."""
    return out["messages"][at]
