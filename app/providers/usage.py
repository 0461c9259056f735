"""What a provider says a call took: tokens read and written, and those from its prompt cache."""

from collections.abc import Mapping
from typing import NamedTuple


class Usage(NamedTuple):
    """Tokens of one call. A count the provider did not give is None.

    Attributes:
        prompt_tokens: everything that was read, whatever it cost.
        completion_tokens: everything that was written.
        cached_tokens: part of the prompt that came from the provider's prompt cache.
        cache_write_tokens: part of the prompt that was put into it.
    """

    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    cached_tokens: int = 0
    cache_write_tokens: int = 0

    @property
    def billed(self) -> tuple[int, int, int, int]:
        """The counts for `app.routing.tiers.Price.cost_usd`; what nobody counted is 0."""
        return (
            self.prompt_tokens or 0,
            self.completion_tokens or 0,
            self.cached_tokens,
            self.cache_write_tokens,
        )


def read_usage(reply: object) -> Usage:
    """The usage of a chat completion or of its last chunk, in OpenAI's form.

    OpenAI counts cached tokens within the prompt. Parts that exceed it are cut to it, since
    compatible servers get them wrong; without a count of the prompt there are no parts.
    """
    usage = _mapping(_mapping(reply).get("usage"))
    prompt = _count(usage.get("prompt_tokens"))
    details = _mapping(usage.get("prompt_tokens_details"))
    cached = min(_count(details.get("cached_tokens")) or 0, prompt or 0)
    written = min(_count(details.get("cache_write_tokens")) or 0, (prompt or 0) - cached)
    return Usage(prompt, _count(usage.get("completion_tokens")), cached, written)


def read_anthropic_usage(reply: object) -> Usage:
    """The usage of a Message.

    Anthropic counts what was read from its cache and what was put into it beside the input; here
    both are part of the prompt, as everywhere else.
    """
    usage = _mapping(_mapping(reply).get("usage"))
    fresh = _count(usage.get("input_tokens"))
    cached = _count(usage.get("cache_read_input_tokens")) or 0
    written = _count(usage.get("cache_creation_input_tokens")) or 0
    prompt = None if fresh is None and not cached and not written else (fresh or 0)
    return Usage(
        None if prompt is None else prompt + cached + written,
        _count(usage.get("output_tokens")),
        cached,
        written,
    )


def _mapping(value: object) -> Mapping[str, object]:
    return value if isinstance(value, Mapping) else {}


def _count(value: object) -> int | None:
    if isinstance(value, int) and not isinstance(value, bool) and value >= 0:
        return value
    return None
