"""``takes`` of a tier: what its model takes, where the file knows better than our table."""

from typing import Annotated, Literal

from pydantic import BeforeValidator, Field

from tierwatch.routing.config.reading.document import not_accepted
from tierwatch.routing.config.reading.fields import Section, whole_number
from tierwatch.routing.facts import EFFORTS, Facts, Role, Thinking

_MOST_TOKENS = 100_000_000
_Tokens = Annotated[int, whole_number(1, _MOST_TOKENS)]


def read_effort(value: object) -> tuple[str, ...]:
    """Levels of effort, least first: true for all, false for none, else those in a list.

    >>> read_effort(False), read_effort(["high", "low"])
    ((), ('low', 'high'))
    """
    if value is True:
        return EFFORTS
    if value is False:
        return ()
    named = [value] if isinstance(value, str) else value
    if not isinstance(named, list | tuple) or not all(one in EFFORTS for one in named):
        raise not_accepted(f"true, false, or a list of {', '.join(EFFORTS)}")
    return tuple(one for one in EFFORTS if one in named)


class TakesSection(Section):
    """What a tier's model takes; what is left out is as the shipped table says, else unknown."""

    context: _Tokens | None = Field(default=None, description="Tokens that it can read.")
    output: _Tokens | None = Field(
        default=None, description="Tokens that it can write; a larger limit is cut to it."
    )
    images: bool | None = Field(default=None, description="Images in messages.")
    files: bool | None = Field(default=None, description="Files in messages, such as PDF.")
    audio: bool | None = Field(default=None, description="Audio in messages.")
    tools: bool | None = Field(default=None, description="Tools that the caller runs.")
    forced_tools: bool | None = Field(
        default=None, description="A choice of tools that demands a call."
    )
    thinking: Thinking | None = Field(
        default=None,
        description="Anthropic's `thinking`: of type `enabled`, `adaptive`, `both` or `none`;"
        " `always` is adaptive and cannot be off.",
    )
    effort: Annotated[tuple[str, ...], BeforeValidator(read_effort)] | None = Field(
        default=None,
        description="Levels of effort, of none, minimal, low, medium, high, xhigh and max; true for"
        " all, false where it takes no effort.",
    )
    temperature: Literal["free", "default"] | None = Field(
        default=None,
        description="`default`: it and `top_p` or penalties may not be set and are left out.",
    )
    limit: Literal["max_tokens", "max_completion_tokens"] | None = Field(
        default=None, description="What it calls the limit of tokens to write."
    )
    stop: bool | None = Field(default=None, description="Sequences that end the answer.")
    role: Role | None = Field(default=None, description="Role that instructions have.")
    late_system: bool | None = Field(
        default=None, description="System turns between others, on Anthropic's wire."
    )
    structured_output: bool | None = Field(
        default=None, description="JSON under a schema that the provider enforces."
    )
    prefill: bool | None = Field(
        default=None, description="An assistant's message at the end, which it goes on with."
    )
    logprobs: bool | None = Field(default=None, description="Log-probabilities of tokens.")
    n: bool | None = Field(default=None, description="Several answers at once.")

    def facts(self) -> Facts:
        """The same as a value."""
        return Facts(**{name: getattr(self, name) for name in Facts._fields})
