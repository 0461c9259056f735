"""What a shadow call leaves out."""

from tierwatch.wire.lean_request import lean_request


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
