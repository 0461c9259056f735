"""Slows down whoever guesses passwords or tokens, without locking out whom they guess for."""

import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator
from ipaddress import IPv6Address, ip_address

# Failures are counted for as long; after the last one that is allowed the oldest has to age.
WINDOW_S = 300.0
# Five slips are human.
FAILURES = 5
# An office, or a proxy that is not trusted, is one address for many people.
ADDRESS_FAILURES = 30
# A name that is guessed at from many addresses: fewer than argon2 allows in a second.
NAME_FAILURES = 20
# Names are the caller's choice, so their number is not ours: forget the longest-untouched.
_KEYS = 10_000
# The subscriber's part of an address: a home has 2^64 of them.
_SUBSCRIBER_BITS = 64


class Throttle:
    """Failed logins and tokens in this process's memory, by name, by address, and by both.

    Whoever shows that the same browser was logged in under the name before is counted alone: what
    strangers guess for a name, or from the same address, does not keep its owner out. A restart
    forgets all; one hash at a time is the second line.

    Args:
        clock: seconds.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._browsers = _Failures(FAILURES)
        self._pairs = _Failures(FAILURES)
        self._addresses = _Failures(ADDRESS_FAILURES)
        self._names = _Failures(NAME_FAILURES)
        self._tokens = _Failures(ADDRESS_FAILURES)
        self._lock = threading.Lock()

    def wait_s(self, name: str, address: str, browser: str = "") -> float:
        """Seconds until this name may try again from there; 0 when it may now.

        Args:
            name: to log in with.
            address: of the caller.
            browser: the mark of one that was logged in under this name; empty for others.
        """
        now = self._clock()
        with self._lock:
            return max(one.wait_s(key, now) for one, key in self._counts(name, address, browser))

    def failed(self, name: str, address: str, browser: str = "") -> None:
        """Count a wrong password."""
        now = self._clock()
        with self._lock:
            for one, key in self._counts(name, address, browser):
                one.add(key, now)

    def passed(self, name: str, address: str, browser: str = "") -> None:
        """Forget the slips of whoever knew the password, and no one else's."""
        with self._lock:
            self._browsers.forget((name, browser))
            self._pairs.forget((name, network_of(address)))

    def token_wait_s(self, address: str) -> float:
        """Seconds until an unknown token from this address is looked up again."""
        with self._lock:
            return self._tokens.wait_s((network_of(address), ""), self._clock())

    def token_failed(self, address: str) -> None:
        """Count a token that nobody has."""
        with self._lock:
            self._tokens.add((network_of(address), ""), self._clock())

    def _counts(
        self, name: str, address: str, browser: str
    ) -> Iterator[tuple["_Failures", tuple[str, str]]]:
        if browser:
            yield self._browsers, (name, browser)
            return
        network = network_of(address)
        yield self._pairs, (name, network)
        yield self._addresses, (network, "")
        yield self._names, (name, "")


class _Failures:
    """When each of many failed last, up to a number of times."""

    def __init__(self, allowed: int) -> None:
        self._allowed = allowed
        self._at: OrderedDict[tuple[str, str], list[float]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._at)

    def wait_s(self, key: tuple[str, str], now: float) -> float:
        recent = self._recent(key, now)
        return 0.0 if len(recent) < self._allowed else recent[0] + WINDOW_S - now

    def add(self, key: tuple[str, str], now: float) -> None:
        self._at[key] = [*self._recent(key, now), now][-self._allowed :]
        self._at.move_to_end(key)
        while len(self._at) > _KEYS:
            self._at.popitem(last=False)

    def forget(self, key: tuple[str, str]) -> None:
        self._at.pop(key, None)

    def _recent(self, key: tuple[str, str], now: float) -> list[float]:
        return [at for at in self._at.get(key, []) if at > now - WINDOW_S]


def network_of(address: str) -> str:
    """What is taken for one caller: an IPv4 address, or the half of an IPv6 one that is leased.

    >>> network_of("192.0.2.7"), network_of("2001:db8::1:2:3"), network_of("::ffff:192.0.2.7")
    ('192.0.2.7', '2001:db8::', '192.0.2.7')
    """
    try:
        read = ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if not isinstance(read, IPv6Address):
        return str(read)
    if read.ipv4_mapped is not None:
        return str(read.ipv4_mapped)
    host_bits = 128 - _SUBSCRIBER_BITS
    return str(IPv6Address(int(read) >> host_bits << host_bits))
