"""What every view needs of its surroundings, and who is asking."""

import datetime as dt
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Protocol

from flask import current_app, g
from sqlalchemy import Connection

from tierwatch.config import Config
from tierwatch.config.origins import ShownValue
from tierwatch.dashboard.throttle import Throttle
from tierwatch.loop.capture.redaction.sealing import Sealer
from tierwatch.loop.notify.trial import Trial
from tierwatch.notify.returns.acknowledged import Signer
from tierwatch.notify.returns.calls import Calls
from tierwatch.store.people.roles import Person

KEY = "tierwatch"


class Database(Protocol):
    """The two things the dashboard asks of an engine."""

    def begin(self) -> AbstractContextManager[Connection]:
        """A connection in a transaction that commits at the end."""

    def connect(self) -> AbstractContextManager[Connection]:
        """A connection to read with."""


@dataclass(frozen=True)
class Site:
    """Collaborators of one dashboard.

    Attributes:
        config: tiers, tolerances and budget, to set figures against.
        engine: Postgres.
        gateway_url: shown on the overview; empty for none.
        clock: seconds since 1970.
        throttle: counts failed logins.
        redact: what people write passes it before it is stored.
        send_test: sends a test event to every destination of alerts, for whoever is named.
        signers: by kind, the destinations whose services may call back.
        calls: theirs that something has followed from.
        sealer: opens images, audio and files of samples; None where no key is set.
        file_values: of the configuration file, as they may be shown.
        environment_values: of this process, as they may be shown.
    """

    config: Config
    engine: Database
    gateway_url: str
    clock: Callable[[], float]
    throttle: Throttle
    redact: Callable[[str], str]
    send_test: Callable[[str], Sequence[Trial]]
    sealer: Sealer | None = None
    signers: Callable[[str], Sequence[Signer]] = lambda _kind: ()
    calls: Calls = field(default_factory=Calls)
    file_values: Sequence[ShownValue] = ()
    environment_values: Sequence[ShownValue] = ()


def this_site() -> Site:
    """The site of the application that serves the present request."""
    site: Site = current_app.extensions[KEY]
    return site


def this_person() -> Person:
    """Who sent the present request; only where login is required."""
    person: Person = g.person
    return person


def this_moment() -> dt.datetime:
    """The time by the site's clock."""
    return dt.datetime.fromtimestamp(this_site().clock(), dt.UTC)


def stored_text(text: str) -> str:
    r"""Text from outside as Postgres can hold it: no NUL, no lone surrogates.

    >>> stored_text("a\x00b\ud800")
    'a�b?'
    """
    return text.replace("\x00", "\ufffd").encode("utf-8", "replace").decode()
