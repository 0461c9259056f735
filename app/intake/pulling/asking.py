"""One GET of a vendor's API, and again where it asks for patience: the one place that does.

A page that comes is whole JSON or counts as none; how long one may take, how large it may be and
how often it is asked for again are all bounded.
"""

import datetime as dt
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, Self

import httpx

from tierwatch.errors import TierwatchError
from tierwatch.retry_after import read_retry_after
from tierwatch.store.documents import Json
from tierwatch.wire.json_bytes import read_outside_json

DEADLINE_S: Final = 60.0
# A page of 100 calls with the texts of long conversations.
MOST_BYTES: Final = 64_000_000
MOST_TRIES: Final = 5
# Who asks for more is left alone until the next round.
LONGEST_PAUSE_S: Final = 60.0
_FIRST_PAUSE_S: Final = 1.0
_REFUSED: Final = frozenset({401, 403})
_AGAIN: Final = frozenset({408, 425, 429})
_OK: Final = 200
_BROKEN: Final = 500


class PullError(TierwatchError):
    """A round ends here; what was taken is kept, and the next one goes on."""


class KeyRefusedError(PullError):
    """The vendor does not accept the key: a person has to mend it."""


class NotThereError(PullError):
    """There is nothing at the address, 404 or 410."""


class NotAcceptedError(PullError):
    """The request itself is refused, with another 4xx: a cursor may be too old."""


class AwayError(PullError):
    """The vendor gives no whole answer for now.

    Attributes:
        wait_s: what it asked to wait; 0 for nothing.
    """

    def __init__(self, problem: str, wait_s: float = 0.0) -> None:
        super().__init__(problem)
        self.wait_s = wait_s


@dataclass(frozen=True, slots=True)
class _Answered:
    status: int
    wait_s: float | None
    body: bytes


class Api:
    """Asks one vendor, as a context. Used by one thread.

    Args:
        base_url: that the paths stand under.
        headers: that show the key.
        pause: waits so many seconds; True when there is no more to be asked.
        transport: carries the requests; None for the network.
    """

    def __init__(
        self,
        base_url: str,
        headers: Mapping[str, str],
        *,
        pause: Callable[[float], bool],
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        self._pause = pause
        # A redirect would carry the key elsewhere.
        self._client = httpx.Client(
            base_url=base_url.rstrip("/") + "/",
            headers={"user-agent": "tierwatch", "accept-encoding": "gzip", **headers},
            timeout=DEADLINE_S,
            transport=transport,
            follow_redirects=False,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._client.close()

    def get(self, path: str, params: Mapping[str, str | int]) -> Json:
        """The JSON object at a path.

        Raises:
            KeyRefusedError: 401 or 403.
            NotThereError: 404 or 410.
            AwayError: it gave no whole answer, each time it was asked.
            NotAcceptedError: it refuses the request itself.
            PullError: the page is none, or is too large.
        """
        tries = 0
        while True:
            tries += 1
            try:
                return self._got(path, params)
            except AwayError as problem:
                pause_s = max(problem.wait_s, _FIRST_PAUSE_S * 2 ** (tries - 1))
                if tries == MOST_TRIES or pause_s > LONGEST_PAUSE_S or self._pause(pause_s):
                    raise

    def _got(self, path: str, params: Mapping[str, str | int]) -> Json:
        answered = self._answered(path, params)
        status = answered.status
        if status in _REFUSED:
            raise KeyRefusedError(f"the key is not accepted (HTTP {status})")
        if status in {404, 410}:
            raise NotThereError(f"nothing is at /{path} (HTTP {status})")
        if status in _AGAIN or status >= _BROKEN:
            raise AwayError(f"HTTP {status}", answered.wait_s or 0.0)
        if status != _OK:
            raise NotAcceptedError(f"HTTP {status} at /{path}; accepted 200")
        try:
            page = read_outside_json(answered.body)
        except ValueError as problem:
            raise AwayError(f"what came from /{path} is not whole JSON") from problem
        if not isinstance(page, dict):
            raise PullError(f"what came from /{path} is not a JSON object")
        return page

    def _answered(self, path: str, params: Mapping[str, str | int]) -> _Answered:
        until = time.monotonic() + DEADLINE_S
        try:
            with self._client.stream("GET", path, params=params) as response:
                body = bytearray()
                for chunk in response.iter_bytes():
                    body += chunk
                    if len(body) > MOST_BYTES:
                        raise PullError(f"a page of /{path} is larger than {MOST_BYTES:,} bytes")
                    if time.monotonic() > until:
                        raise AwayError(f"no whole answer within {DEADLINE_S:g} s")
                wait_s = read_retry_after(response.headers, now=dt.datetime.now(dt.UTC))
                return _Answered(response.status_code, wait_s, bytes(body))
        except (httpx.HTTPError, httpx.InvalidURL, OSError) as problem:
            # Their texts may quote the URL, so only the kind is kept.
            raise AwayError(f"no answer ({type(problem).__name__})") from problem
