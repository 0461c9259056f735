from factories.rows import add_alert
from sqlalchemy import Connection

from tierwatch.store.alerts import load_alert
from tierwatch.store.incidents.assignments import assignable, put_assignment
from tierwatch.store.people.users import add_user


def test_those_who_may_move_alerts_are_offered_by_name(connection: Connection) -> None:
    assert assignable(connection) == ()
    for name, role in (
        ("zoe", "reviewer"),
        ("ada", "admin"),
        ("bob", "viewer"),
        ("eve", "approver"),
    ):
        add_user(connection, name, "correct horse battery", role)
    assert assignable(connection) == ("ada", "eve", "zoe")


def test_an_assignment_says_who_made_it_and_ends_whole(connection: Connection) -> None:
    alert_id = add_alert(connection)
    put_assignment(connection, alert_id, to="ada", actor="eve")
    found = load_alert(connection, alert_id)
    assert found is not None
    assert (found.assigned_to, found.assigned_by) == ("ada", "eve")
    assert found.assigned_at is not None
    put_assignment(connection, alert_id, to=None, actor="eve")
    found = load_alert(connection, alert_id)
    assert found is not None
    assert (found.assigned_to, found.assigned_by, found.assigned_at) == (None, None, None)
