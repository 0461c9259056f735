"""Bins of confidence with their traffic and losses; those of another model stay out."""

import datetime as dt

import factories.rows as put
import pytest
from sqlalchemy import Connection, insert, text, update

from tierwatch.evaluation.sampling.allocation import RiskCell
from tierwatch.store.judgements.risk_cells import risk_cells
from tierwatch.store.schema.learned import ModelRow
from tierwatch.store.schema.policies import PolicyRow


def second_model(connection: Connection) -> None:
    """Policies 1 and 2, of which the second one has a learned classifier at simple."""
    put.add_policy(connection, 1)
    put.add_policy(connection, 2)
    connection.execute(update(PolicyRow).where(PolicyRow.version == 2).values(classifier=1))
    connection.execute(insert(ModelRow).values(version=1, boundary="simple", artefact_id=9))


def test_without_traffic_there_are_no_cells(connection: Connection) -> None:
    assert risk_cells(connection) == []


def test_risk_is_what_is_known_of_the_days_traffic(connection: Connection) -> None:
    now = dt.datetime.now(dt.UTC).replace(second=0, microsecond=0)
    put.add_rollup(connection, "simple", 30, minute=now, bin=14)
    put.add_rollup(connection, "simple", 12, minute=now - dt.timedelta(hours=1), bin=14)
    put.add_rollup(connection, "simple", 7, minute=now, bin=3)
    put.add_rollup(connection, "simple", 99, minute=now - dt.timedelta(hours=25), bin=14)
    for number, (confidence, loss, pi) in enumerate(((0.72, 1.0, 0.5), (0.71, 0.0, 0.2))):
        pair = put.add_exchange(connection, number, confidence=confidence)
        # The outcome's confidence is the boundary's; bins are by the decision's.
        put.add_outcome(connection, number, loss, exchange_id=pair, confidence=0.1, pi=pi)
    assert risk_cells(connection) == [
        RiskCell("simple", 3, 7, 0.0, 0.0),
        # Weights 1 / .5 and 1 / .2; the first one was lost.
        RiskCell("simple", 14, 42, pytest.approx(7.0), pytest.approx(2.0)),
    ]
    [_, newest] = risk_cells(connection, pairs=1)
    assert (newest.weight, newest.weighted_loss) == (pytest.approx(5.0), 0.0)


def test_risk_under_another_model_is_not_known_here(connection: Connection) -> None:
    second_model(connection)
    put.put_in_force(connection, 2)
    now = dt.datetime.now(dt.UTC)
    put.add_rollup(connection, "simple", 30, minute=now, bin=18, policy_version=1)
    put.add_rollup(connection, "simple", 5, minute=now, bin=18, policy_version=2)
    pair = put.add_exchange(connection, 1)
    put.add_outcome(connection, 1, 1.0, exchange_id=pair, policy_version=1)
    assert risk_cells(connection) == [RiskCell("simple", 18, 5, 0.0, 0.0)]
    connection.execute(text("update active_policy set stable_version = 1"))
    assert risk_cells(connection) == [RiskCell("simple", 18, 30, 1.0, 1.0)]
