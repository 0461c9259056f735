"""A captured exchange and what captures it."""

import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from fakes.collaborators import build_recorder, served
from fakes.outage import Outage
from sqlalchemy import Engine

from tierwatch.dispatch import KeptDispatch
from tierwatch.loop.capture.recorder import CaptureRecorder
from tierwatch.routing.decision import Decision


@pytest.fixture
def dispatch() -> KeptDispatch:
    return KeptDispatch()


@pytest.fixture
def recorder(engine: Engine, dispatch: KeptDispatch, tmp_path: Path) -> CaptureRecorder:
    return build_recorder(engine, dispatch, tmp_path)


@pytest.fixture
def captured(engine: Engine, recorder: CaptureRecorder) -> Callable[..., uuid.UUID]:
    """Capture one exchange and return its id."""

    def capture(decision: Decision | None = None, **changes: Any) -> uuid.UUID:
        exchange = served(decision, **changes)
        recorder.record(exchange)
        recorder.flush()
        return exchange.exchange_id

    return capture


@pytest.fixture
def outage(engine: Engine) -> Outage:
    """The test's database, away until the outage ends."""
    return Outage(engine)
