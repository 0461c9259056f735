"""The list ``providers`` of a tier or of the classifier: several places that serve one model."""

from collections.abc import Collection, Mapping, Sequence
from typing import Annotated, Protocol

from pydantic import Field

from tierwatch.routing.config.cost import Cost
from tierwatch.routing.config.providers import provider_of
from tierwatch.routing.config.reading.document import Document, Problem
from tierwatch.routing.config.reading.fields import Name, Section, number_above
from tierwatch.routing.config.reading.shown import Loc, shown
from tierwatch.routing.tiers import Deployment, Price


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


class Placed(Protocol):
    """A section that names a model and where it is served: a tier's, or the classifier's."""

    @property
    def model(self) -> str | None:
        """The model."""

    @property
    def provider(self) -> str | None:
        """The one place that serves it, where it is named."""

    @property
    def providers(self) -> Sequence[DeploymentSection]:
        """Or the several that do."""

    @property
    def model_fields_set(self) -> Collection[str]:
        """The keys that stand in the file."""


def first_provider(section: Placed, kinds: Mapping[str, str]) -> str:
    """The provider of the model's first deployment; empty where there is none yet."""
    if section.providers:
        return section.providers[0].provider
    return provider_of(section.model or "", section.provider, kinds) or ""


def deployments_of(section: Placed, price: Price) -> tuple[Deployment, ...]:
    """What the list says; empty without one.

    Args:
        section: whose list it is.
        price: the model's, for places that have none of their own.
    """
    return tuple(
        Deployment(
            one.provider,
            one.model or section.model or "",
            price if one.cost is None else one.cost,
            one.weight,
        )
        for one in section.providers
    )


def place_problems(
    document: Document, at: Loc, section: Placed, kinds: Mapping[str, str]
) -> list[Problem]:
    """What is wrong with the list, prices aside.

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
