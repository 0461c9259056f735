"""A tier's effort is said in each wire's own words, and the fit table has the last one."""

from typing import Any

import pytest

from tierwatch.fit.effort import with_effort
from tierwatch.fit.fitted import fitted, takes_of
from tierwatch.routing.facts import EFFORTS, Facts
from tierwatch.wire.translation import provider_request

ASKED = [{"role": "user", "content": "6 x 7?"}]


@pytest.mark.parametrize("wire", ["openai", "anthropic", "responses"])
def test_without_an_effort_a_request_is_the_same_value(wire: str) -> None:
    request = {"messages": ASKED, "reasoning_effort": "high"}
    assert with_effort(request, wire, "") is request


def test_on_chat_completions_it_replaces_the_caller_s() -> None:
    request = {"messages": ASKED, "reasoning_effort": "high"}
    assert with_effort(request, "openai", "low")["reasoning_effort"] == "low"
    assert request["reasoning_effort"] == "high"  # the caller's own is what is recorded


def test_on_responses_the_rest_of_reasoning_stays() -> None:
    request = {"input": "6 x 7?", "reasoning": {"effort": "high", "summary": "auto"}}
    said = with_effort(request, "responses", "low")
    assert said["reasoning"] == {"effort": "low", "summary": "auto"}
    assert with_effort({"input": "?"}, "responses", "max")["reasoning"] == {"effort": "max"}


def test_on_messages_it_is_adaptive_thinking_at_an_effort() -> None:
    request = {
        "messages": ASKED,
        "thinking": {"type": "enabled", "budget_tokens": 9_000},
        "output_config": {"effort": "low", "format": {"type": "json_schema"}},
    }
    said = with_effort(request, "anthropic", "high")
    assert said["thinking"] == {"type": "adaptive"}
    assert said["output_config"] == {"effort": "high", "format": {"type": "json_schema"}}


def test_none_does_not_think() -> None:
    request = {
        "messages": ASKED,
        "thinking": {"type": "adaptive"},
        "output_config": {"effort": "x"},
    }
    assert with_effort(request, "anthropic", "none") == {"messages": ASKED}


@pytest.mark.parametrize("kind", ["any", "tool"])
def test_who_must_call_a_tool_does_not_think(kind: str) -> None:
    said = with_effort({"messages": ASKED, "tool_choice": {"type": kind}}, "anthropic", "high")
    assert "thinking" not in said
    assert said["output_config"] == {"effort": "high"}


@pytest.mark.parametrize("wrong", [None, 7, "much", []])
def test_what_is_no_object_is_replaced(wrong: Any) -> None:
    assert with_effort({"reasoning": wrong}, "responses", "low")["reasoning"] == {"effort": "low"}
    said = with_effort({"output_config": wrong, "tool_choice": wrong}, "anthropic", "low")
    assert said["output_config"] == {"effort": "low"}


@pytest.mark.parametrize("effort", EFFORTS)
def test_a_model_without_levels_is_asked_as_before(effort: str) -> None:
    said = with_effort({"messages": ASKED, "model": "m"}, "openai", effort)
    done = fitted(dict(said), takes_of(Facts(effort=()), "openai"))
    assert done.request == {"messages": ASKED, "model": "m"}
    assert done.fitted == ("-reasoning_effort",)


def test_a_model_that_has_a_budget_gets_one() -> None:
    said = with_effort({"messages": ASKED, "max_tokens": 20_000}, "anthropic", "low")
    old = takes_of(Facts(thinking="enabled", effort=()), "anthropic")
    done = fitted(dict(said), old)
    assert done.request["thinking"] == {"type": "enabled", "budget_tokens": 4_096}
    assert "output_config" not in done.request


@pytest.mark.parametrize(
    ("wire", "to", "where"),
    [
        ("openai", "anthropic", ("output_config", "effort")),
        ("anthropic", "openai", ("reasoning_effort",)),
        ("responses", "openai", ("reasoning_effort",)),
        ("openai", "responses", ("reasoning", "effort")),
        ("responses", "anthropic", ("output_config", "effort")),
        ("anthropic", "responses", ("reasoning", "effort")),
    ],
)
def test_it_crosses_to_every_other_wire(wire: str, to: str, where: tuple[str, ...]) -> None:
    request = {"input": "6 x 7?"} if wire == "responses" else {"messages": ASKED}
    asked = with_effort(request | {"model": "m", "max_tokens": 50}, wire, "high")
    if wire == "responses":
        asked = {name: value for name, value in asked.items() if name != "max_tokens"}
    found: Any = provider_request(wire, to, asked, "m").request
    for name in where:
        found = found[name]
    assert found == "high"
