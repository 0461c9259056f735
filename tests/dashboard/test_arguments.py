import uuid
from typing import Any

import pytest
from flask import Flask
from hypothesis import given
from hypothesis import strategies as st
from werkzeug.exceptions import BadRequest

from tierwatch.dashboard.arguments import (
    LONGEST_REASON,
    before_id,
    before_number,
    choice,
    reason,
    sentence,
)

HERE = Flask("arguments")


def _asked(**query: str) -> Any:
    return HERE.test_request_context("/", query_string=query)


def test_the_first_page_asks_for_nothing() -> None:
    with _asked():
        assert before_number() is None
        assert before_id() is None


@given(st.integers(0, 2**63 - 1))
def test_every_id_that_postgres_can_hold_is_one(number: int) -> None:
    with _asked(before=str(number)):
        assert before_number() == number


@given(st.one_of(st.text().filter(lambda text: not text.isdigit()), st.integers(2**63).map(str)))
def test_everything_else_is_refused(before: str) -> None:
    # Half a surrogate pair has no UTF-8 and cannot stand in an address.
    with (
        _asked(before=before.encode("utf-8", "replace").decode()),
        pytest.raises(BadRequest, match="of the last line of the previous page"),
    ):
        before_number()


@pytest.mark.parametrize("before", ["", "x", "1", "0" * 31, "{}"])
def test_pairs_are_paged_by_their_ids(before: str) -> None:
    with _asked(before=before), pytest.raises(BadRequest, match="of the last pair"):
        before_id()
    with _asked(before=str(uuid.UUID(int=7))):
        assert before_id() == uuid.UUID(int=7)


def test_a_choice_is_one_of_the_words_or_none() -> None:
    with _asked(state="all"):
        assert choice("state", ("unresolved", "all")) == "all"
    for nothing in ({}, {"state": ""}):
        with _asked(**nothing):
            assert choice("state", ("unresolved", "all")) is None
    with _asked(state="All"), pytest.raises(BadRequest, match="state: accepted are a, b"):
        choice("state", ("a", "b"))


def test_a_reason_is_what_postgres_can_hold_of_it() -> None:
    form = {"why": "a\x00b" + "x" * 3_000}
    with HERE.test_request_context("/", method="POST", data=form):
        assert reason() == "a\ufffdb" + "x" * (LONGEST_REASON - 3)
    with HERE.test_request_context("/", method="POST"):
        assert reason() == ""


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("a reason is required", "A reason is required."),
        (ValueError("Already said."), "Already said."),
        ("  spaces... ", "Spaces."),
        ("", "."),
        ("\u00e9t\u00e9", "\u00c9t\u00e9."),
    ],
)
def test_words_as_a_sentence(words: object, said: str) -> None:
    assert sentence(words) == said
