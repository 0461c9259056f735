"""The overview is read an hour after the traffic of the factories."""

import datetime as dt
from typing import Any

import pytest
from factories.rows import NOW


@pytest.fixture(autouse=True)
def _just_now(clock: Any) -> None:
    clock.now = (NOW + dt.timedelta(hours=1)).timestamp()
