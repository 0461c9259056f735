"""Thresholds are scored on the pairs of the past, from both directions, one of a conversation."""

import json
from typing import Any

import factories.rows as put
import pytest
from sqlalchemy import Engine

from tierwatch.errors import UsageError
from tierwatch.loop.improve.replay_policy import replay_document, replay_thresholds
from tierwatch.store.judgements.logged_decisions import logged_outcomes


@pytest.fixture
def in_force(engine: Engine) -> Engine:
    """Policy 1: 0.70 for both tiers."""
    with engine.begin() as connection:
        put.add_policy(connection)
        put.put_in_force(connection)
    return engine


def pair(engine: Engine, number: int, confidence: float, loss: float, **changes: Any) -> None:
    """A judged pair about boundary ``simple``: served there if confident, else probed down."""
    up = confidence >= 0.7
    with engine.begin() as connection:
        tier, direction = ("simple", "up") if up else ("standard", "down")
        exchange_id = put.add_exchange(
            connection, number, tier=tier, direction=direction, cost_usd=0.001 if up else 0.01
        )
        put.add_shadow(connection, exchange_id)
        put.add_outcome(
            connection,
            number,
            loss,
            tier=tier,
            boundary="simple",
            direction=direction,
            exchange_id=exchange_id,
            **({"confidence": confidence} | changes),
        )


def test_a_lower_threshold_is_scored_on_what_was_probed_down(in_force: Engine) -> None:
    for number in range(100):
        # Bad in one of twenty at .9, in one of ten at .65.
        pair(in_force, number, 0.9, float(number % 20 == 0))
        pair(in_force, 100 + number, 0.65, float(number % 10 == 0))
    with in_force.connect() as connection:
        found = replay_thresholds(connection, {"simple": 0.6})
    assert found.refused is None
    [simple, standard] = found.boundaries
    assert simple.misroute_now.value == pytest.approx(0.05)
    assert simple.misroute.value == pytest.approx(0.075)
    assert simple.effective_moved == pytest.approx(100)
    # add_shadow costs .01: 100 x .001 + 100 x .01 now; then the second hundred cost .01, as the
    # cheaper shadow answer did.
    assert found.cost_change.value == pytest.approx(0.0)
    assert standard.threshold == standard.threshold_now


def test_a_threshold_without_pairs_around_it_is_refused_with_the_place(in_force: Engine) -> None:
    for number in range(100):
        pair(in_force, number, 0.9, 0.0)
    with in_force.connect() as connection:
        found = replay_thresholds(connection, {"simple": 0.3})
    assert found.refused is not None
    assert "0 effective pairs" in found.refused
    document = replay_document(found)
    assert json.loads(json.dumps(document)) == document
    assert document["cost_change"]["high"] is None


def test_a_conversation_gives_one_pair_that_stands_for_all(in_force: Engine) -> None:
    for number in range(4):
        pair(in_force, number, 0.9, 1.0, session="talk", pi=0.5)
    pair(in_force, 4, 0.9, 0.0, pi=0.5)
    with in_force.connect() as connection:
        logged = logged_outcomes(connection, "simple", judge_version=put.JUDGE)
    assert sorted(logged.inclusion) == [0.125, 0.5]
    assert sorted(logged.losses) == [0.0, 1.0]


@pytest.mark.parametrize(
    ("candidate", "what"),
    [({"huge": 0.5}, "accepted are simple, standard"), ({"simple": 1.5}, "from 0 to 1")],
)
def test_what_is_no_threshold_is_refused(
    in_force: Engine, candidate: dict[str, float], what: str
) -> None:
    pair(in_force, 1, 0.9, 0.0)
    with in_force.connect() as connection, pytest.raises(UsageError, match=what):
        replay_thresholds(connection, candidate)


def test_without_a_pair_there_is_nothing_to_replay(in_force: Engine) -> None:
    with in_force.connect() as connection, pytest.raises(UsageError, match="nothing to replay"):
        replay_thresholds(connection, {"simple": 0.6})
