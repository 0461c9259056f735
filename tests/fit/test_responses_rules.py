"""OpenAI's Responses as a model takes them."""

from typing import Any

import pytest

from tierwatch.fit.fitted import fitted, takes_of
from tierwatch.fit.table import facts_of
from tierwatch.routing.facts import Facts

ASKED = {"model": "m", "input": "Hello."}
CODEX = {
    "reasoning": {"effort": "medium", "summary": "auto"},
    "include": ["reasoning.encrypted_content"],
}


def fit(facts: Facts, **fields: Any) -> tuple[dict[str, Any], tuple[str, ...]]:
    done = fitted({**ASKED, **fields}, takes_of(facts, "responses"))
    return {k: v for k, v in done.request.items() if k not in ASKED or ASKED[k] != v}, done.fitted


def test_a_model_that_does_not_reason_gets_no_reasoning() -> None:
    left, named = fit(facts_of("gpt-4.1", "responses"), **CODEX)
    assert left == {"include": []}
    assert named == ("-reasoning", "-include.reasoning.encrypted_content")


def test_one_that_does_keeps_it() -> None:
    assert fit(facts_of("gpt-5", "responses"), **CODEX) == (CODEX, ())


def test_a_level_goes_down_to_one_that_is_taken() -> None:
    left, named = fit(
        facts_of("gpt-5", "responses"), reasoning={"effort": "max", "summary": "auto"}
    )
    assert left["reasoning"] == {"effort": "high", "summary": "auto"}
    assert named == ("reasoning.effort=high",)


@pytest.mark.parametrize(
    ("sent", "left", "named"),
    [
        (
            {"max_output_tokens": 10**6},
            {"max_output_tokens": 128_000},
            ("max_output_tokens<=128000",),
        ),
        ({"temperature": 0.3, "top_p": 1}, {"top_p": 1}, ("-temperature",)),
        (
            {"top_logprobs": 4, "include": ["message.output_text.logprobs", "file_search.results"]},
            {"include": ["file_search.results"]},
            ("-top_logprobs", "-include.message.output_text.logprobs"),
        ),
    ],
)
def test_what_a_reasoning_model_refuses(
    sent: dict[str, Any], left: dict[str, Any], named: tuple[str, ...]
) -> None:
    assert fit(facts_of("gpt-5", "responses"), **sent) == (left, named)


@pytest.mark.parametrize("value", [None, 3, "x", [], {}, {"effort": None}])
def test_broken_fields_are_the_providers_to_judge(value: object) -> None:
    assert fit(facts_of("gpt-5", "responses"), reasoning=value, include=value)[1] == ()
