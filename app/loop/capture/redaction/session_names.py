"""Names of sessions as they are stored: redacted, and still apart."""

import hashlib

from tierwatch.loop.capture.redact import Redactor, redacted_text, storable

# Longer names of sessions are cut; with a digest behind it, so is what stands before that.
_LONGEST_SESSION = 200
_BEFORE_DIGEST = 150


def session_name(session: str, *, redact: Redactor, digest_key: bytes) -> str:
    """A session's name, redacted; two that redaction would make one stay two.

    >>> gone = session_name("jo@example.org", redact=lambda words: "[EMAIL]", digest_key=b"key")
    >>> gone.startswith("[EMAIL]#"), len(gone)
    (True, 24)
    >>> session_name("batch 7", redact=lambda words: words, digest_key=b"key")
    'batch 7'
    """
    redacted = storable(redacted_text(session, redact))
    if redacted != session:
        digest = hashlib.blake2b(session.encode("utf-8", "replace"), key=digest_key)
        redacted = f"{redacted[:_BEFORE_DIGEST]}#{digest.hexdigest()[:16]}"
    return redacted[:_LONGEST_SESSION]
