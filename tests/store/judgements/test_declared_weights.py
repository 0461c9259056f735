"""The largest weight is that of all traffic, drawn or not, and never less than what was drawn."""

import datetime as dt

import factories.rows as put
import pytest
from sqlalchemy import Connection, text

from tierwatch.evaluation.thresholds.choice import choose_threshold
from tierwatch.store.judgements.boundary_evidence import boundary_evidence
from tierwatch.store.judgements.declared_weights import Drawn, declared_caps, largest_weight
from tierwatch.store.traffic.boundary_traffic import (
    add_boundary_counts,
    boundary_traffic,
    note_largest_weights,
)

DAY = put.NOW.date()
PLAIN = [Drawn(0.9, 1.0, 1.0)] * 3


def test_a_weight_that_nobody_drew_is_known(connection: Connection) -> None:
    first = put.add_exchange(connection, 1)
    note_largest_weights(connection, [(DAY, "simple", 71, 20.0), (DAY, "standard", 80, 60.0)])
    caps = declared_caps(connection, "simple", first=first, drawn=PLAIN)
    assert (caps[71], caps[90]) == (20.0, 1.0)
    assert largest_weight(connection, "simple", first=first, drawn=PLAIN) == 20.0


def test_weights_of_days_before_the_first_pair_are_none_of_its_time(connection: Connection) -> None:
    first = put.add_exchange(connection, 1)
    before = DAY - dt.timedelta(days=1)
    note_largest_weights(connection, [(before, "simple", 71, 200.0), (DAY, "simple", 71, 20.0)])
    assert max(declared_caps(connection, "simple", first=first, drawn=PLAIN)) == 20.0


@pytest.mark.parametrize("zone", ["UTC", "Pacific/Kiritimati", "Pacific/Niue"])
def test_the_first_day_is_that_of_utc_whatever_the_server_is_set_to(
    connection: Connection, zone: str
) -> None:
    connection.execute(text(f"set local timezone = '{zone}'"))
    first = put.add_exchange(connection, 1)  # at noon
    before = DAY - dt.timedelta(days=1)
    note_largest_weights(connection, [(before, "simple", 71, 200.0), (DAY, "simple", 71, 20.0)])
    assert max(declared_caps(connection, "simple", first=first, drawn=PLAIN)) == 20.0
    add_boundary_counts(connection, [(before, "simple", 40, 5), (DAY, "simple", 40, 7)])
    arrived_at = connection.execute(text("select arrived_at from exchanges")).scalar_one()
    assert sum(boundary_traffic(connection, "simple", since=arrived_at)[1]) == 7


def test_what_was_drawn_is_never_above_its_cap(connection: Connection) -> None:
    first = put.add_exchange(connection, 1)
    note_largest_weights(connection, [(DAY, "simple", 90, 2.0)])
    drawn = [Drawn(0.904, 0.1, 1.0), Drawn(0.2, 0.25, 1.0)]
    caps = declared_caps(connection, "simple", first=first, drawn=drawn)
    assert (caps[90], caps[20]) == (10.0, 4.0)


def test_traffic_of_an_older_version_has_the_leanest_plan_that_was_drawn_from(
    connection: Connection,
) -> None:
    first = put.add_exchange(connection, 1)
    add_boundary_counts(connection, [(DAY, "simple", 40, 7)])
    # Plain rates .5 and .05, weights against a plain sample up to 2.5: 2.5 / .05.
    drawn = [Drawn(0.9, 0.2, 2.5), Drawn(0.9, 0.05, 1.0)]
    assert declared_caps(connection, "simple", first=first, drawn=drawn)[40] == pytest.approx(50.0)


def test_an_exchange_that_is_gone_leaves_all_days(connection: Connection) -> None:
    note_largest_weights(connection, [(dt.date(2020, 1, 1), "simple", 71, 9.0)])
    gone = put.exchange_id_of(5)
    assert max(declared_caps(connection, "simple", first=gone, drawn=PLAIN)) == 9.0


def test_without_pairs_there_is_nothing_to_cap(connection: Connection) -> None:
    assert declared_caps(connection, "simple", first=None, drawn=[]) == [0.0] * 101
    assert largest_weight(connection, "simple", first=None, drawn=[]) is None


def test_pairs_of_one_weight_certify_nothing_where_the_store_knows_of_a_heavier_one(
    connection: Connection,
) -> None:
    for number in range(1, 121):
        put.add_outcome(connection, number, 0.0, confidence=0.9, pi=1.0)
    note_largest_weights(connection, [(DAY, "simple", cents, 1.0) for cents in range(101)])

    def certified() -> bool:
        found = boundary_evidence(connection, "simple", judge_version=put.JUDGE)
        return choose_threshold(
            found.confidences,
            found.losses,
            found.weights,
            alpha=0.05,
            delta=0.05,
            current=0.7,
            step=0.05,
            max_weight=found.caps,
        ).certified

    assert certified()
    note_largest_weights(connection, [(DAY, "simple", 95, 20.0)])
    assert not certified()
