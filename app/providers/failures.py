"""What a provider's HTTP status says went wrong, as one of our kinds."""

from collections.abc import Mapping
from datetime import UTC, datetime
from http import HTTPStatus

import orjson

from tierwatch.errors import ProviderError
from tierwatch.retry_after import read_retry_after
from tierwatch.wire.fault import error_text

_KEPT_CHARACTERS = 2_000


def refusal(name: str, status: int, headers: Mapping[str, str], content: bytes) -> ProviderError:
    """The error for an answer whose HTTP status is not 200."""
    try:
        sentence = error_text(orjson.loads(content))
    except orjson.JSONDecodeError:
        sentence = ""
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        kind = "rate_limited"
    elif status == HTTPStatus.REQUEST_TIMEOUT:
        kind = "timeout"
    elif 500 <= status < 600:  # noqa: PLR2004 - HTTP's classes
        kind = "server"
    elif 400 <= status < 500:  # noqa: PLR2004 - as above
        kind = "refused"
    else:  # a redirect or an empty success: the address is not a model provider's
        kind = "unreadable"
    return ProviderError(
        f"{name} answered {status}{f': {sentence}' if sentence else '.'}",
        kind=kind,
        status=status,
        retry_after_s=read_retry_after(headers, now=datetime.now(UTC)),
        body=kept_text(content),
    )


def kept_text(content: bytes) -> str:
    """The beginning of a body, for the record of an attempt."""
    # No character of UTF-8 has more than 4 bytes.
    return content[: 4 * _KEPT_CHARACTERS].decode("utf-8", "replace")[:_KEPT_CHARACTERS]
