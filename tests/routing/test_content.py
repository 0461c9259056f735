from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tierwatch.routing.content import (
    cut_in_the_middle,
    image_count,
    message_text,
    role_of,
    role_text_images,
)


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


@pytest.mark.parametrize("kind", ["text", "input_text", "output_text"])
def test_text_is_text_on_every_wire(kind: str) -> None:
    assert message_text({"content": [{"type": kind, "text": "a"}]}) == "a"


@pytest.mark.parametrize("kind", ["image_url", "image", "input_image"])
def test_an_image_is_an_image_on_every_wire(kind: str) -> None:
    assert image_count({"content": [{"type": kind}]}) == 1
    assert message_text({"content": [{"type": kind, "text": "not said"}]}) == ""


@pytest.mark.parametrize("kind", [None, 7, ["text"], {"a": 1}, "audio", ""])
def test_a_part_of_another_type_says_nothing(kind: Any) -> None:
    assert message_text({"content": [{"type": kind, "text": "x"}]}) == ""
    assert image_count({"content": [{"type": kind}]}) == 0


def test_empty_parts_leave_no_empty_lines() -> None:
    parts = ["a", "", {"type": "text", "text": ""}, {"type": "text", "text": "b"}]
    assert message_text({"content": parts}) == "a\nb"


@pytest.mark.parametrize("longest", [0, 1, 2, 3, 7, 10])
def test_what_is_cut_counts_every_character_that_is_gone(longest: int) -> None:
    cut = cut_in_the_middle("0123456789", longest)
    if longest == 10:
        assert cut == "0123456789"
        return
    half = longest // 2
    assert f"[{10 - 2 * half} characters left out]" in cut
    assert cut.startswith("0123456789"[:half])


odd = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["role", "content", "type", "text"]), inner)
    ),
    max_leaves=10,
)


@given(message=odd)
def test_no_message_breaks_the_reader(message: Any) -> None:
    assert isinstance(message_text(message), str)
    assert image_count(message) >= 0
    assert isinstance(role_of(message), str)


@given(message=odd)
def test_all_three_at_once_are_what_each_says(message: Any) -> None:
    each = (role_of(message), message_text(message), image_count(message))
    assert role_text_images(message) == each


@given(text=st.text(max_size=300), longest=st.integers(2, 100))
def test_a_cut_text_keeps_both_its_ends(text: str, longest: int) -> None:
    cut = cut_in_the_middle(text, longest)
    half = longest // 2
    assert cut.startswith(text[:half])
    assert cut.endswith(text[-half:] if text else "")
    assert len(cut) <= max(longest, 2 * half + len("\n[1,000 characters left out]\n"))
