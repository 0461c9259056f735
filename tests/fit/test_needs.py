"""What a request cannot do without, against what a model lacks."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tierwatch.fit.needs import Needs, fits_not, lacks_of
from tierwatch.fit.table import facts_of
from tierwatch.routing.facts import UNKNOWN, Facts

USER = {"role": "user", "content": "Hello."}
IMAGE = {"type": "image_url", "image_url": {"url": "https://example.org/a.png"}}


def lacking(
    facts: Facts, *, wire: str = "openai", to: str = "openai", size: int | None = None, **chat: Any
) -> str:
    return fits_not(lacks_of(facts, to), Needs({"messages": [USER], **chat}, wire, size))


@pytest.mark.parametrize(
    ("chat", "what"),
    [
        ({"tools": [{"type": "function"}]}, "tools"),
        ({"functions": [{}]}, "tools"),
        ({"tool_choice": "required"}, "forced_tools"),
        ({"tool_choice": {"type": "function", "function": {"name": "f"}}}, "forced_tools"),
        ({"n": 2}, "n"),
        ({"messages": [{"role": "user", "content": [{"type": "text"}, IMAGE]}]}, "images"),
        ({"messages": [USER, {"role": "user", "content": [{"type": "file"}]}]}, "files"),
        ({"messages": [{"role": "user", "content": [{"type": "input_audio"}]}]}, "audio"),
        ({"response_format": {"type": "json_schema"}}, "structured_output"),
    ],
)
def test_each_need_is_found_where_it_is_lacking_and_only_there(
    chat: dict[str, Any], what: str
) -> None:
    assert lacking(Facts(**{what: False}), **chat) == what
    assert lacking(Facts(**{what: True}), **chat) == ""
    assert lacking(UNKNOWN, **chat) == ""
    assert lacking(Facts(**{what: False})) == ""


@pytest.mark.parametrize(
    "chat",
    [
        {"n": 1},
        {"n": None},
        {"n": "3"},
        {"tools": []},
        {"tool_choice": "auto"},
        {"tool_choice": None},
        {"response_format": {"type": "json_object"}},
        {"response_format": None},
        {"messages": None},
        {"messages": ["x", None, {"content": 3}, {"content": [None, "x", {"type": []}]}]},
        {"messages": []},
    ],
)
def test_what_is_no_need(chat: dict[str, Any]) -> None:
    nothing = Facts(
        tools=False,
        forced_tools=False,
        n=False,
        images=False,
        files=False,
        audio=False,
        structured_output=False,
        prefill=False,
    )
    for wire in ("openai", "anthropic", "responses"):
        assert lacking(nothing, wire=wire, to="anthropic", **chat) == ""


@pytest.mark.parametrize(
    ("wire", "to", "lacks"),
    [
        ("anthropic", "anthropic", True),
        ("anthropic", "openai", True),  # OpenAI's models would begin anew
        ("openai", "anthropic", True),
        ("openai", "openai", False),  # there it is history
        ("responses", "openai", False),
    ],
)
def test_a_prefill_is_gone_on_with_or_goes_elsewhere(wire: str, to: str, *, lacks: bool) -> None:
    messages = [USER, {"role": "assistant", "content": "{"}]
    assert bool(lacking(Facts(prefill=False), wire=wire, to=to, messages=messages)) is lacks
    called = [USER, {"role": "assistant", "content": None, "tool_calls": [{"id": "c"}]}]
    assert lacking(Facts(prefill=False), wire=wire, to=to, messages=called) == ""


def test_another_wires_schema_can_be_an_instruction_to_anthropics_models() -> None:
    schema = {"response_format": {"type": "json_schema"}}
    old = Facts(structured_output=False)
    assert lacking(old, wire="openai", to="anthropic", **schema) == ""
    assert lacking(old, wire="anthropic", to="anthropic", **schema) == "structured_output"
    assert lacking(old, wire="anthropic", to="openai", **schema) == "structured_output"


@pytest.mark.parametrize(
    ("characters", "size", "what"),
    [
        (400, None, ""),
        (4_000, None, ""),  # 1,000 tokens of four characters are just what it reads
        (4_008, None, "context"),
        (4_008, 3_000, ""),  # a body of 3,000 bytes has no more tokens than 1,000
        (4_008, 5_000, "context"),
    ],
)
def test_a_prompt_may_be_too_long(characters: int, size: int | None, what: str) -> None:
    messages = [{"role": "user", "content": "a" * characters}]
    assert lacking(Facts(context=1_000), size=size, messages=messages) == what


def test_definitions_of_tools_are_read_as_well() -> None:
    tools = [{"type": "function", "function": {"name": "f", "description": "x" * 5_000}}]
    assert lacking(Facts(context=1_000), tools=tools) == "context"
    assert lacking(Facts(context=2_000), tools=tools) == ""


@given(st.text(max_size=300), st.integers(1, 200))
def test_a_short_body_is_never_too_long(text: str, context: int) -> None:
    size = len(text.encode("utf-8", "surrogatepass"))
    if size <= context:
        messages = [{"role": "user", "content": text}]
        assert lacking(Facts(context=context), size=size, messages=messages) == ""


def test_claude_answers_once_and_hears_nothing() -> None:
    claude = facts_of("claude-sonnet-4-6", "anthropic")
    assert lacking(claude, to="anthropic", n=3) == "n"
    sound = [{"role": "user", "content": [{"type": "input_audio"}]}]
    assert lacking(claude, to="anthropic", messages=sound) == "audio"
    assert lacking(claude, to="anthropic", messages=[USER], tools=[{}]) == ""
