"""Queue, limits and schedule of the workers: what must hold of the numbers."""

import os
from datetime import timedelta
from types import ModuleType
from typing import Any

import pytest

from tierwatch import dispatch
from tierwatch.broker import QUEUE


@pytest.fixture
def module(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    for name in [key for key in os.environ if key.startswith("TIERWATCH_")]:
        monkeypatch.delenv(name)
    from tierwatch_workers import celery_app

    return celery_app


@pytest.fixture
def schedule(module: ModuleType) -> dict[str, dict[str, Any]]:
    return dict(module.celery_app.conf.beat_schedule)


def test_everything_but_one_exchange_s_work_is_on_the_schedule(
    schedule: dict[str, dict[str, Any]],
) -> None:
    names = {
        value for name, value in vars(dispatch).items() if name.isupper() and isinstance(value, str)
    }
    assert {entry["task"] for entry in schedule.values()} == names - {
        dispatch.SHADOW,
        dispatch.JUDGE,
    }


def test_a_tick_that_nobody_took_dies_with_its_period(schedule: dict[str, dict[str, Any]]) -> None:
    for name, entry in schedule.items():
        period = entry["schedule"]
        assert isinstance(period, timedelta)
        assert entry["options"]["expires"] == max(1.0, period.total_seconds()), name


def test_a_message_outlives_its_worker_and_its_result_stays_in_its_row(module: ModuleType) -> None:
    conf = module.celery_app.conf
    assert conf.task_acks_late
    assert conf.task_reject_on_worker_lost
    assert conf.task_ignore_result
    assert conf.task_default_queue == QUEUE
    # None: it keeps asking until Redis is back.
    assert conf.broker_connection_max_retries is None
    assert conf.broker_transport_options["socket_timeout"] is None
    # A message comes back after an hour, so no task may be at work longer than that.
    assert conf.broker_transport_options["visibility_timeout"] > 75


def test_a_tick_is_acknowledged_when_it_is_begun_and_an_exchange_s_work_when_it_is_done(
    module: ModuleType,
) -> None:
    from tierwatch_workers import tasks

    ticks = {entry["task"] for entry in module.celery_app.conf.beat_schedule.values()}
    module.celery_app.finalize()
    for name in ticks:
        assert module.celery_app.tasks[name].acks_late is False, name
    for name in (tasks.shadow_exchange.name, tasks.judge_exchange.name):
        assert module.celery_app.tasks[name].acks_late is True, name
