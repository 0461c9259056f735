from dataclasses import fields

import factories.evidence as stored
from factories.rows import add_proposal
from sqlalchemy import Connection

from tierwatch.dashboard.pages.proposals.proposal_line import proposal_line
from tierwatch.store.proposals import load_proposal


def test_a_line_says_what_the_proposal_says(connection: Connection) -> None:
    proposal = load_proposal(connection, add_proposal(connection, task_type="sql"))
    assert proposal is not None
    line = proposal_line(proposal)
    for one in fields(line):
        if one.name not in {"readable", "misroute", "cost_change", "candidate"}:
            assert getattr(line, one.name) == getattr(proposal, one.name), one.name
    assert (line.readable, line.misroute, line.cost_change) == (True, 0.031, 0.125)


def test_what_is_not_known_is_none_and_still_readable(connection: Connection) -> None:
    unknown = stored.predicted(misroute=stored.estimate(None, 0))
    proposal = load_proposal(connection, add_proposal(connection, predicted=unknown))
    assert proposal is not None
    line = proposal_line(proposal)
    assert (line.readable, line.misroute, line.cost_change) == (True, None, 0.125)


def test_what_cannot_be_read_is_not_taken_for_unknown(connection: Connection) -> None:
    broken = load_proposal(connection, add_proposal(connection, predicted={"version": 9}))
    assert broken is not None
    line = proposal_line(broken)
    assert (line.readable, line.misroute, line.cost_change) == (False, None, None)
