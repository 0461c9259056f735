"""``notify``: where alerts are sent, beside the log."""

import re
from collections.abc import Mapping, Sequence
from typing import Annotated, Final, Literal

from pydantic import Field, PlainValidator

from tierwatch.config.secrets import Secret, SecretName
from tierwatch.config.urls import read_url_or_secret
from tierwatch.routing.config.reading.document import Document, Problem, not_accepted
from tierwatch.routing.config.reading.fields import Name, Section, whole_number

# The destination that is always there.
LOG = "log"

Kind = Literal[
    "webhook", "pagerduty", "alertmanager", "slack", "teams", "opsgenie", "email", "apprise"
]

# What each kind cannot do without, and what else it takes, beside kind and name.
_NEEDS: Final[Mapping[Kind, tuple[str, ...]]] = {
    "webhook": ("url",),
    "pagerduty": ("key",),
    "alertmanager": ("url",),
    "slack": ("url",),
    "teams": ("url",),
    "opsgenie": ("key",),
    "email": ("host", "from", "to"),
    "apprise": ("url",),
}
_TAKES: Final[Mapping[Kind, tuple[str, ...]]] = {
    "webhook": ("secret",),
    "pagerduty": ("url", "signing_secret", "people"),
    "alertmanager": ("key", "labels"),
    "slack": ("signing_secret", "people"),
    "teams": (),
    "opsgenie": ("url",),
    "email": ("port", "security", "user", "password"),
    "apprise": (),
}
_OPTIONAL: Final = ("kind", "name")
# Submission, and the port at which TLS comes first.
_PORTS: Final = {"starttls": 587, "tls": 465, "none": 25}

_LABEL = re.compile(r"(?!__)[A-Za-z_][A-Za-z0-9_]*")
_ADDRESS = re.compile(r"[^@\s<>,;:\"()\[\]\\]+@[^@\s<>,;:\"()\[\]\\]+", re.ASCII)
# A name, an address, or one of IPv6, which has two colons or more.
_HOST = re.compile(r"[A-Za-z0-9._-]+|[0-9A-Fa-f.]*(?::[0-9A-Fa-f.]*){2,}")
# Set by tierwatch: another value would make another alert of it.
_OWN_LABELS: Final = {"alertname", "severity", "tier", "segment", "tierwatch_alert"}


def read_label_name(value: object) -> str:
    """The name of a label as Prometheus has it, and none of ours."""
    if not isinstance(value, str) or not _LABEL.fullmatch(value) or value in _OWN_LABELS:
        raise not_accepted(
            "letters, digits and underscores, not beginning with a digit or two underscores;"
            f" and none of {', '.join(sorted(_OWN_LABELS))}"
        )
    return value


def read_mail_address(value: object) -> str:
    """An address of e-mail, and nothing around it."""
    if not isinstance(value, str) or not _ADDRESS.fullmatch(value.strip()):
        raise not_accepted("an address such as oncall@example.com, without a name")
    return value.strip()


def read_host(value: object) -> str:
    """A host's name or address, without a port."""
    if not isinstance(value, str) or not _HOST.fullmatch(value.strip()):
        raise not_accepted("a host such as smtp.example.com; its port stands in port")
    return value.strip()


