import datetime as dt

import pytest
from factories.rows import (
    JUDGE,
    add_alert,
    add_audit_line,
    add_exchange,
    add_failure,
    add_outcome,
    add_pair,
    add_policy,
    add_proposal,
    add_rollup,
    add_verdict,
    put_in_force,
)
from sqlalchemy import Connection, insert

from tierwatch.store.pages import alerts_and_proposals as reading
from tierwatch.store.schema import ActivePolicyRow


def test_an_empty_database_reads_as_empty(connection: Connection) -> None:
    assert reading.alerts(connection) == []
    assert reading.proposals(connection) == []
    assert reading.policies(connection) == []
    assert reading.audit_lines(connection) == []
    assert reading.tier_traffic(connection) == []
    assert reading.judge_versions(connection) == []
    assert reading.failure_counts(connection) == {}
    assert reading.in_force(connection) is None
    assert reading.newest_judge_version(connection) is None
    assert reading.loss_sums(connection, direction="up", judge_version=JUDGE) == []
    assert reading.open_counts(connection) == {"alerts": 0, "proposals": 0}
    assert reading.alert(connection, 1) is None
    assert reading.proposal(connection, 1) is None
    assert reading.policy(connection, 1) is None


def test_alerts_come_newest_first_a_page_at_a_time(
    connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "PAGE", 2)
    ids = [add_alert(connection) for _ in range(5)]

    first = reading.alerts(connection)
    second = reading.alerts(connection, before=first[-1].id)
    third = reading.alerts(connection, before=second[-1].id)
    assert [a.id for a in [*first, *second, *third]] == ids[::-1]
    assert len(first) == len(second) == 2


def test_unresolved_alerts_leave_the_resolved_out(connection: Connection) -> None:
    kept = [add_alert(connection), add_alert(connection, state="acknowledged")]
    gone = add_alert(
        connection, state="resolved", resolved_by="ada", resolved_at=dt.datetime.now(dt.UTC)
    )

    assert [a.id for a in reading.alerts(connection, unresolved=True)] == kept[::-1]
    found = reading.alert(connection, gone)
    assert found is not None
    assert found.resolved_by == "ada"
    assert reading.open_counts(connection)["alerts"] == 2


def test_proposals_by_state_and_by_alert(connection: Connection) -> None:
    alert_id = add_alert(connection)
    old = add_proposal(connection, state="rejected", alert_id=alert_id)
    rolling = add_proposal(connection, state="rolling_out")
    still_open = add_proposal(connection, tier="standard")

    def found(**wanted: object) -> list[int]:
        return [p.id for p in reading.proposals(connection, **wanted)]  # type: ignore[arg-type] # one caller, two keywords

    assert found() == [still_open, rolling, old]
    assert found(undecided=True) == [still_open, rolling]
    assert found(alert_id=alert_id) == [old]
    assert found(before=rolling) == [old]
    assert reading.open_counts(connection)["proposals"] == 1


def test_policies_and_what_is_in_force(connection: Connection) -> None:
    add_policy(connection, 1)
    add_policy(connection, 2, simple=0.8)
    connection.execute(
        insert(ActivePolicyRow).values(
            id=1, stable_version=1, candidate_version=2, share=0.2, salt="x"
        )
    )

    assert [p.version for p in reading.policies(connection)] == [2, 1]
    assert [p.version for p in reading.policies(connection, before=2)] == [1]
    second = reading.policy(connection, 2)
    assert second is not None
    assert second.thresholds == {"simple": 0.8, "standard": 0.7}
    now = reading.in_force(connection)
    assert now is not None
    assert (now.stable_version, now.candidate_version, now.share) == (1, 2, 0.2)


def test_audit_of_one_subject(connection: Connection) -> None:
    add_audit_line(connection, "alert/1", why="a")
    add_audit_line(connection, "alert/2", why="b")

    both = reading.audit_lines(connection)
    assert [line.detail["why"] for line in both] == ["b", "a"]
    assert reading.audit_lines(connection, before=both[0].id) == [both[1]]
    assert reading.audit_lines(connection, subject="alert/1") == [both[1]]


def test_traffic_sums_every_minute_and_bin(connection: Connection) -> None:
    add_rollup(connection, "simple", 30, cost_usd=1.5, errors=1)
    add_rollup(connection, "simple", 10, bin=1, cost_usd=0.5, latency_ms=5_000.0)
    put_in_force(connection)

    # (30 * 100 + 5,000) / 40 = 200 ms
    assert reading.tier_traffic(connection) == [
        reading.TierTraffic("simple", 40, 1, 0, 2.0, 8.0, 200.0)
    ]


def test_traffic_without_requests_has_no_division_by_zero(connection: Connection) -> None:
    add_rollup(connection, "simple", 0, latency_ms=0.0)
    assert reading.tier_traffic(connection)[0].latency_ms == 0.0


def test_loss_sums_by_boundary_direction_and_judge(connection: Connection) -> None:
    add_outcome(connection, 1, 1.0, weight=2.0)
    add_outcome(connection, 2, 0.0, weight=1.0)
    add_outcome(connection, 3, 1.0, tier="standard")
    add_outcome(connection, 4, 1.0, direction="down")
    add_outcome(connection, 5, 1.0, judge_version="older")

    # simple: weights 2 and 1, squares 4 + 1, the heavy one is a loss
    assert reading.loss_sums(connection, direction="up", judge_version=JUDGE) == [
        reading.LossSums("simple", 0, 1, 2, 2, 3.0, 5.0, 2.0),
        reading.LossSums("standard", 0, 3, 3, 1, 1.0, 1.0, 1.0),
    ]
    assert reading.newest_judge_version(connection) == "older"


def test_loss_sums_cut_the_requests_into_equal_stretches(connection: Connection) -> None:
    for request_no in range(10, 20):
        add_outcome(connection, request_no, 0.0)

    found = reading.loss_sums(connection, direction="up", judge_version=JUDGE, buckets=5)
    assert [(group.bucket, group.first_request, group.last_request) for group in found] == [
        (0, 10, 11),
        (1, 12, 13),
        (2, 14, 15),
        (3, 16, 17),
        (4, 18, 19),
    ]
    one = reading.loss_sums(connection, direction="up", judge_version=JUDGE, buckets=1)
    assert [group.n for group in one] == [10]


def test_judge_versions_count_scored_swapped_and_unscored(connection: Connection) -> None:
    add_pair(connection, 1, "tie")
    add_pair(connection, 2, None)
    swapped = add_exchange(connection, 3)
    add_verdict(connection, swapped, "tie", basis=reading.SWAP_DISAGREEMENT)
    same = add_exchange(connection, 4)
    add_verdict(connection, same, "tie", basis="identical", orders=[], calls=0, cost_usd=0.0)

    (judge,) = reading.judge_versions(connection)
    assert judge.judge_version == JUDGE
    assert (judge.verdicts, judge.scored, judge.swapped, judge.disagreed) == (4, 3, 2, 1)
    assert judge.by_basis == {"identical": 1, "pairwise": 1, "swap_disagreement": 1}
    assert judge.unscored == {"no JSON in the reply": 1}
    assert judge.calls == 6
    assert judge.cost_usd == pytest.approx(0.006)


def test_failures_are_counted_by_step_and_reason(connection: Connection) -> None:
    for request_no, reason in enumerate(["timeout", "timeout", "refused"]):
        add_failure(connection, add_exchange(connection, request_no), reason)

    assert reading.failure_counts(connection) == {"shadow: timeout": 2, "shadow: refused": 1}
