import pytest
from hypothesis import given
from hypothesis import strategies as st

from tierwatch.judges.shown.token_estimate import estimated_tokens, head_of, tail_of

ANY_TEXT = st.text(st.characters(exclude_categories=())) | st.text(
    st.sampled_from("ab1+/ .\n日本語жд🙂é"), max_size=400
)


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        # The larger count of o200k_base, cl100k_base and Claude 2's, see decision 0057.
        ("The quick brown fox jumps over the lazy dog, and then it sleeps.", 15),
        ("すべての人間は、生れながらにして自由であり、かつ、尊厳と権利とについて平等である。", 44),
        ("人人生而自由,在尊严和权利上一律平等。他们赋有理性和良心。", 33),
        ("모든 인간은 태어날 때부터 자유로우며 그 존엄과 권리에 있어 동등하다.", 44),
        ("Все люди рождаются свободными и равными в своем достоинстве и правах.", 39),  # noqa: RUF001
        ("Alle Menschen sind frei und gleich an Würde und Rechten geboren.", 20),
        ("🙂🚀🎉✅❌🔥💡📈", 18),
    ],
)
def test_tokens_are_counted_by_script(text: str, tokens: int) -> None:
    assert 0.6 * tokens <= estimated_tokens(text) <= 1.5 * tokens


def test_text_without_spaces_is_not_one_word() -> None:
    assert estimated_tokens("権" * 1_000) == 1_100
    assert estimated_tokens("QUJD+/0x" * 1_000) == 5_600  # base64
    assert estimated_tokens(" " * 1_000) == 50


@given(ANY_TEXT, ANY_TEXT)
def test_more_text_takes_more_tokens(one: str, other: str) -> None:
    both = estimated_tokens(one + other)
    assert both <= estimated_tokens(one) + estimated_tokens(other) + 1
    assert (estimated_tokens(one) == 0) == (one == "")


@given(ANY_TEXT, st.integers(0, 300))
def test_counting_stops_where_it_is_enough(text: str, most: int) -> None:
    whole, counted = estimated_tokens(text), estimated_tokens(text, most)
    assert counted <= whole
    assert (counted > most) == (whole > most)
    assert counted == whole or counted > most


@given(ANY_TEXT, st.integers(0, 60))
def test_the_ends_take_no_more_than_they_may(text: str, tokens: int) -> None:
    head, tail = head_of(text, tokens), tail_of(text, tokens)
    assert text.startswith(head)
    assert text.endswith(tail)
    # A long run of base64 that is cut into a short one counts as words and digits.
    assert max(estimated_tokens(head), estimated_tokens(tail)) <= tokens + 6
    if estimated_tokens(text) <= tokens:
        assert head == tail == text


def test_the_ends_take_about_what_they_may() -> None:
    prose = "One word follows another one. " * 1_000
    for end in (head_of(prose, 500), tail_of(prose, 500)):
        assert 495 <= estimated_tokens(end) <= 500
    assert head_of("x" * 10, 0) == tail_of("x" * 10, 0) == ""
