"""What a tier's evidence costs is of the last week, by the day."""

import datetime as dt
from pathlib import Path
from typing import Any

import factories.rows as put
import pytest
from factories.config import ARTICLE, load
from sqlalchemy import Connection, text

from tierwatch.loop.report.paces import tier_paces
from tierwatch.store.reading.one_row import read_part
from tierwatch.store.sums.week_loads import SAMPLED_WEEK, SampledWeek

RATE: Any = {"estimate": 0.05, "low": 0.03, "high": 0.08, "n": 1_000, "method": "x"}


def sample(connection: Connection, pairs: int, days: float) -> None:
    now = connection.execute(text("select now()")).scalar_one()
    for number in range(pairs):
        at = now - dt.timedelta(days=days * (1 - number / pairs))
        pair = put.new_exchange_id(at.timestamp())
        put.add_exchange(connection, number, id=pair, arrived_at=at)
        put.add_shadow(connection, pair)
        put.add_verdict(connection, pair)
    connection.execute(text("update alternatives set created_at = now()"))
    connection.execute(text("update verdicts set created_at = now()"))


def week(connection: Connection) -> SampledWeek:
    return read_part(connection, SAMPLED_WEEK)


def test_without_pairs_nothing_is_said(connection: Connection, tmp_path: Path) -> None:
    assert tier_paces(connection, load(tmp_path, ARTICLE), {"simple": RATE}, week(connection)) == {}


def test_pairs_money_and_days_of_the_last_week(connection: Connection, tmp_path: Path) -> None:
    sample(connection, 20, days=2)
    found = tier_paces(
        connection, load(tmp_path, ARTICLE), {"simple": RATE, "complex": RATE}, week(connection)
    )
    assert list(found) == ["simple"]
    one = found["simple"]
    assert one["pairs_per_day"] == pytest.approx(10, rel=0.05)
    assert one["usd_per_pair"] == pytest.approx(0.012)
    assert 21 <= one["days_to_rise"] <= 51
    # From five points to four: (5 / 4)^2 times the thousand pairs.
    assert one["usd_a_point"] == pytest.approx(562.5 * 0.012)
    assert one["days_a_point"] == pytest.approx(56.25, rel=0.05)


def test_a_rate_that_is_unknown_has_no_price_a_point(
    connection: Connection, tmp_path: Path
) -> None:
    sample(connection, 20, days=2)
    unknown = RATE | {"estimate": None, "low": None, "high": 1.0, "n": 0}
    one = tier_paces(connection, load(tmp_path, ARTICLE), {"simple": unknown}, week(connection))[
        "simple"
    ]
    assert one["usd_a_point"] is None
    assert one["days_to_rise"] > 0
