"""What is shown of another model for a tier, and the page that shows it."""

from typing import Any

import factories.rows as put
import pytest
from factories import evidence as stored
from sqlalchemy import Connection

from tierwatch.dashboard.pages.proposals.proposal_line import proposal_line
from tierwatch.dashboard.pages.proposals.replacement_figures import replacement_figures
from tierwatch.evaluation.evidence.replacement_evidence import ReplacementEvidence
from tierwatch.store.proposals import load_proposal


def shown(**changes: Any) -> Any:
    return replacement_figures(ReplacementEvidence.from_json(stored.replacement(**changes)))


def test_figures_of_a_day_and_a_month() -> None:
    found = shown()
    assert (found.usd_per_day, found.change_per_day) == (12.0, -6.0)
    assert found.change_per_month == pytest.approx(-182.5)
    assert shown(day=None).change_per_month is None


def test_contradictions_are_a_share_of_what_was_judged() -> None:
    # 400 pairs count, 3 of them unanswered; 40 more contradict themselves.
    assert shown().contradicting == pytest.approx(40 / 437)
    assert shown(pairs=3, unanswered=3, contradictions=0).contradicting == 0.0


def test_a_type_that_loses_is_marked() -> None:
    assert [(line.name, line.more_worse) for line in shown().types] == [
        ("code", True),
        ("prose", False),
    ]


def test_its_line_names_the_model(connection: Connection) -> None:
    made = load_proposal(connection, put.add_proposal(connection, kind="replacement"))
    assert made is not None
    assert proposal_line(made).candidate == "small-2"
    put.add_proposal(connection, tier="standard")


def test_the_page_says_what_changes_in_one_sentence(
    connection: Connection, approver: Any, policy: None
) -> None:
    made = put.add_proposal(
        connection,
        kind="replacement",
        predicted=stored.predicted(cost_change={**stored.estimate(-0.5), "low": -0.6}),
    )
    text = " ".join(approver.page(f"/proposals/{made}").split())
    assert "small-2 to serve simple" in text
    assert (
        "would be answered by <b>small-2</b> at lab in place of <b>simple-1</b>, which costs 50.0 %"
        " less on the same requests. Thresholds stay as they are."
    ) in text
    assert "materially worse more often than better by at most 5.0 %" in text
    assert "0.70" not in text
    assert "$6.00</b> a day" in text
    assert "stays; model small-2" in approver.page("/proposals")
