"""Lists come newest first, a page at a time, and hold what was asked for."""

import datetime as dt

import pytest
from factories.rows import (
    add_alert,
    add_audit_line,
    add_policy,
    add_proposal,
    put_in_force,
)
from sqlalchemy import Connection, insert, update

from tierwatch.store.alerts import load_alert
from tierwatch.store.pages import lists
from tierwatch.store.pages.lists import (
    PAGE,
    alerts,
    audit_lines,
    in_force,
    policies,
    policy,
    proposals,
)
from tierwatch.store.pages.overview import open_counts
from tierwatch.store.proposals import load_proposal
from tierwatch.store.schema.policies import ActivePolicyRow, PolicyRow


def test_alerts_come_newest_first_a_page_at_a_time(
    connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lists, "PAGE", 2)
    ids = [add_alert(connection) for _ in range(5)]

    first = alerts(connection)
    second = alerts(connection, before=first[-1].id)
    third = alerts(connection, before=second[-1].id)
    assert [a.id for a in [*first, *second, *third]] == ids[::-1]
    assert len(first) == len(second) == 2


def test_unresolved_alerts_leave_the_resolved_out(connection: Connection) -> None:
    kept = [add_alert(connection), add_alert(connection, state="acknowledged")]
    gone = add_alert(
        connection, state="resolved", resolved_by="ada", resolved_at=dt.datetime.now(dt.UTC)
    )

    assert [a.id for a in alerts(connection, unresolved=True)] == kept[::-1]
    found = load_alert(connection, gone)
    assert found is not None
    assert found.resolved_by == "ada"
    assert open_counts(connection).alerts == 2


def test_without_alerts_the_list_is_empty(connection: Connection) -> None:
    assert alerts(connection) == []
    add_alert(connection, state="resolved")
    assert alerts(connection, unresolved=True) == []
    assert alerts(connection, before=0) == []


def test_an_alert_in_a_list_is_the_alert(connection: Connection) -> None:
    alert_id = add_alert(connection)
    assert alerts(connection) == [load_alert(connection, alert_id)]


def test_proposals_by_state_and_by_alert(connection: Connection) -> None:
    alert_id = add_alert(connection)
    old = add_proposal(connection, state="rejected", alert_id=alert_id)
    rolling = add_proposal(connection, state="rolling_out")
    still_open = add_proposal(connection, tier="standard")

    def found(**wanted: object) -> list[int]:
        return [p.id for p in proposals(connection, **wanted)]  # type: ignore[arg-type] # one caller, two keywords

    assert found() == [still_open, rolling, old]
    assert found(undecided=True) == [still_open, rolling]
    assert found(alert_id=alert_id) == [old]
    assert found(before=rolling) == [old]
    assert open_counts(connection).proposals == 1


def test_without_proposals_the_list_is_empty(connection: Connection) -> None:
    assert proposals(connection) == []
    add_proposal(connection, state="expired")
    assert proposals(connection, undecided=True) == []
    assert proposals(connection, alert_id=1) == []


def test_a_proposal_in_a_list_is_the_proposal(connection: Connection) -> None:
    proposal_id = add_proposal(connection)
    assert proposals(connection) == [load_proposal(connection, proposal_id)]


def test_a_page_of_proposals_is_followed_by_the_next(connection: Connection) -> None:
    ids = [add_proposal(connection, state="rejected") for _ in range(PAGE + 2)]
    first = proposals(connection)
    assert [p.id for p in first] == ids[:1:-1]
    assert [p.id for p in proposals(connection, before=first[-1].id)] == ids[1::-1]


def test_every_condition_narrows(connection: Connection) -> None:
    alert_id = add_alert(connection)
    add_proposal(connection, state="rejected", alert_id=alert_id)
    mine = add_proposal(connection, alert_id=alert_id)
    add_proposal(connection, tier="standard")
    found = proposals(connection, undecided=True, alert_id=alert_id)
    assert [p.id for p in found] == [mine]
    assert proposals(connection, undecided=True, alert_id=alert_id, before=mine) == []


