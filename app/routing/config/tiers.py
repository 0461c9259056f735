"""``routing.tiers``: the models a request may be served by, and in which order."""

from collections.abc import Mapping
from itertools import pairwise, zip_longest
from typing import Literal

from pydantic import Field

from tierwatch.routing.config.cost import Cost
from tierwatch.routing.config.deployments import (
    DeploymentSection,
    deployments_of,
    first_provider,
    place_problems,
)
from tierwatch.routing.config.prices import Priced
from tierwatch.routing.config.providers import provider_problems
from tierwatch.routing.config.reading.document import Document, Problem
from tierwatch.routing.config.reading.fields import Name, Section
from tierwatch.routing.config.reading.shown import shown
from tierwatch.routing.config.takes import TakesSection
from tierwatch.routing.tiers import Price, Tier

_FEWEST_TIERS = 2
_AT = ("routing", "tiers")
Effort = Literal["none", "minimal", "low", "medium", "high", "xhigh", "max"]
# Stands for a price that is missing, which is said elsewhere.
_NO_PRICE = Price(0, 0)


class TierSection(Section):
    """One tier under ``routing.tiers``."""

    model: Name = Field(description="The model's name as its provider knows it.")
    cost: Cost | None = Field(
        default=None,
        description="USD per million tokens: `~$0.25/M tokens`, `$0.25/1M`, `0.25`, or"
        " `{input: 3, output: 15, cached_input: 0.3}`. Default: as `prices` says, else the"
        " vendor's list price.",
    )
    provider: Name | None = Field(
        default=None,
        description="Name under `providers`. Default: the only one; else, for `claude-` models,"
        " the first of kind anthropic; else the first of kind openai.",
    )
    providers: tuple[DeploymentSection, ...] = Field(
        default=(), description="Instead of `provider`: several places that serve the model."
    )
    description: str = Field(
        default="", description="What the tier is for; the llm classifier reads it."
    )
    takes: TakesSection = Field(
        default=TakesSection(), description="What the model takes, where the table is wrong."
    )
    effort: Effort | None = Field(
        default=None,
        description="How much the model is to think for this tier, in place of what callers say:"
        " none, minimal, low, medium, high, xhigh or max. Default: as the caller says.",
    )


def tiers_of(
    sections: Mapping[str, TierSection], kinds: Mapping[str, str], prices: Mapping[str, Priced]
) -> tuple[Tier, ...]:
    """The tiers that the section describes, cheapest first; those without a price left out.

    Args:
        sections: by name, without problems.
        kinds: kind of each provider by its name; empty when the file names none.
        prices: what the tiers' models cost, by tier.
    """
    return tuple(
        Tier(
            name=name,
            model=section.model,
            provider=first_provider(section, kinds),
            price=price,
            description=section.description,
            deployments=deployments_of(section, price),
            takes=section.takes.facts(),
            effort=section.effort or "",
        )
        for name, section in sections.items()
        if (price := prices[name].price) is not None
    )


def tier_problems(
    document: Document,
    sections: Mapping[str, TierSection],
    kinds: Mapping[str, str],
    prices: Mapping[str, Priced],
) -> list[Problem]:
    """Too few tiers, tiers nobody serves, and prices that are missing or out of order.

    Args:
        document: the file.
        sections: the tiers by name.
        kinds: kind of each provider by its name; empty when the file names none.
        prices: what the tiers' models cost, by tier.
    """
    problems = []
    if len(sections) < _FEWEST_TIERS:
        found, accepted = f"{len(sections)}", "two tiers or more, cheapest first"
        problems.append(document.problem(_AT, found, accepted))
    for name, above in zip_longest(sections, list(sections)[1:]):
        section, at = sections[name], (*_AT, name)
        if not section.providers:
            problems += provider_problems(document, at, section.model, section.provider, kinds)
        problems += place_problems(document, (*at, "providers"), section, kinds)
        problems += _dear_places(document, section, name, above, prices)
    return problems + _price_problems(document, sections, prices)


def _price_problems(
    document: Document, sections: Mapping[str, TierSection], prices: Mapping[str, Priced]
) -> list[Problem]:
    problems = []
    for name, priced in prices.items():
        if priced.price is None:
            found = f"nothing, and no list price of {shown(sections[name].model, ())}"
            accepted = (
                "USD per million tokens, such as {input: 3, output: 15}, here or under"
                " `prices`; 0 for a model of your own"
            )
            problems.append(document.problem((*_AT, name, "cost"), found, accepted))
    known = [(name, one.price) for name, one in prices.items() if one.price is not None]
    for (lower, cheap), (name, price) in pairwise(known):
        if price.blended_usd < cheap.blended_usd:
            found = f"{price}, cheaper than {lower!r} before it at {cheap}"
            accepted = "tiers in order of price, cheapest first"
            problems.append(document.problem((*_AT, name, "cost"), found, accepted))
    return problems


def _dear_places(
    document: Document,
    section: TierSection,
    name: str,
    above: str | None,
    prices: Mapping[str, Priced],
) -> list[Problem]:
    """Deployments dearer than the next tier up, where going up would give more for less."""
    dearest = None if above is None else prices[above].price
    if dearest is None:
        return []
    return [
        document.problem(
            (*_AT, name, "providers", place, "cost"),
            f"{one.price}, dearer than the next tier up, {above!r} at {dearest}",
            "a price up to the next tier's",
        )
        for place, one in enumerate(deployments_of(section, prices[name].price or _NO_PRICE))
        if one.price.blended_usd > dearest.blended_usd
    ]
