import contextlib
import datetime as dt
from typing import Any

import pytest
from flask import Flask
from hypothesis import given
from hypothesis import strategies as st

from tierwatch.dashboard.time_range import (
    ALL,
    asked_range,
    carried_range,
    moment,
    range_of,
    range_of_list,
    read_range,
)
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


@pytest.mark.parametrize("written", ["-3000w", "1969-12-31", "0001-01-05", "-99999d"])
def test_what_is_before_everything_is_as_early_as_that(written: str) -> None:
    found = read_range(written, "", NOW)
    assert (found.since, found.whole) == (dt.datetime(1970, 1, 1, tzinfo=dt.UTC), True)
    with pytest.raises(UsageError, match="is not before to"):
        read_range(written, "1970-01-01", NOW)


def test_the_period_before_does_not_begin_before_everything() -> None:
    found = read_range("-12000d", "", NOW).before
    assert (found.since.year, found.until) == (1970, NOW - dt.timedelta(days=12_000))
    far = read_range("1971-01-01", "9999-12-31", NOW).before
    assert far.since < far.until


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


def test_all_is_everything_until_the_end() -> None:
    found = read_range("all", "", NOW)
    assert (found.whole, found.until) == (True, NOW)
    assert found.since < NOW - dt.timedelta(days=9_000)
    first = NOW - dt.timedelta(days=3)
    assert found.seen_from(first).since == first
    # Nothing was kept yet, or only later than the end.
    assert found.seen_from(None) == found
    assert found.seen_from(NOW) == found
    assert read_range("-7d", "", NOW).seen_from(first).since == NOW - dt.timedelta(days=7)


def test_the_period_before_is_as_long_and_ends_where_it_begins() -> None:
    found = read_range("-24h", "-6h", NOW)
    assert found.length == found.before.length == dt.timedelta(hours=18)
    assert found.before.until == found.since


def test_links_carry_what_was_written() -> None:
    assert read_range("-7d", "", NOW).query == {"from": "-7d"}
    assert read_range("-7d", "-1d", NOW).query == {"from": "-7d", "to": "-1d"}


def test_the_picker_knows_what_is_chosen() -> None:
    assert [one.start for one in read_range("-7d", "", NOW).choices if one.chosen] == ["-7d"]
    assert not any(one.chosen for one in read_range("-7d", "-1d", NOW).choices)


def test_what_was_typed_stays_in_the_fields(app: Flask) -> None:
    with app.test_request_context("/?from=yesterday&to=" + "9" * 500):
        found = asked_range(NOW, usual="-7d")
    assert (found.start, found.written_start, found.end) == ("-7d", "yesterday", "")
    assert found.written_end == "9" * 40
    with app.test_request_context("/?from=-1h"):
        found = asked_range(NOW, usual="-7d")
    assert (found.written_start, found.written_end) == ("-1h", "")


def test_a_list_is_narrowed_by_the_ends_that_were_given() -> None:
    both = read_range("-7d", "-1d", NOW)
    assert (both.first, both.end_before) == (both.since, both.until)
    now = read_range("-7d", "", NOW)
    assert (now.first, now.end_before) == (now.since, None)
    for early in (ALL, "-3000w"):
        assert read_range(early, "", NOW).first is None
    assert read_range(ALL, "-1d", NOW).end_before == NOW - dt.timedelta(days=1)


def test_of_all_time_no_first_moment_is_named() -> None:
    found = read_range(ALL, "", NOW)
    assert found.unbounded
    assert not found.seen_from(NOW - dt.timedelta(days=3)).unbounded
    assert not read_range("-7d", "", NOW).unbounded


def test_any_query_has_a_range() -> None:
    assert range_of({}, NOW, usual="-7d").start == "-7d"
    assert range_of({"from": " -1h ", "to": " "}, NOW, usual=ALL).start == "-1h"
    assert range_of({"from": "-1h", "to": "-2h"}, NOW, usual=ALL).whole


@pytest.mark.parametrize(
    ("query", "carried"),
    [
        ("", {}),
        ("from=", {}),
        ("from=-1h&tier=simple", {"from": "-1h"}),
        ("from=-2h&to=-1h", {"from": "-2h", "to": "-1h"}),
        ("to=-1d", {"to": "-1d"}),
        ("from=soon", {}),
        ("from=-1h&to=-2h", {}),
    ],
)
def test_other_pages_get_the_range_that_was_asked_for(
    app: Flask, query: str, carried: dict[str, str]
) -> None:
    with app.test_request_context(f"/?{query}"):
        assert carried_range(NOW) == carried


def test_a_list_may_be_asked_for_what_is_new_by_a_clock_that_is_ahead() -> None:
    ahead = "2026-11-30T12:00:07Z"
    found = range_of_list({"from": ahead}, NOW)
    assert (found.problem, found.first) == ("", NOW + dt.timedelta(seconds=7))
    assert found.end_before is None
    assert range_of({"from": ahead}, NOW, usual=ALL).problem
    assert range_of_list({"from": ahead, "to": "2026-11-30"}, NOW).problem
