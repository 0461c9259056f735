"""How long to wait is read from whatever a server says, and is always a usable number."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tierwatch.retry_after import (
    LONGEST_READ_S,
    LONGEST_WAIT_S,
    read_retry_after,
    write_retry_after,
)

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


def read(value: str, *, ms: str | None = None) -> float | None:
    """What is read of a header."""
    headers = {"retry-after": value}
    return read_retry_after(headers if ms is None else headers | {"retry-after-ms": ms}, now=NOW)


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("0", 0.0),
        ("1.5", 1.5),
        (".5", 0.5),
        ("2.", 2.0),
        (" 7 ", 7.0),
        ("86400", 86_400.0),
        ("1000000000000", LONGEST_READ_S),
        ("9" * 400, LONGEST_READ_S),
        ("9" * 100_000, LONGEST_READ_S),
        ("Mon, 23 Nov 2026 12:00:30 GMT", 30.0),
        ("Mon, 23 Nov 2026 12:00:30 -0000", 30.0),  # a time without a zone is UTC
        ("Mon, 23 Nov 2026 13:00:30 +0100", 30.0),
        ("Monday, 23-Nov-26 12:00:30 GMT", 30.0),  # RFC 850
        ("Mon Nov 23 12:00:30 2026", 30.0),  # asctime
        ("Mon, 23 Nov 2026 11:00:00 GMT", 0.0),
        ("Thu, 01 Jan 1970 00:00:00 GMT", 0.0),
        ("Thu, 31 Dec 2099 23:59:59 GMT", LONGEST_READ_S),
        ("Fri, 31 Dec 9999 23:59:59 GMT", LONGEST_READ_S),
        ("Fri, 31 Dec 9999 23:59:59 -2359", LONGEST_READ_S),
        ("soon", None),
        ("-3", None),
        ("1.2.3", None),
        ("1e9", None),
        ("nan", None),
        ("inf", None),
        ("-inf", None),
        ("", None),
        (".", None),
        ("\u0663", None),  # a digit elsewhere, no number in HTTP
        ("Mon, 23 Nov 99999999999999999999999999 12:00:30 GMT", None),
        ("Mon, 32 Mar 2026 12:00:30 GMT", None),
        ("Mon, 23 Nov 2026 12:00:30 +999999", None),
        ("Mon, 23 Nov 2026 12:00:30 GMT" + " " * 100_000, None),
        ("\ud800", None),
    ],
)
def test_a_time_is_seconds_or_a_date(value: str, seconds: float | None) -> None:
    assert read(value) == seconds


@pytest.mark.parametrize(
    ("ms", "seconds"),
    [("1500", 1.5), ("0", 0.0), ("9" * 400, LONGEST_READ_S), ("soon", 20.0), ("-1", 20.0)],
)
def test_milliseconds_count_first_where_they_are_a_number(ms: str, seconds: float) -> None:
    assert read("20", ms=ms) == seconds


def test_without_a_header_nothing_is_asked() -> None:
    assert read_retry_after({}, now=NOW) is None


DATES = st.from_regex(
    r"(\w{3}, )?\d{1,3} (Jan|Feb|Nov|Foo) \d{1,12} \d{1,3}:\d\d(:\d\d)?( GMT| [+-]\d{1,8}| \w+)?",
    fullmatch=True,
)


@given(value=DATES | st.text(max_size=40) | st.text("0123456789.:,+- GMTe", max_size=40))
@example(value="Mon, 01 Jan 0001 00:00:00 +2359")
@example(value="Fri, 31 Dec 9999 23:59:59 -2359")
def test_whatever_is_said_is_a_usable_number_or_nothing(value: str) -> None:
    seconds = read(value, ms=value)
    assert seconds is None or 0 <= seconds <= LONGEST_READ_S
    assert seconds is None or NOW + timedelta(seconds=seconds) > datetime(2026, 1, 1, tzinfo=UTC)


@given(st.datetimes(), st.integers(-1439, 1439))
def test_any_date_that_there_is_can_be_named(until: datetime, minutes: int) -> None:
    zone = timezone(timedelta(minutes=minutes))
    seconds = read(until.replace(tzinfo=zone).strftime("%a, %d %b %Y %H:%M:%S %z"))
    assert seconds is None or 0 <= seconds <= LONGEST_READ_S


@pytest.mark.parametrize(
    ("seconds", "header"),
    [
        (-5, b"1"),
        (0, b"1"),
        (1, b"1"),
        (1.2, b"2"),
        (59.0, b"59"),
        (3599.5, b"3600"),
        (3600, b"3600"),
        (2_300_256_810, b"3600"),
        (float("inf"), b"3600"),
        (float("nan"), b"3600"),
    ],
)
def test_callers_are_told_whole_seconds_up_to_an_hour(seconds: float, header: bytes) -> None:
    assert write_retry_after(seconds) == header


@given(st.floats(allow_nan=True, allow_infinity=True))
def test_what_is_written_can_be_read(seconds: float) -> None:
    again = read(write_retry_after(seconds).decode())
    assert again is not None
    assert 1 <= again <= LONGEST_WAIT_S
