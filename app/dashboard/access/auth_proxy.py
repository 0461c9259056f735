"""Logins by a proxy in front: it has checked who is there, and says so in a header.

The header counts from the proxy's own networks only, by the address of the connection itself. A
session of this kind lasts as long as the proxy names the same person.
"""

import ipaddress
from collections.abc import Collection

from flask import abort, request

from tierwatch.config.people import Network, ProxyConfig
from tierwatch.dashboard.access.browser_session import begin_session, end_session
from tierwatch.dashboard.access.outside import listed, roles_by_name
from tierwatch.dashboard.site import stored_text, this_site
from tierwatch.dashboard.trusted_proxies import PEER
from tierwatch.errors import ConflictError, UsageError
from tierwatch.store.people.outsiders import enter_outsider, role_of
from tierwatch.store.people.roles import Person
from tierwatch.store.people.sessions import OpenSession


def keep_to_proxy(opened: OpenSession | None) -> bool:
    """Make the session that of the person whom the proxy names now.

    Args:
        opened: the session that the cookie opens.

    Returns:
        Whether it changed: a session was begun or ended, and has to be read again.

    Raises:
        Forbidden: the proxy names somebody who may not enter.
    """
    config = this_site().config.people.proxy
    # Who is connected, and not the caller for whom that one may speak: its own word is asked for.
    if config is None or not is_trusted(request.environ.get(PEER, ""), config.trusted):
        named = None
    else:
        named = _said(config.user_header) or None
    if config is None or named is None:
        if opened is not None and opened.method == "proxy":
            end_session()
            return True
        return False
    person = _person(config, named)
    if opened is not None and opened.person.name == person.name:
        return opened.person.role != person.role
    if not begin_session(person, "proxy"):
        abort(403, f"{person.name} is disabled here; ask an administrator")
    return True


def is_trusted(address: str, networks: Collection[Network]) -> bool:
    """Whether an address lies in one of these networks.

    >>> is_trusted("10.1.2.3", [ipaddress.ip_network("10.0.0.0/8")])
    True
    """
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return False  # a Unix socket, or nothing: nobody's network
    mapped = getattr(found, "ipv4_mapped", None) or found
    return any(found in network or mapped in network for network in networks)


def _said(header: str) -> str:
    """What the proxy says in a header; WSGI hands bytes on as Latin-1, and proxies send UTF-8."""
    said = request.headers.get(header, "").strip()
    try:
        return said.encode("latin-1").decode()
    except UnicodeError:
        return said


def _person(config: ProxyConfig, named: str) -> Person:
    if "," in named:
        abort(
            403,
            f"{config.user_header} has a comma: names have none, and where it came twice, the proxy"
            " has let the caller's own pass",
        )
    groups = listed(_said(config.groups_header))
    role = role_of(groups, roles_by_name(config.roles))
    try:
        with this_site().engine.begin() as connection:
            person = enter_outsider(
                connection,
                subject=stored_text(f"proxy:{named}"),
                name=stored_text(named),
                role=role,
                vouched_by="proxy",
            )
    except (ConflictError, UsageError) as problem:
        abort(403, f"the proxy names somebody who cannot enter: {problem}")
    if person is None:
        abort(403, "none of your groups may enter, or your user is disabled here")
    return person
