"""What a provider's HTTP status says went wrong, as one of our kinds."""

from collections.abc import Mapping
from datetime import UTC, datetime
from http import HTTPStatus

import orjson

from tierwatch.errors import ProviderError
from tierwatch.retry_after import read_retry_after
from tierwatch.wire.fault import error_text, page_text

_KEPT_CHARACTERS = 2_000
_SENTENCE_CHARACTERS = 1_500  # with what stands around it no more than is kept
_LONGEST_NAME = 100
_PAGE_BYTES = 16_000


def refusal(name: str, status: int, headers: Mapping[str, str], content: bytes) -> ProviderError:
    """The error for an answer whose HTTP status is not 200."""
    try:
        said: object = orjson.loads(content)
    except orjson.JSONDecodeError:
        said = None
        sentence = page_text(content[:_PAGE_BYTES].decode("utf-8", "replace"))
    else:
        sentence = error_text(said)[:_KEPT_CHARACTERS]
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
        body=_kept_error(content, said),
    )


def _kept_error(content: bytes, said: object) -> str:
    """The body for the record of an attempt, and for who reads what was wrong.

    One that is too long to be kept becomes what it says: cut, it would be JSON no more.
    """
    if len(content) <= _KEPT_CHARACTERS or said is None:
        return kept_text(content)
    error = said[0] if isinstance(said, list) and said else said
    inner = error.get("error", error) if isinstance(error, dict) else {}
    names = {
        name: value
        for name in ("type", "code", "param", "status")
        if isinstance(inner, dict) and isinstance(value := inner.get(name), str | int)
    }
    names = {name: str(value)[:_LONGEST_NAME] for name, value in names.items()}
    kept: dict[str, object] = {
        "error": {"message": error_text(said)[:_SENTENCE_CHARACTERS], **names}
    }
    if isinstance(error, dict) and error.get("type") == "error":
        kept = {"type": "error", **kept}
    return orjson.dumps(kept).decode()


def kept_text(content: bytes) -> str:
    """The beginning of a body, for the record of an attempt."""
    # No character of UTF-8 has more than 4 bytes.
    return content[: 4 * _KEPT_CHARACTERS].decode("utf-8", "replace")[:_KEPT_CHARACTERS]
