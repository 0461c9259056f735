"""Where requests go: an address taken apart once, with the lines that every request repeats."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple
from urllib.parse import quote, urlsplit

from tierwatch.client.proxy import Proxy

_PORTS = {"http": 80, "https": 443}
_UNFIT_FOR_A_URL = re.compile(r"[\x00-\x20\x7f]")
# A name or an IPv4 address; or an IPv6 one, perhaps of one network interface.
_HOST = re.compile(r"[0-9a-z._~-]+|[0-9a-f:.]+(%[0-9a-z._~-]+)?")
_NAME = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
_UNFIT_FOR_A_VALUE = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")
# The client writes these itself: a second one would let two readers disagree on where a body ends.
_OURS = frozenset({"connection", "content-length", "host", "transfer-encoding"})


class Origin(NamedTuple):
    """Whom a connection is made to; a connection serves every path of its origin.

    Attributes:
        secure: whether TLS is spoken.
        host: a name in ASCII, or an IP address without brackets.
        port: the port.
        through: the proxy on the way.
    """

    secure: bool
    host: str
    port: int
    through: Proxy | None = None

    @property
    def shown(self) -> str:
        """Host and port as HTTP writes them."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


@dataclass(frozen=True, slots=True)
class Address:
    """Where requests go, and the headers that all of them carry.

    Attributes:
        url: as it was given.
        headers: as they were given.
        origin: whom to connect to.
        head: the request line and these headers as they are sent, without the empty line.
        method: of HTTP.
    """

    url: str
    headers: Mapping[str, str]
    origin: Origin
    head: bytes
    method: str = "POST"


def read_address(
    url: str, headers: Mapping[str, str], proxy: Proxy | None = None, method: str = "POST"
) -> Address:
    r"""Prepare requests to ``url``.

    >>> read_address("https://[::1]/v1?a=b", {}).head
    b'POST /v1?a=b HTTP/1.1\r\nhost: [::1]\r\n'

    Raises:
        ValueError: no HTTP address, or a header that would not stay one line.
    """
    # urlsplit drops line ends and tabs silently.
    if _UNFIT_FOR_A_URL.search(url):
        raise ValueError("an address holds a space, a line end or another control character")
    parts = urlsplit(url)
    port = _PORTS.get(parts.scheme) if parts.port is None else parts.port
    if parts.scheme not in _PORTS or not parts.hostname or not port:
        raise ValueError("an address is not http://host or https://host")
    if parts.username is not None:
        raise ValueError("an address holds a user name")
    host = parts.hostname if parts.hostname.isascii() else _in_ascii(parts.hostname)
    if not _HOST.fullmatch(host):
        raise ValueError("the host of an address is no domain name")
    origin = Origin(parts.scheme == "https", host, port, proxy)
    shown = origin.shown
    if port == _PORTS[parts.scheme]:
        shown = shown.rpartition(":")[0]
    target = quote(parts.path or "/", safe="/%:@!$&'()*+,;=~")
    if parts.query:
        target += "?" + quote(parts.query, safe="/%:@!$&'()*+,;=~?")
    for_proxy = ""
    if proxy is not None and not origin.secure:
        # RFC 9112, 3.2.2: a proxy that reads the request is told the whole address.
        target = f"http://{shown}{target}"
        for_proxy = proxy.lines
    head = f"{method} {target} HTTP/1.1\r\nhost: {shown}\r\n{for_proxy}".encode()
    return Address(url, headers, origin, head + header_lines(headers), method)


def header_lines(headers: Mapping[str, str]) -> bytes:
    """Headers as they are sent.

    Raises:
        ValueError: a name or value that would not stay one line, or is ours to write. The message
            names the header; its value may be a secret.
    """
    lines = []
    for name, value in headers.items():
        if not _NAME.fullmatch(name) or name.lower() in _OURS:
            raise ValueError(f"a header cannot be named {name!r} here")
        if _UNFIT_FOR_A_VALUE.search(value):
            raise ValueError(f"the value of the header {name} holds a control character")
        lines.append(f"{name}: {value}\r\n")
    # What is outside Latin-1 has no agreed form in a header; servers that take it take UTF-8.
    return "".join(lines).encode()


def _in_ascii(host: str) -> str:
    try:
        return host.encode("idna").decode()
    except UnicodeError as error:
        raise ValueError("the host of an address is no domain name") from error
