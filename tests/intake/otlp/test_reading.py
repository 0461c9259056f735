"""Attributes read as what they should be."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tierwatch.intake.calls import TRUNCATED
from tierwatch.intake.otlp.reading import (
    found_structured,
    marked,
    number,
    structured,
    text,
    tokens,
)

ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=10,
)


def test_the_first_text_that_says_something_is_taken() -> None:
    assert text({"a": "", "b": 7, "c": "x", "d": "y"}, "a", "b", "c", "d") == "x"
    assert text({}, "a") == ""


@pytest.mark.parametrize(
    ("value", "read"),
    [(7, 7), ("7", 7), (7.0, 7), (0, 0), ("0", 0), (0.0, 0), (-1, None), ("x", None), (True, None),
     (10**12, None)],
)  # fmt: skip
def test_counts_of_tokens(value: object, read: int | None) -> None:
    """A count beyond any context is nobody's."""
    assert tokens({"a": value}, "a") == read


def test_a_count_of_nothing_does_not_hide_a_later_one_and_is_no_missing_one() -> None:
    assert tokens({"b": 3}, "a", "b") == 3
    assert tokens({"a": 0, "b": 3}, "a", "b") == 0


@pytest.mark.parametrize(("value", "read"), [(0.5, 0.5), (2, 2.0), (-0.5, None), (True, None),
                                             ("0.5", None)])  # fmt: skip
def test_numbers(value: object, read: float | None) -> None:
    assert number({"a": value}, "a") == read


def test_json_as_text_and_as_itself_are_the_same() -> None:
    assert structured('[{"role": "user"}]') == structured([{"role": "user"}])


def test_text_that_a_limit_has_cut_is_truncated() -> None:
    assert found_structured({"a": '[{"role": "us'}, "a") == (None, TRUNCATED)
    assert found_structured({}, "a") == (None, "")


@pytest.mark.parametrize(
    "said",
    [
        "[base64_data truncated: 2.9KB]",
        "__REDACTED__",
        "@@@langfuseMedia:type=image/png|id=7|source=base64@@@",
    ],
)
def test_a_mark_of_what_was_there_is_seen(said: str) -> None:
    assert marked(f'[{{"url": "{said}"}}]') == TRUNCATED


@given(st.dictionaries(st.sampled_from("ab"), ANYTHING))
def test_nothing_raises(attributes: dict[str, object]) -> None:
    text(attributes, "a", "b")
    tokens(attributes, "a", "b")
    number(attributes, "a", "b")
    found_structured(attributes, "a")
