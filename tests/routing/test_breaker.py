"""The breaker under every order of calls, results and times that hypothesis can think of."""

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    consumes,
    initialize,
    invariant,
    precondition,
    rule,
)

from tierwatch.routing.breaker import LONGEST_WAIT_S, Breaker, BreakerRules, Ticket

RULES = BreakerRules(failures=3, share=0.5, calls=6, window_s=10.0, open_for_s=5.0)


def failing(breaker: Breaker, times: int, now: float = 0.0) -> None:
    for _ in range(times):
        breaker.fail(breaker.begin(now), now)


def succeeding(breaker: Breaker, times: int, now: float = 0.0) -> None:
    for _ in range(times):
        breaker.succeed(breaker.begin(now), now)


def test_failures_in_a_row_open_it_and_a_success_between_does_not() -> None:
    breaker = Breaker(RULES)
    failing(breaker, 2)
    succeeding(breaker, 1)
    failing(breaker, 2)
    assert breaker.state(0.0) == "closed"
    failing(breaker, 1)
    assert (breaker.state(0.0), breaker.allows(0.0), breaker.opens_in(1.0)) == ("open", False, 4.0)


def test_it_is_closed_until_it_opens_and_again_when_a_call_succeeds() -> None:
    breaker = Breaker(RULES)
    tickets = [breaker.begin(0.0), breaker.begin(1.0)]
    assert breaker.closed
    assert tickets[0] == tickets[1] == Ticket(0, probe=False)
    failing(breaker, 3, 1.0)
    assert not breaker.closed
    assert breaker.state(100.0) == "half_open"
    assert not breaker.closed  # by the passing of time alone it is not
    breaker.succeed(breaker.begin(100.0), 100.0)
    assert breaker.closed
    assert breaker.begin(101.0) != tickets[0]  # calls of another era are told apart


def test_a_share_of_failures_opens_it_from_enough_calls_on() -> None:
    breaker = Breaker(RULES)
    for _ in range(2):  # 2 of 4 failed: the share, but too few calls
        failing(breaker, 1)
        succeeding(breaker, 1)
    assert breaker.state(0.0) == "closed"
    succeeding(breaker, 1)
    failing(breaker, 1)  # 3 of 6
    assert breaker.state(0.0) == "open"


def test_a_share_below_the_limit_keeps_it_closed_for_ever() -> None:
    breaker = Breaker(RULES)
    for turn in range(200):  # 1 of 3 fails
        failing(breaker, 1, turn * 0.1)
        succeeding(breaker, 2, turn * 0.1)
    assert breaker.state(20.0) == "closed"


@pytest.mark.parametrize(("gap_s", "state"), [(9.0, "open"), (10.1, "closed"), (1e6, "closed")])
def test_failures_leave_the_window(gap_s: float, state: str) -> None:
    breaker = Breaker(RULES)
    failing(breaker, 2)
    succeeding(breaker, 1)
    succeeding(breaker, 2, gap_s)
    failing(breaker, 1, gap_s)  # 3 of 6 if the first three still count, else 1 of 3
    assert breaker.state(gap_s) == state


@pytest.mark.parametrize(
    ("asked_s", "open_s"), [(0.0, 0.0), (30.0, 30.0), (2.0, 2.0), (86_400.0, LONGEST_WAIT_S)]
)
def test_a_retry_after_opens_it_at_once_for_that_long(asked_s: float, open_s: float) -> None:
    breaker = Breaker(RULES)
    breaker.fail(breaker.begin(0.0), 0.0, retry_after_s=asked_s)
    assert breaker.opens_in(0.0) == open_s


def test_a_longer_retry_after_of_another_call_lengthens_the_wait_and_a_shorter_does_not() -> None:
    breaker = Breaker(RULES)
    tickets = [breaker.begin(0.0) for _ in range(3)]
    for ticket, asked_s in zip(tickets, (10.0, 30.0, 1.0), strict=True):
        breaker.fail(ticket, 0.0, retry_after_s=asked_s)
    assert breaker.opens_in(0.0) == 30.0


def test_one_probe_at_a_time_and_its_failure_opens_again() -> None:
    breaker = Breaker(RULES)
    failing(breaker, 3)
    assert breaker.state(5.0) == "half_open"
    probe = breaker.begin(5.0)
    assert probe.probe
    assert not breaker.allows(5.0)
    assert not breaker.begin(5.0).probe
    breaker.fail(probe, 6.0)
    assert breaker.opens_in(6.0) == 5.0


def test_a_probe_that_hangs_keeps_the_next_out_for_as_long_as_an_open_breaker_would() -> None:
    breaker = Breaker(RULES)
    failing(breaker, 3)
    hung = breaker.begin(5.0)
    assert not breaker.allows(9.9)
    assert breaker.allows(10.0)
    second = breaker.begin(10.0)
    assert second.probe
    assert not breaker.allows(10.0)
    breaker.succeed(second, 10.5)
    breaker.fail(hung, 60.0)  # of an era that is over
    assert breaker.state(60.0) == "closed"


def test_a_probe_whose_caller_left_makes_room_for_the_next() -> None:
    breaker = Breaker(RULES)
    failing(breaker, 3)
    breaker.release(breaker.begin(5.0))
    assert breaker.allows(5.0)


