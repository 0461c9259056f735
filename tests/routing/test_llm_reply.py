import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tierwatch.errors import ClassifierError
from tierwatch.routing.llm_reply import label_of, ran_out, said_of, token_probability

NAMES = ("simple", "standard", "complex")


def reply(content: Any, finish_reason: str = "stop") -> dict[str, Any]:
    return {"choices": [{"message": {"content": content}, "finish_reason": finish_reason}]}


def read(content: Any) -> tuple[str, float | None]:
    label, stated = label_of(said_of(reply(content))[1], NAMES)
    return label.lower(), stated


@pytest.mark.parametrize(
    "text",
    [
        "simple 0.82",
        "simple - 0.82",
        "simple – 0.82",  # noqa: RUF001 - what models write
        "simple—0.82",
        "simple -> 0.82",
        "- simple: 0.82",
        "simple 0,82",
        "simple (82%)",
        "simple | 82 %",
        "Simple, confidence 0.82",
        "simple (confidence: 0.82)",
        "simple with a probability of 0.82",
        "simple - confidence = 82 %",
        "Tier: simple 0.82",
        "Tier: simple\nConfidence: 0.82",
        "**Tier:** simple\n**Confidence:** 0.82",
        "**Answer**: `simple` 0.82.",
        "The tier is simple, 0.82",
        "Final answer: simple, probability 0.82",
        "```\nsimple 0.82\n```",
        "```text\nTier: simple (0.82)\n```",
        '{"tier": "simple", "confidence": 0.82}',
        '{"Tier": " simple ", "Confidence": "0.82"}',
        '{"label": "simple", "probability": "82 %"}',
        '{"class": "simple", "score": "0,82"}',
        '```json\n{"tier": "simple", "confidence": 0.82}\n```\nIt is a fact.',
        'Here it is: {"tier": "simple", "confidence": 0.82}. Short questions are easy.',
        '{"reason": {"a": 1}, "tier": "simple", "confidence": 0.82}',
        "<think>It may be complex 0.9, or simple.</think>\n\nsimple 0.82",
        "<think>a</think><think>b</think>simple 0.82",
        "no mark at the beginning, complex 0.1</think>simple 0.82",
        "[THINK]hm[/THINK]simple 0.82",
        "<think>" + "long " * 5_000 + "</think>simple 0.82",
        [{"type": "text", "text": "simple 0.82"}],
        [{"type": "thinking", "thinking": "x"}, {"type": "text", "text": "simple 0.82"}],
    ],
)
def test_what_small_and_thinking_models_write_is_read(text: Any) -> None:
    label, stated = read(text)
    assert label == "simple"
    assert stated == pytest.approx(0.82)


@pytest.mark.parametrize(
    "text",
    [
        "simple -0.5",
        "not simple 0.82",
        "simple 0.82 or complex 0.1",
        "I think it is simple 0.82",
        "simple: 0.82 because it is short",
        "simple confidence",
        "82",
        '{"tier": "simple", "confidence": 0.8} {"tier": "complex", "confidence": 0.9}',
        '{"tier": ["simple"], "confidence": 0.8}',
        '{"tier": "simple", "confidence": "1,2"}',
        '{"tier": "simple", "confidence": 82}',
        '{"a": 1}',
        "{broken",
        "<think>simple 0.82",
        "",
        None,
        7,
        [],
    ],
)
def test_what_may_mean_something_else_is_not_read(text: Any) -> None:
    try:
        label, stated = read(text)
    except ClassifierError as error:
        assert "the classifier's reply: found" in str(error)  # noqa: PT017 - either is right
    else:
        # Not read as a tier with a number: who called makes an error of it.
        assert stated is None or label not in NAMES


@pytest.mark.parametrize(
    ("said", "out"),
    [
        (reply("", "length"), True),
        (reply(None, "length"), True),
        (reply("<think>still", "stop"), True),
        (reply("  <think>still", "length"), True),
        (reply("<think>done</think>simple 0.8"), False),
        (reply("It depends."), False),
        ({}, False),
        ({"choices": [{"message": None}]}, False),
        ({"choices": "x"}, False),
    ],
)
def test_whether_the_tokens_ended_before_the_label(
    said: dict[str, Any],
    out: bool,  # noqa: FBT001 - pytest's
) -> None:
    assert ran_out(said) is out


def test_the_last_time_a_label_is_spelled_counts() -> None:
    tokens = [("<think>simple</think>", -0.1), ("sim", math.log(0.9)), ("ple", math.log(0.8))]
    choice = {"logprobs": {"content": [{"token": t, "logprob": p} for t, p in tokens]}}
    assert token_probability(choice, "simple") == pytest.approx(0.72)
    assert token_probability({}, "simple") is None


@given(
    text=st.text(max_size=80)
    | st.from_regex(r'(Tier: |\{"tier": ")?(simple|complex)[ :,\-("]+[0-9.,]{1,5} ?%?["})]*')
)
def test_any_text_is_a_share_or_an_error(text: str) -> None:
    try:
        label, stated = label_of(text, NAMES)
    except ClassifierError:
        return
    assert isinstance(label, str)
    assert stated is None or 0 <= stated <= 1
