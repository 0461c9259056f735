from collections.abc import Callable

import pytest
from factories.rows import JUDGE, add_anchors, add_policy, put_in_force, put_rollout
from sqlalchemy import Connection, text

from tierwatch.errors import ConflictError, UsageError
from tierwatch.loop.compare.trust import weigh_judge
from tierwatch.loop.decide.rollout_by_hand import abort_rollout, promote_rollout
from tierwatch.store.policies import active_policies
from tierwatch.store.proposals import load_proposal


@pytest.fixture
def proposal_id(connection: Connection) -> int:
    """Policy 2 is being rolled out beside policy 1."""
    for version in (1, 2):
        add_policy(connection, version)
    put_in_force(connection, 1)
    return put_rollout(connection, 2)


def test_a_promoted_candidate_is_everybodys(connection: Connection, proposal_id: int) -> None:
    promote_rollout(connection, 2, actor="ada", why=" it is clear ")
    active = active_policies(connection)
    assert active is not None
    assert (active.stable.version, active.candidate) == (2, None)
    ended = load_proposal(connection, proposal_id)
    assert ended is not None
    assert (ended.state, ended.ended_why) == ("active", "promoted by hand: it is clear")
    line = connection.execute(text("select actor, action, subject from audit")).one()
    assert tuple(line) == ("ada", "rollout.completed", "policy/2")


def test_an_aborted_one_is_taken_back(connection: Connection, proposal_id: int) -> None:
    abort_rollout(connection, 2, actor="ada", why="users complain")
    active = active_policies(connection)
    assert active is not None
    assert (active.stable.version, active.candidate) == (1, None)
    ended = load_proposal(connection, proposal_id)
    assert ended is not None
    assert (ended.state, ended.ended_why) == ("rolled_back", "aborted by hand: users complain")


@pytest.mark.parametrize("move", [promote_rollout, abort_rollout])
def test_what_is_not_being_rolled_out_stays(
    connection: Connection, proposal_id: int, move: Callable[..., None]
) -> None:
    for version in (1, 3):
        with pytest.raises(ConflictError, match=f"policy {version} is not being rolled out"):
            move(connection, version, actor="ada", why="x")
    with pytest.raises(UsageError, match="reason"):
        move(connection, 2, actor="ada", why=" ")
    move(connection, 2, actor="ada", why="x")
    with pytest.raises(ConflictError, match="policy 2 is not being rolled out"):
        move(connection, 2, actor="ada", why="again")


def test_while_the_judge_is_not_trusted_none_is_promoted(
    connection: Connection, proposal_id: int
) -> None:
    add_anchors(connection, 102, 408)
    weigh_judge(connection, JUDGE)
    with pytest.raises(ConflictError, match="cannot be promoted now"):
        promote_rollout(connection, 2, actor="ada", why="x")
    abort_rollout(connection, 2, actor="ada", why="x")
