"""A replay runs faster clocks, holds back, waits for the workers, and approves where asked to."""

from dataclasses import fields, replace

import factories.rows as put
import pytest
from fakes.collaborators import rows
from sqlalchemy import Connection, Engine, create_engine, text

from tierwatch.command.replaying.pace import (
    Backlog,
    approve_open,
    await_attribution,
    await_first_checks,
    await_observation,
    sped_up,
)
from tierwatch.settings import read_settings


def test_clocks_run_faster_and_addresses_stay() -> None:
    given = replace(read_settings({}), gateway_port=9000, secret_key="x" * 40)
    fast = sped_up(given)
    changed = {
        one.name for one in fields(given) if getattr(given, one.name) != getattr(fast, one.name)
    }
    assert {name for name in changed if name.endswith("_s")} >= {"observe_every_s", "sweep_every_s"}
    assert all(name.endswith("_s") for name in changed - {"worker_threads", "evalset_share"})
    # Building task types in the middle would begin every stream anew.
    assert fast.types_every_s == 0
    assert 0 < fast.evalset_share < 1


def test_what_has_not_ended_waits_and_what_is_not_counted_may(engine: Engine) -> None:
    with engine.begin() as connection:
        # Of an earlier run against the same database: not this replay's.
        put.add_rollup(connection, "simple", 50)
    backlog = Backlog(engine)
    assert not backlog.is_long(0)
    with engine.begin() as connection:
        for number in range(3):
            put.add_exchange(connection, number)
        put.add_rollup(connection, "standard", 10)
    backlog.look(answered=25)
    # 25 answered, 10 of them counted; 3 sampled ones have no verdict.
    assert (backlog.uncounted, backlog.waiting) == (15, 18)


def test_a_replay_holds_back_by_what_was_seen_and_answered_since(engine: Engine) -> None:
    backlog = Backlog(engine)
    backlog.look(answered=40)
    # 40 answered and none counted: 60 more may be on their way, 61 may not.
    assert not backlog.is_long(40 + 60)
    assert backlog.is_long(40 + 61)


def test_more_counted_than_answered_is_no_debt(engine: Engine) -> None:
    backlog = Backlog(engine)
    with engine.begin() as connection:
        put.add_rollup(connection, "simple", 10)
    backlog.look(answered=4)
    assert (backlog.uncounted, backlog.waiting) == (0, 0)


def test_a_database_that_goes_away_holds_nothing_back(engine: Engine) -> None:
    backlog = Backlog(engine)
    backlog.look(answered=500)
    assert backlog.is_long(500)
    backlog._engine = create_engine("postgresql+psycopg://nobody@127.0.0.1:1/none")
    backlog.look(answered=500)
    assert not backlog.is_long(500)


def add_run(connection: Connection, kind: str, subject: str, *, ended: bool) -> None:
    connection.execute(
        text(
            "insert into evalset_runs (kind, subject, model, set_version, why, until,"
            " ended_at) values (:kind, :subject, 'm', 'v', 'schedule', now(),"
            " case when :ended then now() end)"
        ),
        {"kind": kind, "subject": subject, "ended": ended},
    )


def test_the_first_runs_of_judge_and_tiers_are_waited_for(engine: Engine) -> None:
    ticks = []

    def tick() -> None:
        """The workers: one more run ends at each look."""
        ticks.append(1)
        with engine.begin() as connection:
            add_run(connection, "probes", f"tier {len(ticks)}", ended=True)

    with engine.begin() as connection:
        add_run(connection, "anchors", "judge", ended=True)
        add_run(connection, "anchors", "judge", ended=True)  # a second run is no second subject
        add_run(connection, "probes", "complex", ended=False)
    assert await_first_checks(engine, subjects=3, tick=tick, within_s=20)
    assert len(ticks) == 2


def test_a_replay_goes_on_without_them_when_the_time_is_up(engine: Engine) -> None:
    assert not await_first_checks(engine, subjects=1, tick=lambda: None, within_s=0.5)


def test_an_alert_without_its_cause_is_waited_for_and_then_said(
    engine: Engine, capsys: pytest.CaptureFixture[str]
) -> None:
    import factories.rows as put

    with engine.begin() as connection:
        alert = put.add_alert(connection, kind="misroute", attribution=None)
    await_attribution(engine, tick=lambda: None, within_s=0.5)
    assert "some alerts are not attributed yet" in capsys.readouterr().out
    with engine.begin() as connection:
        connection.execute(
            text("update alerts set state = 'resolved', resolved_by = 'ada' where id = :id"),
            {"id": alert},
        )
    await_attribution(engine, tick=lambda: None, within_s=5)
    assert capsys.readouterr().out == ""


def test_the_last_outcomes_are_taken_in_though_a_worker_is_at_it(engine: Engine) -> None:
    with engine.begin() as connection:
        put.add_outcome(connection, 1, 0.0)
        connection.execute(text("update outcomes set position = null"))
    tried = []

    def observe() -> None:
        tried.append(1)
        if len(tried) == 3:  # the worker has let go
            with engine.begin() as connection:
                connection.execute(text("update outcomes set position = 1"))

    assert await_observation(engine, observe=observe, tick=lambda: None, within_s=10)
    assert len(tried) == 3
    with engine.begin() as connection:
        connection.execute(text("update outcomes set position = null"))
    assert not await_observation(engine, observe=lambda: None, tick=lambda: None, within_s=0.5)


def test_open_proposals_are_approved_and_the_others_left(engine: Engine) -> None:
    with engine.begin() as connection:
        put.add_policy(connection)
        put.put_in_force(connection)
        put.add_proposal(connection, tier="simple", state="open")
        put.add_proposal(connection, tier="standard", state="expired")
    approve_open(engine, share=0.2)
    found = {one.tier: one for one in rows(engine, "select * from proposals")}
    assert found["simple"].state != "open"
    assert found["simple"].decided_by == "--approve"
    assert found["standard"].state == "expired"
    approve_open(engine, share=0.2)  # nothing is left to approve


def test_a_database_that_is_away_is_asked_again_later(capsys: pytest.CaptureFixture[str]) -> None:
    approve_open(create_engine("postgresql+psycopg://nobody@127.0.0.1:1/none"), share=0.2)
    assert capsys.readouterr() == ("", "")
