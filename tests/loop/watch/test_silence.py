"""Where data stops one alert a cause opens, and ends by itself once data is back."""

import datetime as dt

import factories.rows as put
import pytest
from fakes.collaborators import rows, scalar
from sqlalchemy import Engine, text

from tierwatch.loop.watch.alert import resolve_alert
from tierwatch.loop.watch.silence import SilenceRules, watch_silence
from tierwatch.store.step_runs import last_runs
from tierwatch.store.traffic.partitions import FIGURE_TABLES, add_months, covered_until

NOW = dt.datetime.now(dt.UTC).replace(second=0, microsecond=0)
MINUTE, DAY = dt.timedelta(minutes=1), dt.timedelta(days=1)
RULES = SilenceRules(traffic_s=900.0)


def traffic(engine: Engine, until: dt.datetime, minutes: int) -> None:
    with engine.begin() as connection:
        for number in range(minutes):
            put.add_rollup(connection, "simple", 3, minute=until - number * MINUTE)


def watch(engine: Engine, now: dt.datetime = NOW, rules: SilenceRules = RULES) -> list[str]:
    watch_silence(engine=engine, rules=rules, now=now)
    return [
        f"{row.cause} {row.state}"
        for row in rows(engine, "select cause, state from alerts order by id")
    ]


def age_alerts(engine: Engine, by: dt.timedelta) -> None:
    with engine.begin() as connection:
        # Not from the database's own now, which is as far from NOW as the tests before took.
        connection.execute(text("update alerts set opened_at = :at"), {"at": NOW - by})


def test_traffic_that_stops_where_yesterday_had_some_opens_one_alert(engine: Engine) -> None:
    traffic(engine, NOW - DAY + 10 * MINUTE, 120)
    traffic(engine, NOW - 15 * MINUTE, 5)
    assert watch(engine) == []
    assert watch(engine, NOW + 3 * MINUTE) == ["no_data:traffic open"]
    assert watch(engine, NOW + 4 * MINUTE) == ["no_data:traffic open"]
    [row] = rows(engine, "select summary, evidence, pairs from alerts")
    assert "No request has been counted since" in row.summary
    assert row.evidence["what"] == "traffic"
    assert row.evidence["expected"] == 18
    assert row.evidence["silent_s"] == 18 * 60


def test_a_night_that_is_silent_every_day_is_no_news(engine: Engine) -> None:
    traffic(engine, NOW - DAY - 60 * MINUTE, 60)
    traffic(engine, NOW - 60 * MINUTE, 60)
    assert watch(engine) == []


def test_a_weekend_is_known_once_there_was_one(engine: Engine) -> None:
    traffic(engine, NOW - 8 * DAY, 60)
    traffic(engine, NOW - DAY, 120)
    traffic(engine, NOW - 30 * MINUTE, 5)
    assert watch(engine) == []


def test_without_a_day_of_history_nothing_is_expected(engine: Engine) -> None:
    traffic(engine, NOW - 60 * MINUTE, 120)
    assert watch(engine) == []


def test_it_may_be_turned_off(engine: Engine) -> None:
    traffic(engine, NOW - DAY, 120)
    traffic(engine, NOW - 60 * MINUTE, 5)
    assert watch(engine, rules=SilenceRules(None)) == []
    assert watch(engine) == ["no_data:traffic open"]


def test_it_ends_by_itself_once_traffic_is_back_and_not_at_its_first_request(
    engine: Engine,
) -> None:
    traffic(engine, NOW - DAY, 120)
    traffic(engine, NOW - 60 * MINUTE, 5)
    watch(engine)
    age_alerts(engine, 30 * MINUTE)
    traffic(engine, NOW, 2)
    assert watch(engine) == ["no_data:traffic open"]
    traffic(engine, NOW - 5 * MINUTE, 1)
    assert watch(engine) == ["no_data:traffic resolved"]
    [row] = rows(engine, "select resolved_by, resolution from alerts")
    assert row.resolved_by == "tierwatch"
    assert row.resolution["why"] == "Requests have come again in 3 minutes since."
    assert scalar(engine, "select count(*) from alert_events") == 2


