from typing import Any

import pytest
from sqlalchemy import Connection

from tierwatch.store.people.users import find_user

PASSWORD = "correct horse battery"


def test_changing_the_password_keeps_this_session(connection: Connection, viewer: Any) -> None:
    new = "another long password"
    sent = viewer.send("/password", form_on="/password", current=PASSWORD, new=new, again=new)
    assert sent.headers["Location"] == "/"
    assert "Your password is changed" in viewer.page("/")
    changed = find_user(connection, "viewer")
    assert changed is not None
    assert not changed.must_change


@pytest.mark.parametrize(
    ("fields", "status", "said"),
    [
        (
            {"current": "wrong", "new": "x" * 12, "again": "x" * 12},
            401,
            "current password is wrong",
        ),
        ({"current": PASSWORD, "new": "x" * 12, "again": "y" * 12}, 400, "differ"),
        ({"current": PASSWORD, "new": "short", "again": "short"}, 400, "12 to 1000"),
        ({"current": PASSWORD, "new": PASSWORD, "again": PASSWORD}, 400, "is the current one"),
    ],
)
def test_password_changes_that_are_refused(
    viewer: Any, fields: dict[str, str], status: int, said: str
) -> None:
    response = viewer.send("/password", form_on="/password", **fields)
    assert response.status_code == status
    assert said in response.text


def test_guessing_the_current_password_is_slowed_down(viewer: Any) -> None:
    wrong = {"current": "wrong", "new": "x" * 12, "again": "x" * 12}
    answers = [viewer.send("/password", form_on="/password", **wrong).status_code for _ in range(6)]
    assert answers == [401] * 5 + [429]
