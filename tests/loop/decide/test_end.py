"""A proposal ends when what it rests on no longer stands."""

from typing import Any

import factories.rows as put
import pytest
from factories import evidence as stored
from factories.decided import active, audit, proposal
from sqlalchemy import Connection

from tierwatch.loop.decide.approve import approve_proposal
from tierwatch.loop.decide.end import (
    expire_untested,
    is_outdated,
    lost_its_types,
    quality_tested,
    why_outdated,
    withdraw_loosening,
    withdraw_models,
)
from tierwatch.routing.policy import Policy
from tierwatch.store.learned.type_versions import add_types
from tierwatch.store.proposals import load_proposal

OFFSETS = {"type_offsets": {"types_version": 3, "by_type": {"sql": [0.4, -0.1]}}}


def states(connection: Connection) -> list[tuple[Any, ...]]:
    found = connection.exec_driver_sql("select state, ended_why from proposals order by id")
    return [tuple(row) for row in found]


def test_only_a_test_of_all_tiers_has_a_quality_and_a_base_policy() -> None:
    alone, together = proposal(), proposal(evidence=stored.objective())
    assert (quality_tested(alone), quality_tested(together)) == (None, 0.95)
    assert [is_outdated(one, 1) for one in (alone, together)] == [False, False]
    assert [is_outdated(one, 2) for one in (alone, together)] == [False, True]


@pytest.mark.parametrize(("by_type", "lost_under"), [({"sql": [0.4, -0.1]}, [0, 4]), ({}, [])])
def test_a_model_loses_its_types_when_others_are_active(
    by_type: dict[str, list[float]], lost_under: list[int]
) -> None:
    offsets = {"types_version": 3, "by_type": by_type}
    made = proposal("model", evidence=stored.model(type_offsets=offsets))
    assert [version for version in (0, 3, 4) if lost_its_types(made, version)] == lost_under
    assert not lost_its_types(proposal(), 4)


def test_before_a_policy_is_active_nothing_expires(connection: Connection) -> None:
    put.add_proposal(connection)
    expire_untested(connection, 0.95)
    assert states(connection) == [("open", None)]


def test_what_was_tested_as_is_asked_now_stays(in_force: Connection) -> None:
    together = {"objective": {"quality": 0.95}}
    put.add_proposal(in_force, evidence=together)
    put.add_proposal(in_force, tier="standard", state="approved", evidence=together)
    put.add_proposal(in_force, task_type="sql", kind="model")
    expire_untested(in_force, 0.95)
    assert [state for state, _ in states(in_force)] == ["open", "approved", "open"]


def test_a_test_beside_another_policy_expires_with_its_reason(in_force: Connection) -> None:
    put.add_proposal(in_force, base_version=4, evidence={"objective": {"quality": 0.95}})
    expire_untested(in_force, 0.95)
    assert states(in_force) == [("expired", "another policy is active since")]
    assert audit(in_force)[0][:2] == ("tierwatch", "proposal.expired")


def test_without_an_objective_what_was_tested_under_one_expires(in_force: Connection) -> None:
    put.add_proposal(in_force, evidence={"objective": {"quality": 0.95}})
    put.add_proposal(in_force, tier="standard")
    expire_untested(in_force, None)
    assert states(in_force) == [("expired", "no objective is configured since"), ("open", None)]


def test_what_may_not_be_approved_makes_room_for_the_next_test(in_force: Connection) -> None:
    put.add_proposal(in_force, base_version=4)
    put.add_proposal(in_force, base_version=4, tier="standard", state="approved")
    put.add_proposal(in_force, base_version=4, task_type="sql", kind="model")
    put.add_proposal(in_force, task_type="code")
    expire_untested(in_force, None)
    gone = ("expired", "another policy is active since")
    # What was approved in time is rolled out on top of what was before it in line.
    assert states(in_force) == [gone, ("approved", None), gone, ("open", None)]


def test_a_model_of_a_tier_is_overtaken_by_another_model_alone() -> None:
    made = proposal("replacement", evidence=stored.replacement(), artefact_id=None)
    assert why_outdated(made, Policy(9, {"simple": 0.7})) == ""
    assert why_outdated(proposal(), Policy(1, {"simple": 0.7})) == ""
    assert "the next retune tests the tier again" in why_outdated(
        proposal(), Policy(9, {"simple": 0.7})
    )


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
