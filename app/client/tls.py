"""TLS as a client speaks it: who is trusted, and sessions that a later connection resumes."""

import ssl
from typing import Any, Self

_TLS = ssl.PROTOCOL_TLS_CLIENT  # names and certificates are checked


class ResumingContext(ssl.SSLContext):
    """Offers each host the session of the connection before: half the cost of a handshake.

    Trusts the system's authorities, and those in the file that SSL_CERT_FILE names.
    """

    _sessions: dict[str, ssl.SSLSession]

    def __new__(cls) -> Self:
        """A context for clients."""
        context = super().__new__(cls, _TLS)
        context._sessions = {}
        # Python's own floor, which Debian's builds leave to the system; a higher one stays.
        context.minimum_version = max(context.minimum_version, ssl.TLSVersion.TLSv1_2)
        context.load_default_certs()
        return context

    def remember(self, host: str, connection: ssl.SSLObject | None) -> None:
        """Keep the session of a connection that has carried an answer.

        In TLS 1.3 there is none before that: it comes with the first bytes.
        """
        session = None if connection is None else connection.session
        if session is not None:
            self._sessions[host] = session

    def wrap_bio(self, *args: Any, **kwargs: Any) -> ssl.SSLObject:
        """Begin a connection, as asyncio does, with the session of its host."""
        known = self._sessions.get(kwargs.get("server_hostname") or "")
        return super().wrap_bio(*args, **{**kwargs, "session": known})
