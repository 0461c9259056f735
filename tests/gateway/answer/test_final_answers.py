"""When two answers come down to the same, and when that cannot be said."""

import time
from typing import Any

import pytest

from tierwatch.gateway.answer.final_answers import final_answer

LONG = "First we look at what is given, and then at what follows from it, step by step. " * 3


def said(text: str, **chat: Any) -> str | None:
    return final_answer({"content": text}, chat)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Paris.", "paris"),
        ("**Paris**", "Paris!"),
        (LONG + "The answer is 42.", "42"),
        (LONG + "The final answer is: **1,250.50**.", "$1250.5"),
        (LONG + "Answer: (C)", "C"),
        (LONG + "So the correct option is B) Paris.", "b."),
        (LONG + r"Thus \boxed{\frac{1}{2}}.", r"$\boxed{\frac{1}{2}}$"),
        ("3 * 4 = 12\n#### 12", LONG + "\n#### 12.0"),
        (LONG + "\nSo they sold 3 + 39 = 42 apples.", LONG + "\nTherefore, 42"),
        ("-0", "0"),
        ("The answer is 3. The answer is 4.", "4"),  # the last word counts
        ('{"b": 1.0, "a": [1]}', '{"a":[1],"b":1}'),
    ],
)
def test_equal_answers(one: str, other: str) -> None:
    chat = {"response_format": {"type": "json_object"}} if one.startswith("{") else {}
    assert said(one, **chat) == said(other, **chat)
    assert said(one, **chat) is not None


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Paris", "London"),
        ("42", "-42"),
        ("4.2", "42"),
        ("42 %", "42"),
        ("5 km", "5 miles"),
        ("A", "B"),
        ("Yes", "No"),
        (LONG + "The answer is 12.", LONG + "The answer is 21."),
        ("9" * 40 + "1", "9" * 40 + "2"),
    ],
)
def test_different_answers(one: str, other: str) -> None:
    assert said(one) != said(other)


@pytest.mark.parametrize(
    "text", ["", "  ", LONG, LONG + "It was founded in 1889.", "Ünïcode " * 30]
)
def test_prose_comes_down_to_nothing_that_can_be_compared(text: str) -> None:
    assert said(text) is None


def test_json_that_is_none_comes_down_to_nothing() -> None:
    assert said("{", response_format={"type": "json_object"}) is None


def test_calls_are_compared_by_name_and_arguments_in_any_order() -> None:
    def calls(*pairs: tuple[str, str]) -> str | None:
        made = [{"function": {"name": name, "arguments": text}} for name, text in pairs]
        return final_answer({"content": "Let me look.", "tool_calls": made}, {})

    one = calls(("f", '{"a": 1, "b": 2.0}'), ("g", "{}"))
    assert one == calls(("g", ""), ("f", '{"b":2,"a":1}'))
    assert one != calls(("f", '{"a": 1, "b": 3}'), ("g", "{}"))
    assert calls(("f", "not JSON")) != calls(("f", "not json"))


@pytest.mark.parametrize(
    "text",
    [
        "\\boxed{" * 40_000,
        "answer is " * 30_000,
        "= 1" + "," * 200_000,
        "#### " * 40_000,
        "the answer is " + "*: " * 60_000,
    ],
)
def test_hostile_text_takes_no_time(text: str) -> None:
    began = time.perf_counter()
    said(text)
    assert time.perf_counter() - began < 0.25
