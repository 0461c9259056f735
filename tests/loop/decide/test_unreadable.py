"""What this version cannot read keeps its proposal from being acted on, and nothing else."""

from typing import Any

import factories.rows as put
import pytest
import structlog
from factories import evidence as stored
from factories.decided import proposal
from fakes.collaborators import rows
from sqlalchemy import Connection, Engine

from tierwatch.errors import ConflictError
from tierwatch.loop.decide.approve import approve_proposal, reject_proposal
from tierwatch.loop.decide.end import expire_untested, withdraw_loosening
from tierwatch.loop.decide.rollout import RolloutRules, rollout, start_rollout
from tierwatch.loop.decide.unreadable import is_unreadable, say_unreadable

NEWER = {"version": 2}


def states(connection: Connection) -> list[tuple[Any, ...]]:
    found = connection.exec_driver_sql("select state, ended_why from proposals order by id")
    return [tuple(row) for row in found]


@pytest.fixture(autouse=True)
def nothing_said_yet() -> None:
    say_unreadable.cache_clear()


@pytest.mark.parametrize(
    "changes",
    [
        {"evidence": stored.threshold(version=2)},
        {"evidence": {"alpha": "low"}},
        {"predicted": {"misroute": None}},
    ],
)
def test_what_cannot_be_read_is_left_alone_and_said_once(changes: dict[str, Any]) -> None:
    made = proposal(**changes)
    with structlog.testing.capture_logs() as said:
        assert is_unreadable(made)
        assert is_unreadable(made)
    [line] = said
    assert line["subject"] == "proposal/7"
    assert "version" in line["why"]


def test_what_can_be_read_is_not_left_alone() -> None:
    with structlog.testing.capture_logs() as said:
        assert not is_unreadable(proposal())
        assert not is_unreadable(proposal("model"))
    assert said == []


def test_an_unreadable_proposal_is_not_closed_for_its_evidence(in_force: Connection) -> None:
    put.add_proposal(in_force, evidence=NEWER)
    put.add_proposal(in_force, tier="standard")
    expire_untested(in_force, 0.95)
    assert states(in_force) == [
        ("open", None),
        ("expired", "another objective is configured since"),
    ]


def test_an_unreadable_proposal_cannot_be_approved_but_rejected(in_force: Connection) -> None:
    made = put.add_proposal(in_force, evidence=NEWER)
    with pytest.raises(ConflictError, match=r"rests on evidence that this version .* cannot read"):
        approve_proposal(in_force, made, actor="ada", why="looks good")
    assert states(in_force) == [("open", None)]
    reject_proposal(in_force, made, actor="ada", why="nobody can check it")
    assert states(in_force) == [("rejected", "rejected")]


def test_one_that_was_approved_by_another_version_lets_the_next_pass(in_force: Connection) -> None:
    put.add_proposal(in_force, state="approved", evidence=NEWER, decided_by="ada")
    put.add_proposal(in_force, state="approved", tier="standard", decided_by="ada")
    assert start_rollout(in_force, share=0.2) == 2
    assert [state for state, _ in states(in_force)] == ["approved", "rolling_out"]


def test_an_alert_takes_back_what_would_loosen_its_tier_readable_or_not(
    in_force: Connection,
) -> None:
    put.add_proposal(in_force, direction="lower", evidence=NEWER)
    put.add_proposal(in_force, direction="lower", tier="standard", evidence=NEWER)
    withdraw_loosening(in_force, "simple", why="an alert")
    # Beside which tiers the second was tested is not known.
    assert states(in_force) == [("expired", "an alert"), ("open", None)]


def test_a_rollout_that_cannot_be_read_goes_on_as_it_is(engine: Engine) -> None:
    with engine.begin() as connection:
        put.add_policy(connection)
        put.add_policy(connection, 2)
        put.put_in_force(connection)
        connection.exec_driver_sql("update active_policy set candidate_version = 2, share = 0.2")
        put.add_proposal(connection, state="rolling_out", candidate_version=2, predicted={})
        for number in range(200):
            put.add_outcome(connection, number, 1.0, policy_version=2)
    rules = RolloutRules(share=0.2, min_pairs=100, tolerance={"simple": 0.05}, max_weight=1.0)
    assert rollout(engine=engine, rules=rules) is None
    assert rows(engine, "select state from proposals")[0].state == "rolling_out"
    assert rows(engine, "select candidate_version from active_policy")[0].candidate_version == 2
