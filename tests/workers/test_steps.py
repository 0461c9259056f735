"""A task of ours never fails: what it raises is counted, and nothing of it is logged."""

import os
import threading

import pytest
import structlog

from tierwatch.faults import FAULTS


@pytest.fixture(autouse=True)
def _no_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [key for key in os.environ if key.startswith("TIERWATCH_")]:
        monkeypatch.delenv(name)


@pytest.mark.parametrize("error", [ValueError("a secret"), SystemExit(1), MemoryError()])
def test_whatever_a_step_raises_its_thread_goes_on(error: BaseException) -> None:
    from tierwatch_workers.steps import step

    @step(f"tierwatch.test_{type(error).__name__}")
    def fail(number: int) -> None:
        """Fail."""
        assert number == 7
        raise error

    key = (f"task: test_{type(error).__name__}", type(error).__name__)
    before = FAULTS.counts().get(key, 0)
    raised = []

    def run() -> None:
        try:
            fail(7)
        except BaseException as problem:  # noqa: BLE001 - nothing must come out
            raised.append(problem)

    with structlog.testing.capture_logs() as logs:
        thread = threading.Thread(target=run)
        thread.start()
        thread.join()
    assert raised == []
    assert FAULTS.counts()[key] == before + 1
    assert "secret" not in str(logs)


def test_a_step_keeps_its_name_and_what_it_says_of_itself() -> None:
    from tierwatch_workers.steps import step

    @step("tierwatch.test_named")
    def named() -> None:
        """Do what is to be done."""

    assert (named.name, named.__name__) == ("tierwatch.test_named", "named")
    assert named.__doc__ == "Do what is to be done."