def test_policies_and_what_is_in_force(connection: Connection) -> None:
    add_policy(connection, 1)
    add_policy(connection, 2, simple=0.8)
    connection.execute(
        insert(ActivePolicyRow).values(
            id=1, stable_version=1, candidate_version=2, share=0.2, salt="x"
        )
    )

    assert [p.version for p in policies(connection)] == [2, 1]
    assert [p.version for p in policies(connection, before=2)] == [1]
    second = policy(connection, 2)
    assert second is not None
    assert second.thresholds == {"simple": 0.8, "standard": 0.7}
    now = in_force(connection)
    assert now is not None
    assert (now.stable_version, now.candidate_version, now.share) == (1, 2, 0.2)


def test_before_the_first_policy_pages_are_empty(connection: Connection) -> None:
    assert policies(connection) == []
    assert policy(connection, 1) is None
    assert in_force(connection) is None


def test_a_policy_is_shown_with_all_it_promised(connection: Connection) -> None:
    add_policy(connection, 7)
    connection.execute(
        update(PolicyRow).values(
            by_task={"sql": {"simple": 0.9}},
            promised={"simple": 0.04},
            promised_for=0.95,
            classifier=3,
        )
    )
    found = policy(connection, 7)
    assert found is not None
    assert (found.by_task, found.promised) == ({"sql": {"simple": 0.9}}, {"simple": 0.04})
    assert (found.promised_for, found.classifier) == (0.95, 3)
    assert (found.author, found.reason) == ("ada", "reason 7")


def test_a_page_of_policies_is_followed_by_the_next(connection: Connection) -> None:
    for version in range(1, PAGE + 3):
        add_policy(connection, version)
    first = policies(connection)
    assert [line.version for line in first] == list(range(PAGE + 2, 2, -1))
    assert [line.version for line in policies(connection, before=first[-1].version)] == [2, 1]
    assert policies(connection, before=1) == []


def test_outside_a_rollout_there_is_no_candidate(connection: Connection) -> None:
    add_policy(connection, 1)
    put_in_force(connection, 1)
    now = in_force(connection)
    assert now is not None
    assert (now.candidate_version, now.share) == (None, 0.0)


def test_audit_of_one_subject(connection: Connection) -> None:
    add_audit_line(connection, "alert/1", why="a")
    add_audit_line(connection, "alert/2", why="b")

    both = audit_lines(connection)
    assert [line.detail["why"] for line in both] == ["b", "a"]
    assert audit_lines(connection, before=both[0].id) == [both[1]]
    assert audit_lines(connection, subject="alert/1") == [both[1]]


def test_an_audit_that_nobody_wrote_to_is_empty(connection: Connection) -> None:
    assert audit_lines(connection) == []
    add_audit_line(connection, "alert/1")
    assert audit_lines(connection, subject="alert/10") == []
    assert audit_lines(connection, before=0) == []


def test_a_page_of_the_audit_is_followed_by_the_next(connection: Connection) -> None:
    for number in range(PAGE + 3):
        add_audit_line(connection, f"alert/{number}")
    first = audit_lines(connection)
    second = audit_lines(connection, before=first[-1].id)
    assert (len(first), len(second)) == (PAGE, 3)
    ids = [line.id for line in [*first, *second]]
    assert ids == sorted(ids, reverse=True)
    assert len(set(ids)) == PAGE + 3


def test_a_subject_has_pages_of_its_own(connection: Connection) -> None:
    for number in range(6):
        add_audit_line(connection, f"alert/{number % 2}")
    [newest, *_] = audit_lines(connection, subject="alert/1")
    rest = audit_lines(connection, subject="alert/1", before=newest.id)
    assert len(rest) == 2
    assert {line.subject for line in rest} == {"alert/1"}
