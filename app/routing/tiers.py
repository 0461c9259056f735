"""Tiers: the models a request may be served by, cheapest first, and what they cost."""

import math
import re
from dataclasses import dataclass, replace

from tierwatch.errors import ConfigError
from tierwatch.routing.facts import UNKNOWN, Facts

TOKENS_PER_MTOK = 1_000_000

# What answers from the response cache are counted and watched as. It is no rung of the ladder:
# nothing is routed to it, and no threshold is its own.
CACHE_TIER = "cache"


@dataclass(frozen=True, slots=True)
class Price:
    """Price of a model in USD per million tokens. Never negative, never infinite.

    Attributes:
        input_usd_per_mtok: tokens that are read.
        output_usd_per_mtok: tokens that are written.
        cached_input_usd_per_mtok: tokens read from the provider's prompt cache; None: as input.
        cache_write_usd_per_mtok: tokens read and put into that cache; None: as input.
    """

    input_usd_per_mtok: float
    output_usd_per_mtok: float
    cached_input_usd_per_mtok: float | None = None
    cache_write_usd_per_mtok: float | None = None

    def __post_init__(self) -> None:
        for usd in (
            self.input_usd_per_mtok,
            self.output_usd_per_mtok,
            self.cached_usd_per_mtok,
            self.written_usd_per_mtok,
        ):
            if not (math.isfinite(usd) and usd >= 0):
                raise ConfigError(
                    [f"price: found {usd}; accepted: USD per million tokens, 0 or more"]
                )

    @property
    def cached_usd_per_mtok(self) -> float:
        """What tokens from the prompt cache cost: the input price where none is given."""
        given = self.cached_input_usd_per_mtok
        return self.input_usd_per_mtok if given is None else given

    @property
    def written_usd_per_mtok(self) -> float:
        """What tokens put into the prompt cache cost: the input price where none is given."""
        given = self.cache_write_usd_per_mtok
        return self.input_usd_per_mtok if given is None else given

    @property
    def blended_usd(self) -> float:
        """Input and output together, which is how prices are compared."""
        return self.input_usd_per_mtok + self.output_usd_per_mtok

    def __str__(self) -> str:
        return f"${self.input_usd_per_mtok:g}/${self.output_usd_per_mtok:g} per M tokens"

    def cost_usd(
        self,
        prompt_tokens: int,
        completion_tokens: int,
        cached_tokens: int = 0,
        cache_write_tokens: int = 0,
    ) -> float:
        """Cost in USD of a call with these counts of tokens.

        ``prompt_tokens`` is everything that was read: cached and written tokens are part of it.
        Counts of parts that exceed the whole are cut to it, reads first, so that a provider that
        counts otherwise never makes a negative cost.

        >>> Price(3.0, 15.0).cost_usd(1_000, 200)
        0.006
        >>> Price(3.0, 15.0, 0.3).cost_usd(1_000, 200, cached_tokens=900)  # 100x3 + 900x.3 + 200x15
        0.00357
        """
        cached = min(cached_tokens, prompt_tokens)
        written = min(cache_write_tokens, prompt_tokens - cached)
        dollars = (
            (prompt_tokens - cached - written) * self.input_usd_per_mtok
            + cached * self.cached_usd_per_mtok
            + written * self.written_usd_per_mtok
            + completion_tokens * self.output_usd_per_mtok
        )
        return dollars / TOKENS_PER_MTOK


@dataclass(frozen=True, slots=True)
class Deployment:
    """One place where a tier's model is served.

    Attributes:
        provider: name in the ``providers`` section.
        model: what that provider calls the model.
        price: what its tokens cost there.
        weight: its share of the tier's calls against the others' weights, above 0.
    """

    provider: str
    model: str
    price: Price
    weight: float = 1.0


@dataclass(frozen=True, slots=True)
class Tier:
    """One rung of the ladder.

    Attributes:
        name: what policies, pages and headers call it, for example ``simple``.
        model: the model's name: what policies, streams and the judge's independence go by,
            whatever a deployment of it is called.
        provider: name in the ``providers`` section; empty until one is known. With several
            deployments the first one's.
        price: what its tokens cost, unless a deployment says otherwise.
        description: what the tier is for, in words; read by the LLM classifier only.
        deployments: where the model is served, if at more than ``provider`` under ``model``.
        takes: what the file says that the model takes; unknown where it says nothing.
        effort: how much the model is to think for this tier, whatever its caller said; empty where
            that is the caller's to say.
    """

    name: str
    model: str
    provider: str
    price: Price
    description: str = ""
    deployments: tuple[Deployment, ...] = ()
    takes: Facts = UNKNOWN
    effort: str = ""

    @property
    def variant(self) -> str:
        """The model as this tier uses it: what evidence and monitors are keyed by."""
        return model_variant(self.model, self.effort)

    def served_at(self) -> tuple[Deployment, ...]:
        """Every place that serves this tier, at least one, in the order of the file."""
        return self.deployments or (Deployment(self.provider, self.model, self.price),)

    def at(self, deployment: Deployment) -> "Tier":
        """The same tier as one deployment serves it: there, at its price, and nowhere else.

        >>> cheap = Deployment("b", "small-1-eu", Price(0.2, 0.2))
        >>> tier = Tier("simple", "small-1", "a", Price(0.25, 0.25)).at(cheap)
        >>> tier.model, tier.provider, tier.price.input_usd_per_mtok
        ('small-1', 'b', 0.2)
        """
        return replace(
            self,
            provider=deployment.provider,
            price=deployment.price,
            deployments=(deployment,),
        )


def model_variant(model: str, effort: str) -> str:
    """A model at an effort: other answers at another price than the same model at another one.

    Whatever asks which model it is (`resolved_model`) takes the effort for a tag.

    >>> model_variant("gpt-5-mini", "high"), model_variant("gpt-5-mini", "")
    ('gpt-5-mini:high', 'gpt-5-mini')
    >>> resolved_model(model_variant("gpt-5-mini", "high"))
    'gpt-5-mini'
    """
    return f"{model}:{effort}" if effort else model


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
    model = name.lower().rsplit("/", 1)[-1].strip()
    while (shorter := _SUFFIX.sub("", _BEDROCK.sub("", model)).strip()) != model:
        model = shorter
    return model