def test_results_of_calls_begun_before_it_opened_say_nothing_of_the_probe() -> None:
    breaker = Breaker(RULES)
    early = [breaker.begin(0.0) for _ in range(10)]
    failing(breaker, 3)
    breaker.succeed(early[0], 1.0)
    assert breaker.state(1.0) == "open"
    probe = breaker.begin(5.0)
    for ticket in early[1:]:
        breaker.fail(ticket, 5.0)
        breaker.release(ticket)
    assert not breaker.allows(5.0)
    breaker.succeed(probe, 5.5)
    failing(breaker, 2, 6.0)
    assert breaker.state(6.0) == "closed"  # the early failures were not counted either


def test_a_call_forced_through_an_open_breaker_closes_it_when_answered() -> None:
    breaker = Breaker(RULES)
    failing(breaker, 3)
    failing(breaker, 1, 1.0)
    assert breaker.opens_in(1.0) == 4.0  # another failure does not prolong it
    succeeding(breaker, 1, 2.0)
    assert breaker.state(2.0) == "closed"


class BreakerMachine(RuleBasedStateMachine):
    """Any interleaving of calls; what must hold of them is written beside each rule."""

    tickets = Bundle("tickets")

    @initialize(
        failures=st.integers(1, 4),
        share=st.floats(0.1, 1.0),
        calls=st.integers(1, 8),
        open_for_s=st.floats(0.5, 20.0),
    )
    def build(self, failures: int, share: float, calls: int, open_for_s: float) -> None:
        self.rules = BreakerRules(failures, share, calls, 10.0, open_for_s)
        self.breaker = Breaker(self.rules)
        self.now = 0.0
        self.probes: list[Ticket] = []
        self.probed_at: float | None = None

    @rule(seconds=st.floats(0.0, 30.0))
    def wait(self, seconds: float) -> None:
        before = self.breaker.state(self.now)
        self.now += seconds
        after = self.breaker.state(self.now)
        assert (before, after) in {
            ("closed", "closed"), ("open", "open"), ("open", "half_open"),
            ("half_open", "half_open"),
        }  # fmt: skip

    @rule(target=tickets)
    def begin(self) -> Ticket:
        state, allowed = self.breaker.state(self.now), self.breaker.allows(self.now)
        ticket = self.breaker.begin(self.now)
        assert ticket.probe == (state == "half_open" and allowed)
        assert self.breaker.state(self.now) == state
        if ticket.probe:
            assert self._free()  # never two at once, but for one that hangs
            self.probes.append(ticket)
            self.probed_at = self.now
        return ticket

    @rule(ticket=consumes(tickets))
    def succeed(self, ticket: Ticket) -> None:
        before = self.breaker.state(self.now)
        was_probe = ticket in self.probes
        self.breaker.succeed(ticket, self.now)
        after = self.breaker.state(self.now)
        assert after in {before, "closed"}
        if was_probe:
            assert after == "closed"
        self._forget(before, after, ticket)

    @rule(ticket=consumes(tickets), asked_s=st.none() | st.floats(0.0, 1000.0))
    def fail(self, ticket: Ticket, asked_s: float | None) -> None:
        before, left_s = self.breaker.state(self.now), self.breaker.opens_in(self.now)
        was_probe = ticket in self.probes
        self.breaker.fail(ticket, self.now, retry_after_s=asked_s)
        after = self.breaker.state(self.now)
        if before != "closed":
            assert after != "closed"  # a failure never closes
            assert self.breaker.opens_in(self.now) >= left_s  # nor shortens the wait
        if was_probe:
            assert self.breaker.opens_in(self.now) == pytest.approx(
                max(self.rules.open_for_s, min(asked_s or 0.0, LONGEST_WAIT_S))
            )
        self._forget(before, after, ticket)

    @rule(ticket=consumes(tickets))
    def release(self, ticket: Ticket) -> None:
        before = self.breaker.state(self.now)
        was_probe = ticket in self.probes
        self.breaker.release(ticket)
        assert self.breaker.state(self.now) == before
        if was_probe:
            assert self.breaker.allows(self.now)
            self.probes.remove(ticket)
            self.probed_at = None

    def _free(self) -> bool:
        """Whether no probe keeps others out."""
        return self.probed_at is None or self.now - self.probed_at >= self.rules.open_for_s

    def _forget(self, before: str, after: str, ticket: Ticket) -> None:
        """A probe is over with its own result, or when another result changed the state."""
        if ticket in self.probes or before != after:
            self.probes.clear()
            self.probed_at = None

    @invariant()
    def closed_or_open_calls_only_as_said(self) -> None:
        state = self.breaker.state(self.now)
        if state == "closed":
            assert self.breaker.allows(self.now)
        if state == "open":
            assert not self.breaker.allows(self.now)
            longest = max(LONGEST_WAIT_S, self.rules.open_for_s)
            # A wait is the difference of two times, known to the last bits of those.
            assert 0 < self.breaker.opens_in(self.now) <= longest + 1e-9
        if state == "half_open":
            assert self.breaker.allows(self.now) == self._free()

    @precondition(lambda self: self.breaker.state(self.now) == "half_open" and self._free())
    @rule()
    def a_probe_can_always_bring_it_back(self) -> None:
        self.breaker.succeed(self.breaker.begin(self.now), self.now)
        assert self.breaker.state(self.now) == "closed"
        # Probes that began before it are of a state that has ended.
        self.probes.clear()
        self.probed_at = None


BreakerMachine.TestCase.settings = settings(max_examples=150, stateful_step_count=40, deadline=None)
TestBreakerMachine = BreakerMachine.TestCase
