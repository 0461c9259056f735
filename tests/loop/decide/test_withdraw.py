"""What waits or is rolled out is taken back when what it rests on has changed."""

import factories.rows as put
import pytest
from factories.decided import active, audit
from sqlalchemy import Connection

from tierwatch.loop.decide.approve import approve_proposal
from tierwatch.loop.decide.withdraw import withdraw_loosening, withdraw_models
from tierwatch.store.learned.type_versions import add_types
from tierwatch.store.proposals import load_proposal

OFFSETS = {"type_offsets": {"types_version": 3, "by_type": {"sql": [0.4, -0.1]}}}


def state(connection: Connection, proposal_id: int) -> str:
    found = load_proposal(connection, proposal_id)
    assert found is not None
    return found.state


def test_an_approved_loosening_is_withdrawn_before_it_starts(in_force: Connection) -> None:
    running = put.add_proposal(in_force, tier="standard")
    waiting = put.add_proposal(in_force, direction="lower", to_threshold=0.6)
    approve_proposal(in_force, running, actor="ada", why="yes")
    approve_proposal(in_force, waiting, actor="ada", why="yes")
    withdraw_loosening(in_force, "simple", why="alert 1")
    assert load_proposal(in_force, waiting).state == "expired"
    assert load_proposal(in_force, running).state == "rolling_out"
    assert audit(in_force)[-1] == ("tierwatch", "proposal.expired", f"proposal/{waiting}")


def test_a_loosening_under_way_is_taken_back(in_force: Connection) -> None:
    made = put.add_proposal(in_force, direction="lower", to_threshold=0.6)
    approve_proposal(in_force, made, actor="ada", why="yes")
    withdraw_loosening(in_force, "simple", why="alert 1")
    assert state(in_force, made) == "rolled_back"
    assert active(in_force) == (1, None, 0.0)


def test_a_raise_stays_and_a_model_goes(in_force: Connection) -> None:
    raising = put.add_proposal(in_force, task_type="sql")
    model = put.add_proposal(in_force, kind="model", direction="keep")
    withdraw_loosening(in_force, "simple", why="alert 1")
    assert (state(in_force, raising), state(in_force, model)) == ("open", "expired")


def test_what_was_tested_beside_the_tier_goes_with_it(in_force: Connection) -> None:
    together = {"objective": {"kept_now": {"simple": 0.4, "standard": 0.8}}}
    beside = put.add_proposal(in_force, tier="standard", direction="lower", evidence=together)
    withdraw_loosening(in_force, "simple", why="alert 1")
    assert state(in_force, beside) == "expired"


@pytest.mark.parametrize(("active_version", "end"), [(3, "open"), (4, "expired")])
def test_a_model_with_offsets_goes_when_other_types_are_active(
    in_force: Connection, active_version: int, end: str
) -> None:
    add_types(
        in_force, version=active_version, artefact=b"", names=["sql"], evidence={}, mapping={}
    )
    made = put.add_proposal(in_force, kind="model", evidence=OFFSETS)
    plain = put.add_proposal(in_force, kind="model", tier="standard")
    withdraw_models(in_force, actor="ada")
    assert (state(in_force, made), state(in_force, plain)) == (end, "open")
    if end == "expired":
        assert audit(in_force) == [("ada", "proposal.expired", f"proposal/{made}")]


def test_a_model_that_cannot_be_read_is_left_alone(in_force: Connection) -> None:
    made = put.add_proposal(in_force, kind="model", evidence=OFFSETS | {"version": 2})
    withdraw_models(in_force, actor="ada")
    assert state(in_force, made) == "open"
