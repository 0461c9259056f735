"""Chat completions as a model takes them."""

from typing import Any

import pytest

from tierwatch.fit.fitted import fitted, takes_of
from tierwatch.fit.table import facts_of
from tierwatch.routing.facts import Facts

ASKED = {"model": "m", "messages": [{"role": "user", "content": "Hello."}]}


def fit(facts: Facts, **fields: Any) -> tuple[dict[str, Any], tuple[str, ...]]:
    request = {**ASKED, **fields}
    before = dict(request)
    done = fitted(request, takes_of(facts, "openai"))
    assert request == before, "what the caller sent is never changed"
    return {k: v for k, v in done.request.items() if k not in ASKED or ASKED[k] != v}, done.fitted


GPT_5 = facts_of("gpt-5", "openai")


@pytest.mark.parametrize(
    ("sent", "left", "named"),
    [
        (
            {"max_tokens": 300},
            {"max_completion_tokens": 300},
            ("max_tokens->max_completion_tokens",),
        ),
        ({"max_completion_tokens": 300}, {"max_completion_tokens": 300}, ()),
        (
            {"max_tokens": 1, "max_completion_tokens": 2},
            {"max_completion_tokens": 2},
            ("-max_tokens",),
        ),
        (
            {"max_tokens": 999_999},
            {"max_completion_tokens": 128_000},
            ("max_tokens->max_completion_tokens", "max_completion_tokens<=128000"),
        ),
        ({"temperature": 0}, {}, ("-temperature",)),
        ({"temperature": 1, "top_p": 1.0}, {"temperature": 1, "top_p": 1.0}, ()),
        ({"top_p": 0.9, "presence_penalty": 1}, {}, ("-top_p", "-presence_penalty")),
        ({"stop": ["END"]}, {}, ("-stop",)),
        ({"logprobs": True, "top_logprobs": 3}, {}, ("-logprobs", "-top_logprobs")),
        (
            {"reasoning_effort": "xhigh"},
            {"reasoning_effort": "high"},
            ("reasoning_effort=high",),
        ),
        ({"reasoning_effort": "minimal"}, {"reasoning_effort": "minimal"}, ()),
        ({"seed": 7, "user": "u"}, {"seed": 7, "user": "u"}, ()),
    ],
)
def test_a_reasoning_model(
    sent: dict[str, Any], left: dict[str, Any], named: tuple[str, ...]
) -> None:
    assert fit(GPT_5, **sent) == (left, named)


@pytest.mark.parametrize(
    ("sent", "left", "named"),
    [
        ({"max_tokens": 32_000}, {"max_tokens": 16_384}, ("max_tokens<=16384",)),
        (
            {"max_completion_tokens": 64_000},
            {"max_completion_tokens": 16_384},
            ("max_completion_tokens<=16384",),
        ),
        ({"reasoning_effort": "low"}, {}, ("-reasoning_effort",)),
        ({"reasoning_effort": None}, {"reasoning_effort": None}, ()),
        ({"temperature": 0, "stop": "x", "logprobs": True},) * 2 + ((),),
    ],
)
def test_a_model_that_answers_at_once(
    sent: dict[str, Any], left: dict[str, Any], named: tuple[str, ...]
) -> None:
    assert fit(facts_of("gpt-4o-mini", "openai"), **sent) == (left, named)


def test_servers_of_open_models_know_the_older_name_and_no_developer() -> None:
    left, named = fit(
        facts_of("mistral-small-latest", "openai"),
        max_completion_tokens=50,
        messages=[{"role": "developer", "content": "Be short."}, {"role": "user", "content": "x"}],
    )
    assert left["max_tokens"] == 50
    assert [one["role"] for one in left["messages"]] == ["system", "user"]
    assert named == ("max_completion_tokens->max_tokens", "developer->system")


def test_instructions_may_have_to_be_a_developers() -> None:
    left, named = fit(Facts(role="developer"), messages=[{"role": "system", "content": "x"}])
    assert left["messages"] == [{"role": "developer", "content": "x"}]
    assert named == ("system->developer",)


@pytest.mark.parametrize("messages", [None, "text", [1, None, "x"], [{"role": 3}], []])
def test_messages_that_are_none_are_the_providers_to_judge(messages: object) -> None:
    assert fit(Facts(role="system"), messages=messages)[1] == ()
