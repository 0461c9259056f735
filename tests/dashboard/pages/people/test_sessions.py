"""Where one is logged in: one's own for everybody, all for an admin; any of it can be ended."""

import datetime as dt
import re
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import Connection

from tierwatch.store.pages.lists import audit_lines
from tierwatch.store.people.sessions import open_sessions


@pytest.fixture
def again(app: Flask, viewer: Any) -> Any:
    """The viewer in a second browser."""
    other = type(viewer)(app.test_client())
    assert other.log_in("viewer").status_code == 302
    return other


def ids(page: str) -> list[str]:
    return re.findall(r'action="/sessions/(\d+)/end"', page)


def test_one_sees_ones_own_and_which_is_this(viewer: Any, again: Any) -> None:
    page = viewer.page("/sessions")
    assert len(ids(page)) == 2
    assert page.count("this browser") == 1
    assert "Everybody else" not in page
    assert "by password" in page


def test_one_ends_another_of_ones_own(viewer: Any, again: Any) -> None:
    [there] = set(ids(viewer.page("/sessions"))) - {_here(viewer)}
    viewer.send(f"/sessions/{there}/end", form_on="/sessions")
    assert again.get("/").status_code == 302
    assert "A session of viewer has ended." in viewer.page("/sessions")


def test_one_leaves_every_other_browser_at_once(
    connection: Connection, viewer: Any, again: Any
) -> None:
    assert viewer.send("/sessions/end-others", form_on="/sessions").status_code == 302
    assert again.get("/").status_code == 302
    page = viewer.page("/sessions")
    assert "You are logged in here only." in page
    assert "End all but this one" not in page
    line = audit_lines(connection)[0]
    assert (line.actor, line.action, line.detail) == ("viewer", "session.ended", {"ended": 1})


def test_ending_the_one_that_one_is_in_leads_to_the_login(viewer: Any) -> None:
    viewer.send(f"/sessions/{_here(viewer)}/end", form_on="/sessions")
    assert viewer.get("/sessions").headers["Location"].startswith("/login")


@pytest.mark.parametrize("role", ["reviewer", "approver"])
def test_nobody_but_an_admin_ends_other_peoples(
    connection: Connection, clock: Any, viewer: Any, logged_in: Callable[[str], Any], role: str
) -> None:
    browser = logged_in(role)
    theirs = _here(viewer)
    assert browser.send(f"/sessions/{theirs}/end", form_on="/sessions").status_code == 404
    assert viewer.get("/").status_code == 200


def test_an_admin_sees_and_ends_everybodys(viewer: Any, logged_in: Callable[[str], Any]) -> None:
    admin = logged_in("admin")
    page = admin.page("/sessions")
    assert "Everybody else" in page
    theirs = _here(viewer)
    assert theirs in ids(page)
    admin.send(f"/sessions/{theirs}/end", form_on="/sessions")
    assert viewer.get("/").status_code == 302
    assert "Nobody else is logged in." in admin.page("/sessions")


@pytest.mark.parametrize("number", ["0", "999999", str(2**63 - 1)])
def test_a_session_that_is_none_is_not_found(viewer: Any, number: str) -> None:
    assert viewer.send(f"/sessions/{number}/end", form_on="/sessions").status_code == 404


def test_what_a_browser_says_of_itself_is_text(
    app: Flask, connection: Connection, viewer: Any, clock: Any
) -> None:
    hostile = '<script>alert("x")</script>\x1b' + "x" * 5_000
    other = app.test_client()
    other.environ_base["HTTP_USER_AGENT"] = hostile
    assert type(viewer)(other).log_in("viewer").status_code == 302
    page = viewer.page("/sessions")
    assert "<script>" not in page
    kept = max(len(one.agent) for one in open_sessions(connection, now=_time(clock)))
    assert kept == 200


def _here(browser: Any) -> str:
    """Id of the session that the browser is in."""
    row = re.search(
        r'this browser.*?action="/sessions/(\d+)/end"', browser.page("/sessions"), re.DOTALL
    )
    assert row is not None
    return row[1]


def _time(clock: Any) -> dt.datetime:
    return dt.datetime.fromtimestamp(clock(), dt.UTC)
