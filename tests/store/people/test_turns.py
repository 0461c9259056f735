"""How many at once, how many wait, and what the others are told."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from tierwatch.errors import BusyError
from tierwatch.store.people.turns import Turns


def test_no_more_than_so_many_are_in_at_once_and_all_have_their_turn() -> None:
    turns, lock = Turns(at_once=2, waiting=20, wait_s=20.0), threading.Lock()
    inside, most = 0, 0

    def work(_: int) -> None:
        nonlocal inside, most
        with turns.turn():
            with lock:
                inside += 1
                most = max(most, inside)
            time.sleep(0.005)
            with lock:
                inside -= 1

    with ThreadPoolExecutor(16) as threads:
        list(threads.map(work, range(40)))
    assert (most, inside) == (2, 0)


def test_who_finds_the_queue_full_is_sent_away_at_once() -> None:
    turns, held, entered = Turns(at_once=1, waiting=1, wait_s=20.0), threading.Event(), []

    def hold() -> None:
        with turns.turn():
            entered.append(1)
            held.wait(20)

    threads = [threading.Thread(target=hold) for _ in range(2)]
    for thread in threads:
        thread.start()
    while not entered or turns._places._value:  # one is in and one waits
        time.sleep(0.001)
    began = time.monotonic()
    with pytest.raises(BusyError, match="Try again"), turns.turn():
        raise AssertionError
    with pytest.raises(BusyError):
        turns.refuse_if_full()
    assert time.monotonic() - began < 5
    held.set()
    for thread in threads:
        thread.join()
    for _ in range(5):
        turns.refuse_if_full()  # takes no place
    with turns.turn():
        pass


def test_who_has_waited_long_enough_is_sent_away() -> None:
    turns = Turns(at_once=1, waiting=5, wait_s=0.05)

    def second() -> str:
        try:
            with turns.turn():
                return "in"
        except BusyError:
            return "away"

    with turns.turn(), ThreadPoolExecutor(1) as threads:
        assert threads.submit(second).result(20) == "away"
    assert second() == "in"


def test_a_turn_that_fails_is_over() -> None:
    turns = Turns(at_once=1, waiting=0, wait_s=0.01)
    for _ in range(3):
        with pytest.raises(KeyError), turns.turn():
            raise KeyError
