"""Anthropic's Messages as a model takes them."""

import json
from pathlib import Path
from typing import Any

import pytest

from tierwatch.fit.fitted import fitted, takes_of
from tierwatch.fit.table import facts_of
from tierwatch.routing.facts import Facts

RECORDED = Path(__file__).parents[3] / "shared/data/intake/anthropic_requests_claude_code.json"
ASKED = {"model": "m", "messages": [{"role": "user", "content": "Hello."}]}
HAIKU = facts_of("claude-haiku-4-5", "anthropic")


def fit(facts: Facts, **fields: Any) -> tuple[dict[str, Any], tuple[str, ...]]:
    request = {**ASKED, **fields}
    before = json.dumps(request)
    done = fitted(request, takes_of(facts, "anthropic"))
    assert json.dumps(request) == before, "what the caller sent is never changed"
    return {k: v for k, v in done.request.items() if k not in ASKED or ASKED[k] != v}, done.fitted


@pytest.mark.parametrize(
    ("effort", "budget"), [("low", 4_096), ("medium", 8_192), ("high", 16_000), (None, 8_192)]
)
def test_thinking_as_the_model_sees_fit_gets_a_budget(effort: str | None, budget: int) -> None:
    left, named = fit(
        HAIKU,
        max_tokens=32_000,
        thinking={"type": "adaptive", "display": "omitted"},
        output_config={"effort": effort, "format": {"type": "json_schema"}},
    )
    assert left["thinking"] == {"type": "enabled", "budget_tokens": budget}
    assert named[0] == "thinking.adaptive->enabled"
    if effort is not None:
        assert named[1] == "-output_config.effort"
        assert left["output_config"] == {"format": {"type": "json_schema"}}


@pytest.mark.parametrize(
    "also",
    [
        {"max_tokens": 2_000},
        {},
        {"max_tokens": 32_000, "tool_choice": {"type": "any"}},
        {
            "max_tokens": 32_000,
            "messages": [
                {"role": "user", "content": "x"},
                {
                    "role": "assistant",
                    "content": [{"type": "tool_use", "id": "t", "name": "f", "input": {}}],
                },
                {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "t"}]},
            ],
        },
    ],
    ids=["no room", "no limit", "a forced call", "an exchange that began without"],
)
def test_thinking_is_left_out_where_a_budget_would_be_refused(also: dict[str, Any]) -> None:
    left, named = fit(HAIKU, thinking={"type": "adaptive"}, **also)
    assert "thinking" not in left
    assert named == ("-thinking",)


def test_what_says_which_thoughts_to_forget_goes_with_them() -> None:
    edits = [{"type": "clear_thinking_20251015"}, {"type": "clear_tool_uses_20250919"}]
    none = Facts(thinking="none")
    left, named = fit(none, thinking={"type": "adaptive"}, context_management={"edits": edits})
    assert left == {"context_management": {"edits": edits[1:]}}
    assert named == ("-thinking", "-context_management.clear_thinking")
    left, _ = fit(none, thinking={"type": "adaptive"}, context_management={"edits": edits[:1]})
    assert left == {}


@pytest.mark.parametrize(
    ("kind", "sent", "left", "named"),
    [
        ("adaptive", "enabled", "adaptive", ("thinking.enabled->adaptive",)),
        ("always", "enabled", "adaptive", ("thinking.enabled->adaptive",)),
        ("always", "disabled", None, ("-thinking",)),
        ("adaptive", "disabled", "disabled", ()),
        ("both", "enabled", "enabled", ()),
        ("both", "adaptive", "adaptive", ()),
        ("none", "enabled", None, ("-thinking",)),
        ("none", "disabled", "disabled", ()),
        ("enabled", "enabled", "enabled", ()),
    ],
)
def test_each_kind_of_thinking(
    kind: Any, sent: str, left: str | None, named: tuple[str, ...]
) -> None:
    found, said = fit(Facts(thinking=kind), thinking={"type": sent, "budget_tokens": 2_000})
    assert found.get("thinking", {}).get("type") == left
    assert said == named
    if left == "adaptive" and sent == "enabled":
        assert "budget_tokens" not in found["thinking"]


def test_a_budget_stays_below_a_limit_that_was_cut() -> None:
    left, named = fit(
        Facts(output=8_192),
        max_tokens=32_000,
        thinking={"type": "enabled", "budget_tokens": 31_999},
    )
    assert (left["max_tokens"], left["thinking"]["budget_tokens"]) == (8_192, 8_191)
    assert named == ("max_tokens<=8192", "thinking.budget_tokens<=8191")
    left, named = fit(
        Facts(output=1_000), max_tokens=32_000, thinking={"type": "enabled", "budget_tokens": 4_000}
    )
    assert "thinking" not in left
    assert named == ("max_tokens<=1000", "-thinking")


def test_a_callers_own_mistake_is_not_mended() -> None:
    broken = {"max_tokens": 500, "thinking": {"type": "enabled", "budget_tokens": 9_000}}
    assert fit(HAIKU, **broken) == (broken, ())


def test_a_level_of_effort_goes_down_to_one_that_is_taken() -> None:
    left, named = fit(facts_of("claude-opus-4-6", "anthropic"), output_config={"effort": "xhigh"})
    assert left["output_config"] == {"effort": "high"}
    assert named == ("output_config.effort=high",)


def test_newest_models_take_no_sampling() -> None:
    left, named = fit(
        facts_of("claude-opus-4-8", "anthropic"), temperature=0.2, top_p=0.9, top_k=5, max_tokens=9
    )
    assert left == {"max_tokens": 9}
    assert named == ("-temperature", "-top_p", "-top_k")


def test_a_late_system_turn_becomes_the_users_after_results() -> None:
    left, named = fit(
        HAIKU,
        messages=[
            {"role": "user", "content": "x"},
            {"role": "system", "content": "Only text from here."},
            {"role": "assistant", "content": "y"},
        ],
    )
    assert [one["role"] for one in left["messages"]] == ["user", "assistant"]
    assert left["messages"][0]["content"][1]["text"] == "Only text from here."
    assert named == ("messages.system->user",)


def test_stop_sequences_may_be_refused() -> None:
    assert fit(Facts(stop=False), stop_sequences=["END"]) == ({}, ("-stop_sequences",))


@pytest.mark.parametrize("value", [None, 3, "x", [], {}, {"type": 4}, {"effort": []}])
def test_broken_fields_are_the_providers_to_judge(value: object) -> None:
    sent = {"thinking": value, "output_config": {"x": value}, "tool_choice": value}
    left, named = fit(HAIKU, **sent)
    assert named == ()
    assert left == sent


@pytest.mark.skipif(not RECORDED.exists(), reason="the recorded requests are not here")
def test_claude_code_on_the_smallest_model() -> None:
    for recorded in json.loads(RECORDED.read_text("utf-8")):
        request = recorded["body"]
        done = fitted(request, takes_of(HAIKU, "anthropic"))
        assert done.request["max_tokens"] == 64_000
        assert done.request.get("thinking", {}).get("type") != "adaptive"
        assert "output_config" not in done.request
        assert {"max_tokens<=64000", "-output_config.effort"} <= set(done.fitted)
        same = ("model", "tools", "system", "metadata", "stream")
        assert all(done.request[name] == request[name] for name in same)
