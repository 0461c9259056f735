from hypothesis import given
from hypothesis import strategies as st

from tierwatch.routing.classify.familiarity.ends import end_words
from tierwatch.routing.classify.features import BUCKETS, hashed_words


@given(st.text(max_size=2_000))
def test_any_prompt_has_at_most_72_words_in_range(text: str) -> None:
    words = end_words(hashed_words(text))
    assert len(words) <= 72  # 24 at each end, 24 runs between: a field of a group counts to 127
    assert all(0 <= word < BUCKETS for word in words)


def test_what_stands_in_the_middle_of_a_prompt_is_not_read() -> None:
    head, tail = (" ".join(f"{end}{at}" for at in range(24)) for end in ("a", "z"))
    texts = [f"{head} {middle} {tail}" for middle in ("one", "two " * 20 + "two")]
    assert len({frozenset(end_words(hashed_words(text))) for text in texts}) == 1


def test_length_alone_makes_no_prompt_another_kind() -> None:
    short, long = ("Sum these up: " + "words and words, " * times for times in (12, 2_000))
    both = end_words(hashed_words(short)), end_words(hashed_words(long))
    assert len(both[0] & both[1]) >= 0.8 * len(both[0] | both[1])
