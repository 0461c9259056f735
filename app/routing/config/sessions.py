"""``routing.sessions``: how a conversation keeps its tier."""

from pydantic import Field

from tierwatch.routing.config.reading.fields import Seconds, Section


class SessionsSection(Section):
    """How a conversation keeps its tier, under ``routing.sessions``."""

    sticky: bool = Field(
        default=True,
        description="Whether a conversation is held at its tier in a tool exchange, on a short"
        " reply, and while its warm prompt cache is worth more than a cheaper tier saves; and"
        " whether it goes back to its deployment.",
    )
    idle_s: Seconds = Field(
        default=1_800.0,
        validation_alias="idle",
        description="Silence after which a session's next request is a new conversation.",
    )
    cache_s: Seconds = Field(
        default=300.0,
        validation_alias="cache",
        description="How long providers keep a prompt cached after its last use.",
    )
