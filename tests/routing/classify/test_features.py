"""What is read from a prompt, whoever wrote it and in whatever script."""

import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tierwatch.routing.classify.features import BUCKETS, FORM, prompt_features, routed_text


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
