"""One request at one deployment, and what its refusals teach."""

from typing import Any

import pytest
from factories.refused import anthropic, openai

from tierwatch.errors import ProviderError
from tierwatch.fit.memory import Memory
from tierwatch.fit.mending import Mending
from tierwatch.wire.crossing.rewritten import Rewritten

KEY = ("p", "model-of-nobody")


def refusal(body: str, status: int | None = 400, kind: str = "refused") -> ProviderError:
    return ProviderError("No.", kind=kind, status=status, body=body)


def no(name: str) -> ProviderError:
    return refusal(openai(f"Unsupported parameter: '{name}' is not supported.", param=name))


def mending(memory: Memory, *fitted: str, wire: str = "openai", **fields: Any) -> Mending:
    request = {"model": KEY[1], "messages": [], **fields}
    return Mending(memory, KEY, wire, Rewritten(request, fitted))


def test_what_nobody_minds_goes_out_as_it_came() -> None:
    asked = Rewritten({"messages": [], "seed": 1}, ("-top_k",))
    assert Mending(Memory(), KEY, "openai", asked).fitted() is asked


def test_a_refused_field_is_left_out_and_stays_out_for_the_next_request() -> None:
    memory = Memory()
    first = mending(memory, "-top_k", seed=1)
    assert first.fitted().request["seed"] == 1
    error = no("seed")
    assert first.learns(error)
    assert error.refused_for == "parameter"
    assert first.fitted().fitted == ("-top_k", "-seed")
    assert "seed" not in mending(memory, seed=2).fitted().request


def test_one_field_after_the_other() -> None:
    memory = Memory()
    asked = mending(memory, max_tokens=5, temperature=0, stop="x")
    asked.fitted()
    for name in ("max_tokens", "temperature", "stop"):
        assert asked.learns(no(name))
    assert asked.fitted().request["max_completion_tokens"] == 5
    assert asked.fitted().fitted == ("max_tokens->max_completion_tokens", "-stop", "-temperature")


@pytest.mark.parametrize(
    "second",
    [
        no("seed"),
        refusal(openai("messages: list should not be empty")),
        refusal(openai("This model's maximum context length is 8192 tokens.")),
        refusal("Bad", 400),
    ],
)
def test_what_did_not_help_is_forgotten(second: ProviderError) -> None:
    memory = Memory()
    asked = mending(memory, seed=1)
    asked.fitted()
    assert asked.learns(no("seed"))
    assert not asked.learns(second)
    assert mending(memory, seed=2).fitted().request["seed"] == 2


def test_what_others_had_learned_is_not_forgotten_with_it() -> None:
    memory = Memory()
    asked = mending(memory, seed=1)
    asked.fitted()
    assert asked.learns(no("seed"))
    later = mending(memory, seed=1, stop="x")
    later.fitted()
    assert not later.learns(refusal(openai("messages: list should not be empty")))
    assert "seed" not in mending(memory, seed=2).fitted().request


def test_a_field_that_is_not_there_any_more_is_not_asked_about_again() -> None:
    memory = Memory()
    asked = mending(memory)
    asked.fitted()
    assert not asked.learns(no("seed"))
    assert mending(memory, seed=2).fitted().request["seed"] == 2


def test_two_names_that_are_both_refused_come_to_an_end() -> None:
    memory = Memory()
    asked = mending(memory, max_tokens=5)
    asked.fitted()
    asks = 0
    while asked.learns(no("max_completion_tokens" if asks % 2 else "max_tokens")):
        asks += 1
        assert asks < 10
    assert 1 <= asks <= 4


def test_a_long_context_error_that_names_max_tokens_changes_nothing() -> None:
    # vLLM's sentence holds the word; 40,000 tokens are too long whatever the answer may have.
    memory = Memory()
    long = refusal(
        openai(
            "This model's maximum context length is 32768 tokens. However, you requested 40400"
            " tokens (40000 in the messages, 400 in the completion). Please reduce the length of"
            " the messages or max_tokens."
        )
    )
    asked = mending(memory, max_tokens=400)
    asked.fitted()
    assert not asked.learns(long)
    assert long.refused_for == "context"
    assert mending(memory, max_tokens=400).fitted().request["max_tokens"] == 400
    assert memory.known(KEY, "openai").lacks.context == 32_768


def test_a_context_that_is_known_is_not_learned_from_one_request() -> None:
    memory, key = Memory(), ("anthropic", "claude-opus-4-6")
    asked = Mending(memory, key, "anthropic", Rewritten({"messages": []}))
    asked.fitted()
    assert not asked.learns(refusal(anthropic("prompt is too long: 210000 tokens > 200000 max")))
    assert memory.known(key, "anthropic").lacks.context == 1_000_000


def test_less_room_helps_this_request_alone() -> None:
    memory = Memory()
    asked = mending(memory, max_tokens=32_000, wire="anthropic")
    asked.fitted()
    error = refusal(
        anthropic("input length and `max_tokens` exceed context limit: 190000 + 32000 > 200000")
    )
    assert asked.learns(error)
    assert asked.fitted().request["max_tokens"] == 10_000
    assert asked.fitted().fitted == ("max_tokens<=10000",)
    assert mending(memory, max_tokens=32_000, wire="anthropic").fitted().fitted == ()


def test_what_a_model_lacks_is_remembered_and_not_mended() -> None:
    memory = Memory()
    asked = mending(memory)
    asked.fitted()
    error = refusal(openai("image input is not supported"))
    assert not asked.learns(error)
    assert error.refused_for == "images"
    assert memory.known(KEY, "openai").lacks.names == ["images"]


def test_a_filter_is_said_and_not_remembered() -> None:
    memory = Memory()
    asked = mending(memory)
    error = refusal(openai("Stopped.", code="content_filter"))
    assert not asked.learns(error)
    assert error.refused_for == "content"
    assert memory.known(KEY, "openai").takes.facts == Memory().known(KEY, "openai").takes.facts


@pytest.mark.parametrize(
    "error",
    [
        refusal("", None),
        refusal(openai("Unknown parameter: 'seed'", param="seed"), 500, "server"),
        ProviderError("late", kind="timeout"),
    ],
)
def test_other_failures_say_nothing_of_the_request(error: ProviderError) -> None:
    asked = mending(Memory(), seed=1)
    asked.fitted()
    assert not asked.learns(error)
    assert error.refused_for == ""


def test_claude_codes_own_ladder_of_refusals_on_a_model_that_nobody_knows() -> None:
    memory = Memory()
    asked = mending(
        memory,
        wire="anthropic",
        max_tokens=128_000,
        thinking={"type": "adaptive"},
        output_config={"effort": "medium"},
        context_management={"edits": [{"type": "clear_thinking_20251015"}]},
    )
    asked.fitted()
    for said in (
        "adaptive thinking is not supported on this model",
        "This model does not support the effort parameter.",
        "max_tokens: 128000 > 16384, which is the maximum allowed number of output tokens for x",
        "context_management: Extra inputs are not permitted",
    ):
        assert asked.learns(refusal(anthropic(said)))
    done = mending(
        memory,
        wire="anthropic",
        max_tokens=128_000,
        thinking={"type": "adaptive"},
        output_config={"effort": "medium"},
    ).fitted()
    assert done.request["max_tokens"] == 16_384
    assert done.request["thinking"] == {"type": "enabled", "budget_tokens": 8_192}
    assert "output_config" not in done.request
