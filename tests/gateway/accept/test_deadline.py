"""How long a request may take: what its caller says, what the file says, and what neither may."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tierwatch.gateway.accept.deadline import Deadlines

READ = b"x-stainless-read-timeout"
WHOLE = b"x-stainless-timeout"


@pytest.mark.parametrize(
    ("said", "seconds"),
    [
        (b"600", 599.0),  # OpenAI's and Anthropic's default: a second is left to say so
        (b"600.0", 599.0),
        (b"10", 9.5),
        (b"0.5", 0.475),
        (b"3600", 3599.0),
        (b"86400", 3600.0),
        (b"999999999", 3600.0),
    ],
)
@pytest.mark.parametrize("name", [READ, WHOLE])
def test_a_caller_who_says_how_long_it_waits_is_answered_before_that(
    name: bytes, said: bytes, seconds: float
) -> None:
    assert Deadlines(None).seconds({name: said}) == pytest.approx(seconds)


@pytest.mark.parametrize(
    "said",
    [b"", b"0", b"0.0", b"-5", b"nan", b"inf", b"None", b"NOT_GIVEN", b"1e3", b"9" * 400, b"\xff"],
)
def test_what_says_no_time_counts_as_nothing_said(said: bytes) -> None:
    assert Deadlines(None).seconds({READ: said}) == 600.0
    assert Deadlines(None).seconds({READ: said, WHOLE: b"20"}) == 19.0


def test_the_time_between_two_bytes_counts_before_that_of_the_whole() -> None:
    assert Deadlines(None).seconds({READ: b"20", WHOLE: b"40"}) == 19.0


def test_the_file_bounds_what_callers_say() -> None:
    deadlines = Deadlines(30.0)
    assert deadlines.seconds({}) == 30.0
    assert deadlines.seconds({READ: b"600"}) == 30.0
    assert deadlines.seconds({READ: b"10"}) == 9.5
    assert Deadlines(7200.0).seconds({READ: b"7000"}) == 6999.0


@given(st.binary(max_size=30), st.none() | st.floats(0.001, 1e6))
def test_whatever_is_said_leaves_some_time_and_never_too_much(
    said: bytes, most_s: float | None
) -> None:
    seconds = Deadlines(most_s).seconds({READ: said})
    assert 0 < seconds <= (3600.0 if most_s is None else most_s)
