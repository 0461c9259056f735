"""An approved threshold of a watched router waits for its router; nothing of ours is changed."""

from dataclasses import replace

import factories.rows as put
import pytest
from factories.watched import JSON, LITELLM, NOW, THEN, WATCHED
from sqlalchemy import Connection

from tierwatch.errors import ConflictError
from tierwatch.loop.decide.approve import approve_proposal
from tierwatch.loop.decide.foreign.hand_over import (
    Watched,
    change_for,
    hand_over,
    is_free,
    require_ours,
)
from tierwatch.loop.decide.foreign.mirror import apply_change
from tierwatch.loop.decide.rollout import start_rollout
from tierwatch.store.policies import active_versions
from tierwatch.store.proposals import load_proposal
from tierwatch.store.watched.router_changes import change_of


@pytest.fixture
def in_force(connection: Connection) -> Connection:
    put.add_policy(connection)
    put.put_in_force(connection)
    return connection


def approve(connection: Connection, proposal_id: int, watched: Watched = WATCHED) -> int | None:
    return approve_proposal(connection, proposal_id, actor="ada", why="good", watched=watched)


def test_approving_asks_for_the_change_and_changes_nothing(in_force: Connection) -> None:
    made = put.add_proposal(in_force)
    assert approve(in_force, made) is None
    proposal, change = load_proposal(in_force, made), change_of(in_force, made)
    assert proposal is not None
    assert change is not None
    assert (proposal.state, change.state) == ("approved", "waiting")
    assert (change.before, change.after, change.router) == (NOW, THEN, "smart-router")
    assert "-  simple_medium: 0.3\n+  simple_medium: 0.2\n" in change.diff
    assert active_versions(in_force) == {1}
    # Neither does a worker start it, as it does what waits in line.
    assert start_rollout(in_force, share=0.2) is None


def test_one_change_waits_at_a_time(in_force: Connection) -> None:
    first = put.add_proposal(in_force)
    second = put.add_proposal(in_force, tier="standard")
    assert is_free(in_force)
    approve(in_force, first)
    assert not is_free(in_force)
    with pytest.raises(ConflictError, match=f"proposal {first} waits to be applied"):
        approve(in_force, second)
    apply_change(in_force, first, actor="ada")
    assert not is_free(in_force)
    with pytest.raises(ConflictError):  # it is being tried, and would be followed by another
        approve(in_force, second)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"kind": "replacement"}, "is about a replacement"),
        ({"kind": "model", "artefact_id": 1}, "is about a model"),
        ({"task_type": "code"}, "no thresholds by task type"),
    ],
)
def test_what_its_router_has_no_setting_for_is_refused(
    in_force: Connection, changes: dict[str, object], said: str
) -> None:
    made = put.add_proposal(in_force, **changes)
    with pytest.raises(ConflictError, match=said):
        approve(in_force, made)
    proposal = load_proposal(in_force, made)
    assert proposal is not None
    assert proposal.state == "open"


def test_settings_that_are_not_what_runs_are_said(in_force: Connection) -> None:
    proposal = load_proposal(in_force, put.add_proposal(in_force))
    assert proposal is not None
    other = replace(JSON, text='{"simple": 0.6, "standard": 0.7}')
    with pytest.raises(ConflictError, match=r"found simple 0\.6, standard 0\.7; the router runs"):
        change_for(in_force, proposal, other)
    with pytest.raises(ConflictError, match="neither YAML nor JSON"):
        hand_over(in_force, proposal, Watched(replace(JSON, text="{")))


def test_nothing_is_moved_by_hand_that_another_router_decides_by() -> None:
    require_ours(None)
    with pytest.raises(ConflictError, match="chosen by smart-router, which is only watched"):
        require_ours(LITELLM)
