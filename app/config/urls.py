"""How an address stands in tierwatch.yaml."""

from urllib.parse import urlsplit

from tierwatch.config.secrets import Secret, read_secret
from tierwatch.routing.config.reading.document import not_accepted


def read_url(value: object) -> str:
    """An HTTP address without user or password; a slash at its end is dropped.

    >>> read_url("https://models.example/v1/")
    'https://models.example/v1'
    """
    accepted = not_accepted("a URL such as https://api.openai.com/v1, without user or password")
    if not isinstance(value, str):
        raise accepted
    try:
        parts = urlsplit(value.strip())
        usable = bool(parts.hostname) and parts.port != 0
    except ValueError:
        raise accepted from None
    if parts.scheme not in {"http", "https"} or not usable or parts.username is not None:
        raise accepted
    return value.strip().rstrip("/")


def read_url_or_secret(value: object) -> str | Secret:
    """An address, or ``env:NAME`` where the address itself is a secret."""
    if isinstance(value, Secret) or (
        isinstance(value, str) and value.startswith(("env:", "file:"))
    ):
        return read_secret(value)
    return read_url(value)
