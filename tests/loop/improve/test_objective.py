"""What a policy keeps of the top tier's quality."""

import factories.rows as put
import numpy as np
import pytest
from factories.routed import routed, store_routed, true_loss
from sqlalchemy import Engine

from tierwatch.loop.improve.objective import Objective, quality_kept
from tierwatch.routing.policy import Policy

OBJECTIVE = Objective(0.95, ["simple", "standard"], "complex")


@pytest.fixture
def in_force(engine: Engine) -> Engine:
    """Policy 1 is active: 0.70 for both tiers."""
    with engine.begin() as connection:
        put.add_policy(connection)
        put.put_in_force(connection)
    return engine


def test_quality_kept_is_what_is_not_lost(in_force: Engine) -> None:
    pairs = routed(np.random.default_rng(1), 4_000, (0.7, 0.7), times=1.0)
    with in_force.begin() as connection:
        store_routed(connection, pairs, versions=(1,))
    policy = Policy(1, {"simple": 0.7, "standard": 0.7})
    with in_force.connect() as connection:
        kept = quality_kept(connection, OBJECTIVE, policy, judge_version=put.JUDGE)
    assert kept.value is not None
    # True .985; what simple serves is taken to lose at standard's rate, so less is found.
    assert kept.low < 1 - true_loss((0.7, 0.7)) < kept.high
    assert kept.n == 4_000


def test_without_pairs_the_quality_is_unknown(in_force: Engine) -> None:
    policy = Policy(1, {"simple": 0.7, "standard": 0.7})
    with in_force.connect() as connection:
        kept = quality_kept(connection, OBJECTIVE, policy, judge_version=put.JUDGE)
    assert (kept.value, kept.n) == (None, 0)
