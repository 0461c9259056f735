"""What only its issuer takes back, carried home by callers whose wire has no place for it.

A signature of a call travels inside the call's id, thought as a block of thinking that we vouch
for. Both come back with the history, and are said again to the model that wrote them; any other
one never sees them.
"""

import binascii
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping
from typing import Any

from tierwatch.wire.json_values import mapping, string

# Between an id and its signature, in characters that ids may have.
_MARK = "__signed__"
# What stands where Anthropic signs thought: never sent to Anthropic.
OUR_SIGNATURE = "tierwatch"


def signature_of(call: Mapping[str, Any]) -> str:
    """The signature beside a call on OpenAI's wire; empty where there is none."""
    extra = mapping(mapping(call.get("extra_content")).get("google"))
    own = mapping(call.get("provider_specific_fields"))
    return string(extra.get("thought_signature")) or string(own.get("thought_signature"))


def signed_id(call_id: str, signature: str) -> str:
    """The id with the signature in it; the id itself where there is none.

    >>> parted_id(signed_id("call_1", "c2ln"))
    ('call_1', 'c2ln')
    """
    if not signature:
        return call_id
    packed = urlsafe_b64encode(signature.encode("utf-8", "surrogatepass")).decode().rstrip("=")
    return f"{call_id}{_MARK}{packed}"


def parted_id(call_id: str) -> tuple[str, str]:
    """An id and the signature in it; empty where there is none.

    >>> parted_id("call_1"), parted_id("call_1__signed__***")
    (('call_1', ''), ('call_1', ''))
    """
    if _MARK not in call_id:
        return call_id, ""
    own, _, packed = call_id.partition(_MARK)
    try:
        raw = urlsafe_b64decode(packed + "=" * (-len(packed) % 4))
        return own, raw.decode("utf-8", "surrogatepass")
    except (binascii.Error, ValueError):
        return own, ""


def is_signed(call_id: object) -> bool:
    """Whether an id has a signature in it."""
    return isinstance(call_id, str) and _MARK in call_id


def is_ours(block: Mapping[str, Any]) -> bool:
    """Whether a block of thinking is one that we vouch for."""
    return block.get("signature") == OUR_SIGNATURE
