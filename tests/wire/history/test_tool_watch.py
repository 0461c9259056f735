"""Whether the provider ran a tool is seen in the bytes of a reply, however they are cut."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tierwatch.wire.history.tool_watch import ToolWatch

RAN: list[dict[str, Any]] = [
    {"type": "server_tool_use", "id": "srvtoolu_1", "name": "web_search", "input": {}},
    {"type": "mcp_tool_use", "name": "x"},
    {"type": "web_search_call", "status": "completed"},
    {"type": "code_interpreter_call"},
    {"type": "mcp_approval_request", "name": "x"},
    {"type": "shell_call_output", "output": []},
    {"choices": [], "citations": ["https://example.org"]},
    {"choices": [], "search_results": [{"title": "x", "url": "https://example.org"}]},
    {"annotations": [{"type": "url_citation", "url_citation": {}}]},
]
NOT_RAN: list[dict[str, Any]] = [
    {"type": "tool_use", "name": "web_search"},
    {"usage": {"server_tool_use": {"web_search_requests": 0}}},
    {"type": "text", "text": "I would use web_search_call or a url_citation."},
    {"type": "function_call", "name": "mcp_call"},
    {"type": "shell_call", "action": {}},
    {"type": "text", "citations": [{"type": "char_location", "cited_text": "x"}]},
    {"choices": [], "citations": [], "search_results": None},
]


@pytest.mark.parametrize("said", RAN)
@pytest.mark.parametrize("separators", [(",", ":"), (", ", ": ")])
def test_what_was_run_is_seen(said: dict[str, Any], separators: tuple[str, str]) -> None:
    watch = ToolWatch()
    watch.feed(json.dumps({"content": [said]}, separators=separators).encode())
    assert watch.ran


@pytest.mark.parametrize("said", NOT_RAN)
def test_what_only_names_a_tool_is_not(said: dict[str, Any]) -> None:
    watch = ToolWatch()
    watch.feed(json.dumps({"content": [said]}).encode())
    assert not watch.ran


@given(st.data())
def test_it_does_not_matter_how_a_stream_is_cut(data: st.DataObject) -> None:
    raw = b"x" * 200 + json.dumps(RAN[0]).encode() + b"y" * 200
    watch = ToolWatch()
    while raw:
        size = data.draw(st.integers(1, len(raw)))
        watch.feed(raw[:size])
        raw = raw[size:]
    assert watch.ran
