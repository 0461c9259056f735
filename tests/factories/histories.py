"""Histories with what only their issuer takes back, and who may have written them."""

from typing import Any

from tierwatch.wire.history.reader import Issuer, Reader

HERE = Issuer("lab", "large-1")
SIBLING = Issuer("lab", "small-1")
STRANGER = Issuer("other", "large-1")
THINKING = {"type": "thinking", "thinking": "Hm.", "signature": "c2ln"}
REDACTED = {"type": "redacted_thinking", "data": "ZGF0YQ=="}
SEARCH = {"type": "server_tool_use", "id": "srvtoolu_1", "name": "web_search", "input": {}}
FOUND = {"type": "web_search_tool_result", "tool_use_id": "srvtoolu_1", "content": []}
CITED = {"type": "text", "text": "It rains.", "citations": [{"encrypted_index": "eA=="}]}
USE = {"type": "tool_use", "id": "toolu_1", "name": "weather", "input": {"city": "Rome"}}
GIVEN = {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "toolu_1",
                                      "content": "sunny"}]}  # fmt: skip
ASKED = {"role": "user", "content": "Weather?"}
CALL = {"id": "call_1", "type": "function", "function": {"name": "weather", "arguments": "{}"}}


def reader(issuer: Issuer | None, **changes: Any) -> Reader:
    return Reader(HERE.provider, HERE.model, issuer_of=lambda _: issuer, **changes)