def test_a_silence_that_a_person_has_dealt_with_is_not_raised_again(engine: Engine) -> None:
    traffic(engine, NOW - DAY, 120)
    traffic(engine, NOW - 60 * MINUTE, 5)
    watch(engine)
    with engine.begin() as connection:
        resolve_alert(connection, scalar(engine, "select id from alerts"), actor="ada")
    assert watch(engine) == ["no_data:traffic resolved"]


@pytest.mark.parametrize(("waiting", "opened"), [(9, 0), (10, 1)])
def test_exchanges_that_wait_without_a_verdict_open_one(
    engine: Engine, waiting: int, opened: int
) -> None:
    with engine.begin() as connection:
        for number in range(1, waiting + 1):
            put.add_exchange(connection, number, captured_at=NOW - 31 * MINUTE)
    assert len(watch(engine)) == opened
    if opened:
        [row] = rows(engine, "select summary, evidence from alerts")
        assert "There was no verdict ever, though 10 sampled exchanges" in row.summary
        assert row.evidence["last_at"] is None
        with engine.begin() as connection:
            put.add_pair(connection, 99)
        assert watch(engine) == ["no_data:verdicts resolved"]


def test_a_step_that_no_longer_ends_opens_one_and_its_next_run_resolves_it(engine: Engine) -> None:
    def ran(step: str, ago: dt.timedelta) -> None:
        with engine.begin() as connection:
            connection.execute(
                text(
                    "insert into step_runs values (:step, :at)"
                    " on conflict (step) do update set ran_at = :at"
                ),
                {"step": step, "at": NOW - ago},
            )

    ran("observe", 9 * MINUTE)
    ran("retune", 900 * MINUTE)
    assert watch(engine) == []
    ran("observe", 11 * MINUTE)
    assert watch(engine) == ["no_data:step:observe open"]
    ran("observe", MINUTE)
    assert watch(engine) == ["no_data:step:observe resolved"]
    with engine.connect() as connection:
        assert "silence" in last_runs(connection)


def test_tables_without_months_ahead_open_an_alert_until_some_are_cut(engine: Engine) -> None:
    with engine.connect() as connection:
        end = min(one for one in covered_until(connection).values() if one)
    first_refused = dt.datetime.combine(end, dt.time(), tzinfo=dt.UTC)
    assert watch(engine, first_refused - 22 * DAY) == []
    for days in (21, 20, 5):
        assert watch(engine, first_refused - days * DAY) == ["no_data:months open"]
    [row] = rows(engine, "select summary, evidence from alerts")
    assert f"takes rows until {end:%Y-%m-%d} and has no month cut after that" in row.summary
    assert (row.evidence["what"], row.evidence["expected"]) == ("months", 21)
    with engine.begin() as connection:
        for table in FIGURE_TABLES:
            add_months(connection, table, end)
    assert watch(engine, first_refused - 5 * DAY) == ["no_data:months resolved"]


def test_who_knows_of_the_months_is_reminded_a_day_later(engine: Engine) -> None:
    with engine.connect() as connection:
        end = min(one for one in covered_until(connection).values() if one)
    late = dt.datetime.combine(end, dt.time(), tzinfo=dt.UTC) - 5 * DAY
    watch(engine, late)
    with engine.begin() as connection:
        connection.execute(text("update alerts set opened_at = :at"), {"at": late})
        resolve_alert(connection, 1, actor="ada", resolution={"why": "known"})
    assert watch(engine, late + dt.timedelta(hours=1)) == ["no_data:months resolved"]
    assert watch(engine, late + 2 * DAY) == ["no_data:months resolved", "no_data:months open"]
