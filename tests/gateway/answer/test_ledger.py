"""What answering took: times are held against the clock with room for a slow machine."""

import time

import pytest
from factories.gateway_values import COMPLEX, SIMPLE, decision, whole

from tierwatch.errors import ProviderError
from tierwatch.gateway.answer.ledger import Ledger

DOWN = ProviderError("down", kind="server", status=500)


def test_an_empty_ledger_says_that_nobody_was_asked() -> None:
    ledger = Ledger()
    assert (ledger.attempts, ledger.decision, ledger.tier, ledger.unserved) == ([], None, None, [])
    assert (ledger.waited_s, ledger.reasoned) == (0.0, False)


def test_a_call_is_entered_with_its_tier_and_time() -> None:
    ledger = Ledger()
    ledger.tried(SIMPLE, time.perf_counter() - 0.25)
    (attempt,) = ledger.attempts
    named = (attempt.tier, attempt.model, attempt.provider)
    assert named == ("simple", "small-1", "lab")
    assert (attempt.status, attempt.error, attempt.cost_usd) == (200, "", 0.0)
    assert 250 <= attempt.latency_ms < 1_000
    assert ledger.waited_s == pytest.approx(attempt.latency_ms / 1000)


class BilledError(ProviderError):
    """An error that was counted: 1,000 tokens read, 10 written."""

    def __init__(self) -> None:
        super().__init__("no answer", kind="unreadable", status=200)
        self.billed = (1_000, 10, 0, 0)


def test_a_failure_costs_what_the_provider_counted() -> None:
    ledger = Ledger()
    began = time.perf_counter()
    ledger.tried(SIMPLE, began, error=DOWN)
    ledger.tried(SIMPLE, began, error=BilledError())
    # 1,000 x 1e-6 + 10 x 2e-6 = 0.00102
    assert [a.cost_usd for a in ledger.attempts] == [0.0, pytest.approx(0.00102)]
    assert [(a.status, a.error) for a in ledger.attempts] == [(500, "server"), (200, "unreadable")]


def test_a_call_that_was_given_up_has_no_status() -> None:
    ledger = Ledger()
    ledger.abandoned(COMPLEX, time.perf_counter())
    assert [(a.status, a.error) for a in ledger.attempts] == [(None, "abandoned")]


def test_a_stream_that_breaks_off_marks_the_last_call_alone() -> None:
    ledger = Ledger()
    for _ in range(2):
        ledger.tried(SIMPLE, time.perf_counter())
    ledger.broke_off(ProviderError("cut", kind="cut"))
    assert [a.error for a in ledger.attempts] == ["", "cut"]


def test_calls_side_by_side_take_as_long_as_the_longest() -> None:
    ledger = Ledger()
    with ledger.side_by_side():
        for _ in range(3):
            ledger.tried(SIMPLE, time.perf_counter() - 10.0)
    assert len(ledger.attempts) == 3
    assert ledger.waited_s < 1.0


def test_what_was_waited_before_them_stays_even_when_they_fail() -> None:
    ledger = Ledger()
    ledger.paused(2.0)
    with pytest.raises(ProviderError), ledger.side_by_side():
        raise DOWN
    assert 2.0 <= ledger.waited_s < 3.0


def test_reasoning_that_was_seen_once_stays_seen() -> None:
    ledger = Ledger()
    for seems_to in (False, True, False):
        ledger.reasons(seems_to=seems_to)
    assert ledger.reasoned


def test_an_answer_that_is_taken_is_no_more_among_the_others() -> None:
    ledger, cheap, dear = Ledger(), whole("4"), whole("4", tier=COMPLEX)
    twin = whole("4")  # equal, and paid for all the same
    for answer in (cheap, twin, dear):
        ledger.pays(answer)
    kept = decision()
    assert ledger.takes(cheap, kept) is cheap
    assert (ledger.decision, ledger.tier) == (kept, SIMPLE)
    assert len(ledger.unserved) == 2
    assert all(other is not cheap for other in ledger.unserved)
