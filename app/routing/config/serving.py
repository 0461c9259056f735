"""How a decided tier is served: the sections ``balance``, ``cascade`` and a tier's ``providers``.

Like ``config`` it needs pydantic, and is imported only when a file is read.
"""

from collections.abc import Mapping, Sequence
from itertools import zip_longest
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field

from tierwatch.routing.breaker import BreakerRules
from tierwatch.routing.config.document import Document, Problem, shown
from tierwatch.routing.config.fields import (
    Cost,
    Name,
    Seconds,
    Section,
    Share,
    number_above,
    whole_number,
)
from tierwatch.routing.config.prices import Priced
from tierwatch.routing.tiers import Deployment, Price

if TYPE_CHECKING:
    from tierwatch.routing.config.sections import ClassifierSection, RoutingSection, TierSection


# Stands for a price that is missing, which is said elsewhere.
_NO_PRICE = Price(0, 0)


class DeploymentSection(Section):
    """One place that serves a model, under ``providers`` of a tier or of the classifier."""

    provider: Name = Field(description="Name under `providers`.")
    model: Name | None = Field(
        default=None,
        description="What this provider calls the model. Default: the `model` beside the list.",
    )
    cost: Cost | None = Field(
        default=None,
        description="Its price there, written as for tiers. Default: the one beside the list.",
    )
    weight: Annotated[float, number_above(0)] = Field(
        default=1.0, description="Its share of the calls, against the other weights."
    )


class BreakerSection(Section):
    """When a deployment is left alone, under ``routing.balance.breaker``."""

    failures: Annotated[int, whole_number(1, 1_000)] = Field(
        default=5, description="So many failures in a row leave a deployment alone."
    )
    share: Share = Field(
        default=0.5, description="So does this share of failures in the window, above 0."
    )
    calls: Annotated[int, whole_number(1, 100_000)] = Field(
        default=20, description="Calls in the window from which on the share counts."
    )
    window_s: Seconds = Field(
        default=30.0, validation_alias="window", description="Length of the window."
    )
    open_for_s: Seconds = Field(
        default=10.0,
        validation_alias="open_for",
        description="How long it is left alone; then one call probes it. A provider's Retry-After"
        " takes the place of this, up to 5 minutes.",
    )

    def rules(self) -> BreakerRules:
        """The same for the breaker."""
        return BreakerRules(self.failures, self.share, self.calls, self.window_s, self.open_for_s)


class BalanceSection(Section):
    """How calls are spread over the deployments of a tier, under ``routing.balance``."""

    strategy: Literal["weighted", "least_busy", "cheapest"] = Field(
        default="weighted",
        description="weighted follows the weights; least_busy asks where the fewest calls are under"
        " way for the weight; cheapest asks the cheapest healthy one.",
    )
    breaker: BreakerSection = Field(
        default=BreakerSection(), description="When a deployment is left alone."
    )


class CascadeSection(Section):
    """Answers that are checked before the first byte, under ``routing.cascade``."""

    tiers: tuple[Name, ...] = Field(
        description="Tiers whose answers are checked; what fails is answered by the next tier up."
    )
    check: Literal["structure", "self_consistency"] = Field(
        default="structure",
        description="structure looks at the answer alone; self_consistency then also asks again and"
        " compares final answers.",
    )
    samples: Annotated[int, whole_number(2, 10)] = Field(
        default=3, description="Answers that self_consistency compares, the served one among them."
    )
    agree: Share = Field(
        default=0.67,
        description="Share of them that must agree with the served one, compared at two decimals:"
        " 2 of 3 are 0.67.",
    )
    temperature: Annotated[float, number_above(0)] = Field(
        default=0.7, description="At which the further answers are asked for."
    )


def deployments_of(
    places: Sequence[DeploymentSection], model: str, price: Price
) -> tuple[Deployment, ...]:
    """What ``providers`` of a tier or of the classifier says; empty without such a list.

    Args:
        places: the list.
        model: the tier's own, where a place is silent.
        price: likewise.
    """
    return tuple(
        Deployment(
            one.provider,
            one.model or model,
            price if one.cost is None else one.cost,
            one.weight,
        )
        for one in places
    )


def serving_problems(
    document: Document,
    section: "RoutingSection",
    kinds: Mapping[str, str],
    prices: Mapping[str, Priced],
) -> list[Problem]:
    """What is wrong with the three sections beyond the form of single values.

    Args:
        document: the file.
        section: its ``routing`` section.
        kinds: kind of each provider by its name; empty when the file names none.
        prices: what the tiers' models cost, by tier.
    """
    names = list(section.tiers)
    problems: list[Problem] = []
    for name, above in zip_longest(names, names[1:]):
        problems += _deployment_problems(document, section, name, above, kinds, prices=prices)
    if not section.balance.breaker.share:
        at = ("routing", "balance", "breaker", "share")
        problems.append(document.problem(at, "0", "a number above 0 and up to 1"))
    if section.cascade is not None:
        problems += _cascade_problems(document, section.cascade, names[:-1])
    return problems


def _deployment_problems(
    document: Document,
    section: "RoutingSection",
    name: str,
    above: str | None,
    kinds: Mapping[str, str],
    *,
    prices: Mapping[str, Priced],
) -> list[Problem]:
    tier, at = section.tiers[name], ("routing", "tiers", name, "providers")
    problems = place_problems(document, at, tier, kinds)
    deployments = deployments_of(tier.providers, tier.model, prices[name].price or _NO_PRICE)
    for place, one in enumerate(deployments):
        dearest = None if above is None else prices[above].price
        # Going up a tier would then give more for less.
        if dearest is not None and one.price.blended_usd > dearest.blended_usd:
            found = f"{one.price}, dearer than the next tier up, {above!r} at {dearest}"
            accepted = "a price up to the next tier's"
            problems.append(document.problem((*at, place, "cost"), found, accepted))
    return problems


def place_problems(
    document: Document,
    at: tuple[str, ...],
    section: "TierSection | ClassifierSection",
    kinds: Mapping[str, str],
) -> list[Problem]:
    """What is wrong with the list ``providers`` of a tier or of the classifier, prices aside.

    Args:
        document: the file.
        at: where the list stands in it.
        section: whose list it is.
        kinds: kind of each provider by its name; empty when the file names none.
    """
    problems = []
    if "providers" in section.model_fields_set and not section.providers:
        problems.append(document.problem(at, "an empty list", "one deployment or more"))
    if section.providers and section.provider is not None:
        problems.append(document.problem(at, "`provider` as well", "one of the two"))
    places = [(one.provider, one.model or section.model) for one in section.providers]
    for place, (provider, model) in enumerate(places):
        if kinds and provider not in kinds:
            found = shown(provider, ())
            accepted = f"one of {', '.join(kinds)}"
            problems.append(document.problem((*at, place, "provider"), found, accepted))
        if places[place] in places[:place]:
            found = f"{shown(model, ())} at {shown(provider, ())} a second time"
            accepted = "each deployment once, with a weight"
            problems.append(document.problem((*at, place), found, accepted))
    return problems


def _cascade_problems(
    document: Document, cascade: CascadeSection, below_top: list[str]
) -> list[Problem]:
    at, accepted = ("routing", "cascade", "tiers"), ", ".join(below_top)
    problems = [
        document.problem(
            (*at, place), f"{shown(name, ())}, no tier that has a tier above it", accepted
        )
        for place, name in enumerate(cascade.tiers)
        if name not in below_top
    ]
    if not cascade.tiers:
        problems.append(document.problem(at, "an empty list", accepted))
    return problems
