"""Tiers: the models a request may be served by, cheapest first, and what they cost."""

import math
import re
from dataclasses import dataclass

from app.errors import ConfigError

TOKENS_PER_MTOK = 1_000_000


@dataclass(frozen=True, slots=True)
class Price:
    """Price of a model in USD per million tokens. Never negative, never infinite.

    Attributes:
        input_usd_per_mtok: tokens read.
        output_usd_per_mtok: tokens written.
        cached_input_usd_per_mtok: tokens read from the provider's prompt cache; None: as input.
    """

    input_usd_per_mtok: float
    output_usd_per_mtok: float
    cached_input_usd_per_mtok: float | None = None

    def __post_init__(self) -> None:
        for usd in (self.input_usd_per_mtok, self.output_usd_per_mtok, self.cached_usd_per_mtok):
            if not (math.isfinite(usd) and usd >= 0):
                raise ConfigError(
                    [f"price: found {usd}; accepted: USD per million tokens, 0 or more"]
                )

    @property
    def cached_usd_per_mtok(self) -> float:
        """Price of a token read from the prompt cache: that of the input where none is known."""
        given = self.cached_input_usd_per_mtok
        return self.input_usd_per_mtok if given is None else given

    def cost_usd(self, prompt_tokens: int, completion_tokens: int) -> float:
        """Cost in USD of a call with these counts of tokens.

        >>> Price(3.0, 15.0).cost_usd(1_000, 200)
        0.006
        """
        dollars = (
            prompt_tokens * self.input_usd_per_mtok + completion_tokens * self.output_usd_per_mtok
        )
        return dollars / TOKENS_PER_MTOK


@dataclass(frozen=True, slots=True)
class Tier:
    """One rung of the ladder.

    Attributes:
        name: what policies, pages and headers call it, for example ``simple``.
        model: the model's name as its provider knows it.
        provider: name in the ``providers`` section; empty until one is known.
        price: what its tokens cost.
        description: what the tier is for, in words; read by the LLM classifier only.
    """

    name: str
    model: str
    provider: str
    price: Price
    description: str = ""


# Dates and floating tags that providers append to one and the same model:
# claude-haiku-4-5-20251001, gpt-4o-mini-2024-07-18, claude-3-opus@20240229, x-latest, y:free.
_SUFFIX = re.compile(r"(?:[-@](?:20\d{6}|20\d\d-\d\d-\d\d|latest)|:[a-z0-9]+|-v\d+)$")
# Amazon Bedrock writes the vendor with a dot, and a region before it.
_BEDROCK = re.compile(r"^(?:[a-z]{2,6}\.)?(?:anthropic|meta|mistral|amazon|cohere)\.")


def resolved_model(name: str) -> str:
    """The model behind a name: no vendor prefix, date, or floating tag; lower case.

    Two names that resolve alike are one model, so one may not judge the other.

    >>> resolved_model("anthropic/claude-haiku-4-5-20251001")
    'claude-haiku-4-5'
    >>> resolved_model("us.anthropic.claude-3-haiku-20240307-v1:0")
    'claude-3-haiku'
    >>> resolved_model("GPT-4o-mini")
    'gpt-4o-mini'
    """
    model = _BEDROCK.sub("", name.strip().lower().rsplit("/", 1)[-1])
    while (shorter := _SUFFIX.sub("", model)) != model:
        model = shorter
    return model
