"""Messages the app sends to workers, by task name. The row is the truth, a message is a nudge.

A message that cannot be sent is not an error: the sweep finds the row. So `Dispatch` answers
whether it was sent, and after a failure holds its breath for a few seconds instead of making
every caller wait for a broker that is away.
"""

import time
import uuid
from collections.abc import Callable, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Protocol

import structlog

from tierwatch.broker import (
    AWAY,
    CONFIRM_WITHIN_S,
    LONGEST_COUNTDOWN_S,
    Depth,
    queue_depth,
    sender_options,
)

if TYPE_CHECKING:
    from celery import Celery

_log = structlog.get_logger(__name__)

SHADOW = "tierwatch.shadow_exchange"
JUDGE = "tierwatch.judge_exchange"
OBSERVE = "tierwatch.observe"
DELIVER = "tierwatch.deliver_alerts"
DELIVER_SCORES = "tierwatch.deliver_scores"
WATCH_SILENCE = "tierwatch.watch_silence"
SWEEP = "tierwatch.sweep"
RETUNE = "tierwatch.retune"
ROLLOUT = "tierwatch.rollout"
RETENTION = "tierwatch.retention"
JUDGE_ANCHORS = "tierwatch.judge_anchors"
ASK_PROBES = "tierwatch.ask_probes"
ATTRIBUTE = "tierwatch.attribute_alerts"
WATCH_TRAFFIC = "tierwatch.watch_traffic"
LEARN = "tierwatch.learn"
REFIT = "tierwatch.refit"
TRY_MODELS = "tierwatch.try_models"
REBUILD_TYPES = "tierwatch.rebuild_types"

# A broker that is away is asked again after this long; rows wait meanwhile.
_BREATH_S = 5.0
# 20 kB; a worker that dies while it hands them on costs no more than this to do again.
_IDS_A_MESSAGE = 500


class Dispatch(Protocol):
    """Sends work to workers."""

    def shadow_exchange(self, exchange_id: uuid.UUID, *, wait_s: float = 0) -> bool:
        """Ask for the shadow answer of an exchange, ``wait_s`` seconds from now."""

    def shadow_exchanges(self, exchange_ids: Sequence[uuid.UUID]) -> bool:
        """Ask for the shadow answers of several exchanges, in one message as far as they fit."""

    def judge_exchange(self, exchange_id: uuid.UUID, *, wait_s: float = 0) -> bool:
        """Ask for the verdict on an exchange's pair, ``wait_s`` seconds from now."""

    def backlog(self) -> int | None:
        """How many messages wait for a worker; None when the broker is away."""


class CeleryDispatch:
    """Sends through the broker: Redis or RabbitMQ."""

    def __init__(self, broker_url: str, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._url = broker_url
        self._clock = clock
        self._silent_until = float("-inf")

    @cached_property
    def _app(self) -> "Celery":
        """Who sends. Made for the first message: until then a process is 9 MB and .1 s lighter."""
        from celery import Celery  # noqa: PLC0415 - as above

        app = Celery("tierwatch-sender", set_as_current=False)
        app.conf.update(sender_options(self._url))
        return app

    @cached_property
    def _depth(self) -> Depth:
        return queue_depth(self._url, lambda: self._app)

    def shadow_exchange(self, exchange_id: uuid.UUID, *, wait_s: float = 0) -> bool:
        """Ask for the shadow answer of an exchange, ``wait_s`` seconds from now."""
        return self._send(SHADOW, str(exchange_id), wait_s)

    def shadow_exchanges(self, exchange_ids: Sequence[uuid.UUID]) -> bool:
        """Ask for the shadow answers of several exchanges, in one message as far as they fit.

        A message costs the sender 0.3 ms of CPU whatever is in it; the worker that takes it hands
        the exchanges on one by one, to whoever is free.
        """
        names = [str(one) for one in exchange_ids]
        parts = [names[at : at + _IDS_A_MESSAGE] for at in range(0, len(names), _IDS_A_MESSAGE)]
        return all(self._send(SHADOW, part, 0) for part in parts)

    def judge_exchange(self, exchange_id: uuid.UUID, *, wait_s: float = 0) -> bool:
        """Ask for the verdict on an exchange's pair, ``wait_s`` seconds from now."""
        return self._send(JUDGE, str(exchange_id), wait_s)

    def backlog(self) -> int | None:
        """How many messages wait for a worker; None when the broker is away."""
        return self._depth()

    def _send(self, name: str, subject: str | list[str], wait_s: float) -> bool:
        if wait_s > LONGEST_COUNTDOWN_S:
            return False  # the row knows until when; the sweep takes it up then
        if self._clock() < self._silent_until:
            return False
        try:
            self._app.send_task(
                name,
                args=[subject],
                countdown=wait_s or None,
                retry=False,
                confirm_timeout=CONFIRM_WITHIN_S,
            )
        except AWAY as problem:
            self._silent_until = self._clock() + _BREATH_S
            _log.warning("broker away, rows wait for the sweep", task=name, why=str(problem))
            return False
        return True


def answering_workers(broker_url: str, *, within_s: float) -> list[str]:
    """Names of the workers that answer through this broker, sorted; none where it is away."""
    from celery import Celery  # noqa: PLC0415 - as above

    app = Celery("tierwatch-ping", set_as_current=False)
    app.conf.update(sender_options(broker_url))
    try:
        answers = app.control.ping(timeout=within_s)
    except AWAY:
        return []
    finally:
        app.close()
    return sorted(name for answer in answers or () for name in answer)


class KeptDispatch:
    """Keeps messages in a list: the twin for tests and for a laptop without a broker."""

    def __init__(self) -> None:
        self.sent: list[tuple[str, uuid.UUID, float]] = []

    def shadow_exchange(self, exchange_id: uuid.UUID, *, wait_s: float = 0) -> bool:
        """Keep the message."""
        self.sent.append((SHADOW, exchange_id, wait_s))
        return True

    def shadow_exchanges(self, exchange_ids: Sequence[uuid.UUID]) -> bool:
        """Keep a message for each."""
        return all(self.shadow_exchange(one) for one in exchange_ids)

    def judge_exchange(self, exchange_id: uuid.UUID, *, wait_s: float = 0) -> bool:
        """Keep the message."""
        self.sent.append((JUDGE, exchange_id, wait_s))
        return True

    def backlog(self) -> int | None:
        """How many messages were kept."""
        return len(self.sent)
