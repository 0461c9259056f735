"""Where two persons have to agree: what each of them sees."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from factories.rows import add_proposal
from sqlalchemy import Connection

from tierwatch.config import Config
from tierwatch.store.people.tokens import add_token


@pytest.fixture
def config(config: Config) -> Config:
    """Two persons have to approve."""
    retune = config.evaluation.retune.model_copy(update={"approvals": 2})
    return replace(config, evaluation=config.evaluation.model_copy(update={"retune": retune}))


def test_the_first_approval_is_shown_as_one_of_two(
    connection: Connection,
    approver: Any,
    logged_in: Callable[[str], Any],
    viewer: Any,
    policy: None,
) -> None:
    path = f"/proposals/{add_proposal(connection)}"
    assert "yours is the first approval" in approver.page(path)
    assert approver.send(f"{path}/approve", form_on=path, why="looks right").status_code == 302
    page = approver.page(path)
    assert "It is one of two: another person has to approve as well." in page
    assert "One of two:</b> approved by" in page
    assert "looks right" in page
    assert ">Approve</button>" not in page
    assert "approval already: it takes another person" in page
    again = approver.send(f"{path}/approve", form_on=path, why="me again")
    assert again.status_code == 409
    assert "me again" in again.text
    assert "One of two:" in viewer.page(path)
    assert viewer.send(f"{path}/approve", form_on="/", why="me").status_code == 403
    admin = logged_in("admin")
    assert "Approval starts a rollout" in admin.page(path)
    assert admin.send(f"{path}/approve", form_on=path, why="agreed").status_code == 302
    assert "approver and admin" in admin.page(path)


def test_a_token_is_its_owner_and_one_without_is_nobody(
    connection: Connection,
    app: Any,
    approver: Any,
    logged_in: Callable[[str], Any],
    policy: None,
) -> None:
    made = add_proposal(connection)
    address, client = f"/api/v1/proposals/{made}/approve", app.test_client()
    logged_in("admin")

    def approve(name: str, owner: str | None) -> Any:
        token = add_token(connection, name, "approver", owner=owner)
        headers = {"Authorization": f"Bearer {token}"}
        return client.post(address, headers=headers, json={"why": f"{name} agrees"})

    refused = approve("old", None)
    assert refused.status_code == 409
    assert "nobody is known to answer for this token" in refused.json["error"]["message"]
    first = approve("ci", "approver")
    assert (first.status_code, first.json["state"]) == (200, "open")
    assert first.json["approvals_needed"] == 2
    [kept] = first.json["approvals"]
    assert (kept["person"], kept["actor"], kept["why"]) == ("approver", "token:ci", "ci agrees")
    page = approver.page(f"/proposals/{made}")
    assert "token:ci" in page
    assert "for whom approver answers" in page
    path = f"/proposals/{made}"
    assert approver.send(f"{path}/approve", form_on=path, why="me too").status_code == 409
    second = approve("deploy", "admin")
    assert (second.status_code, second.json["state"]) == (200, "rolling_out")
    assert second.json["decided_by"] == "token:ci and token:deploy"
