"""Waiting for the workers ends when they are done, or when the time is up."""

import pytest
from sqlalchemy import Connection, Engine, text

from tierwatch.command.replaying.waiting import await_attribution, await_first_checks


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
