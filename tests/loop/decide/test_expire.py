"""What a proposal rests on may no longer stand, or may be unknown to this version."""

from typing import Any

import factories.rows as put
import pytest
from factories import evidence as stored
from factories.decided import audit, proposal
from sqlalchemy import Connection

from tierwatch.loop.decide.expire import (
    expire_untested,
    is_outdated,
    lost_its_types,
    quality_tested,
)


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
