"""E-mail, over SMTP: one thread an alert."""

import datetime as dt
import smtplib
import socket
import ssl
import threading
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from typing import Any, ClassVar, Final, Literal
from urllib.parse import urlsplit

from tierwatch.notify.answer import Answer
from tierwatch.notify.channels.message import Message, incident_key, message_of
from tierwatch.notify.channels.sent_json import hidden, unusable
from tierwatch.notify.event import event_id
from tierwatch.notify.posting import DEADLINE_S

Security = Literal["starttls", "tls", "none"]

_SUBJECT_LENGTH: Final = 200
# Replies of a server that a person mends: login, its TLS, its relaying.
_MENDED: Final = frozenset({454, 530, 534, 535, 538})
_PERMANENT: Final = 500


@dataclass(frozen=True, slots=True)
class MailDestination:
    """A mail server, and whom it is asked to write to.

    Attributes:
        host, port: of the server.
        sender: the address in "From".
        recipients: addresses, one or more.
        security: how the connection is encrypted; by ``starttls`` and ``tls`` the server's
            certificate is checked.
        user, password: to log in with; None where the server asks for none.
        name: what deliveries and pages call it.
        context: which certificates are believed; None for this machine's authorities.
        deadline_s: for all of a message.
    """

    kind: ClassVar[str] = "email"

    host: str
    port: int
    sender: str
    recipients: Sequence[str]
    security: Security = "starttls"
    user: str | None = None
    password: str | None = field(default=None, repr=False)
    name: str = "email"
    context: ssl.SSLContext | None = field(default=None, repr=False)
    deadline_s: float = DEADLINE_S

    def send(self, event: Mapping[str, Any]) -> Answer:
        """Send one event to everybody."""
        refused = unusable(event)
        if refused:
            return refused
        if not f"{self.user or ''}{self.password or ''}".isascii():  # smtplib sends no others
            return Answer("away", "not sent: the user or the password of SMTP is not ASCII")
        mail = _mail(event, message_of(event), self.sender, self.recipients)
        try:
            refusals = self._transfer(mail)
        except (OSError, smtplib.SMTPException) as problem:
            return _problem_answer(problem, self.password)
        taken = len(self.recipients) - len(refusals)
        return Answer("taken", f"accepted for {taken} of {len(self.recipients)}")

    def _transfer(self, mail: EmailMessage) -> dict[str, tuple[int, bytes]]:
        """Hand it over; who was refused, where not everybody was."""
        context = self.context or ssl.create_default_context()
        server = self._connected(context)
        try:
            if self.security == "starttls":
                server.starttls(context=context)
            if self.user is not None:
                self._log_in(server, self.user)
            refusals = server.send_message(mail)
            with suppress(OSError, smtplib.SMTPException):  # it has the mail, whatever it says now
                server.quit()
        finally:
            server.close()
        return refusals

    def _log_in(self, server: smtplib.SMTP, user: str) -> None:
        try:
            server.login(user, self.password or "")
        except smtplib.SMTPServerDisconnected:  # what some do instead of answering
            raise smtplib.SMTPAuthenticationError(535, "hung up at the login") from None

    def _connected(self, context: ssl.SSLContext) -> smtplib.SMTP:
        try:
            if self.security == "tls":
                return _Tls(self.host, self.port, timeout=self.deadline_s, context=context)
            return _Plain(self.host, self.port, timeout=self.deadline_s)
        except UnicodeError:  # a name with an empty label, or one of more than 63 characters
            raise socket.gaierror(socket.EAI_NONAME, "no name of a host") from None


class _Ending(smtplib.SMTP):
    """Ends a connection that has lasted for as long as it may.

    smtplib bounds each silence, and a server that sends a byte every few seconds is never silent.
    """

    _timer: threading.Timer | None = None

    def connect(
        self,
        host: str = "localhost",
        port: int = 0,
        source_address: Any = None,
    ) -> tuple[int, bytes]:
        self._timer = threading.Timer(self.timeout, self._cut)
        self._timer.daemon = True
        self._timer.start()
        try:
            return super().connect(host, port, source_address)
        except BaseException:
            self._timer.cancel()
            raise

    def close(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        super().close()

    def _cut(self) -> None:
        with suppress(OSError):  # it may have ended by itself
            if self.sock is not None:
                self.sock.shutdown(socket.SHUT_RDWR)


class _Plain(_Ending):
    """Begins in the clear."""


class _Tls(_Ending, smtplib.SMTP_SSL):
    """Is encrypted from the first byte."""


def _problem_answer(problem: OSError | smtplib.SMTPException, password: str | None) -> Answer:
    if isinstance(problem, smtplib.SMTPRecipientsRefused):
        code, said = next(iter(problem.recipients.values()))
        return _reply_answer(code, said, password, "no recipient is accepted; ")
    if isinstance(problem, smtplib.SMTPConnectError):
        return Answer("away", f"no mail server there (SMTP {problem.smtp_code})")
    if isinstance(problem, smtplib.SMTPResponseException):
        return _reply_answer(problem.smtp_code, problem.smtp_error, password)
    if isinstance(problem, smtplib.SMTPNotSupportedError):
        return Answer("away", hidden(str(problem), []))
    if isinstance(problem, ssl.SSLError):
        return Answer("away", f"no connection by TLS ({problem.reason or type(problem).__name__})")
    return Answer("away", f"no connection ({type(problem).__name__})")


def _reply_answer(code: int, said: bytes | str, password: str | None, what: str = "") -> Answer:
    words = said.decode("utf-8", "replace") if isinstance(said, bytes) else said
    detail = f"{what}SMTP {code}: {hidden(words, [password or ''])}"
    if code in _MENDED or code < 0:
        return Answer("away", detail)
    return Answer("never" if code >= _PERMANENT else "later", detail)


def _mail(
    event: Mapping[str, Any], message: Message, sender: str, recipients: Sequence[str]
) -> EmailMessage:
    mail = EmailMessage(policy=SMTP)
    mail["From"], mail["To"] = sender, ", ".join(recipients)
    mail["Subject"] = f"[tierwatch] {message.title}"[:_SUBJECT_LENGTH]
    mail["Date"] = format_datetime(dt.datetime.now(dt.UTC))
    # The same whenever this event is sent again: servers and readers drop a copy.
    domain = urlsplit(message.link).hostname or "tierwatch.invalid"
    mail["Message-ID"] = f"<{_token(event_id(event))}.{incident_key(event)}@{domain}>"
    mail["References"] = f"<{incident_key(event)}@{domain}>"
    # Nobody's holiday note answers it.
    mail["Auto-Submitted"] = "auto-generated"
    mail.set_content(f"{message.text}\n")
    return mail


def _token(text: str) -> str:
    """Text as a part of a Message-ID.

    >>> _token("12:renotified:4")
    '12-renotified-4'
    """
    return "".join(c if c.isascii() and c.isalnum() else "-" for c in text)
