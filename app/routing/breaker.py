"""A circuit breaker: whether a deployment that keeps failing should be asked at all.

Pure: the time is an argument, so that every transition can be replayed. One breaker is used by
one thread.
"""

from dataclasses import dataclass
from typing import Literal, NamedTuple

State = Literal["closed", "half_open", "open"]

# A provider may ask for a day, or its clock may be wrong. One call in five minutes to see whether
# it is back costs nothing.
LONGEST_WAIT_S = 300.0
# The window moves in steps of a tenth: counting is then of constant size, whatever the traffic.
_STEPS = 10


@dataclass(frozen=True, slots=True)
class BreakerRules:
    """When a breaker opens, and for how long.

    Attributes:
        failures: this many failures in a row open it.
        share: so does this share of failures in the window, in (0, 1].
        calls: from this many calls in the window on; fewer say little about a share.
        window_s: length of the window in seconds.
        open_for_s: seconds until one call may probe whether the deployment is back.
        longest_wait_s: what a provider asks to be left alone is believed up to this many seconds.
    """

    failures: int = 5
    share: float = 0.5
    calls: int = 20
    window_s: float = 30.0
    open_for_s: float = 10.0
    longest_wait_s: float = LONGEST_WAIT_S


class Ticket(NamedTuple):
    """What a call gets when it begins, and hands back with its result.

    Attributes:
        era: how often the breaker had changed its state by then.
        probe: whether the call is the one that tests a half-open breaker.
    """

    era: int
    probe: bool


class Breaker:
    """Closed, it lets every call through and counts; open, none; half-open, one that probes it.

    A probe that has not ended after ``open_for_s`` keeps nobody out: the next call probes too.

    From closed to open: ``failures`` in a row, ``share`` of the window, or a provider that names
    a time before which it wants no call. From open to half-open: that time, or ``open_for_s``,
    has passed. From half-open: closed when the probe succeeds, open again when it fails.

    A result counts only in the state in which its call began: hundreds of calls may be under way
    when a breaker opens, and their failures are no news of the probe. A call that was made through
    an open breaker, since there was no other, closes it when it succeeds.

    >>> breaker = Breaker(BreakerRules(failures=2, open_for_s=10.0))
    >>> for now in (0.0, 1.0):
    ...     breaker.fail(breaker.begin(now), now)
    >>> breaker.state(1.0), breaker.allows(1.0), breaker.state(11.0), breaker.allows(11.0)
    ('open', False, 'half_open', True)
    >>> probe = breaker.begin(11.0)
    >>> breaker.allows(11.0)
    False
    >>> breaker.succeed(probe, 11.2)
    >>> breaker.state(11.2)
    'closed'
    """

    __slots__ = (
        "_calls",
        "_era",
        "_failed",
        "_in_a_row",
        "_ordinary",
        "_probed",
        "_rules",
        "_step",
        "_until",
    )

    def __init__(self, rules: BreakerRules) -> None:
        self._rules = rules
        self._era = 0
        self._ordinary = Ticket(self._era, probe=False)  # one for all calls through a closed one
        self._until: float | None = None
        self._probed: float | None = None  # when the last probe began
        self._in_a_row = 0
        self._step = 0
        self._calls = [0] * _STEPS
        self._failed = [0] * _STEPS

    def state(self, now: float) -> State:
        """The state at a time, which never goes back."""
        if self._until is None:
            return "closed"
        return "half_open" if now >= self._until else "open"

    @property
    def closed(self) -> bool:
        """Whether it is closed, at whatever time: an open one stays open until a call succeeds."""
        return self._until is None

    def opens_in(self, now: float) -> float:
        """Seconds until a probe is let through; 0 unless open."""
        return 0.0 if self._until is None else max(0.0, self._until - now)

    def allows(self, now: float) -> bool:
        """Whether a call may be made."""
        if self._until is None:
            return True
        return now >= self._until and (
            self._probed is None or now - self._probed >= self._rules.open_for_s
        )

    def begin(self, now: float) -> Ticket:
        """Count a call as begun. One that begins while half-open, and is the first, is the probe.

        A call that ``allows`` forbids may begin all the same: that is for a caller without choice.
        """
        if self._until is None:
            return self._ordinary
        probe = self.allows(now)
        if probe:
            self._probed = now
        return Ticket(self._era, probe)

    def succeed(self, ticket: Ticket, now: float) -> None:
        """The call was answered; a refusal of the request itself is an answer too."""
        if ticket.era != self._era:
            return
        if self._until is not None:
            self._change(None, now)
            return
        self._in_a_row = 0
        self._count(now, failed=0)

    def fail(self, ticket: Ticket, now: float, *, retry_after_s: float | None = None) -> None:
        """The call failed for a reason that the next call may meet too.

        Args:
            ticket: from `begin`.
            now: when it failed.
            retry_after_s: how long the provider wants to be left alone; believed up to
                ``longest_wait_s``.
        """
        asked_s = min(retry_after_s or 0.0, self._rules.longest_wait_s)
        if self._until is not None:
            if ticket.era == self._era and ticket.probe:
                self._change(now + max(self._rules.open_for_s, asked_s), now)
            elif asked_s > 0 and self._probed is None:
                self._until = max(self._until, now + asked_s)
            return
        if ticket.era != self._era:
            return
        self._in_a_row += 1
        self._count(now, failed=1)
        if asked_s > 0:
            self._change(now + asked_s, now)
        elif self._in_a_row >= self._rules.failures or self._too_many():
            self._change(now + self._rules.open_for_s, now)

    def release(self, ticket: Ticket) -> None:
        """The call ended without saying anything of the deployment: its caller left."""
        if ticket.probe and ticket.era == self._era:
            self._probed = None

    def _change(self, until: float | None, now: float) -> None:
        self._until = until
        self._era += 1
        self._ordinary = Ticket(self._era, probe=False)
        self._probed = None
        self._in_a_row = 0
        self._calls = [0] * _STEPS
        self._failed = [0] * _STEPS
        self._step = self._step_at(now)

    def _step_at(self, now: float) -> int:
        return int(now * _STEPS / self._rules.window_s)

    def _count(self, now: float, *, failed: int) -> None:
        step = self._step_at(now)
        if step > self._step:
            for passed in range(self._step + 1, min(step, self._step + _STEPS) + 1):
                self._calls[passed % _STEPS] = self._failed[passed % _STEPS] = 0
            self._step = step
        self._calls[self._step % _STEPS] += 1
        self._failed[self._step % _STEPS] += failed

    def _too_many(self) -> bool:
        calls = sum(self._calls)
        return calls >= self._rules.calls and sum(self._failed) >= self._rules.share * calls
