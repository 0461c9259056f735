"""What is read from a prompt, whoever wrote it and in whatever script."""

import math
import subprocess
import sys
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tierwatch.routing.classify.features import (
    BUCKETS,
    FORM,
    features_of,
    hashed_words,
    prompt_features,
    routed_text,
)


def user(text: str) -> dict[str, str]:
    return {"role": "user", "content": text}


@given(st.text(max_size=3_000))
def test_any_text_has_features_in_range(text: str) -> None:
    features = prompt_features(text)
    assert all(0 <= bucket < BUCKETS for bucket in features.buckets)
    assert len(set(features.buckets)) == len(features.buckets)
    assert len(features.form) == FORM
    # unit is 1 / sqrt(count): the words of every prompt together have length 1.
    length = features.unit**2 * len(features.buckets)
    assert length == pytest.approx(1.0 if features.buckets else 0.0)


def test_only_both_ends_of_a_long_prompt_are_read() -> None:
    head, tail = "alpha " * 100, "omega " * 100
    one = prompt_features(head + "middle " * 5_000 + tail)
    other = prompt_features(head + "centre " * 5_000 + tail)
    assert one.buckets == other.buckets


def test_case_and_order_of_repeats_do_not_matter_but_order_of_words_does() -> None:
    assert prompt_features("Ask HIM").buckets == prompt_features("ask him").buckets
    assert set(prompt_features("a b").buckets) != set(prompt_features("b a").buckets)


def test_scripts_without_spaces_are_cut_into_pairs_of_characters() -> None:
    # 6 characters are 3 words, so 3 grams of one word and 2 of two.
    assert len(prompt_features("東京都内最古").buckets) == 5
    # Accented and Cyrillic words stay whole: one gram each.
    assert len(prompt_features("café").buckets) == 1
    assert len(prompt_features("привет").buckets) == 1


def test_features_are_the_same_in_every_process() -> None:
    program = (
        "from tierwatch.routing.classify.features import prompt_features;"
        "print(prompt_features('Which of these is a prime: 4, 7, 9?').buckets)"
    )
    seen = {
        subprocess.run(
            [sys.executable, "-c", program],
            env={"PYTHONHASHSEED": seed, "PYTHONPATH": ":".join(sys.path)},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert len(seen) == 1


def test_the_last_question_counts_and_a_short_one_brings_the_one_before() -> None:
    long = "Compare these two designs for a cache and say which one survives a restart of the node."
    assert routed_text([user("Hello"), user(long)]).splitlines()[0] == long
    assert routed_text([user(long), {"role": "assistant", "content": "Done?"}, user("yes")]) == (
        f"{long}\nyes\n_turns_"
    )


def test_the_setting_of_a_chat_is_said_in_words() -> None:
    image = {"type": "image_url", "image_url": {"url": "x"}}
    picture = {"role": "user", "content": [{"type": "text", "text": "What is this?"}, image]}
    text = routed_text([picture], tools=[{"type": "function"}], response_format={"type": "json"})
    assert text == "What is this?\n_tools_\n_form_\n_images_"
    assert routed_text([picture], tools=[]).endswith("\n_images_")


def test_chats_without_a_user_are_read_as_far_as_they_can_be() -> None:
    assert routed_text([]) == ""
    assert routed_text([{"role": "system", "content": "Be brief."}]) == "Be brief."
    assert routed_text([{"role": "user", "content": None}, {"role": 7}, {}]) == ""


@pytest.mark.parametrize(
    ("text", "place", "value"),
    [
        ("a? b?", 2, 0.8 * 2),
        ("?" * 9, 2, 0.8 * 5),
        ("a\nb\nc", 3, 0.2 * 2),
        ("\n" * 50, 3, 0.2 * 20),
        (r"$x$ \frac", 5, 0.2 * 3),
        ("$" * 40, 5, 0.2 * 20),
        ("one two three", 6, 0.02 * 3),
        ("12 ab", 4, 12 * 2 / 6),  # two digits of five characters and one
    ],
)
def test_the_form_of_a_prompt(text: str, place: int, value: float) -> None:
    assert prompt_features(text).form[place] == pytest.approx(value)


def test_length_counts_every_character_though_only_the_ends_are_read() -> None:
    # .4 ln(1 + n)
    for n in (1, 900, 200_000):
        assert prompt_features("x" * n).form[1] == pytest.approx(0.4 * math.log1p(n))


def test_a_prompt_of_nothing_has_no_words() -> None:
    assert prompt_features("") == ((), 0.0, (1.0, 0, 0, 0, 0, 0, 0))


@given(text=st.text(max_size=200), times=st.integers(2, 4))
def test_words_said_again_are_no_new_words(text: str, times: int) -> None:
    once, again = hashed_words(text), hashed_words(" ".join([text] * times))
    if len(text) * times + times <= 800:
        assert set(once.words) == set(again.words)


@given(text=st.text(max_size=1_500))
def test_features_of_what_was_read_already_are_the_prompts(text: str) -> None:
    assert features_of(hashed_words(text), len(text)) == prompt_features(text)


def test_lone_surrogates_are_read_like_any_character() -> None:
    assert prompt_features("half \ud83d of it").buckets


@pytest.mark.parametrize("long", [80, 81, 500])
def test_a_last_message_that_is_long_enough_stands_alone(long: int) -> None:
    chat = [user("Before"), user("x" * long)]
    assert routed_text(chat) == "x" * long + "\n_turns_"
    assert routed_text([user("Before"), user("x" * 79)]) == f"Before\n{'x' * 79}\n_turns_"


def test_what_others_said_is_read_where_no_user_spoke() -> None:
    chat = [{"role": "system", "content": "Be brief."}, {"role": "tool", "content": "42"}]
    assert routed_text(chat) == "42"
    assert routed_text([*chat, {"role": "assistant", "content": ""}]) == "42"


def test_images_of_every_turn_count() -> None:
    image = {"type": "image_url", "image_url": {"url": "x"}}
    earlier = {"role": "user", "content": [{"type": "text", "text": "A"}, image]}
    assert routed_text([earlier, user("B")]) == "A\nB\n_images_\n_turns_"


@pytest.mark.parametrize("empty", [None, {}, []])
def test_a_setting_that_is_empty_is_none(empty: Any) -> None:
    assert routed_text([user("A")], tools=empty, response_format=empty) == "A"
