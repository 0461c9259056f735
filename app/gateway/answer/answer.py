"""A whole answer on its way to the caller, and what an answer says."""

from typing import Any, NamedTuple

from tierwatch.providers.told import Told
from tierwatch.routing.tiers import Tier
from tierwatch.wire.first_choice import Reply
from tierwatch.wire.usage import Usage


class Said(NamedTuple):
    """What the caller was answered, as far as it came.

    Attributes:
        message: the assistant message, in OpenAI's form.
        finish_reason: why the model stopped; None where it did not.
        usage: what the provider counted.
        finished: whether the caller could have the whole answer.
        kept: whether all of it is in the message; not of a stream that was too long for that, or
            held what could not be read.
        characters: of a stream, what was thought and what was not kept included.
    """

    message: dict[str, Any]
    finish_reason: str | None
    usage: Usage
    finished: bool
    kept: bool = True
    characters: int = 0


class Whole(NamedTuple):
    """A whole answer, ready for the caller.

    Attributes:
        body: on the caller's wire.
        reply: what it says.
        tier: as it was served.
        told: what the head of the provider's answer tells the caller.
    """

    body: bytes
    reply: Reply
    tier: Tier
    told: Told = ()

    @property
    def said(self) -> Said:
        """What it says."""
        reply = self.reply
        return Said(reply.message, reply.finish_reason, reply.usage, finished=True)
