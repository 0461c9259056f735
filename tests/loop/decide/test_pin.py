"""A person puts back the model that served a tier before it was replaced."""

import factories.rows as put
import pytest
from factories.decided import active, audit
from sqlalchemy import Connection

from tierwatch.errors import ConflictError, UsageError
from tierwatch.loop.decide.pin import Pinned, model_name, pin_model
from tierwatch.routing.policy import Policy
from tierwatch.store.policies import load_policy


def served(connection: Connection, version: int) -> Policy:
    found = load_policy(connection, version)
    assert found is not None
    return found


@pytest.fixture
def replaced(in_force: Connection) -> Connection:
    """Policy 2 is active: small-2 serves simple, at another threshold."""
    put.add_policy(in_force, 2, simple=0.9)
    put.put_model(in_force, 2, "simple", "small-2")
    in_force.exec_driver_sql("update active_policy set stable_version = 2")
    return in_force


def test_the_model_before_serves_again_and_the_thresholds_stay(replaced: Connection) -> None:
    assert pin_model(replaced, "simple", actor="ada", why=" worse ") == Pinned("simple", 3, "")
    assert active(replaced) == (3, None, 0.0)
    policy = served(replaced, 3)
    assert policy.models == {}
    assert policy.thresholds["simple"] == 0.9
    assert audit(replaced)[-1] == ("ada", "model.pinned", "policy/3")
    stored = "select reason, base_version from policies where version = 3"
    reason, base = replaced.exec_driver_sql(stored).one()
    assert reason == "simple is served by the model of the file again: worse"
    assert base == 2


def test_pinning_once_more_is_the_way_back(replaced: Connection) -> None:
    pin_model(replaced, "simple", actor="ada", why="worse")
    again = pin_model(replaced, "simple", actor="ada", why="it was not the model")
    assert again == Pinned("simple", 4, "small-2")
    assert model_name(served(replaced, 4), "simple") == "small-2"


def test_another_tiers_model_stays(replaced: Connection) -> None:
    replaced.exec_driver_sql(
        "update policies set models = models || jsonb_build_object('standard',"
        " models -> 'simple')"
        " where version = 2"
    )
    pin_model(replaced, "simple", actor="ada", why="worse")
    assert set(served(replaced, 3).models) == {"standard"}


def test_a_running_rollout_is_taken_back(replaced: Connection) -> None:
    put.add_policy(replaced, 3, simple=0.5)
    proposal = put.put_rollout(replaced, 3)
    assert pin_model(replaced, "simple", actor="ada", why="worse").policy_version == 4
    state = replaced.exec_driver_sql(
        "select state from proposals where id = %(id)s", {"id": proposal}
    ).scalar_one()
    assert state == "rolled_back"


def test_without_an_earlier_model_or_a_reason_nothing_is_done(replaced: Connection) -> None:
    with pytest.raises(ConflictError, match="no policy before the active one had another model"):
        pin_model(replaced, "standard", actor="ada", why="worse")
    with pytest.raises(UsageError, match="a reason is required"):
        pin_model(replaced, "simple", actor="ada", why=" ")
    assert active(replaced) == (2, None, 0.0)


def test_one_that_was_only_tried_is_no_earlier_model(in_force: Connection) -> None:
    put.add_policy(in_force, 2)
    put.put_model(in_force, 2, "simple", "tried")
    put.add_proposal(in_force, state="rolled_back", candidate_version=2)
    put.add_policy(in_force, 3)
    in_force.exec_driver_sql("update active_policy set stable_version = 3")
    with pytest.raises(ConflictError):
        pin_model(in_force, "simple", actor="ada", why="worse")
