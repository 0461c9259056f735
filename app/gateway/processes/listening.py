"""The sockets that the gateway listens on, and what waits in them at the end."""

import errno
import socket
from collections.abc import Iterator, Sequence

from tierwatch.errors import StackError

# A name may stand for addresses that this machine has not, ::1 in a container for one.
_NOT_OURS = {errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT}


def listeners_at(host: str, port: int, *, shared: bool = False) -> list[socket.socket]:
    """Bound sockets, one for each address of the host. They listen once they are served.

    Args:
        host: a name or an address; empty for all of this machine's.
        port: 0 for any.
        shared: whether other sockets of this user may listen there as well (SO_REUSEPORT); the
            kernel then spreads connections over them.

    Raises:
        StackError: the address is unknown, not this machine's, or taken.
    """
    listeners: list[socket.socket] = []
    problem: OSError | None = None
    try:
        found = socket.getaddrinfo(
            host or None, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )
        for family, _, _, _, address in dict.fromkeys(found):
            try:
                listeners.append(_bound(family, address, shared=shared))
            except OSError as error:
                if error.errno not in _NOT_OURS:
                    raise
                problem = error
        if not listeners and problem is not None:
            raise problem
    except OSError as error:
        for listener in listeners:
            listener.close()
        raise StackError(
            f"cannot listen on {host or 'all addresses'}, port {port}: {error.strerror or error};"
            " accepted: a free port of an address of this machine"
        ) from error
    return listeners


def _bound(
    family: socket.AddressFamily,
    address: tuple[str, int] | tuple[str, int, int, int] | tuple[int, bytes],
    *,
    shared: bool,
) -> socket.socket:
    listener = socket.socket(family, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if shared:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        if family == socket.AF_INET6:
            listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        listener.bind(address)
    except OSError:
        listener.close()
        raise
    return listener


def waiting_connections(listeners: Sequence[socket.socket]) -> Iterator[socket.socket]:
    """Take the connections that wait in the kernel, then close each listener.

    Without this they are reset: their callers were connected, and may have sent their request.
    """
    for listener in listeners:
        listener.settimeout(0)
        taken = []
        while True:
            try:
                taken.append(listener.accept()[0])
            except (BlockingIOError, ConnectionAbortedError):
                break
            except OSError:  # never listened, or no descriptor is left
                break
        listener.close()
        yield from taken
