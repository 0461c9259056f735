"""The ``routing`` section of tierwatch.yaml: its keys, and the value that follows from them."""

import os
from collections.abc import Mapping
from dataclasses import dataclass

from pydantic import Field

from tierwatch.routing.classify.classification import ClassifierConfig
from tierwatch.routing.config.balance import BalanceSection, balance_problems
from tierwatch.routing.config.cascade import CascadeSection, cascade_problems
from tierwatch.routing.config.classifier import (
    ClassifierSection,
    classifier_of,
    classifier_price,
    classifier_problems,
)
from tierwatch.routing.config.cost import Cost
from tierwatch.routing.config.fallback import FallbackSection, fallback_problems, first_policy
from tierwatch.routing.config.prices import PriceOrigin, price_of
from tierwatch.routing.config.providers import provider_kinds
from tierwatch.routing.config.reading.document import Document, Problem, config_error
from tierwatch.routing.config.reading.fields import Name, Section
from tierwatch.routing.config.reading.shown import shown
from tierwatch.routing.config.reading.yaml_file import read_document
from tierwatch.routing.config.retry import RetrySection
from tierwatch.routing.config.sessions import SessionsSection
from tierwatch.routing.config.tiers import TierSection, tier_problems, tiers_of
from tierwatch.routing.policy import Policy
from tierwatch.routing.tiers import Price, Tier, resolved_model


class RoutingSection(Section):
    """The section as it is written; `Routing` is what follows from it."""

    classifier: ClassifierSection = Field(
        default=ClassifierSection(), description="Who names the tier."
    )
    tiers: Mapping[str, TierSection] = Field(description="Two tiers or more, cheapest first.")
    fallback: FallbackSection = Field(
        default=FallbackSection(), description="What happens below the threshold."
    )
    default_tier: Name | None = Field(
        default=None,
        description="Tier that serves when the classifier fails. Default: the top tier.",
    )
    retry: RetrySection = Field(
        default=RetrySection(), description="What happens when a provider fails."
    )
    sessions: SessionsSection = Field(
        default=SessionsSection(), description="How a conversation keeps its tier."
    )
    balance: BalanceSection = Field(
        default=BalanceSection(), description="How calls are spread over a tier's deployments."
    )
    cascade: CascadeSection | None = Field(
        default=None, description="Answers that are checked before the first byte. Default: none."
    )


class RoutingFile(Section):
    """The part of the file that the library reads."""

    routing: RoutingSection = Field(description="Tiers, and who chooses between them.")
    prices: Mapping[str, Cost] = Field(
        default_factory=dict[str, Price],
        description="Model -> USD per million tokens, written as for tiers; wins over list prices.",
    )


@dataclass(frozen=True, slots=True)
class Routing:
    """The routing section, checked and resolved.

    Attributes:
        tiers: cheapest first.
        classifier: who names the tier.
        default_tier: serves when the classifier fails.
        initial_policy: version 1, from ``fallback``.
        retry: what the gateway does when a provider fails.
        sessions: how a conversation keeps its tier.
        price_origins: where the price of each key that names a model came from.
        balance: how it spreads calls over the deployments of a tier.
        cascade: whose answers it checks before the first byte; None checks none.
    """

    tiers: tuple[Tier, ...]
    classifier: ClassifierConfig
    default_tier: str
    initial_policy: Policy
    retry: RetrySection
    sessions: SessionsSection
    price_origins: Mapping[str, PriceOrigin]
    balance: BalanceSection
    cascade: CascadeSection | None


def load_routing(path: str | os.PathLike[str]) -> Routing:
    """Read the routing section of a file; other sections are left unread.

    Raises:
        ConfigError: every problem in it.
    """
    document = read_document(path)
    routing, problems = read_routing(document, provider_kinds(document))
    if routing is None:
        raise config_error(problems)
    return routing


def read_routing(
    document: Document, kinds: Mapping[str, str]
) -> tuple[Routing | None, list[Problem]]:
    """The routing section, or None and every problem in it.

    Args:
        document: the file.
        kinds: kind of each provider by its name; empty when the file names none.
    """
    file, problems = document.check(RoutingFile, only={"routing", "prices"})
    if file is None:
        return None, problems
    section = file.routing
    prices = {
        name: price_of(tier.model, tier.cost, file.prices) for name, tier in section.tiers.items()
    }
    asked = section.classifier
    asking = None if asked.model is None else classifier_price(asked, file.prices)
    names = list(section.tiers)
    problems = [
        *_listed_twice(document, file.prices),
        *tier_problems(document, section.tiers, kinds, prices),
        *classifier_problems(document, asked, asking, tiers=names, kinds=kinds),
        *fallback_problems(document, section.fallback, names[:-1]),
        *_unknown_default(document, section.default_tier, names),
        *balance_problems(document, section.balance),
        *cascade_problems(document, section.cascade, names[:-1]),
    ]
    if problems:
        return None, problems
    origins = {f"routing.tiers.{name}": one.origin for name, one in prices.items()}
    if asking is not None:
        origins["routing.classifier"] = asking.origin
    return Routing(
        tiers=tiers_of(section.tiers, kinds, prices),
        classifier=classifier_of(asked, asking, tiers=names, kinds=kinds, document=document),
        default_tier=section.default_tier or names[-1],
        initial_policy=first_policy(section.fallback, names[:-1]),
        retry=section.retry,
        sessions=section.sessions,
        price_origins=origins,
        balance=section.balance,
        cascade=section.cascade,
    ), []


def _listed_twice(document: Document, prices: Mapping[str, Price]) -> list[Problem]:
    """Models that ``prices`` names twice, under names that resolve alike."""
    seen: dict[str, str] = {}
    return [
        document.problem(
            ("prices", name), f"the model of {shown(first, ())} a second time", "each model once"
        )
        for name in prices
        if (first := seen.setdefault(resolved_model(name), name)) != name
    ]


def _unknown_default(document: Document, tier: str | None, names: list[str]) -> list[Problem]:
    if tier is None or tier in names:
        return []
    return [document.problem(("routing", "default_tier"), shown(tier, ()), ", ".join(names))]
