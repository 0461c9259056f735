from typing import Any

import pytest

from tierwatch.routing.content import cut_in_the_middle, image_count, message_text, role_of


@pytest.mark.parametrize(
    ("content", "text"),
    [
        ("hi", "hi"),
        ("", ""),
        (None, ""),
        (7, ""),
        ([], ""),
        ([{"type": "text", "text": "a"}, "b", {"type": "text", "text": None}], "a\nb"),
        (
            [
                {"type": "image_url", "image_url": {"url": "data:"}},
                {"type": "input_text", "text": "c"},
            ],
            "c",
        ),
        ([None, 3, {"text": "no type"}], ""),
    ],
)
def test_the_text_of_a_message(content: Any, text: str) -> None:
    assert message_text({"role": "user", "content": content}) == text


@pytest.mark.parametrize("message", [None, "hi", 7, [], {}, {"role": None}, {"role": 3}])
def test_what_is_no_message_says_nothing(message: Any) -> None:
    assert (message_text(message), image_count(message), role_of(message)) == ("", 0, "")


def test_images_are_counted() -> None:
    image = {"type": "image_url", "image_url": {"url": "https://h/i.png"}}
    assert image_count({"content": [image, {"type": "text", "text": "x"}, image, None]}) == 2


def test_a_long_text_keeps_both_ends_and_says_what_is_gone() -> None:
    text = "a" * 5_000 + "b" * 5_000
    cut = cut_in_the_middle(text, 1_000)
    assert cut == "a" * 500 + "\n[9,000 characters left out]\n" + "b" * 500
    assert cut_in_the_middle("x" * 1_000, 1_000) == "x" * 1_000
