"""What a model takes: facts that a request can be held against. None is unknown."""

from typing import Any, Literal, NamedTuple, Self

# How much a model may think, least first, in the vendors' words.
EFFORTS = ("none", "minimal", "low", "medium", "high", "xhigh", "max")

Thinking = Literal["none", "enabled", "adaptive", "both", "always"]
Limit = Literal["max_tokens", "max_completion_tokens"]
Role = Literal["system", "developer"]


class Facts(NamedTuple):
    """What one model takes. Whatever is None is unknown, and nothing is done about it.

    Attributes:
        context: tokens that may be read.
        output: tokens that may be written.
        images: in messages.
        files: in messages, PDF among them.
        audio: in messages.
        tools: that the caller runs.
        forced_tools: a choice of tools that demands a call.
        thinking: Anthropic's ``thinking``: ``none``, of type ``enabled`` with a budget, of type
            ``adaptive``, ``both`` of them, or adaptive and ``always``, so that it cannot be off.
        effort: levels that may be named; empty where none may.
        temperature: ``free``, or ``default``: it and its like may not be set.
        limit: what the limit of tokens to write is called on OpenAI's chat completions.
        stop: sequences that end the answer.
        role: of instructions on OpenAI's chat completions.
        late_system: system turns after the first user's, on Anthropic's Messages.
        structured_output: JSON under a schema, of the wire's own.
        prefill: an assistant's turn at the end is gone on with.
        logprobs: log-probabilities of tokens.
        n: several answers at once.
    """

    context: int | None = None
    output: int | None = None
    images: bool | None = None
    files: bool | None = None
    audio: bool | None = None
    tools: bool | None = None
    forced_tools: bool | None = None
    thinking: Thinking | None = None
    effort: tuple[str, ...] | None = None
    temperature: Literal["free", "default"] | None = None
    limit: Limit | None = None
    stop: bool | None = None
    role: Role | None = None
    late_system: bool | None = None
    structured_output: bool | None = None
    prefill: bool | None = None
    logprobs: bool | None = None
    n: bool | None = None

    def over(self, other: Self) -> Self:
        """These facts, and the other ones where nothing is known here.

        >>> Facts(context=8_000).over(Facts(context=128_000, images=False))[:3]
        (8000, None, False)
        """
        if not any(value is not None for value in self):
            return other
        known: dict[str, Any] = {**other.known, **self.known}
        return type(self)(**known)

    def lacking(self, name: str) -> Self:
        """These facts, and that this one is not taken."""
        lacks: dict[str, Any] = {name: False}
        return self._replace(**lacks)

    @property
    def known(self) -> dict[str, Any]:
        """What is known, by name."""
        return {name: value for name, value in self._asdict().items() if value is not None}


UNKNOWN = Facts()
