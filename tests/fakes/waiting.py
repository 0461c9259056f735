"""Waiting for what happens in another thread."""

import time
from collections.abc import Callable

WAIT_S = 5.0


def until(condition: Callable[[], object], seconds: float = WAIT_S) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.005)
