"""Queue, limits and schedule. Each number has its reason beside it."""

from datetime import timedelta
from typing import Any

from celery import Celery

from tierwatch.broker import worker_options
from tierwatch.dispatch import (
    ASK_PROBES,
    ATTRIBUTE,
    DELIVER,
    DELIVER_SCORES,
    JUDGE_ANCHORS,
    LEARN,
    OBSERVE,
    REBUILD_TYPES,
    REFIT,
    RETENTION,
    RETUNE,
    ROLLOUT,
    SWEEP,
    TRY_MODELS,
    WATCH_SILENCE,
    WATCH_TRAFFIC,
)
from tierwatch.settings import read_settings

_settings = read_settings()

celery_app = Celery("tierwatch")


def _every(task: str, seconds: float) -> dict[str, Any]:
    """A schedule entry whose message dies with its period: no backlog of ticks after an outage."""
    return {
        "task": task,
        "schedule": timedelta(seconds=seconds),
        "options": {"expires": max(1.0, seconds)},
    }


_SCHEDULE = {
    "observe": _every(OBSERVE, _settings.observe_every_s),
    # A step of its own: a receiver that is away holds neither monitors nor sweep.
    "deliver": _every(DELIVER, _settings.observe_every_s),
    "deliver_scores": _every(DELIVER_SCORES, _settings.observe_every_s),
    "sweep": _every(SWEEP, _settings.sweep_every_s),
    "watch_silence": _every(WATCH_SILENCE, _settings.sweep_every_s),
    "watch_traffic": _every(WATCH_TRAFFIC, _settings.observe_every_s),
    "attribute": _every(ATTRIBUTE, _settings.observe_every_s),
    # Asked often and due seldom: beat forgets its schedule when it is restarted.
    "judge_anchors": _every(JUDGE_ANCHORS, _settings.sweep_every_s),
    "ask_probes": _every(ASK_PROBES, _settings.sweep_every_s),
    # Not after each pair: a boundary's classifier is half a megabyte to write.
    "learn": _every(LEARN, _settings.rollout_every_s),
    "refit": _every(REFIT, _settings.rollout_every_s),
    "rebuild_types": _every(REBUILD_TYPES, _settings.sweep_every_s),
    # A turn takes up to a minute, and several workers may take turns.
    "try_models": _every(TRY_MODELS, _settings.rollout_every_s),
    "retune": _every(RETUNE, _settings.rollout_every_s),
    "rollout": _every(ROLLOUT, _settings.rollout_every_s),
    # Partitions are cut two months ahead; hourly is far more often than needed.
    "retention": _every(RETENTION, 3600.0),
}

celery_app.conf.update(
    **worker_options(_settings.broker),
    # A message is a nudge; the row keeps the result.
    task_ignore_result=True,
    # Lost with its worker, a message comes back; the claim keeps that from doing work twice.
    task_acks_late=True,
    task_reject_on_worker_lost=True,
    # One spare message a thread: enough to hide a round trip, few to give back on a kill.
    worker_prefetch_multiplier=2,
    worker_hijack_root_logger=False,
    worker_send_task_events=False,
    timezone="UTC",
    beat_schedule=_SCHEDULE,
    # A tick is acknowledged when it is begun. Judging all anchors may take longer than RabbitMQ
    # lets a message go without an answer, and a tick lost with its worker comes again by itself.
    task_annotations={entry["task"]: {"acks_late": False} for entry in _SCHEDULE.values()},
    # A beat killed in the middle of a write must not leave a schedule it cannot read.
    beat_scheduler="celery.beat:Scheduler",
    beat_max_loop_interval=1,
)
