"""The active policy says what a watched router runs with, and is never ahead of it."""

import factories.rows as put
import pytest
from factories.watched import NOW, THEN, WATCHED
from fakes.collaborators import rows, scalar
from sqlalchemy import Connection, Engine

from tierwatch.errors import ConflictError
from tierwatch.loop.decide.approve import approve_proposal
from tierwatch.loop.decide.end import expire_proposal
from tierwatch.loop.decide.foreign.mirror import apply_change, mirror, undo_change
from tierwatch.loop.decide.rollout import RolloutRules, rollout
from tierwatch.loop.decide.rollout_by_hand import abort_rollout
from tierwatch.store.policies import active_policies
from tierwatch.store.proposals import load_proposal
from tierwatch.store.watched.router_changes import change_of

RULES = RolloutRules(share=0.2, min_pairs=100, tolerance={"simple": 0.05}, max_weight=1.0)


@pytest.fixture
def approved(engine: Engine) -> int:
    with engine.begin() as connection:
        put.add_policy(connection)
        put.put_in_force(connection)
        made = put.add_proposal(connection)
        approve_proposal(connection, made, actor="ada", why="good", watched=WATCHED)
    return made


@pytest.fixture
def applied(engine: Engine, approved: int) -> int:
    with engine.begin() as connection:
        assert apply_change(connection, approved, actor="bob") == 2
    return approved


def thresholds(connection: Connection) -> dict[str, float]:
    active = active_policies(connection)
    assert active is not None
    assert active.candidate is None
    return dict(active.stable.thresholds)


def states(engine: Engine, proposal_id: int) -> tuple[str, str]:
    with engine.connect() as connection:
        proposal, change = (
            load_proposal(connection, proposal_id),
            change_of(connection, proposal_id),
        )
    assert proposal is not None
    assert change is not None
    return proposal.state, change.state


def pour(engine: Engine, loss: float, pairs: int) -> None:
    with engine.begin() as connection:
        for number in range(1, pairs + 1):
            put.add_outcome(connection, number, loss, policy_version=2)


def test_once_applied_it_is_watched_on_all_requests(engine: Engine, applied: int) -> None:
    assert states(engine, applied) == ("rolling_out", "applied")
    assert rows(engine, "select candidate_version, share from active_policy") == [(2, 1.0)]
    assert scalar(engine, "select actor from audit where action = 'router.applied'") == "bob"
    pour(engine, 0.0, 100)
    assert rollout(engine=engine, rules=RULES) == "completed"
    with engine.connect() as connection:
        assert thresholds(connection) == THEN
    assert states(engine, applied) == ("active", "applied")


def test_shown_worse_it_is_to_be_undone_and_its_policy_stays_till_then(
    engine: Engine, applied: int
) -> None:
    pour(engine, 1.0, 60)
    assert rollout(engine=engine, rules=RULES) == "rolled_back"
    assert states(engine, applied) == ("rolled_back", "undo")
    with engine.begin() as connection:
        assert thresholds(connection) == THEN  # it runs with them
        assert undo_change(connection, applied, actor="ada") == 3
        assert thresholds(connection) == NOW
    assert states(engine, applied) == ("rolled_back", "undone")
    with engine.begin() as connection, pytest.raises(ConflictError):
        undo_change(connection, applied, actor="ada")


def test_a_person_may_abort_it_and_has_to_undo_it(engine: Engine, applied: int) -> None:
    with engine.begin() as connection:
        abort_rollout(connection, 2, actor="ada", why="no")
    assert states(engine, applied) == ("rolled_back", "undo")


def test_it_is_applied_once(engine: Engine, applied: int) -> None:
    with engine.begin() as connection, pytest.raises(ConflictError, match="applied already"):
        apply_change(connection, applied, actor="ada")
    with engine.begin() as connection, pytest.raises(ConflictError, match="no change of a watched"):
        apply_change(connection, 999, actor="ada")


def test_what_has_expired_is_not_applied(engine: Engine, approved: int) -> None:
    with engine.begin() as connection:
        proposal = load_proposal(connection, approved)
        assert proposal is not None
        expire_proposal(connection, proposal, why="worse since")
    assert states(engine, approved) == ("expired", "ended")
    with engine.begin() as connection, pytest.raises(ConflictError, match="ended already"):
        apply_change(connection, approved, actor="ada")


def test_a_change_without_us_ends_what_waits(engine: Engine, approved: int) -> None:
    with engine.begin() as connection:
        version = mirror(connection, {**NOW, "standard": 0.5}, why="changed there")
        assert thresholds(connection) == {**NOW, "standard": 0.5}
    assert states(engine, approved) == ("expired", "ended")
    said = rows(engine, "select subject, detail from audit where action = 'router.followed'")
    assert said[0][0] == f"policy/{version}"
    assert said[0][1]["why"] == "changed there"
    reason = "select author, reason from policies where version = 2"
    assert rows(engine, reason) == [("watched router", "changed there")]


def test_and_what_is_tried(engine: Engine, applied: int) -> None:
    with engine.begin() as connection:
        mirror(connection, NOW, why="changed there")
        assert thresholds(connection) == NOW
    assert states(engine, applied) == ("rolled_back", "ended")


def test_thresholds_of_other_tiers_are_no_policy_of_these(engine: Engine, approved: int) -> None:
    with engine.begin() as connection:
        assert mirror(connection, {"other": 0.5}, why="x") == 1
        assert thresholds(connection) == NOW
