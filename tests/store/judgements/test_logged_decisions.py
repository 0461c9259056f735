"""Logged decisions with both answers' costs, one of each conversation, and all traffic beside."""

import datetime as dt
import uuid

import factories.rows as put
import pytest
from sqlalchemy import Connection, insert, text, update

from tierwatch.store.judgements.logged_decisions import logged_outcomes, mean_costs
from tierwatch.store.schema.policies import PolicyRow
from tierwatch.store.schema.traffic import BoundaryCountRow


def pair(
    connection: Connection, number: int, loss: float, *, direction: str = "up", **changes: object
) -> uuid.UUID:
    """A pair of which the lower tier's answer cost .001 and the upper one's .010."""
    tier = "simple" if direction == "up" else "standard"
    own, other = (0.001, 0.010) if direction == "up" else (0.010, 0.001)
    found = put.add_exchange(connection, number, tier=tier, direction=direction, cost_usd=own)
    put.add_shadow(connection, found)
    connection.execute(
        text("update alternatives set cost_usd = :usd where exchange_id = :id"),
        {"usd": other, "id": found},
    )
    put.add_outcome(
        connection,
        number,
        loss,
        tier=tier,
        boundary="simple",
        direction=direction,
        exchange_id=found,
        **changes,
    )
    return found


def count(connection: Connection, day: dt.date, cents: int, requests: int) -> None:
    connection.execute(
        insert(BoundaryCountRow).values(day=day, boundary="simple", cents=cents, requests=requests)
    )


def test_without_pairs_there_is_nothing_to_score(connection: Connection) -> None:
    count(connection, put.NOW.date(), 50, 100)
    found = logged_outcomes(connection, "simple", judge_version=put.JUDGE)
    assert list(found.confidences) == []
    assert found.traffic is None
    assert mean_costs(connection, "simple") == (0.0, 0.0)


def test_lower_and_upper_are_told_apart_by_the_direction(connection: Connection) -> None:
    pair(connection, 1, 1.0, pi=0.5, confidence=0.8)
    pair(connection, 2, 0.0, direction="down", pi=0.25, confidence=0.3)
    found = logged_outcomes(connection, "simple", judge_version=put.JUDGE)
    assert list(found.confidences) == [0.8, 0.3]
    assert list(found.losses) == [1.0, 0.0]
    assert list(found.inclusion) == [0.5, 0.25]
    assert list(found.lower_cost_usd) == [0.001, 0.001]
    assert list(found.upper_cost_usd) == [0.010, 0.010]
    assert mean_costs(connection, "simple") == pytest.approx((0.001, 0.010))


def test_one_pair_stands_for_its_conversation(connection: Connection) -> None:
    for number in range(4):
        pair(connection, number, float(number % 2), session="talk", pi=0.8, confidence=number / 10)
    pair(connection, 9, 0.0, session="other", pi=0.8)
    found = logged_outcomes(connection, "simple", judge_version=put.JUDGE)
    # One of four is drawn, so its chance is .8 / 4.
    assert sorted(found.inclusion) == pytest.approx([0.2, 0.8])
    again = logged_outcomes(connection, "simple", judge_version=put.JUDGE)
    assert list(again.confidences) == list(found.confidences)


def test_only_the_newest_of_this_judge_and_type(connection: Connection) -> None:
    for tenth, task_type in enumerate(("sql", "sql", "code"), 1):
        pair(connection, tenth, 0.0, confidence=tenth / 10, task_type=task_type)
    pair(connection, 4, 0.0, confidence=0.4, judge_version="other")

    def read(**changes: object) -> list[float]:
        wanted = {"judge_version": put.JUDGE} | changes
        return list(logged_outcomes(connection, "simple", **wanted).confidences)  # type: ignore[arg-type] # keywords of one test

    assert read() == [0.1, 0.2, 0.3]
    assert read(limit=2) == [0.2, 0.3]
    assert read(task_type="sql") == [0.1, 0.2]
    assert read(judge_version="other") == [0.4]


def test_all_traffic_since_the_oldest_pair_comes_along(connection: Connection) -> None:
    day = put.NOW.date()
    pair(connection, 1, 0.0)
    count(connection, day, 90, 30)
    count(connection, day, 100, 2)
    count(connection, day - dt.timedelta(days=1), 90, 500)  # before the oldest
    count(connection, day + dt.timedelta(days=1), 90, 4)
    found = logged_outcomes(connection, "simple", judge_version=put.JUDGE)
    assert list(found.traffic) == [0.905, 1.0]
    assert list(found.traffic_counts) == [34, 2]
    # The counts do not say of which type a request was.
    of_type = logged_outcomes(connection, "simple", judge_version=put.JUDGE, task_type="all")
    assert of_type.traffic is None


def test_once_two_classifiers_decided_the_traffic_is_of_both(connection: Connection) -> None:
    put.add_policy(connection, 1)
    put.add_policy(connection, 2)
    pair(connection, 1, 0.0, policy_version=1, confidence=0.1)
    pair(connection, 2, 0.0, policy_version=2, confidence=0.2)
    count(connection, put.NOW.date(), 90, 30)
    connection.execute(update(PolicyRow).where(PolicyRow.version == 2).values(classifier=1))
    connection.execute(
        text(
            "insert into classifier_models (version, boundary, artefact_id) values (1, 'simple', 9)"
        )
    )
    found = logged_outcomes(connection, "simple", judge_version=put.JUDGE)
    assert list(found.confidences) == [0.1]
    assert found.traffic is None


def test_means_are_over_the_newest_pairs(connection: Connection) -> None:
    pair(connection, 1, 0.0)
    pair(connection, 2, 0.0)
    connection.execute(text("update exchanges set cost_usd = .005 where request_no = 2"))
    assert mean_costs(connection, "simple", limit=1) == pytest.approx((0.005, 0.010))
    assert mean_costs(connection, "simple") == pytest.approx((0.003, 0.010))
    assert mean_costs(connection, "standard") == (0.0, 0.0)
