"""Somebody acknowledged an alert at another vendor's: who, which, and why a call is refused."""

import hmac
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from tierwatch.notify.channels.message import one_line

_NAME_LENGTH: Final = 80


@dataclass(frozen=True, slots=True)
class Signer:
    """A destination that may call back.

    Attributes:
        secret: its calls are signed with.
        people: ids there, and who they are here.
    """

    secret: str = field(repr=False)
    people: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Acknowledged:
    """An alert was acknowledged.

    Attributes:
        key: of the alert, as `channels.message.incident_key` made it.
        actor: who did, for the audit.
        call: names this call, and no other.
    """

    key: str
    actor: str
    call: str


class RefusedCallError(Exception):
    """A call that nothing follows from; its text may be shown to whoever made it."""

    def __init__(self, status: int, why: str) -> None:
        super().__init__(why)
        self.status = status


def signer_of(signed: bytes, signatures: Sequence[str], signers: Sequence[Signer]) -> Signer | None:
    """Whose HMAC-SHA256 of ``signed`` one of the signatures (hex) is; None for nobody's.

    Every signer is tried to the end, so how long it takes says nothing.
    """
    found = None
    for signer in signers:
        key = signer.secret.encode("utf-8", "surrogateescape")
        right = hmac.new(key, signed, "sha256").hexdigest().encode()
        for signature in signatures:
            if hmac.compare_digest(right, signature.encode("utf-8", "replace")):
                found = signer
    return found


def actor_of(vendor: str, person: str, name: object, people: Mapping[str, str]) -> str:
    """How the audit calls somebody at a vendor's.

    >>> actor_of("slack", "U1", "Ada L.", {"U1": "ada"}), actor_of("slack", "U2", "Bo", {})
    ('ada (slack)', 'slack: Bo')
    """
    known = people.get(person)
    if known is not None:
        return f"{known} ({vendor})"
    return f"{vendor}: {one_line(name, _NAME_LENGTH) or person or 'somebody'}"
