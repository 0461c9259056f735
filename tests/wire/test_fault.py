"""The sentence in whatever servers send as an error."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tierwatch.wire.fault import (
    Fault,
    error_chunk,
    error_text,
    page_text,
    read_error_chunk,
    sentence,
)


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({"error": {"message": "No.", "type": "t"}}, "No."),
        ("x", "x"),
        ({"detail": "d"}, "d"),
        ([1], ""),
        ({"error": "e"}, "e"),
        ({"error": {"message": "", "detail": "d"}}, "d"),
        ({"error": {"type": "overloaded_error"}}, "overloaded_error"),
        ({"error": {"message": {"en": "No."}}}, ""),
        ({"error": {"message": {"message": "No."}}}, "No."),
        ({"errors": [{}, {"message": "No."}]}, "No."),
        ({"object": "error", "message": "No."}, "No."),
        ([{"error": {"message": "No."}}], "No."),
        ({"error": []}, ""),
        ({}, ""),
        (None, ""),
    ],
)
def test_the_sentence_is_found_or_there_is_none(body: object, said: str) -> None:
    assert error_text(body) == said
    assert sentence(body, 503) == (said or "The provider answered 503.")


@given(message=st.text(min_size=1), code=st.none() | st.text(min_size=1))
def test_an_error_chunk_keeps_its_sentence(message: str, code: str | None) -> None:
    chunk = error_chunk(Fault(500, message, "server_error", code))
    assert chunk["error"]["code"] == code
    # What a stream's error is of is decided where it is read: it came in mid-stream.
    assert read_error_chunk(chunk) == Fault(500, message, "api_error")


def test_a_chunk_whose_error_says_nothing_still_has_a_sentence() -> None:
    assert read_error_chunk({"error": True}).message == "The provider answered 500."


@given(
    st.recursive(
        st.none() | st.text(max_size=5) | st.integers() | st.booleans(),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(st.sampled_from(["error", "message", "detail", "loc", "x"]), inner)
        ),
    )
)
def test_whatever_a_body_is_there_is_a_sentence(body: object) -> None:
    assert isinstance(error_text(body), str)
    assert sentence(body, 500)


@pytest.mark.parametrize(
    ("page", "words"),
    [
        ("Bad request", "Bad request"),
        ("<html><head><style>b{c:d}</style></head><p>Too<br>large</p>", "Too large"),
        ("<!-- x --><script>alert('<p>')</script >", ""),
        ("a < b and c > d", "a d"),
        ("\ufffd\ufffdPNG", ""),
        ("x" * 10**6, "x" * 500 + "..."),
        ("<" * 10**6, "<" * 500 + "..."),
    ],
)
def test_the_words_of_what_is_no_json(page: str, words: str) -> None:
    assert page_text(page) == words
