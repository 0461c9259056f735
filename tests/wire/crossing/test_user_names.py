"""Whom a caller asks for, as every provider takes it."""

import re

from hypothesis import given
from hypothesis import strategies as st

from tierwatch.wire.crossing.user_names import plain_user


@given(st.text(min_size=1))
def test_a_name_is_short_and_plain_and_the_same_each_time(user: str) -> None:
    name = plain_user(user)
    assert re.fullmatch(r"[A-Za-z0-9_-]{1,64}", name)
    assert plain_user(user) == plain_user(name) == name


def test_two_users_are_two() -> None:
    assert plain_user("a" * 65) != plain_user("a" * 66)
    assert plain_user("\ud800")
