import datetime as dt

import pytest
from factories.rows import NOW, add_pair
from sqlalchemy import Connection, update

from tierwatch.loop.report.evidence_costs import costs_of_loads, evidence_costs
from tierwatch.store.judgements.bursts import SegmentLoad
from tierwatch.store.schema.exchanges import AlternativeRow
from tierwatch.store.schema.judgements import VerdictRow

AFTER = NOW + dt.timedelta(days=2)


def test_without_pairs_nothing_is_said(connection: Connection) -> None:
    assert evidence_costs(connection, {"simple": 0.05}, AFTER) == []


def test_pairs_and_money_are_of_a_day(connection: Connection) -> None:
    for number in range(4):
        add_pair(connection, number)  # 0.01 of shadow and 0.002 of judge each
    connection.execute(update(AlternativeRow).values(created_at=NOW))
    connection.execute(update(VerdictRow).values(created_at=NOW))
    [found] = evidence_costs(connection, {"simple": 0.05, "standard": 0.1}, AFTER)
    # Four pairs in the two days since the first one.
    assert (found.tier, found.rate, found.pairs_per_day) == ("simple", 0.05, 2.0)
    assert found.usd_per_day == pytest.approx(0.024)
    assert found.usd_per_pair == pytest.approx(0.012)
    assert found.days_to_width == pytest.approx(1825 / 2)


def test_tiers_without_a_tolerance_and_without_pairs_are_left_out() -> None:
    loads = [SegmentLoad("top", "all", 9, 1), SegmentLoad("standard", "all", 0, 0)]
    assert costs_of_loads(loads, {"simple": 0.1, "standard": 0.1}, days=1) == []
