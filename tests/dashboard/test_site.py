import datetime as dt

import pytest
from flask import Flask, g
from hypothesis import given
from hypothesis import strategies as st

from tierwatch.dashboard.site import KEY, stored_text, this_moment, this_person, this_site
from tierwatch.store.people.roles import Person


def test_a_view_finds_its_site_and_who_is_asking(app: Flask) -> None:
    with app.test_request_context("/"):
        assert this_site() is app.extensions[KEY]
        g.person = Person("ada", "viewer")
        assert this_person() == Person("ada", "viewer")


def test_the_moment_is_the_clocks(app: Flask) -> None:
    with app.test_request_context("/"):
        assert this_moment() == dt.datetime.fromtimestamp(this_site().clock(), dt.UTC)


def test_nobody_is_an_error_and_not_a_guess(app: Flask) -> None:
    with app.test_request_context("/"), pytest.raises(AttributeError):
        this_person()


@given(st.text(alphabet=st.characters()))
def test_stored_text_is_what_postgres_can_hold(text: str) -> None:
    stored = stored_text(text)
    assert "\x00" not in stored
    assert stored.encode() == stored.encode("utf-8", "strict")
    assert stored_text(stored) == stored
    if "\x00" not in text and all(not 0xD800 <= ord(one) < 0xE000 for one in text):
        assert stored == text
