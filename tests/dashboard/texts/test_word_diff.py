import random
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tierwatch.dashboard.texts.word_diff import MOST_WORDS, WordDiff, word_diff

TEXTS = st.lists(st.sampled_from(["a", "b", "c", " ", "\n", ".", "é", "漢"]), max_size=40).map(
    "".join
)


def _only(runs: WordDiff, side: str) -> list[str]:
    return [run.text for run in getattr(runs, side) if not run.shared]


@pytest.mark.parametrize(
    ("first", "second", "left", "right"),
    [
        ("", "", [], []),
        ("same", "same", [], []),
        ("", "new words", [], ["new words"]),
        ("The answer is 4.", "The answer is 5.", ["4"], ["5"]),
        ("a b c", "a c", ["b "], []),
        # A blank that both have between changed words belongs to the change.
        ("x one two y", "x three four y", ["one two"], ["three four"]),
        ("if (a) {", "if (b) {", ["a"], ["b"]),
    ],
)
def test_what_differs_is_marked(first: str, second: str, left: list[str], right: list[str]) -> None:
    found = word_diff(first, second)
    assert (_only(found, "first"), _only(found, "second")) == (left, right)


@given(TEXTS, TEXTS)
def test_runs_are_the_texts_again(first: str, second: str) -> None:
    found = word_diff(first, second)
    assert "".join(run.text for run in found.first) == first
    assert "".join(run.text for run in found.second) == second
    assert 0 <= found.share <= 1
    assert not found.cut
    for runs in (found.first, found.second):
        assert all(run.text for run in runs)
        assert all(a.shared != b.shared for a, b in pairwise(runs))


@given(TEXTS)
def test_a_text_is_itself(text: str) -> None:
    found = word_diff(text, text)
    assert found.share == 1
    assert all(run.shared for run in found.first + found.second)


def test_a_book_is_compared_by_its_beginning() -> None:
    drawn = random.Random(1)
    first, second = (" ".join(drawn.choices("abcdefgh", k=200_000)) for _ in range(2))
    found = word_diff(first, second)
    assert found.cut
    compared = "".join(run.text for run in found.first)
    assert first.startswith(compared)
    assert len(compared) == MOST_WORDS
