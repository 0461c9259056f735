import datetime as dt

import pytest
from factories.rows import NOW, add_pair, add_rollup
from sqlalchemy import Connection, text, update

from tierwatch.store.costs import add_lost_cost
from tierwatch.store.pages.costs import cost_days, tier_costs
from tierwatch.store.schema.exchanges import AlternativeRow
from tierwatch.store.schema.judgements import VerdictRow
from tierwatch.store.schema.work import LostCostRow
from tierwatch.store.sums.hours import fold_hours

DAY = dt.timedelta(days=1)


def test_a_day_has_every_part_once(connection: Connection) -> None:
    add_rollup(connection, "simple", 60, cost_usd=1.0, classifier_cost_usd=0.25)
    add_rollup(connection, "complex", 40, cost_usd=2.0, cost_top_tier_usd=2.0)
    add_pair(connection, 1)  # shadow 0.01, verdict 0.002
    add_lost_cost(connection, "judge", 0.5)
    for row in (AlternativeRow, VerdictRow, LostCostRow):
        connection.execute(update(row).values(created_at=NOW))
    [day] = cost_days(connection, NOW - DAY, NOW + DAY)
    assert (day.day, day.requests) == (NOW.date(), 100)
    assert (day.serving_usd, day.classifier_usd, day.top_tier_usd) == (3.0, 0.25, 6.0)
    assert (day.shadow_usd, day.checks_usd) == (0.01, 0)
    assert day.judge_usd == pytest.approx(0.502)


def test_days_are_by_utc_newest_first_and_the_end_is_not_in(connection: Connection) -> None:
    midnight = NOW.replace(hour=0)
    for minutes, requests in ((-1, 1), (0, 2), (1439, 3), (1440, 4)):
        add_rollup(connection, "simple", requests, minute=midnight + dt.timedelta(minutes=minutes))
    connection.execute(text("set local time zone 'Asia/Tokyo'"))
    found = cost_days(connection, midnight - DAY, midnight + DAY)
    assert [(day.day.day, day.requests) for day in found] == [(23, 5), (22, 1)]
    assert cost_days(connection, midnight + 2 * DAY, midnight + 3 * DAY) == []


def test_serving_by_tier(connection: Connection) -> None:
    add_rollup(connection, "standard", 5, cost_usd=0.5)
    add_rollup(connection, "simple", 10)
    add_rollup(connection, "simple", 20, bin=1)
    add_rollup(connection, "simple", 99, minute=NOW + DAY)
    found = tier_costs(connection, NOW, NOW + DAY)
    assert [(one.tier, one.requests, one.cost_usd) for one in found] == [
        ("simple", 30, 2.0), ("standard", 5, 0.5),
    ]  # fmt: skip


@pytest.mark.parametrize("folded", [0, 3, 30])
@pytest.mark.parametrize(
    ("start", "end"), [(0, 30), (0, 0.5), (0.2, 0.9), (0.5, 1), (0.7, 1.3), (1.5, 7.25), (-9, 99)]
)
def test_a_stretch_has_its_minutes_whichever_hours_were_added_up(
    connection: Connection, folded: int, start: float, end: float
) -> None:
    minutes = {float(place): place + 1 for place in range(0, 600, 17)}
    for minute, requests in minutes.items():
        add_rollup(connection, "simple", requests, minute=NOW + dt.timedelta(minutes=minute))
    fold_hours(connection, NOW + dt.timedelta(hours=folded))
    found = tier_costs(connection, NOW + dt.timedelta(hours=start), NOW + dt.timedelta(hours=end))
    expected = sum(n for minute, n in minutes.items() if start * 60 <= minute < end * 60)
    assert sum(one.requests for one in found) == expected
    days = cost_days(connection, NOW + dt.timedelta(hours=start), NOW + dt.timedelta(hours=end))
    assert sum(day.requests for day in days) == expected
