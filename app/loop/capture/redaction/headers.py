"""The headers of a request as they are stored: redacted, but for ids that are nobody's words.

Sixteen hexadecimal digits look like somebody's card now and then; changed, they name no span.
"""

from collections.abc import Mapping

from tierwatch.loop.capture.redact import Redactor, redacted_text, storable
from tierwatch.store.traced.their_span import is_chance, is_ours


def redacted_headers(headers: Mapping[str, str], redact: Redactor) -> dict[str, str]:
    """The headers without what a redactor finds in them.

    An id of another tool that somebody's address stands in is left out: hidden, it names nothing.
    """
    kept = {}
    for name, value in headers.items():
        said = value if is_chance(name, value) else redacted_text(value, redact)
        if said == value or not is_ours(name):
            kept[name] = storable(said)
    return kept
