"""What the tasks of one worker share. Beat, which only says what is due, never imports it."""

import os
import threading
from functools import cache
from typing import Any
from uuid import UUID

import structlog
from celery.signals import worker_init

from tierwatch.collector import names_a_collector
from tierwatch.errors import SettingsError
from tierwatch.loop.compare.listening import NOBODY, Listener
from tierwatch.runtime.build import Runtime, build_runtime
from tierwatch.runtime.log_lines import configure_logging
from tierwatch.settings import read_settings
from tierwatch.store.traffic.work import give_back
from tierwatch.telemetry.build_evaluation import EvaluationTelemetry, build_evaluation_telemetry
from tierwatch_workers.celery_app import celery_app
from tierwatch_workers.metrics import METRICS, show
from tierwatch_workers.stops import (
    Ending,
    Task,
    at_work,
    ending_step,
    give_back_claims,
    give_back_messages,
    signals,
)

# For the last batch to reach a collector; a worker's end waits no longer.
_TELEMETRY_S = 2.0

_log = structlog.get_logger(__name__)
_building = threading.Lock()


@cache
def _built() -> Runtime:
    return build_runtime(read_settings())


def runtime() -> Runtime:
    """The process's runtime, built once, at the start of the worker."""
    with _building:
        return _built()


@cache
def _telemetry() -> EvaluationTelemetry | None:
    """What OpenTelemetry's variables ask for; a value that is not accepted costs that alone."""
    if not (names_a_collector(os.environ) or names_a_collector(os.environ, "logs")):
        return None
    vendors = {name: provider.kind for name, provider in runtime().config.providers.items()}
    try:
        return build_evaluation_telemetry(os.environ, vendors)
    except SettingsError as problem:
        _log.warning("no telemetry is exported", why=str(problem))
        return None


def listener() -> Listener:
    """Who is told what evaluation does."""
    built = _telemetry()
    return NOBODY if built is None else built.listener


@worker_init.connect  # type: ignore[untyped-decorator]  # celery has no types
def _build_at_start(**_: object) -> None:
    """A judge that may not judge, or a missing key, is said at the start and not by a task."""
    settings = read_settings()
    configure_logging(settings)
    at = runtime()
    telemetry = _telemetry()
    if telemetry is not None:
        METRICS.registry.register(telemetry.metrics)
        telemetry.start()
    if settings.worker_metrics_port:
        METRICS.watch_queue(at.dispatch.backlog)
        host, port = settings.worker_metrics_host, settings.worker_metrics_port
        show(METRICS, host, port, token=settings.metrics_token)


def _ending(worker: Any) -> Ending:
    """How this worker ends; `worker` is Celery's."""

    def free(exchange_id: UUID, step: str) -> None:
        with runtime().engine.begin() as connection:
            give_back(connection, exchange_id, step, wait_s=0)

    def give(left: list[Task]) -> int:
        # The claims first: a message that finds its exchange held is done with.
        given = give_back_claims(left, free)
        give_back_messages(worker.consumer)
        if (telemetry := _telemetry()) is not None:
            telemetry.stop(_TELEMETRY_S)
        return given

    return Ending(signals, at_work, within_s=read_settings().stop_within_s, give_back=give)


celery_app.steps["worker"].add(ending_step(_ending))
