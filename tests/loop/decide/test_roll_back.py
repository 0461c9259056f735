"""A person puts an earlier policy back for everybody, as a new version."""

import factories.rows as put
import pytest
from factories.decided import active, audit
from sqlalchemy import Connection, text

from tierwatch.errors import ConflictError, UsageError
from tierwatch.loop.decide.approve import approve_proposal
from tierwatch.loop.decide.roll_back import roll_back_to
from tierwatch.loop.decide.rollout import finish_rollout
from tierwatch.store.policies import load_policy
from tierwatch.store.proposals import load_proposal


def test_going_back_stores_a_new_version_and_cancels_the_rollout(in_force: Connection) -> None:
    first = put.add_proposal(in_force)
    approve_proposal(in_force, first, actor="ada", why="yes")
    finish_rollout(in_force, load_proposal(in_force, first), why="100 pairs")
    second = put.add_proposal(in_force, tier="standard", base_version=2)
    approve_proposal(in_force, second, actor="ada", why="yes")
    assert active(in_force) == (2, 3, 0.2)
    assert roll_back_to(in_force, 1, actor="bob", why="complaints") == 4
    assert active(in_force) == (4, None, 0.0)
    policy = load_policy(in_force, 4)
    assert policy is not None
    assert dict(policy.thresholds) == {"simple": 0.7, "standard": 0.7}
    # What had come after version 1 is no longer active.
    assert load_proposal(in_force, first).state == "rolled_back"
    assert load_proposal(in_force, second).state == "rolled_back"
    assert audit(in_force)[-2:] == [
        ("bob", "rollout.rolled_back", "policy/3"),
        ("bob", "policy.rolled_back", "policy/4"),
    ]
    reason = in_force.execute(text("select reason from policies where version = 4")).scalar_one()
    assert reason == "back to policy 1: complaints"


def test_going_back_to_what_is_stable_only_cancels_the_rollout(in_force: Connection) -> None:
    proposal_id = put.add_proposal(in_force)
    approve_proposal(in_force, proposal_id, actor="ada", why="yes")
    assert roll_back_to(in_force, 1, actor="bob", why="not now") == 1
    assert active(in_force) == (1, None, 0.0)
    assert load_proposal(in_force, proposal_id).state == "rolled_back"
    assert in_force.execute(text("select max(version) from policies")).scalar_one() == 2


def test_going_back_to_what_is_in_force_or_unknown_is_a_conflict(in_force: Connection) -> None:
    with pytest.raises(ConflictError, match="policy 1 is active already"):
        roll_back_to(in_force, 1, actor="ada", why="hm")
    with pytest.raises(ConflictError, match="there is no policy 9"):
        roll_back_to(in_force, 9, actor="ada", why="hm")
    assert active(in_force) == (1, None, 0.0)


def test_going_back_from_a_policy_with_promises_takes_the_earlier_ones(
    in_force: Connection,
) -> None:
    evidence = {"objective": {"quality": 0.9}, "promised": {"simple": 0.06}}
    made = put.add_proposal(in_force, evidence=evidence)
    approve_proposal(in_force, made, actor="ada", why="yes")
    finish_rollout(in_force, load_proposal(in_force, made), why="100 pairs")
    version = roll_back_to(in_force, 1, actor="bob", why="complaints")
    policy = load_policy(in_force, version)
    assert policy is not None
    assert (dict(policy.promised), policy.promised_for) == ({}, None)


@pytest.mark.parametrize("why", ["", "  \n"])
def test_going_back_needs_a_reason(in_force: Connection, why: str) -> None:
    with pytest.raises(UsageError, match="a reason is required"):
        roll_back_to(in_force, 1, actor="ada", why=why)
    assert audit(in_force) == []


def test_before_a_policy_is_active_there_is_none_to_go_back_to(connection: Connection) -> None:
    put.add_policy(connection)
    with pytest.raises(ConflictError, match="there is no policy 1"):
        roll_back_to(connection, 1, actor="ada", why="hm")


def test_going_back_takes_an_unreadable_rollout_back_too(in_force: Connection) -> None:
    put.add_policy(in_force, 2)
    in_force.exec_driver_sql("update active_policy set candidate_version = 2, share = 0.2")
    made = put.add_proposal(
        in_force, state="rolling_out", candidate_version=2, evidence={"version": 2}
    )
    assert roll_back_to(in_force, 1, actor="bob", why="nobody can check it") == 1
    ended = load_proposal(in_force, made)
    assert ended is not None
    assert ended.state == "rolled_back"
    assert active(in_force) == (1, None, 0.0)
