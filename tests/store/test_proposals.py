"""Proposals are read as values; a segment has one that is not finished."""

import datetime as dt
from dataclasses import replace

import factories.rows as put
import pytest
from factories import evidence as stored
from sqlalchemy import Connection

from tierwatch.evaluation.evidence.document import Unreadable
from tierwatch.evaluation.evidence.model_evidence import ModelEvidence
from tierwatch.evaluation.evidence.proposal_evidence import Prediction, ProposalEvidence
from tierwatch.evaluation.evidence.threshold_evidence import ObjectiveEvidence, ThresholdEvidence
from tierwatch.store.proposals import (
    NewProposal,
    add_proposal,
    expire_proposals,
    is_undecided,
    load_proposal,
    proposals_in,
    proposals_of_versions,
    put_decision,
    put_end,
    put_rollout,
)

SOON = put.NOW + dt.timedelta(days=3650)
THRESHOLD = ThresholdEvidence.from_json(stored.threshold(replay=stored.replay()))
NEW = NewProposal(
    tier="simple",
    from_threshold=0.7,
    to_threshold=0.8,
    certified=True,
    base_version=1,
    pairs=400,
    predicted=Prediction.from_json(stored.predicted()),
    evidence=THRESHOLD,
)


@pytest.mark.parametrize(
    ("evidence", "kind"),
    [
        (THRESHOLD, "threshold"),
        (ObjectiveEvidence.from_json(stored.objective()), "threshold"),
        (ModelEvidence.from_json(stored.model()), "model"),
    ],
)
def test_a_proposal_comes_back_as_it_was_made(
    connection: Connection, evidence: ProposalEvidence, kind: str
) -> None:
    made = add_proposal(connection, replace(NEW, evidence=evidence), expires_at=SOON)
    assert made is not None
    found = load_proposal(connection, made)
    assert found is not None
    assert (found.kind, found.evidence, found.predicted) == (kind, evidence, NEW.predicted)
    assert (found.state, found.task_type, found.expires_at) == ("open", "all", SOON)


@pytest.mark.parametrize(("to", "way"), [(0.8, "raise"), (0.6, "lower"), (0.7, "keep")])
def test_the_direction_follows_from_the_thresholds(
    connection: Connection, to: float, way: str
) -> None:
    made = add_proposal(connection, replace(NEW, to_threshold=to), expires_at=SOON)
    assert made is not None
    found = load_proposal(connection, made)
    assert found is not None
    assert found.direction == way


def test_a_segment_has_one_proposal_that_is_not_finished(connection: Connection) -> None:
    made = add_proposal(connection, NEW, expires_at=SOON)
    assert made is not None
    assert add_proposal(connection, NEW, expires_at=SOON) is None
    assert add_proposal(connection, replace(NEW, task_type="sql"), expires_at=SOON) is not None
    assert is_undecided(connection, "simple", "all")
    assert not is_undecided(connection, "standard", "all")
    put_end(connection, made, "expired", why="a test")
    assert not is_undecided(connection, "simple", "all")


def test_one_connection_adds_any_number_of_proposals(connection: Connection) -> None:
    # From the eleventh time on PostgreSQL uses one plan for any parameters.
    for number in range(15):
        new = replace(NEW, task_type=f"type {number}")
        assert add_proposal(connection, new, expires_at=SOON) is not None
        assert add_proposal(connection, new, expires_at=SOON) is None


def test_what_a_newer_version_wrote_is_found_but_not_read(connection: Connection) -> None:
    newer = stored.threshold(version=2)
    made = put.add_proposal(connection, evidence=newer, predicted={"version": 3})
    found = load_proposal(connection, made)
    assert found is not None
    assert isinstance(found.evidence, Unreadable)
    assert isinstance(found.predicted, Unreadable)
    assert (found.evidence.to_json(), found.predicted.to_json()) == (newer, {"version": 3})


def test_one_unreadable_proposal_does_not_hide_the_others(connection: Connection) -> None:
    put.add_proposal(connection, evidence={"version": 2})
    put.add_proposal(connection, tier="standard")
    found = proposals_in(connection, "open", lock=True)
    assert [isinstance(one.evidence, Unreadable) for one in found] == [True, False]


def test_a_proposal_is_decided_rolled_out_and_ended(connection: Connection) -> None:
    made = put.add_proposal(connection)
    put_decision(connection, made, "approved", actor="ada", why="the bound holds")
    put_rollout(connection, made, 4)
    [found] = proposals_in(connection, "rolling_out")
    assert (found.decided_by, found.decided_why, found.candidate_version) == (
        "ada",
        "the bound holds",
        4,
    )
    assert found.decided_at is not None
    put_end(connection, made, "active", why="100 pairs")
    ended = load_proposal(connection, made)
    assert ended is not None
    assert (ended.state, ended.ended_why) == ("active", "100 pairs")
    assert ended.ended_at is not None


def test_only_what_is_open_and_past_its_time_expires(connection: Connection) -> None:
    late = put.add_proposal(connection, expires_at=put.NOW - dt.timedelta(days=365 * 10))
    put.add_proposal(connection, tier="standard")
    put.add_proposal(
        connection,
        task_type="sql",
        state="approved",
        expires_at=put.NOW - dt.timedelta(days=365 * 10),
    )
    assert expire_proposals(connection) == [late]
    assert expire_proposals(connection) == []


def test_there_is_no_proposal_of_an_unknown_number(connection: Connection) -> None:
    assert load_proposal(connection, 1) is None
    assert proposals_in(connection, "open", "approved") == []


def test_policies_know_the_proposal_that_they_came_from(connection: Connection) -> None:
    one = put.add_proposal(connection, state="active", candidate_version=2)
    put.add_proposal(connection, state="rejected")
    two = put.add_proposal(connection, state="rolling_out", candidate_version=4)
    found = proposals_of_versions(connection, [1, 2, 4])
    assert {version: proposal.id for version, proposal in found.items()} == {2: one, 4: two}
    assert proposals_of_versions(connection, []) == {}
