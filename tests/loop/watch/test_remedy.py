import datetime as dt

import pytest
from factories.decided import alert
from factories.rows import add_policy, put_in_force
from sqlalchemy import Connection, Engine, text

from tierwatch.errors import ConflictError, UsageError
from tierwatch.loop.watch.bursts import BurstRules, ask_burst, steer_bursts
from tierwatch.loop.watch.remedy import sample_alert, send_alert_up
from tierwatch.store.drains import load_drain
from tierwatch.store.judgements.bursts import ACTIVE_BURSTS, all_bursts
from tierwatch.store.reading.one_row import read_part

# Ahead of the clock of PostgreSQL, however long after this line a test runs.
NOW = dt.datetime(2100, 1, 1, tzinfo=dt.UTC)
HOUR = dt.timedelta(hours=1)
RULES = BurstRules(density=10.0, budget_usd_per_day=None)


@pytest.mark.parametrize(
    ("segment", "task_type"), [("simple/*", "all"), ("simple/all", "all"), ("simple/sql", "sql")]
)
def test_what_is_sent_up_is_the_alerts_segment(
    connection: Connection, segment: str, task_type: str
) -> None:
    add_policy(connection)
    put_in_force(connection)
    drain_id = send_alert_up(
        connection, alert(segment=segment), now=NOW, until=NOW + HOUR, actor="ada", why="x"
    )
    drain = load_drain(connection, drain_id)
    assert drain is not None
    assert (drain.tier, drain.task_type, drain.alert_id) == ("simple", task_type, 3)


def test_a_resolved_alert_has_no_remedy(connection: Connection) -> None:
    over = alert(state="resolved", resolved_by="bob")
    with pytest.raises(ConflictError, match="resolved already, by bob"):
        send_alert_up(connection, over, now=NOW, until=NOW + HOUR, actor="ada", why="x")
    with pytest.raises(ConflictError, match="resolved already, by bob"):
        sample_alert(connection, over, rules=RULES, until=NOW + HOUR, now=NOW, actor="ada", why="x")


def test_sampling_takes_a_reason_and_a_tier(connection: Connection) -> None:
    with pytest.raises(UsageError, match="reason"):
        sample_alert(
            connection, alert(), rules=RULES, until=NOW + HOUR, now=NOW, actor="ada", why=""
        )
    with pytest.raises(ConflictError, match="about no tier"):
        sample_alert(
            connection, alert(tier=""), rules=RULES, until=NOW + HOUR, now=NOW, actor="ada", why="x"
        )


def asked(engine: Engine, until: dt.datetime) -> None:
    with engine.begin() as connection:
        row = sample_alert(
            connection, alert(), rules=RULES, until=until, now=NOW, actor="ada", why="x"
        )
        assert (row.density, row.task_type) == (10.0, "*" if row.task_type == "*" else "all")


def test_it_is_prolonged_until_it_was_asked_for_and_then_ends(engine: Engine) -> None:
    asked(engine, NOW + 2 * HOUR)
    later = NOW + HOUR
    assert steer_bursts(engine=engine, rules=RULES, now=later) == 1
    with engine.connect() as connection:
        [row] = all_bursts(connection)
        assert row.until == later + dt.timedelta(minutes=15)
        assert [burst.tier for burst in read_part(connection, ACTIVE_BURSTS)] == ["simple"]
    assert steer_bursts(engine=engine, rules=RULES, now=NOW + 2 * HOUR) == 0
    with engine.connect() as connection:
        [row] = all_bursts(connection)
        lines = connection.execute(text("select actor, action from audit order by id")).all()
    assert (row.why_ended, row.asked_until) == ("the time is over for which ada asked", None)
    assert [tuple(line) for line in lines] == [("ada", "burst.asked"), ("tierwatch", "burst.ended")]


def test_one_that_nobody_steers_ends_after_a_quarter_of_an_hour(engine: Engine) -> None:
    asked(engine, NOW + 2 * HOUR)
    with engine.connect() as connection:
        [row] = all_bursts(connection)
    assert not row.is_active(NOW + dt.timedelta(minutes=15))
    assert row.is_asked(NOW + HOUR)


def test_where_nothing_may_be_sampled_more_it_says_so(connection: Connection) -> None:
    with pytest.raises(ConflictError, match=r"evaluation\.burst is 1"):
        ask_burst(
            connection,
            ("simple", "*"),
            rules=BurstRules(1.0, None),
            until=NOW + HOUR,
            now=NOW,
            actor="ada",
            why="x",
        )


def test_a_spent_budget_starves_it(connection: Connection) -> None:
    row = ask_burst(
        connection,
        ("simple", "*"),
        rules=BurstRules(10.0, 0.0),
        until=NOW + HOUR,
        now=NOW,
        actor="ada",
        why="x",
    )
    assert (row.density, row.asked, row.starved) == (1.0, 10.0, True)
