import datetime as dt

import pytest
from factories.rows import add_outcome, add_policy, add_rollup, put_in_force, put_rollout
from sqlalchemy import Connection, text

from tierwatch.evaluation.alarms.misroute_monitor import MisrouteMonitor
from tierwatch.loop.decide.rollout import RolloutRules, ServedPair
from tierwatch.loop.decide.rollout_by_hand import promote_rollout
from tierwatch.loop.report.rollout_standing import monitor_path, rate_of, rollout_standing

RULES = RolloutRules(share=0.2, min_pairs=100, tolerance={"standard": 0.05}, max_weight=1.0)


@pytest.fixture
def now(connection: Connection) -> dt.datetime:
    """Policy 2 is being rolled out beside policy 1 since a minute."""
    for version in (1, 2):
        add_policy(connection, version)
    put_in_force(connection, 1)
    put_rollout(connection, 2)
    connection.execute(text("update policies set created_at = now() - interval '1 minute'"))
    now: dt.datetime = connection.execute(text("select now() + interval '1 s'")).scalar_one()
    return now


def test_a_policy_that_was_never_rolled_out_has_none(
    connection: Connection, now: dt.datetime
) -> None:
    assert rollout_standing(connection, 1, RULES, now) is None
    assert rollout_standing(connection, 99, RULES, now) is None


def test_each_arm_has_its_own_pairs_and_traffic(connection: Connection, now: dt.datetime) -> None:
    for number in range(10):
        add_outcome(connection, number, float(number < 2), tier="standard", policy_version=2)
        add_outcome(connection, 100 + number, float(number < 5), tier="standard")
        add_outcome(connection, 200 + number, 1.0, policy_version=2)  # another tier's
    add_rollup(connection, "standard", 20, policy_version=2, minute=now, cost_usd=2.0)
    add_rollup(connection, "simple", 80, policy_version=1, minute=now, cost_usd=3.0)
    found = rollout_standing(connection, 2, RULES, now + dt.timedelta(minutes=1))
    assert found is not None
    assert (found.running, found.share, found.ended_at) == (True, 0.2, None)
    assert (found.candidate.pairs, found.candidate.misroute.value) == (10, pytest.approx(0.2))
    assert (found.other.pairs, found.other.misroute.value) == (10, pytest.approx(0.5))
    assert (found.candidate.traffic.requests, found.other.traffic.requests) == (20, 80)
    assert found.left == 90
    # A promise of 20 % was kept so far: 2 of 10 is no evidence against it.
    assert found.promised == pytest.approx(0.2)
    assert found.level == 10_000
    assert found.statistic is not None
    assert 0 < found.statistic < 100


def test_bad_pairs_are_evidence_against_it(connection: Connection, now: dt.datetime) -> None:
    for number in range(30):
        add_outcome(connection, number, 1.0, tier="standard", policy_version=2)
    found = rollout_standing(connection, 2, RULES, now)
    assert found is not None
    assert found.statistic is not None
    assert found.level is not None
    assert found.statistic > found.level


def test_an_ended_one_stands_as_it_ended(connection: Connection, now: dt.datetime) -> None:
    promote_rollout(connection, 2, actor="ada", why="x")
    later = now + dt.timedelta(days=1)
    add_rollup(connection, "simple", 80, policy_version=2, minute=later)
    add_outcome(connection, 1, 0.0, tier="standard", policy_version=2)
    found = rollout_standing(connection, 2, RULES, later + dt.timedelta(hours=1))
    assert found is not None
    assert (found.running, found.share) == (False, 0.0)
    assert found.ended_at is not None
    assert found.candidate.traffic.requests == 0  # that was after it
    assert found.candidate.pairs == 1  # promised against measured goes on


def test_a_promise_that_cannot_be_read_is_none(connection: Connection, now: dt.datetime) -> None:
    connection.execute(text("update proposals set predicted = '{}'"))
    found = rollout_standing(connection, 2, RULES, now)
    assert found is not None
    assert (found.promised, found.statistic, found.level) == (None, None, None)


def test_weights_count() -> None:
    found = rate_of([ServedPair(1.0, 3.0), ServedPair(0.0, 1.0)])
    assert found.value == pytest.approx(0.75)
    assert found.low < 0.75 < found.high


def test_the_path_of_the_monitor_ends_where_it_stands() -> None:
    pairs = [ServedPair(float(number % 4 == 0), 1.0) for number in range(450)]
    monitor, twin = MisrouteMonitor(0.1, 1e9, 1.0), MisrouteMonitor(0.1, 1e9, 1.0)
    path = monitor_path(monitor, [*pairs, ServedPair(1.0, 7.0)], 1.0)
    after = []
    for pair in pairs:
        twin.update(pair.loss, pair.weight)
        after.append(twin.statistic)
    # Every third of 450, so that a chart has 150 points; the weight above the cap does not count.
    assert [number for number, _ in path] == list(range(3, 451, 3))
    assert [value for _, value in path] == [after[number - 1] for number, _ in path]
    assert path[-1] == (450, monitor.statistic)


def test_without_a_pair_there_is_no_path() -> None:
    assert monitor_path(MisrouteMonitor(0.1, 1e9, 1.0), [], 1.0) == ()
