"""A stream of flips alarms once, and starts from where it was."""

import pytest
from sqlalchemy import Connection, text

from tierwatch.loop.watch.checks.flip_monitor import FLIPS_TOLERATED, LEVEL, Flips, watch_flips
from tierwatch.store.judgements.monitors import load_monitor


def feed(connection: Connection, flips: list[bool]) -> Flips:
    return watch_flips(connection, flips, kind="probe", stream="probe|simple|small-1")


def test_what_noise_explains_does_not_alarm(connection: Connection) -> None:
    # One in twenty is tolerated.
    found = feed(connection, [number % 20 == 0 for number in range(400)])
    assert (found.flipped, found.n, found.tripped) == (20, 400, False)
    assert found.statistic < LEVEL


def test_a_run_of_flips_alarms_once(connection: Connection) -> None:
    # Each flip multiplies the boldest bet by 1 + 4 / .95 * .95 = 5; 5^11 > 3e6 * 5 bets.
    assert feed(connection, [True] * 20).tripped
    again = feed(connection, [True] * 20)
    assert not again.tripped
    assert again.statistic >= LEVEL


def test_the_alarm_may_come_in_the_middle_of_a_run(connection: Connection) -> None:
    assert feed(connection, [True] * 20 + [False] * 200).tripped


def test_state_and_sums_are_kept_between_runs(connection: Connection) -> None:
    feed(connection, [True, False])
    feed(connection, [True])
    kept = load_monitor(connection, "probe|simple|small-1")
    assert kept is not None
    assert (kept.pairs, kept.losses, kept.kind, kept.alarmed) == (3, 2.0, "probe", False)
    assert kept.state["tolerance"] == FLIPS_TOLERATED


def test_a_run_without_items_changes_nothing(connection: Connection) -> None:
    found = feed(connection, [])
    assert (found.flipped, found.n, found.tripped) == (0, 0, False)
    assert found.statistic == pytest.approx(0.0)


def test_a_stream_whose_state_is_broken_starts_again(connection: Connection) -> None:
    feed(connection, [True] * 5)
    connection.execute(text("update monitors set state = '{}'"))
    assert feed(connection, [False] * 3).n == 3
    kept = load_monitor(connection, "probe|simple|small-1")
    assert kept is not None
    assert kept.pairs == 3


def test_an_alarm_counts_its_excursion_over_all_slices(connection: Connection) -> None:
    feed(connection, [False] * 400)
    found = feed(connection, [True])
    assert (found.flipped, found.n) == (1, 1)
    given = 1
    while not found.tripped:
        found = feed(connection, [True])
        given += 1
    assert (found.flipped, found.n) == (given, given)
    assert 9 < given < 20
