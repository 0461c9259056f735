"""``people``: who may enter the dashboard without a password of ours, and as what."""

import ipaddress
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import Field, PlainValidator

from tierwatch.config.secrets import SecretName
from tierwatch.config.urls import read_url
from tierwatch.routing.config.reading.document import Document, Problem, not_accepted
from tierwatch.routing.config.reading.fields import Name, Section

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


def read_issuer(value: object) -> str:
    """An https address, or an http one on this machine: its answers decide who gets in.

    >>> read_issuer("https://login.example/realms/ops/")
    'https://login.example/realms/ops'
    """
    url = read_url(value)
    parts = urlsplit(url)
    if parts.scheme != "https" and parts.hostname not in {"127.0.0.1", "localhost", "::1"}:
        raise not_accepted("an https URL: whoever can change its answers can log in as anybody")
    return url


def read_network(value: object) -> Network:
    """A network or a single address.

    >>> str(read_network("10.0.0.0/8")), str(read_network("127.0.0.1"))
    ('10.0.0.0/8', '127.0.0.1/32')
    """
    if isinstance(value, (ipaddress.IPv4Network, ipaddress.IPv6Network)):
        return value
    try:
        return ipaddress.ip_network(str(value).strip())
    except ValueError:
        raise not_accepted("a network or an address, such as 10.0.0.0/8 or 127.0.0.1") from None


class RolesConfig(Section):
    """Which groups get which role; who is in several gets the highest. ``"*"`` is everybody."""

    viewer: tuple[Name, ...] = Field(default=(), description="Groups that may read.")
    reviewer: tuple[Name, ...] = Field(
        default=(), description="Groups that may also resolve alerts and label pairs."
    )
    approver: tuple[Name, ...] = Field(
        default=(), description="Groups that may also approve, reject and roll back."
    )
    admin: tuple[Name, ...] = Field(
        default=(), description="Groups that may also manage users, tokens and sessions."
    )


class OidcConfig(Section):
    """Single sign-on by OpenID Connect, under ``people.oidc``."""

    issuer: Annotated[str, PlainValidator(read_issuer)] = Field(
        description="The provider's issuer, whose address ends before `/.well-known/...`."
    )
    client_id: Name = Field(description="The dashboard's id at the provider.")
    client_secret: SecretName | None = Field(
        default=None, description="Its secret, `env:NAME`; none for a public client with PKCE."
    )
    scopes: tuple[Name, ...] = Field(
        default=("openid", "profile", "email"), description="What is asked for; with `openid`."
    )
    name_claim: Name = Field(
        default="preferred_username", description="The claim that becomes the user's name here."
    )
    roles_claim: Name = Field(
        default="groups", description="The claim that lists groups, in the ID token or userinfo."
    )
    roles: RolesConfig = Field(description="Groups by role; who has none of them stays outside.")
    label: Name = Field(default="single sign-on", description="Shown on the button to log in.")


class ProxyConfig(Section):
    """Logins by a proxy in front that says in a header who is there, under ``people.proxy``."""

    trusted: tuple[Annotated[Network, PlainValidator(read_network)], ...] = Field(
        min_length=1, description="Networks of the proxy; the header counts from nobody else."
    )
    user_header: Name = Field(
        default="X-Forwarded-User", description="The header with the user's name."
    )
    groups_header: Name = Field(
        default="X-Forwarded-Groups", description="The header with their groups, comma-separated."
    )
    roles: RolesConfig = Field(description="Groups by role; who has none of them stays outside.")


class PeopleConfig(Section):
    """The ``people`` section."""

    passwords: bool = Field(
        default=True, description="Whether users may log in with a password kept here."
    )
    oidc: OidcConfig | None = Field(default=None, description="Single sign-on.")
    proxy: ProxyConfig | None = Field(default=None, description="A proxy that logs people in.")


def people_problems(document: Document, people: PeopleConfig) -> list[Problem]:
    """Logins that nobody could use."""
    problems = []
    if not people.passwords and people.oidc is None and people.proxy is None:
        accepted = "true, or a section people.oidc or people.proxy"
        problems.append(document.problem(("people", "passwords"), "no way to log in", accepted))
    if people.oidc is not None and "openid" not in people.oidc.scopes:
        at = ("people", "oidc", "scopes")
        problems.append(document.problem(at, "a list without openid", "one with openid in it"))
    for kind, section in (("oidc", people.oidc), ("proxy", people.proxy)):
        if section is not None and section.roles == RolesConfig():
            accepted = 'groups for one role or more, such as viewer: ["*"] and admin: [ops]'
            problems.append(document.problem(("people", kind, "roles"), "none", accepted))
    return problems
