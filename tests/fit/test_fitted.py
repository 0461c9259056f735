"""A request as a deployment takes it."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tierwatch.fit.fitted import EVERYTHING, fitted, takes_of
from tierwatch.fit.table import facts_of
from tierwatch.routing.facts import EFFORTS, UNKNOWN, Facts

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=6,
)
FIELDS = [
    *("messages", "max_tokens", "max_completion_tokens", "temperature", "top_p", "stop"),
    *("logprobs", "reasoning_effort", "thinking", "output_config", "context_management", "tools"),
    *("tool_choice", "reasoning", "include", "top_k", "seed"),
]
requests = st.dictionaries(st.sampled_from(FIELDS), json_values)
models = st.sampled_from(
    ["gpt-5", "gpt-4o-mini", "mistral-small", "claude-haiku-4-5", "claude-opus-5-5", "unknown-1"]
)
wires = st.sampled_from(["openai", "anthropic", "responses", "another"])


@given(requests, models, wires)
def test_whatever_is_asked_it_is_answered_unchanged_or_named(
    request: dict[str, Any], model: str, wire: str
) -> None:
    takes = takes_of(facts_of(model, wire), wire, frozenset({"seed", "tools.strict"}))
    done = fitted(request, takes)
    assert bool(done.fitted) == (done.request != request)
    assert len(set(done.fitted)) == len(done.fitted)
    # Nothing is left to be done.
    assert fitted(done.request, takes).fitted == ()


@given(requests, wires)
def test_of_an_unknown_model_nothing_is_changed(request: dict[str, Any], wire: str) -> None:
    assert fitted(request, takes_of(UNKNOWN, wire)).request is request
    assert fitted(request, EVERYTHING).request is request


def test_a_request_without_a_field_that_matters_is_not_copied() -> None:
    takes = takes_of(facts_of("gpt-5", "openai"), "openai")
    request = {"model": "m", "messages": [{"role": "user", "content": "x"}], "stream": True}
    assert takes.names.isdisjoint(request)
    assert fitted(request, takes).request is request


def test_what_was_refused_by_name_is_left_out() -> None:
    takes = takes_of(UNKNOWN, "openai", frozenset({"stream_options", "store"}))
    done = fitted({"store": True, "stream_options": {}, "seed": 1}, takes)
    assert done == ({"seed": 1}, ("-store", "-stream_options"))


def test_a_field_of_tools_is_left_out_of_each() -> None:
    tools: list[Any] = [
        {"type": "function", "function": {"name": "a", "strict": True}},
        {"name": "b", "strict": False, "input_schema": {"strict": 1}},
        {"name": "c"},
        "no tool",
    ]
    done = fitted({"tools": tools}, takes_of(UNKNOWN, "openai", frozenset({"tools.strict"})))
    assert done.request["tools"] == [
        {"type": "function", "function": {"name": "a"}},
        {"name": "b", "input_schema": {"strict": 1}},
        {"name": "c"},
        "no tool",
    ]
    assert done.fitted == ("-tools.strict",)
    assert tools[0]["function"] == {"name": "a", "strict": True}


@pytest.mark.parametrize("tools", [None, [], "x", [{"name": "a"}]])
def test_tools_without_it_stay(tools: object) -> None:
    request = {"tools": tools}
    takes = takes_of(UNKNOWN, "openai", frozenset({"tools.strict"}))
    assert fitted(request, takes).request is request


def test_every_fact_that_a_rule_reads_makes_it_look() -> None:
    everything = Facts(
        output=1,
        thinking="none",
        effort=EFFORTS[:1],
        temperature="default",
        limit="max_tokens",
        stop=False,
        role="system",
        late_system=False,
        logprobs=False,
    )
    for wire in ("openai", "anthropic", "responses"):
        assert len(takes_of(everything, wire).rules) >= 4
        assert not takes_of(UNKNOWN, wire).rules
