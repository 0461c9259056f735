"""What a connection to the dashboard may take before its request is there.

waitress accepts 100 connections, keeps a silent one for two minutes and a half-sent request for
ever, as long as a byte of it comes now and then: 120 strangers took the dashboard away.
"""

import time
from collections.abc import Callable, Mapping
from typing import Any
from weakref import WeakKeyDictionary

from tierwatch.descriptors import descriptors

# A page needs one connection; an attack from one machine has a port for each of 28,000.
_MOST_CONNECTIONS = 4_000
_OWN_DESCRIPTORS = 64
# A form is sent at once, in some KiB.
REQUEST_S = 10.0
# Browsers open connections before they need them, and keep them between two pages.
_SILENCE_S = 30
_EVERY_S = 1
_HEAD_BYTES = 64 * 1024


def limits() -> dict[str, Any]:
    """What ``waitress.create_server`` is told."""
    have = descriptors(_MOST_CONNECTIONS + _OWN_DESCRIPTORS)
    return {
        "connection_limit": max(1, have - _OWN_DESCRIPTORS),
        "channel_timeout": _SILENCE_S,
        "cleanup_interval": _EVERY_S,
        "max_request_header_size": _HEAD_BYTES,
        "asyncore_use_poll": True,  # select knows no descriptor above 1,023
        # Ours to read, from the right (`trusted_proxies`): waitress would drop it as untrusted.
        "clear_untrusted_proxy_headers": False,
    }


class SlowRequests:
    """Hangs up on callers whose request is not here in time, however they drip it.

    Args:
        clock: seconds.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._since: WeakKeyDictionary[Any, float] = WeakKeyDictionary()
        self._next = 0.0

    def hang_up(self, sockets: Mapping[int, Any]) -> int:
        """Close connections whose request began too long ago; return how many. Once a second.

        Args:
            sockets: waitress's, called by the thread that serves them.
        """
        now = self._clock()
        if now < self._next:
            return 0
        self._next = now + _EVERY_S
        late = [one for one in sockets.values() if self._is_late(one, now)]
        for one in late:
            one.handle_close()
        return len(late)

    def _is_late(self, one: Any, now: float) -> bool:
        request = getattr(one, "request", None)  # a channel's, while it is incomplete
        return request is not None and now - self._since.setdefault(request, now) > REQUEST_S
