"""Everything else, by the library `apprise`: some hundred services, each by an address of its own.

It is an extra, for it takes 15 MB and a tenth of a second to import, and nobody needs it whose
service has a channel of its own here. It says whether a message went out and not why it did not, so
every failure is tried again.
"""

import logging
from collections.abc import Mapping
from contextvars import ContextVar
from dataclasses import dataclass, field
from importlib.util import find_spec
from typing import Any, ClassVar, Final

from tierwatch.errors import SettingsError
from tierwatch.notify.answer import Answer
from tierwatch.notify.channels.message import message_of
from tierwatch.notify.channels.sent_json import unusable

_TYPE: Final = {"critical": "failure", "warning": "warning", "info": "info"}

# apprise logs addresses, which hold passwords; what it says while we send stays unsaid.
_sending: ContextVar[bool] = ContextVar("sending", default=False)


@dataclass(frozen=True, slots=True)
class AppriseDestination:
    """A service that apprise knows.

    Attributes:
        url: as apprise writes it; it holds the secrets.
        name: what deliveries and pages call it.
    """

    kind: ClassVar[str] = "apprise"

    url: str = field(repr=False)
    name: str = "apprise"

    def send(self, event: Mapping[str, Any]) -> Answer:
        """Send one event as text."""
        refused = unusable(event)
        if refused:
            return refused
        message = message_of(event)
        kind = "success" if message.action == "resolve" else _TYPE[message.severity]
        sending = _sending.set(True)
        try:
            service = opened(self.url)
            if service is None:
                return Answer("away", "not sent: apprise knows no service by this address")
            sent = service.notify(
                body=message.text, title=message.title, notify_type=kind, body_format="text"
            )
        finally:
            _sending.reset(sending)
        if sent:
            return Answer("taken", "sent by apprise")
        return Answer("later", "not sent; apprise does not say why")


def check_installed() -> None:
    """See that the library is there, without importing it.

    Raises:
        SettingsError: it is not.
    """
    if find_spec("apprise") is None:
        raise SettingsError(
            "notify: a destination of kind apprise needs `pip install 'tierwatch[apprise]'`"
        )


def opened(url: str) -> Any:
    """The service of an address, or None for one that apprise does not know."""
    import apprise  # noqa: PLC0415 - an extra, and slow to import

    logging.getLogger("apprise").addFilter(_unsaid)  # adding it a second time does nothing
    service = apprise.Apprise()
    return service if service.add(url) else None


def _unsaid(_record: logging.LogRecord) -> bool:
    return not _sending.get()
