"""What a shadow call leaves out, on each wire, and what it keeps."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tierwatch.wire.lean_request import (
    kept_at_its_provider,
    lean_request,
    offers_provider_tools,
)


def test_a_shadow_asks_the_same_without_what_it_would_cause() -> None:
    kept = {
        "model": "m",
        "messages": [{"role": "user", "content": "q"}],
        "temperature": 0.2,
        "tools": [{"type": "function", "function": {"name": "f"}}],
        "tool_choice": "auto",
        "some_extension": 1,
    }
    caused = {
        "stream": True,
        "stream_options": {"include_usage": True},
        "user": "u",
        "metadata": {"a": "b"},
        "store": True,
        "service_tier": "priority",
        "n": 3,
        "web_search_options": {},
    }
    request = {**kept, **caused}
    assert lean_request(request) == kept
    assert request.keys() == kept.keys() | caused.keys()


def test_a_shadow_carries_nothing_that_only_the_serving_model_can_read() -> None:
    said = {"role": "assistant", "content": "It rains."}
    mark = {"cache_control": {"type": "ephemeral"}}
    bound = {"reasoning_content": "Hm.", "audio": {"id": "a"}, "annotations": [], "refusal": None}
    asked = {"role": "user", "content": [{"type": "text", "text": "Weather?"}]}
    marked = {"role": "user", "content": [{"type": "text", "text": "Weather?", **mark}]}
    assert lean_request({"messages": [marked, said | bound, asked]}) == {
        "messages": [asked, said, asked]
    }


def test_a_shadow_carries_no_tool_that_the_provider_runs() -> None:
    request = {
        "tools": [{"type": "web_search_20250305", "name": "web_search"}],
        "tool_choice": "auto",
    }
    assert lean_request(request) == {}
    assert lean_request({"tools": ["junk", {"type": []}]}) == {}


def test_tools_the_caller_runs_are_kept_beside_those_left_out() -> None:
    search = {"type": "web_search_preview"}
    own = {"type": "custom", "custom": {"name": "c"}}
    untyped = {"function": {"name": "f"}}  # some callers leave the type out
    request = {"tools": [search, own, untyped], "tool_choice": "auto", "parallel_tool_calls": True}
    assert lean_request(request) == {**request, "tools": [own, untyped]}


def test_a_shadow_changes_nothing_of_what_was_stored() -> None:
    said = {"role": "assistant", "content": "x", "reasoning_content": "Hm."}
    request = {"messages": [said], "stream": True, "tools": [{"type": "code_interpreter"}]}
    lean_request(request)
    assert request["messages"] == [said]
    assert said["reasoning_content"] == "Hm."
    assert request["tools"] == [{"type": "code_interpreter"}]


def test_ids_of_calls_are_short_enough_for_whoever_is_asked() -> None:
    call = {"id": "x" * 60, "type": "function", "function": {"name": "f", "arguments": "{}"}}
    messages = [
        {"role": "assistant", "content": None, "tool_calls": [call]},
        {"role": "tool", "tool_call_id": "x" * 60, "content": "4"},
    ]
    asks, answers = lean_request({"messages": messages})["messages"]
    assert asks["tool_calls"][0]["id"] == answers["tool_call_id"]
    assert len(answers["tool_call_id"]) <= 40


def test_what_only_one_wire_can_say_is_asked_again() -> None:
    mark = {"cache_control": {"type": "ephemeral"}}
    kept = {
        "max_tokens": 64_000,
        "thinking": {"type": "adaptive"},
        "output_config": {"effort": "high"},
        "context_management": {"edits": [{"type": "clear_tool_uses_20250919"}]},
        "system": [{"type": "text", "text": "Be brief.", **mark}],
        "messages": [{"role": "user", "content": [{"type": "text", "text": "q", **mark}]}],
        "tools": [{"name": "Read", "input_schema": {"type": "object"}, **mark}],
        "tool_choice": {"type": "auto", "disable_parallel_tool_use": True},
        "stop_sequences": ["\n\nHuman:"],
    }
    caused = {"stream": True, "metadata": {"user_id": "jo"}, "mcp_servers": [{}], "container": "c"}
    assert lean_request({**kept, **caused}, wire="anthropic", to="anthropic") == kept


def test_cache_marks_and_keys_stay_where_the_provider_speaks_the_wire() -> None:
    request = {"messages": [], "prompt_cache_key": "k", "prompt_cache_retention": "24h"}
    assert lean_request(request) == request


ANTHROPIC_TOOLS: list[tuple[dict[str, Any], bool]] = [
    ({"name": "Read", "input_schema": {}}, True),
    ({"type": "custom", "name": "Read", "input_schema": {}}, True),
    ({"type": "bash_20250124", "name": "bash"}, True),
    ({"type": "text_editor_20250728", "name": "str_replace_based_edit_tool"}, True),
    ({"type": "computer_20250124", "name": "computer"}, True),
    ({"type": "memory_20250818", "name": "memory"}, True),
    ({"type": "tool_search_tool_regex_20251119", "name": "tool_search_tool_regex"}, True),
    ({"type": "web_search_20250305", "name": "web_search"}, False),
    ({"type": "web_fetch_20250910", "name": "web_fetch"}, False),
    ({"type": "code_execution_20250825", "name": "code_execution"}, False),
    ({"type": "mcp_toolset", "mcp_server_name": "s"}, False),
]
RESPONSES_TOOLS: list[tuple[dict[str, Any], bool]] = [
    ({"type": "function", "name": "f"}, True),
    ({"type": "custom", "name": "apply_patch"}, True),
    ({"type": "namespace", "name": "n", "tools": []}, True),
    ({"type": "local_shell"}, True),
    ({"type": "computer_use_preview"}, True),
    ({"type": "web_search"}, False),
    ({"type": "file_search", "vector_store_ids": ["v"]}, False),
    ({"type": "code_interpreter", "container": {"type": "auto"}}, False),
    ({"type": "image_generation"}, False),
    ({"type": "mcp", "server_url": "https://example.org"}, False),
]


@pytest.mark.parametrize(("tool", "ours"), ANTHROPIC_TOOLS)
def test_who_runs_a_tool_of_anthropics_wire(tool: dict[str, Any], *, ours: bool) -> None:
    assert offers_provider_tools("anthropic", {"tools": [tool]}) is not ours
    lean = lean_request({"messages": [], "tools": [tool]}, wire="anthropic", to="anthropic")
    assert lean.get("tools", []) == [tool] * ours


@pytest.mark.parametrize(("tool", "ours"), RESPONSES_TOOLS)
def test_who_runs_a_tool_of_the_responses_wire(tool: dict[str, Any], *, ours: bool) -> None:
    assert offers_provider_tools("responses", {"tools": [tool]}) is not ours


@pytest.mark.parametrize(
    ("request_", "offered"),
    [
        ({}, False),
        ({"tools": None}, False),
        ({"tools": []}, False),
        ({"mcp_servers": []}, False),
        ({"mcp_servers": [{"url": "https://example.org"}]}, True),
        ({"web_search_options": {}}, True),
    ],
)
def test_tools_that_are_offered_elsewhere(request_: dict[str, Any], *, offered: bool) -> None:
    assert offers_provider_tools("openai", request_) is offered


def test_a_choice_of_a_tool_that_is_left_out_goes_with_it() -> None:
    search = {"type": "web_search_20250305", "name": "web_search"}
    own = {"name": "Read", "input_schema": {}}
    for choice, stays in (("web_search", False), ("Read", True)):
        request = {
            "messages": [],
            "tools": [search, own],
            "tool_choice": {"type": "tool", "name": choice},
        }
        lean = lean_request(request, wire="anthropic", to="anthropic")
        assert lean["tools"] == [own]
        assert ("tool_choice" in lean) is stays


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["type", "name", "role", "content"]), inner, max_size=3)
    ),
    max_leaves=6,
)


@pytest.mark.parametrize("wire", ["openai", "anthropic"])
@given(tools=json_values, choice=json_values, messages=st.lists(json_values, max_size=2))
def test_whatever_was_asked_can_be_asked_again(
    wire: str, tools: object, choice: object, messages: list[object]
) -> None:
    request = {"messages": messages, "tools": tools, "tool_choice": choice, "stream": True}
    lean = lean_request(request, wire=wire, to=wire)
    assert "stream" not in lean
    assert lean_request(lean, wire=wire, to=wire) == lean


@pytest.mark.parametrize(
    ("tool", "caller"),
    [
        ({"type": "shell"}, True),
        ({"type": "shell", "environment": {"type": "local"}}, True),
        ({"type": "shell", "environment": {"type": "container_auto"}}, False),
        ({"type": "shell", "environment": {"type": "container_reference"}}, False),
        ({"type": "tool_search"}, True),
        ({"type": "mcp", "server_url": "https://example.org"}, False),
        ({"type": "file_search", "vector_store_ids": ["v"]}, False),
        ({"type": "code_interpreter", "container": {"type": "auto"}}, False),
        ({"type": "image_generation"}, False),
    ],
)
def test_whose_tools_they_are_on_the_responses_wire(tool: Any, *, caller: bool) -> None:
    request = {"input": "hi", "tools": [tool]}
    assert offers_provider_tools("responses", request) is not caller
    assert ("tools" in lean_request(request, wire="responses", to="responses")) is caller


@pytest.mark.parametrize("field", ["plugins", "search_parameters", "mcp_servers"])
def test_fields_by_which_a_provider_searches(field: str) -> None:
    request = {"messages": [{"role": "user", "content": "hi"}], field: [{"id": "web"}]}
    assert offers_provider_tools("openai", request)
    assert field not in lean_request(request)
    assert not offers_provider_tools("openai", request | {field: None})
    assert not offers_provider_tools("openai", request | {field: []})


def user(*parts: Any) -> dict[str, Any]:
    return {"role": "user", "content": list(parts)}


STORED = {"type": "file", "file_id": "file-1"}
RESULT = {"type": "tool_result", "tool_use_id": "t"}


@pytest.mark.parametrize(
    ("request_", "kept"),
    [
        ({"input": "hi", "conversation": "conv_1"}, "conversation"),
        ({"input": "hi", "conversation": {"id": "conv_1"}}, "conversation"),
        ({"input": "hi", "conversation": None}, ""),
        ({"prompt": {"id": "pmpt_1"}}, "prompt"),
        ({"input": [{"type": "item_reference", "id": "msg_1"}]}, "item_reference"),
        ({"input": [user({"type": "input_file", "file_id": "file-1"})]}, "file_id"),
        ({"input": [user({"type": "input_image", "file_id": "file-1"})]}, "file_id"),
        ({"input": [{"type": "function_call_output", "call_id": "c", "output": [
            {"type": "input_image", "file_id": "file-1"}]}]}, "file_id"),
        ({"messages": [user({"type": "file", "file": {"file_id": "file-1"}})]}, "file_id"),
        ({"messages": [user({"type": "document", "source": STORED})]}, "file_id"),
        ({"messages": [user({**RESULT, "content": [{"type": "image", "source": STORED}]})]},
         "file_id"),
        ({"messages": [{"role": "assistant", "audio": {"id": "audio_1"}}]}, "audio"),
        # A caller's own tools may speak of files.
        ({"messages": [{"role": "assistant", "content": [
            {"type": "tool_use", "id": "t", "name": "f", "input": {"file_id": "7"}}]}]}, ""),
        ({"messages": [user({"type": "file", "file": {"file_data": "QUFB"}})]}, ""),
        ({"messages": [{"role": "user", "content": "the file_id is file-1"}]}, ""),
        ({"messages": None, "input": 7}, ""),
        ({"messages": [{"type": ["x"], "content": {"type": {}, "file_id": 7}}]}, ""),
    ],
)  # fmt: skip
def test_what_only_the_provider_has_that_served_it(request_: Any, kept: str) -> None:
    assert kept_at_its_provider(request_) == kept


SEARCH, FUNCTION = {"type": "web_search"}, {"type": "function", "name": "f", "parameters": {}}


@pytest.mark.parametrize(
    ("allowed", "left"),
    [
        ([SEARCH], None),
        ([SEARCH, {"type": "function", "name": "f"}], [{"type": "function", "name": "f"}]),
        ([{"type": "function", "name": "f"}], [{"type": "function", "name": "f"}]),
        ("none", None),
    ],
)
def test_a_choice_among_tools_names_none_that_is_left_out(allowed: Any, left: Any) -> None:
    """Providers refuse a choice of what is not offered."""
    choice = {"type": "allowed_tools", "mode": "auto", "tools": allowed}
    request = {"input": "hi", "tools": [SEARCH, FUNCTION], "tool_choice": choice}
    lean = lean_request(request, wire="responses", to="responses")
    assert lean["tools"] == [FUNCTION]
    assert lean.get("tool_choice") == (left and {**choice, "tools": left})


def test_the_same_on_the_wire_of_chat_completions() -> None:
    form = {"type": "function", "function": {"name": "f"}}
    choice = {"type": "allowed_tools", "allowed_tools": {"mode": "auto", "tools": [SEARCH, form]}}
    request = {"messages": [], "tools": [SEARCH, form], "tool_choice": choice}
    assert lean_request(request)["tool_choice"] == {
        "type": "allowed_tools",
        "allowed_tools": {"mode": "auto", "tools": [form]},
    }
