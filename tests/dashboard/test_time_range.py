import contextlib
import datetime as dt
from typing import Any

import pytest
from flask import Flask
from hypothesis import given
from hypothesis import strategies as st

from tierwatch.dashboard.time_range import asked_range, moment, read_range
from tierwatch.errors import UsageError

NOW = dt.datetime(2026, 11, 30, 12, tzinfo=dt.UTC)


@pytest.mark.parametrize(
    ("start", "end", "since", "until"),
    [
        ("-7d", "", "2026-11-23T12:00", "2026-11-30T12:00"),
        ("-24h", "-30m", "2026-11-29T12:00", "2026-11-30T11:30"),
        ("-2w", "2026-11-20", "2026-11-16T12:00", "2026-11-20T00:00"),
        ("2026-11-30T10:00:00Z", "", "2026-11-30T10:00", "2026-11-30T12:00"),
        # An address without its + encoded: it arrives as a space.
        ("2026-11-30T12:00:00 02:00", "", "2026-11-30T10:00", "2026-11-30T12:00"),
        ("2026-11-30T06:00-05:00", "", "2026-11-30T11:00", "2026-11-30T12:00"),
        ("2026-11-30T10:00", "2026-12-02", "2026-11-30T10:00", "2026-12-02T00:00"),
    ],
)
def test_ranges_as_people_write_them(start: str, end: str, since: str, until: str) -> None:
    found = read_range(start, end, NOW)
    assert f"{found.since:%Y-%m-%dT%H:%M} {found.until:%Y-%m-%dT%H:%M}" == f"{since} {until}"
    assert found.since.tzinfo == found.until.tzinfo == dt.UTC
    assert (found.start, found.end) == (start, end)


@pytest.mark.parametrize(
    "written",
    ["x", "7d", "-7y", "--7d", "-1.5h", "-999999w", "13-01", "٣", "-٣d", "0001-01-01T00:00+14:00"],
)
def test_moments_that_are_none(written: str) -> None:
    with pytest.raises(UsageError, match=r"^from: found '.*'; accepted: a moment as 2026"):
        moment("from", written, NOW)


def test_a_long_one_is_not_repeated_whole() -> None:
    with pytest.raises(UsageError) as found:
        moment("to", "x" * 5_000, NOW)
    assert len(str(found.value)) < 200


@pytest.mark.parametrize(("start", "end"), [("-1h", "-2h"), ("-1h", "-60m"), ("2027-01-01", "")])
def test_a_range_in_the_wrong_order(start: str, end: str) -> None:
    with pytest.raises(UsageError, match="is not before to"):
        read_range(start, end, NOW)


@given(st.text(max_size=30))
def test_any_text_is_a_moment_or_a_sentence(text: str) -> None:
    with contextlib.suppress(UsageError):  # nothing else may come
        assert moment("from", text, NOW).tzinfo is dt.UTC


@pytest.mark.parametrize("query", ["from=x", "to=x", "from=-1h&to=-2h"])
def test_a_page_shows_the_usual_range_in_its_place_and_says_why(app: Flask, query: str) -> None:
    with app.test_request_context(f"/?{query}"):
        found = asked_range(NOW, usual="-30d")
    assert found.since == NOW - dt.timedelta(days=30)
    assert found.problem


def test_nothing_asked_is_the_usual_range(app: Flask) -> None:
    with app.test_request_context("/?from=&to="):
        found: Any = asked_range(NOW, usual="-1h")
    assert (found.since, found.until, found.problem) == (NOW - dt.timedelta(hours=1), NOW, "")