class NotifyConfig(Section):
    """One place that alerts are sent to, under ``notify``."""

    kind: Kind = Field(
        default="webhook",
        description="What is sent, and which keys count; [channels.md](channels.md) has an example"
        " of each.",
    )
    name: Name | None = Field(
        default=None,
        description="What pages call it, and what its deliveries are kept by; `webhook 1` and so on"
        " without one, by its place in the list.",
    )
    url: Annotated[str | Secret, PlainValidator(read_url_or_secret)] | None = Field(
        default=None,
        description="Where to send: a URL, or `env:NAME` where the URL itself is a secret. Of"
        " pagerduty and opsgenie the base of the API, where it is not the usual one.",
    )
    secret: SecretName | None = Field(
        default=None, description="webhook: signs the body (HMAC-SHA256); `env:NAME`."
    )
    key: SecretName | None = Field(
        default=None,
        description="pagerduty: the routing key; opsgenie: the API key; alertmanager: a bearer"
        " token, where one is asked for. `env:NAME`.",
    )
    signing_secret: SecretName | None = Field(
        default=None,
        description="pagerduty, slack: what their calls to `/hooks/pagerduty` and `/hooks/slack` of"
        " the dashboard are signed with, so that an alert can be acknowledged there. `env:NAME`.",
    )
    people: Mapping[Name, Name] = Field(
        default_factory=dict,
        description="pagerduty, slack: who of them is who here, as `{U012ABC: ada}`; others are"
        " written down by their name there.",
    )
    labels: Mapping[Annotated[str, PlainValidator(read_label_name)], Name] = Field(
        default_factory=dict,
        description="alertmanager: added to the labels of every alert, as `{team: search}`.",
    )
    host: Annotated[str, PlainValidator(read_host)] | None = Field(
        default=None, description="email: the mail server."
    )
    port: Annotated[int, whole_number(1, 65_535)] | None = Field(
        default=None,
        description="email: its port; by security 587, 465 or 25 without one.",
    )
    security: Literal["starttls", "tls", "none"] = Field(
        default="starttls",
        description="email: how the connection is encrypted: starttls, after it was made; tls, from"
        " its first byte; none, not at all, and then without a password.",
    )
    user: Name | None = Field(default=None, description="email: who logs in; none without one.")
    password: SecretName | None = Field(
        default=None, description="email: the user's password; `env:NAME`."
    )
    sender: Annotated[str, PlainValidator(read_mail_address)] | None = Field(
        default=None, validation_alias="from", description="email: the address it comes from."
    )
    to: tuple[Annotated[str, PlainValidator(read_mail_address)], ...] = Field(
        default=(), description="email: the addresses it goes to."
    )

    def target(self, environ: Mapping[str, str], usual: str = "") -> str:
        """The URL to post to; ``usual`` where none is named.

        Raises:
            SettingsError: the URL's variable is not set.
        """
        if isinstance(self.url, Secret):
            return self.url.reveal(environ)
        return self.url or usual

    @property
    def mail_port(self) -> int:
        """The port of the mail server."""
        return self.port or _PORTS[self.security]


def destination_names(places: Sequence[NotifyConfig]) -> list[str]:
    """What each destination is called."""
    return [one.name or f"{one.kind} {number}" for number, one in enumerate(places, start=1)]


def notify_problems(document: Document, places: Sequence[NotifyConfig]) -> list[Problem]:
    """What a destination lacks, or has that its kind does not take; and names that stand twice.

    What waits for one destination would be sent to another one of its name.
    """
    taken, problems = {LOG}, []
    names = destination_names(places)
    for number, (one, name) in enumerate(zip(places, names, strict=True)):
        problems += _key_problems(document, one, number)
        if name in taken:
            at = ("notify", number, "name")
            problems.append(document.problem(at, f"{name!r} twice", "a name of its own"))
        taken.add(name)
    return problems


def _key_problems(document: Document, one: NotifyConfig, number: int) -> list[Problem]:
    written = {_written(field) for field in one.model_fields_set if getattr(one, field)}
    kind = one.kind
    accepted = (*_OPTIONAL, *_NEEDS[kind], *_TAKES[kind])
    problems = [
        document.problem(
            ("notify", number, key), "nothing", f"one, which kind {kind} cannot do without"
        )
        for key in _NEEDS[kind]
        if key not in written
    ]
    problems += [
        document.problem(
            ("notify", number, key),
            f"a key that kind {kind} does not take",
            ", ".join(sorted(accepted)),
        )
        for key in sorted(written - set(accepted))
    ]
    if kind == "email" and (one.user is None) != (one.password is None):
        missing = "password" if one.password is None else "user"
        problems.append(
            document.problem(
                ("notify", number, missing), "nothing", "user and password, or neither"
            )
        )
    if one.password is not None and one.security == "none":
        problems.append(
            document.problem(
                ("notify", number, "security"),
                "none, by which the password would be sent in the clear",
                "starttls or tls",
            )
        )
    if one.people and one.signing_secret is None:
        problems.append(
            document.problem(
                ("notify", number, "signing_secret"), "nothing", "one, for people to come back by"
            )
        )
    return problems


def _written(field: str) -> str:
    return "from" if field == "sender" else field
