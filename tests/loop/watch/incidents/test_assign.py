import pytest
from factories.rows import add_alert
from sqlalchemy import Connection, text

from tierwatch.errors import ConflictError, UsageError
from tierwatch.loop.watch.incidents.assign import assign_alert
from tierwatch.store.alerts import load_alert
from tierwatch.store.people.accounts import disable_user
from tierwatch.store.people.users import add_user

PASSWORD = "correct horse battery"


@pytest.fixture
def alert_id(connection: Connection) -> int:
    for name, role in (("ada", "approver"), ("bob", "viewer"), ("eve", "reviewer")):
        add_user(connection, name, PASSWORD, role)
    return add_alert(connection)


def owner(connection: Connection, alert_id: int) -> str | None:
    found = load_alert(connection, alert_id)
    assert found is not None
    return found.assigned_to


def test_an_alert_is_given_passed_on_and_taken_back(connection: Connection, alert_id: int) -> None:
    assign_alert(connection, alert_id, to="ada", actor="eve")
    assert owner(connection, alert_id) == "ada"
    assign_alert(connection, alert_id, to="ada", actor="eve")  # again: nothing happens
    assign_alert(connection, alert_id, to="eve", actor="ada")
    assign_alert(connection, alert_id, to="", actor="eve")
    assert owner(connection, alert_id) is None
    lines = connection.execute(
        text("select actor, action, detail from audit where subject like 'alert/%' order by id")
    ).all()
    assert [tuple(line) for line in lines] == [
        ("eve", "alert.assigned", {"to": "ada"}),
        ("ada", "alert.assigned", {"to": "eve", "before": "ada"}),
        ("eve", "alert.unassigned", {"before": "eve"}),
    ]


@pytest.mark.parametrize("to", ["bob", "nobody", "gone"])
def test_whoever_may_not_work_on_it_is_refused(
    connection: Connection, alert_id: int, to: str
) -> None:
    with pytest.raises(UsageError, match=f"found '{to}'; accepted: ada, eve"):
        assign_alert(connection, alert_id, to=to, actor="ada")
    assert owner(connection, alert_id) is None


def test_a_user_who_was_disabled_is_offered_no_more(connection: Connection, alert_id: int) -> None:
    now = connection.execute(text("select now()")).scalar_one()
    disable_user(connection, "ada", now=now, actor="admin")
    with pytest.raises(UsageError, match="accepted: eve"):
        assign_alert(connection, alert_id, to="ada", actor="eve")


def test_what_is_resolved_or_gone_is_nobodys_work(connection: Connection, alert_id: int) -> None:
    over = add_alert(connection, state="resolved", resolved_by="ada")
    with pytest.raises(ConflictError, match="is resolved already, by ada"):
        assign_alert(connection, over, to="ada", actor="ada")
    with pytest.raises(ConflictError, match="there is no alert"):
        assign_alert(connection, over + 1, to="ada", actor="ada")
