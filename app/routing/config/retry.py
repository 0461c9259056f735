"""``routing.retry``: what the gateway does when a provider fails."""

from typing import Annotated

from pydantic import Field

from tierwatch.routing.config.reading.fields import Seconds, Section, whole_number


class RetrySection(Section):
    """What the gateway does when a provider fails, under ``routing.retry``."""

    attempts: Annotated[int, whole_number(0, 5)] = Field(
        default=1, description="Further attempts on the same tier before the next tier up is tried."
    )
    wait_s: Seconds = Field(
        default=0.2, validation_alias="wait", description="Pause before such an attempt."
    )
    escalate: bool = Field(
        default=True, description="Whether the next tier up is tried after that."
    )
