"""Trials of models: policies, sampled exchanges and a trial over them."""

import datetime as dt
from typing import Any

import factories.rows as put
from sqlalchemy import Connection

from tierwatch.routing.served.tier_model import TierModel
from tierwatch.routing.tiers import Price
from tierwatch.store.trials.model_trials import NewTrial, add_trial

NEW = TierModel("small-2", "lab", Price(0.1, 0.1), "", instead_of="simple-1")


def new_trial(**changes: Any) -> NewTrial:
    """A trial of ``small-2`` in the place of ``simple-1``, the model of stored exchanges."""
    given = {
        "tier": "simple",
        "served": "simple-1",
        "candidate": NEW,
        "sample": 200,
        "budget_usd": 5.0,
        "worse_by": 0.2,
        "delta": 0.05,
        "max_weight": 1.5,
        "base_version": 1,
        "started_by": "ada",
    }
    return NewTrial(**(given | changes))


def begin(connection: Connection, pairs: int = 60, **changes: Any) -> int:
    """A policy, sampled exchanges of tier simple that arrived just now, and a trial that runs."""
    put.add_policy(connection)
    put.put_in_force(connection)
    add_sample(connection, pairs)
    trial_id = add_trial(connection, new_trial(**changes))
    assert trial_id is not None
    return trial_id


def add_sample(connection: Connection, pairs: int, *, first: int = 1, **changes: Any) -> None:
    """Exchanges of tier simple, each of a conversation of its own."""
    for number in range(first, first + pairs):
        put.add_exchange(connection, number, **changes)


def clock() -> dt.datetime:
    """A moment at which the stored exchanges are some minutes old."""
    return put.NOW + dt.timedelta(hours=1)
