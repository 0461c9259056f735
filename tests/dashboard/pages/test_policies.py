import datetime as dt
from typing import Any

from factories.rows import (
    NOW,
    add_outcome,
    add_policy,
    add_proposal,
    add_rollup,
    put_in_force,
    put_rollout,
)
from sqlalchemy import Connection, text

from tierwatch.loop.capture.exchange import new_exchange_id


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


def test_each_version_says_what_it_changes_and_where_it_came_from(
    connection: Connection, viewer: Any
) -> None:
    add_policy(connection, 1, simple=0.7)
    add_policy(connection, 2, simple=0.6)
    put_in_force(connection, 1)
    made = put_rollout(connection, 2)
    # A third one, made from the first: the second was taken back.
    add_policy(connection, 3, simple=0.65)
    connection.exec_driver_sql("update policies set base_version = 1 where version = 3")
    page = viewer.page("/policies")
    assert "<div>simple 0.70 → 0.60</div>" in page
    assert "<div>simple 0.70 → 0.65</div>" in page
    assert f'href="/proposals/{made}"' in page
    assert 'href="/rollouts/2">promised against measured' in page


def test_a_version_whose_base_is_on_an_older_page_says_what_it_changes(
    connection: Connection, viewer: Any
) -> None:
    for version in range(1, 53):
        add_policy(connection, version, simple=round(0.3 + version / 100, 2))
    put_in_force(connection, 52)
    # The last of the 50 on the first page is version 3, made from 2.
    assert "<div>simple 0.32 → 0.33</div>" in viewer.page("/policies")
    older = viewer.page("/policies?before=3")
    assert "<div>simple 0.31 → 0.32</div>" in older


def test_what_was_measured_stands_beside_what_was_promised(
    connection: Connection, logged_in: Any, clock: Any
) -> None:
    clock.now = (NOW + dt.timedelta(days=3)).timestamp()
    viewer = logged_in("viewer")
    for version, simple in ((1, 0.7), (2, 0.6)):
        add_policy(connection, version, simple=simple)
        connection.execute(
            text("update policies set created_at = :at where version = :version"),
            {"at": NOW + dt.timedelta(days=2 * version - 4), "version": version},
        )
    put_in_force(connection, 2)
    add_proposal(connection, state="active", candidate_version=2, ended_at=NOW)
    for number in range(80):
        at = NOW + dt.timedelta(hours=2 if number < 40 else -5, seconds=number)
        add_outcome(
            connection, number, float(number % 40 < 4 + 4 * (number >= 40)),
            exchange_id=new_exchange_id(at.timestamp()),
        )  # fmt: skip
    add_rollup(connection, "simple", 9, minute=NOW + dt.timedelta(hours=2))
    page = viewer.page("/policies")
    measured = page[page.index('data-label="Measured"') :]
    assert measured.index("20.0 %") < measured.index("10.0 %")
    assert "n 40" in measured
    assert "promised: " in measured
    assert "75.0 %" in measured
    assert "foreseen: its boundary" in measured
    assert page.count("promised: ") == 1
