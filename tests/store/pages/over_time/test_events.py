import datetime as dt
from typing import Any

import factories.rows as put
from factories.rows import NOW, add_alert
from sqlalchemy import Connection, insert

from tierwatch.store.pages.over_time.events import events
from tierwatch.store.schema.checks import EvalsetRunRow
from tierwatch.store.schema.people import AuditRow
from tierwatch.store.schema.policies import DrainRow

DAY = dt.timedelta(days=1)


def noted(
    connection: Connection, action: str, subject: str, at: dt.datetime, **detail: str
) -> None:
    connection.execute(
        insert(AuditRow).values(at=at, actor="ada", action=action, subject=subject, detail=detail)
    )


def run(connection: Connection, kind: str, subject: str, model: str, at: dt.datetime) -> None:
    columns: dict[str, Any] = {
        "kind": kind, "subject": subject, "model": model, "set_version": "1", "why": "schedule",
        "started_at": at, "until": at, "ended_at": at,
    }  # fmt: skip
    connection.execute(insert(EvalsetRunRow).values(columns))


def test_everything_that_may_explain_a_change_oldest_first(connection: Connection) -> None:
    alert = add_alert(connection, segment="simple/refunds", opened_at=NOW + 4 * DAY)
    noted(connection, "rollout.started", "policy/3", NOW)
    noted(connection, "rollout.completed", "policy/3", NOW + DAY)
    noted(connection, "policy.rolled_back", "policy/4", NOW + 2 * DAY)
    noted(connection, "model.pinned", "policy/5", NOW + 2.5 * DAY, tier="standard")
    noted(connection, "judge.not_trusted", "judge/x", NOW + 3 * DAY)
    noted(connection, "pair.labelled", "pair/1", NOW + DAY)
    columns = {"tier": "simple", "task_type": "all", "actor": "ada", "why": "y",
               "began_at": NOW + 5 * DAY, "until": NOW + 6 * DAY}  # fmt: skip
    connection.execute(insert(DrainRow).values(columns))
    found = events(connection, NOW, NOW + 9 * DAY)
    assert [one.words for one in found] == [
        "rollout of policy 3",
        "policy 3 active",
        "rolled back to policy 4",
        "earlier model of standard pinned",
        "judge not trusted",
        f"alert {alert}: misroute of simple/refunds",
        "simple sent up by ada",
    ]
    assert [one.kind for one in found[:2]] == ["policy", "policy"]
    assert found[0].subject == "3"
    assert len(events(connection, NOW + DAY, NOW + 2 * DAY)) == 1  # its start is in, its end is not


def test_models_and_judges_are_new_from_the_second_on(connection: Connection) -> None:
    for day, model in enumerate(("small-1", "small-1", "small-2", "small-2")):
        run(connection, "probes", "simple", model, NOW + day * DAY)
    run(connection, "probes", "standard", "medium-1", NOW)
    run(connection, "anchors", put.JUDGE, "judge-1", NOW)
    run(connection, "anchors", "pairwise/v3/judge-2", "judge-2", NOW + 3 * DAY)
    found = events(connection, NOW, NOW + 9 * DAY)
    assert [(one.kind, one.words, one.at) for one in found] == [
        ("model", "model of simple: small-2", NOW + 2 * DAY),
        ("judge", "judge pairwise/v3/judge-2", NOW + 3 * DAY),
    ]


def test_the_newest_of_too_many_are_kept(connection: Connection) -> None:
    for number in range(70):
        noted(connection, "rollout.started", f"policy/{number}", NOW + number * DAY / 100)
    found = events(connection, NOW, NOW + DAY)
    assert [len(found), found[-1].subject] == [60, "69"]
    assert events(connection, NOW - DAY, NOW) == ()
