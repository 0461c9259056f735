"""The report of a proposal: complete enough for an owner who has to defend it."""

import datetime as dt
from typing import Any

import factories.rows as put
from sqlalchemy import Connection

from tierwatch.config import Config
from tierwatch.dashboard.reports.proposal_report import ProposalReport, proposal_report, title_of
from tierwatch.loop.compare.trust import weigh_judge
from tierwatch.loop.decide.approve import approve_proposal, reject_proposal
from tierwatch.store.proposals import load_proposal

NOW = dt.datetime(2026, 11, 30, 9, 0, tzinfo=dt.UTC)


def written(connection: Connection, config: Config, made: int) -> ProposalReport:
    found = proposal_report(connection, made, config, now=NOW)
    assert found is not None
    return found


def section(report: ProposalReport, heading: str) -> Any:
    return next(one for one in report.sections if one.heading.startswith(heading))


def lowered(connection: Connection, **changes: Any) -> int:
    for number in range(1, 41):
        exchange = put.add_exchange(connection, number, question=f"question {number}")
        put.add_outcome(
            connection, number, float(number <= 4), exchange_id=exchange, confidence=0.65
        )
    evidence = {"last_outcome": 10**9}
    columns = {"to_threshold": 0.6, "direction": "lower", "evidence": evidence}
    return put.add_proposal(connection, **(columns | changes))


def test_it_has_all_that_an_owner_is_asked(
    connection: Connection, config: Config, policy: None
) -> None:
    report = written(connection, config, lowered(connection))
    assert report.title == "lower the threshold of simple from 0.70 to 0.60"
    assert report.state == "open"
    assert [one.heading for one in report.sections] == [
        "Promise",
        "Figures",
        "The requests that move, by task type",
        "Examples of the requests that move",
        "Thresholds tested",
        "Judge",
        "Rollout",
        "How to undo it",
        "Decision",
        "History",
    ]
    figures = {row[0]: row[1:] for row in section(report, "Figures").table.rows}
    assert figures["Misroute rate now"] == ("9.0 %", "2.0 to 20.0 %", "100")
    assert figures["Tolerated misroute rate"] == ("5.0 %", "", "")
    (moved,) = section(report, "The requests that move").table.rows
    assert moved[:4] == ("all", "40", "4", "10.0 %")
    examples = section(report, "Examples").table.rows
    assert len(examples) == 10
    assert examples[0][2:] == ("worse", "question 4")
    assert ("0.80", "4.8 %", "300", "passed") in section(report, "Thresholds").table.rows
    assert "400 pairs judged by" in section(report, "Judge").paragraphs[0]
    assert all(
        len(row) == len(one.table.headings)
        for one in report.sections
        if one.table is not None
        for row in one.table.rows
    )


def test_decisions_are_told_with_their_reasons(
    connection: Connection, config: Config, policy: None
) -> None:
    made = lowered(connection, proposed_by="eve", proposed_why="too dear")
    approve_proposal(connection, made, actor="ada", person="ada", why="looks right")
    report = written(connection, config, made)
    said = section(report, "Decision").paragraphs
    assert said[0].startswith("Made by eve, ")
    assert said[0].endswith("too dear. Tested beside policy 1.")
    assert said[1].startswith("Approved by ada, ")
    assert said[1].endswith("looks right")
    assert "Rolled out as policy 2." in said
    actions = [row[2] for row in section(report, "History").table.rows]
    assert actions == ["proposal.approved"]
    other = put.add_proposal(connection, tier="standard")
    reject_proposal(connection, other, actor="ada", why="no")
    assert section(written(connection, config, other), "Decision").paragraphs[1].endswith("no")


def test_an_untrusted_judge_stands_before_every_promise(
    connection: Connection, config: Config, policy: None
) -> None:
    put.add_anchors(connection, 102, 408)
    weigh_judge(connection, put.JUDGE)
    report = written(connection, config, lowered(connection))
    doubt, promise = section(report, "Promise").paragraphs
    assert doubt.startswith("NOT TRUSTED")
    assert promise.startswith("Nothing: the judge")


def test_what_has_no_pairs_or_cannot_be_read_is_said(
    connection: Connection, config: Config, policy: None
) -> None:
    bare = written(connection, config, put.add_proposal(connection))
    assert "No pair of them has been judged." in section(bare, "The requests").paragraphs
    assert section(bare, "History").paragraphs == ("Nothing has been done yet.",)
    broken = put.add_proposal(connection, tier="standard", evidence={"version": 99})
    report = written(connection, config, broken)
    assert "cannot read" in section(report, "Promise").paragraphs[0]
    assert section(report, "Judge").paragraphs == ("It is not known whose verdicts it rests on.",)
    model = put.add_proposal(connection, kind="model", artefact_id=1, state="expired")
    found = load_proposal(connection, model)
    assert found is not None
    assert title_of(found).startswith("a classifier learned from judged pairs for simple")
    assert written(connection, config, model).summary.startswith("A classifier that has learned")


def test_no_such_proposal_is_none(connection: Connection, config: Config) -> None:
    assert proposal_report(connection, 77, config, now=NOW) is None
