"""Why there is no answer: the form of an error between the wires."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

_MID_STREAM = 500  # the status of a stream that fails was sent long before
# Where servers put what they have to say, from the nearest to the farthest.
_SENTENCES = (
    "error",
    "message",
    "detail",
    "errors",
    "msg",
    "error_description",
    "error_message",
    "errorMessage",
    "reason",
    "title",
)
ERROR = "error"
_BARE = ("message", "detail", "msg", "errorMessage")
_OF_CHUNKS = frozenset({"id", "object", "usage", "model", "created"})
_DEEPEST = 5
_MOST_ENTRIES = 20
_MARKUP = re.compile(r"<(script|style)\b.*?</\1\s*>|<!--.*?-->|<[^<>]*>", re.DOTALL | re.IGNORECASE)
_LONGEST_PAGE = 8_000
_LONGEST_WORDS = 500


@dataclass(frozen=True, slots=True)
class Fault:
    """What an error says, in OpenAI's terms.

    Attributes:
        status: of HTTP.
        message: the sentence for the caller.
        type: the class of error.
        code: the error itself, where it has a name.
        param: the field of the request that is at fault.
    """

    status: int
    message: str
    type: str = "invalid_request_error"
    code: str | None = None
    param: str | None = None


def error_text(body: object) -> str:
    """The sentence in an error body, whatever wire it came on; "" when there is none.

    Servers nest it in lists, in objects of the server behind them, and in lists of the fields that
    are wrong. The first sentence found counts.

    >>> error_text({"error": {"message": "No."}}), error_text([{"error": "No."}]), error_text([])
    ('No.', 'No.', '')
    >>> error_text({"detail": [{"loc": ["body", "n"], "msg": "Extra inputs"}]})
    'body.n: Extra inputs'
    """
    return _said(body, 0)


def _said(body: object, depth: int) -> str:
    if isinstance(body, str):
        return body
    if depth > _DEEPEST:
        return ""
    if isinstance(body, list):
        return next(filter(None, (_said(one, depth + 1) for one in body[:_MOST_ENTRIES])), "")
    if not isinstance(body, dict):
        return ""
    for name in _SENTENCES:
        said = _said(body.get(name), depth + 1)
        if said:
            return _at(body.get("loc")) + said
    kind = body.get("type")
    return kind if isinstance(kind, str) and depth > 0 else ""


def _at(loc: object) -> str:
    """The field that pydantic found wrong."""
    return f"{'.'.join(map(str, loc))}: " if isinstance(loc, list) and loc else ""


def is_bare_error(chunk: Mapping[str, Any]) -> bool:
    """Whether a chunk of a stream is an error without the word: vLLM's, FastAPI's, Bedrock's.

    >>> is_bare_error({"object": "error", "message": "No."}), is_bare_error({"detail": "No."})
    (True, True)
    >>> is_bare_error({"id": "1", "usage": {}, "message": "x"}), is_bare_error({"message": ""})
    (False, False)
    """
    if ERROR in chunk:
        return False
    if chunk.get("object") == ERROR:
        return True
    return _OF_CHUNKS.isdisjoint(chunk) and any(
        isinstance(chunk.get(name), str) and chunk[name] for name in _BARE
    )


def page_text(page: str) -> str:
    """The words of an answer that is no JSON: a plain sentence, or a page of HTML.

    >>> page_text("<html><head><title>502 Bad Gateway</title></head><body><h1>nginx</h1></body>")
    '502 Bad Gateway nginx'
    """
    # The last letter may be cut; with others that are none it is no text.
    words = " ".join(_MARKUP.sub(" ", page[:_LONGEST_PAGE]).split()).rstrip("\ufffd")
    if "\ufffd" in words:
        return ""
    return words if len(words) <= _LONGEST_WORDS else f"{words[:_LONGEST_WORDS]}..."


def sentence(body: object, status: int) -> str:
    """The sentence in an error body, or one that says as much as its status does."""
    return error_text(body) or f"The provider answered {status}."


def read_error_chunk(chunk: object) -> Fault:
    """The error that a chunk of a stream holds."""
    return Fault(_MID_STREAM, sentence(chunk, _MID_STREAM), "api_error")


def error_chunk(error: Fault) -> dict[str, Any]:
    """The error as a chunk of a stream."""
    return {
        "error": {
            "message": error.message,
            "type": error.type,
            "param": error.param,
            "code": error.code,
        }
    }
