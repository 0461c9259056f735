"""Where a request comes from, when proxies of ours stand between: read from the right, no further.

Each proxy adds the address that it was called from at the end of ``X-Forwarded-For`` (or of
``Forwarded``, RFC 7239). What stands left of the first address that is not a trusted proxy's was
written by a stranger.
"""

import re
from collections.abc import Iterable, Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

Network = IPv4Network | IPv6Network

# Where the address of who is connected stands in a request's environment, whoever the caller is.
PEER = "tierwatch.peer"

# More hops than any path has; a header may have 64 KiB.
_MOST_HOPS = 50
_FOR = re.compile(r'(?:^|;)\s*for\s*=\s*("[^"]*"|[^;,\s"]*)', re.IGNORECASE)
_PORT = re.compile(r"\[([^\]]*)\](?::\d+)?|([^:]*):\d+")


class TrustedProxies:
    """WSGI middleware that puts the caller's own address where that of the last proxy stood.

    Args:
        app: what is served.
        networks: those whose word counts.
    """

    def __init__(self, app: "WSGIApplication", networks: Sequence[Network]) -> None:
        self._app = app
        self._networks = networks

    def __call__(
        self, environ: "WSGIEnvironment", start_response: "StartResponse"
    ) -> Iterable[bytes]:
        """Serve a request."""
        peer = environ.get("REMOTE_ADDR", "")
        seen = caller_address(
            peer,
            environ.get("HTTP_X_FORWARDED_FOR", ""),
            environ.get("HTTP_FORWARDED", ""),
            self._networks,
        )
        return self._app(
            {**environ, "REMOTE_ADDR": seen, PEER: environ.get(PEER, peer)}, start_response
        )


def read_networks(text: str) -> list[Network]:
    """The networks in the setting ``TIERWATCH_TRUSTED_PROXIES``, which were read there before."""
    return [ip_network(part) for part in text.split(",") if part]


def caller_address(
    peer: str, forwarded_for: str, forwarded: str, networks: Sequence[Network]
) -> str:
    """The address of whoever called the outermost trusted proxy.

    A proxy writes one of the two headers and lets a stranger's other one pass. So where both are
    there and differ, neither counts.

    Args:
        peer: who is connected.
        forwarded_for: the header ``X-Forwarded-For``; empty for none.
        forwarded: the header ``Forwarded``.
        networks: of trusted proxies.

    >>> from ipaddress import ip_network
    >>> ours = [ip_network("10.0.0.0/8")]
    >>> caller_address("10.0.0.1", "1.1.1.1, 203.0.113.5, 10.0.0.2", "", ours)
    '203.0.113.5'
    >>> caller_address("203.0.113.9", "1.1.1.1", "", ours)
    '203.0.113.9'
    """
    plain = _last(forwarded_for)
    named = [_named(one) for one in _last(forwarded)]
    found = {_outermost(peer, hops, networks) for hops in (plain, named) if hops}
    return found.pop() if len(found) == 1 else peer


def _last(header: str) -> list[str]:
    return header.rsplit(",", _MOST_HOPS)[-_MOST_HOPS:] if header else []


def _named(element: str) -> str:
    match = _FOR.search(element)
    return "" if match is None else match[1].strip('"')


def _outermost(peer: str, hops: Sequence[str], networks: Sequence[Network]) -> str:
    seen = _address(peer)
    if seen is None:
        return peer
    for hop in reversed(hops):
        if not any(seen in network for network in networks):
            break
        before = _address(hop)
        if before is None:  # "unknown", a name, nonsense: nobody can say more
            break
        seen = before
    return str(seen)


def _address(text: str) -> IPv4Address | IPv6Address | None:
    text = text.strip()
    match = _PORT.fullmatch(text)
    if match is not None:
        text = match[1] or match[2] or ""
    try:
        read = ip_address(text)
    except ValueError:
        return None
    mapped = read.ipv4_mapped if isinstance(read, IPv6Address) else None
    return read if mapped is None else mapped
