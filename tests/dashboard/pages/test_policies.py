from typing import Any

from factories.rows import (
    add_policy,
    put_in_force,
)
from sqlalchemy import Connection


def test_rollback_puts_an_earlier_policy_in_force(connection: Connection, approver: Any) -> None:
    add_policy(connection, 1, simple=0.6)
    add_policy(connection, 2, simple=0.8)
    put_in_force(connection, 2)
    assert "Roll back to this" in approver.page("/policies")

    assert approver.send("/policies/1/rollback", form_on="/policies", why="").status_code == 400
    sent = approver.send("/policies/1/rollback", form_on="/policies", why="worse answers")
    assert sent.status_code == 302
    page = approver.page("/policies")
    assert "Policy 3 is active, with the thresholds of policy 1." in page
    assert "back to policy 1: worse answers" in page
    again = approver.send("/policies/3/rollback", form_on="/policies", why="x")
    assert again.status_code == 409
    assert "Policy 3 is active already." in again.text
