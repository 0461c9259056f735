"""Signals are counted, nothing else; and a stop that hangs is ended by force, once all is saved."""

import os
import signal
import threading
import time
from collections.abc import Callable

import pytest
from fakes.waiting import until

from tierwatch.stop_signals import STOP_SIGNALS, LastResort, StopSignals


@pytest.mark.parametrize("number", STOP_SIGNALS)
def test_the_first_asks_and_the_second_hurries(number: signal.Signals) -> None:
    before = signal.getsignal(number)
    with StopSignals() as signals:
        assert not signals.asked
        os.kill(os.getpid(), number)
        until(lambda: signals.asked)
        assert not signals.hurried
        os.kill(os.getpid(), signal.SIGTERM)
        until(lambda: signals.hurried)
    assert signal.getsignal(number) is before


def test_waiting_ends_with_the_signal() -> None:
    with StopSignals() as signals:
        began = time.monotonic()
        signals.wait(0.01)
        threading.Timer(0.05, os.kill, (os.getpid(), signal.SIGHUP)).start()
        signals.wait(30)
        assert time.monotonic() - began < 20
        assert signals.asked


def test_a_storm_of_signals_is_no_error() -> None:
    """The pipe takes 64 KiB; a handler that raised there would end whatever it interrupted."""
    with StopSignals() as signals:
        for _ in range(70_000):
            signals.wake()
        os.kill(os.getpid(), signal.SIGTERM)
        until(lambda: signals.asked)


def test_also_is_called_at_every_signal() -> None:
    called: list[int] = []
    with StopSignals(also=lambda: called.append(1)) as signals:
        os.kill(os.getpid(), signal.SIGTERM)
        until(lambda: signals.asked)
        os.kill(os.getpid(), signal.SIGTERM)
        until(lambda: signals.hurried)
    assert called == [1, 1]


class _Ending:
    """A last resort whose process does not end for it."""

    def __init__(
        self,
        signals: StopSignals,
        *,
        rescue: Callable[[], None] = lambda: None,
        within_s: float = 0.1,
        hurried_s: float = 0.1,
    ) -> None:
        self.codes: list[int] = []
        self.resort = LastResort(
            signals,
            within_s=within_s,
            hurried_s=hurried_s,
            rescue=rescue,
            leave=self.codes.append,
        )


def test_without_a_signal_it_does_nothing() -> None:
    before = threading.active_count()
    with StopSignals() as signals:
        ending = _Ending(signals)
        with ending.resort:
            assert threading.active_count() == before + 1
        assert threading.active_count() == before
    assert ending.codes == []


def test_a_stop_that_hangs_is_saved_and_ended() -> None:
    saved: list[str] = []
    with StopSignals() as signals:
        ending = _Ending(signals, rescue=lambda: saved.append("flushed"))
        with ending.resort:
            os.kill(os.getpid(), signal.SIGTERM)
            until(lambda: ending.codes)
    assert (saved, ending.codes) == (["flushed"], [1])


def test_a_rescue_that_hangs_ends_too() -> None:
    never = threading.Event()
    with StopSignals() as signals:
        ending = _Ending(signals, rescue=lambda: never.wait(20) and None)
        with ending.resort:
            os.kill(os.getpid(), signal.SIGTERM)
            until(lambda: ending.codes)
    never.set()
    assert ending.codes == [1]


def test_a_second_signal_shortens_the_wait() -> None:
    with StopSignals() as signals:
        ending = _Ending(signals, within_s=60, hurried_s=0.05)
        with ending.resort:
            os.kill(os.getpid(), signal.SIGTERM)
            until(lambda: signals.asked)  # two of a kind that arrive together are one
            os.kill(os.getpid(), signal.SIGTERM)
            until(lambda: ending.codes)
    assert ending.codes == [1]


def test_what_is_saved_is_not_saved_again_when_the_rest_of_the_exit_hangs() -> None:
    saved: list[str] = []
    with StopSignals() as signals:
        ending = _Ending(signals, rescue=lambda: saved.append("flushed"), within_s=0.3)
        with ending.resort:
            os.kill(os.getpid(), signal.SIGTERM)
            until(lambda: signals.asked)
        until(lambda: ending.codes)
    assert saved == []
