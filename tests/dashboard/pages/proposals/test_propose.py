"""The form by which a person proposes a threshold, and the two persons that it takes."""

from collections.abc import Callable
from typing import Any

import factories.rows as put
import pytest
from sqlalchemy import Connection, select

from tierwatch.store.learned.type_versions import add_types
from tierwatch.store.schema.proposals import ProposalRow

NEW = "/proposals/new"


def send(browser: Any, **changes: str) -> Any:
    form = {"tier": "simple", "task_type": "all", "threshold": "0.65", "why": "too dear"}
    return browser.send(NEW, form_on=NEW, **(form | changes))


def test_the_form_says_what_is_active_and_what_the_evidence_is_worth(
    approver: Any, policy: None
) -> None:
    page = approver.page(f"{NEW}?tier=standard")
    assert '<option value="standard" selected>standard, 0.70 now</option>' in page
    assert "Another person has to approve it." in page
    assert "Each test uses up a part" in page
    assert "Task type" not in page
    assert NEW in approver.page("/proposals")


def test_a_type_can_be_chosen_where_there_are_some(
    connection: Connection, approver: Any, policy: None
) -> None:
    add_types(connection, version=1, artefact=b"", names=["easy"], evidence={}, mapping={})
    assert '<option value="easy">easy</option>' in approver.page(NEW)


def test_a_proposal_of_a_person_is_shown_as_theirs_and_waits_for_another(
    connection: Connection, approver: Any, logged_in: Callable[[str], Any], policy: None
) -> None:
    for number in range(1, 301):
        put.add_outcome(connection, number, 0.0, confidence=0.5 + (number % 50) / 100)
    sent = send(approver)
    assert sent.status_code == 302
    path = sent.headers["Location"]
    page = approver.page(path)
    assert "Proposed by hand by" in page
    assert "too dear" in page
    assert ">Approve</button>" not in page
    assert "was made by approver: another person has to approve it." in page
    assert approver.send(f"{path}/approve", form_on=path, why="mine").status_code == 409
    admin = logged_in("admin")
    assert ">Approve</button>" in admin.page(path)
    assert admin.send(f"{path}/approve", form_on=path, why="agreed").status_code == 302
    assert connection.execute(select(ProposalRow.state)).scalar_one() == "rolling_out"


@pytest.mark.parametrize(
    ("changes", "status", "said"),
    [
        ({"threshold": "half"}, 400, "Threshold: found &#39;half&#39;; accepted: 0 to 1"),
        ({"threshold": "1e999"}, 400, "Threshold: found &#39;1e999&#39;"),
        ({"threshold": "0.70"}, 400, "which is active"),
        ({"why": " "}, 400, "A reason is required"),
        ({"tier": "complex"}, 400, "accepted: simple, standard"),
    ],
)
def test_what_is_refused_is_said_and_what_was_typed_stays(
    approver: Any, policy: None, changes: dict[str, str], status: int, said: str
) -> None:
    refused = send(approver, **changes)
    assert refused.status_code == status
    assert said in refused.text
    assert f'value="{changes.get("threshold", "0.65")}"' in refused.text
    assert changes.get("why", "too dear").strip() in refused.text


def test_a_comma_is_a_point(connection: Connection, approver: Any, policy: None) -> None:
    assert send(approver, threshold="0,65").status_code == 302
    assert connection.execute(select(ProposalRow.to_threshold)).scalar_one() == 0.65


def test_an_open_proposal_of_the_tier_is_a_conflict_on_the_form(
    connection: Connection, approver: Any, policy: None
) -> None:
    made = put.add_proposal(connection)
    refused = send(approver)
    assert refused.status_code == 409
    assert f"Proposal {made} about simple is open; it comes first." in refused.text


def test_without_a_policy_the_page_says_what_comes_next(approver: Any) -> None:
    assert "No policy is stored yet" in approver.page(NEW)


def test_viewers_see_neither_form_nor_link(viewer: Any, policy: None) -> None:
    assert viewer.get(NEW).status_code == 403
    assert NEW not in viewer.page("/proposals")
