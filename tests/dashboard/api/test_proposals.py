from collections.abc import Callable
from typing import Any

import pytest
from factories import rows as put
from sqlalchemy import Connection, select, update

from tierwatch.loop.compare.trust import weigh_judge
from tierwatch.store.people.tokens import add_token
from tierwatch.store.schema.judgements import OutcomeRow
from tierwatch.store.schema.people import AuditRow

Bearer = Callable[[str], dict[str, str]]


def test_double_approval_is_a_conflict_that_names_the_first(
    client: Any, bearer: Bearer, seeded: dict[str, Any]
) -> None:
    headers, number = bearer("approver"), seeded["proposal_id"]
    path = f"/api/v1/proposals/{number}"
    first = client.post(f"{path}/approve", headers=headers, json={"why": "certified \ud800\x00"})
    assert first.status_code == 200
    assert first.json["state"] == "rolling_out"
    assert first.json["decided_by"] == "token:approver"
    assert first.json["decided_why"] == "certified ?\ufffd"
    for verb in ("approve", "reject"):
        second = client.post(f"{path}/{verb}", headers=headers, json={"why": "me too"})
        assert second.status_code == 409
        assert second.json["error"] == {
            "message": f"Proposal {number} is rolling_out already, by token:approver.",
            "type": "conflict",
        }


def test_what_an_untrusted_judge_supports_needs_an_explicit_word(
    client: Any, bearer: Bearer, seeded: dict[str, Any], connection: Connection
) -> None:
    put.add_anchors(connection, 102, 408)
    weigh_judge(connection, put.JUDGE)
    connection.execute(update(OutcomeRow).values(judge_version=put.JUDGE))
    headers, path = bearer("approver"), f"/api/v1/proposals/{seeded['proposal_id']}/approve"
    held = client.post(path, headers=headers, json={"why": "certified"})
    assert held.status_code == 409
    assert "NOT TRUSTED" in held.json["error"]["message"]
    assert (
        client.post(f"{path}?despite_judge=1", headers=headers, json={"why": "x"}).status_code
        == 400
    )
    given = client.post(f"{path}?despite_judge=yes", headers=headers, json={"why": "known"})
    assert given.status_code == 200


@pytest.mark.parametrize("body", ["", "[]", '"why"', '{"why": 3}', "{", '{"why": null}'])
def test_bodies_without_a_reason_in_text(
    client: Any, bearer: Bearer, seeded: dict[str, Any], body: str
) -> None:
    path = f"/api/v1/proposals/{seeded['proposal_id']}/reject"
    response = client.post(path, headers=bearer("approver"), data=body)
    assert response.status_code == 400
    assert response.json["error"]["type"] == "invalid_request"
    assert '{"why":' in response.json["error"]["message"]


def test_an_empty_reason_is_refused_in_a_sentence(
    client: Any, bearer: Bearer, seeded: dict[str, Any], connection: Connection
) -> None:
    path = f"/api/v1/proposals/{seeded['proposal_id']}/reject"
    headers = bearer("approver")
    response = client.post(path, headers=headers, json={"why": "  "})
    assert response.status_code == 400
    assert response.json["error"]["message"].startswith("A reason is required")
    assert client.post(path, headers=headers, json={"why": "no"}).json["state"] == "rejected"
    actions = select(AuditRow.action).where(AuditRow.action.like("proposal.%"))
    assert connection.execute(actions).scalars().all() == ["proposal.rejected"]


def test_what_another_policy_has_overtaken_is_a_conflict(
    client: Any, bearer: Bearer, seeded: dict[str, Any], connection: Connection
) -> None:
    connection.exec_driver_sql("update proposals set base_version = 1")
    path = f"/api/v1/proposals/{seeded['proposal_id']}/approve"
    held = client.post(path, headers=bearer("approver"), json={"why": "certified"})
    assert held.status_code == 409
    assert (
        "policy 2 is active; the next retune tests the tier again"
        in (held.json["error"]["message"])
    )


def test_a_program_proposes_a_threshold_and_reads_what_it_rests_on(
    client: Any,
    connection: Connection,
    bearer: Bearer,
    seeded: dict[str, Any],
    logged_in: Callable[[str], Any],
) -> None:
    for number in range(1, 301):
        put.add_outcome(
            connection, number, 0.0, tier="standard", confidence=0.5 + (number % 50) / 100
        )
    asked = {"tier": "standard", "task_type": "all", "threshold": 0.65, "why": "too dear"}
    refused = client.post("/api/v1/proposals", headers=bearer("approver"), json=asked)
    assert refused.status_code == 409
    assert "nobody is known to answer for token:" in refused.json["error"]["message"]
    logged_in("admin")
    headers = {"Authorization": f"Bearer {add_token(connection, 'ci', 'approver', owner='admin')}"}
    made = client.post("/api/v1/proposals", headers=headers, json=asked)
    assert made.status_code == 200
    assert (made.json["proposed_by"], made.json["proposed_why"]) == ("admin", "too dear")
    assert (made.json["approvals"], made.json["approvals_needed"]) == ([], 1)
    assert made.json["evidence"]["bounds"]
    again = client.post("/api/v1/proposals", headers=headers, json=asked)
    assert again.status_code == 409
    own = client.post(
        f"/api/v1/proposals/{made.json['id']}/approve", headers=headers, json={"why": "mine"}
    )
    assert own.status_code == 409


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"threshold": "0.65"}, "threshold: accepted is a number"),
        ({"threshold": True}, "threshold: accepted is a number"),
        ({"threshold": 10**400}, "threshold: accepted is a number"),
        ({"threshold": 2}, "Threshold: found 2; accepted: 0 to 1 with two decimals."),
        ({"tier": 7}, "tier: accepted is a string"),
        ({"more": 1}, "accepted is an object with exactly: tier, task_type, threshold, why"),
        ({"why": ""}, "A reason is required: the next person on call will read it."),
    ],
)
def test_what_is_no_threshold_is_named(
    client: Any, bearer: Bearer, seeded: dict[str, Any], changes: dict[str, Any], said: str
) -> None:
    asked = {"tier": "standard", "task_type": "all", "threshold": 0.65, "why": "too dear"}
    answer = client.post("/api/v1/proposals", headers=bearer("approver"), json=asked | changes)
    assert answer.status_code == 400
    assert said in answer.json["error"]["message"]
