import pytest

import tierwatch.dashboard.throttle as module
from tierwatch.dashboard.throttle import FAILURES, WINDOW_S, Throttle


class _Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_the_window_slides() -> None:
    clock = _Clock()
    throttle = Throttle(clock)
    for second in range(FAILURES):
        clock.now = float(second)
        assert throttle.wait_s("ada", "10.0.0.1") == 0
        throttle.failed("ada", "10.0.0.1")
    # The first failure was at 0, so it is forgotten at WINDOW_S; now is FAILURES - 1.
    assert throttle.wait_s("ada", "10.0.0.1") == WINDOW_S - (FAILURES - 1)
    assert throttle.wait_s("ada", "10.0.0.2") == 0
    assert throttle.wait_s("bob", "10.0.0.1") == 0
    clock.now = WINDOW_S
    assert throttle.wait_s("ada", "10.0.0.1") == 0


def test_success_forgets_failures() -> None:
    throttle = Throttle(_Clock())
    for _ in range(FAILURES):
        throttle.failed("ada", "a")
    throttle.passed("ada", "a")
    throttle.passed("never seen", "a")
    assert throttle.wait_s("ada", "a") == 0


def test_made_up_names_cannot_fill_the_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_KEYS", 100)
    throttle = Throttle(_Clock())
    for number in range(1_000):
        throttle.failed(f"name {number}", "a")
    assert len(throttle._failures) == 100
