"""``routing.classifier``: who names the tier."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Literal

from pydantic import Field

from tierwatch.routing.classify.classification import ClassifierConfig
from tierwatch.routing.classify.familiarity.familiar import ORDINARY_SHARE
from tierwatch.routing.classify.llm import MOST_TOKENS
from tierwatch.routing.config.cost import Cost
from tierwatch.routing.config.deployments import (
    DeploymentSection,
    deployments_of,
    first_provider,
    place_problems,
)
from tierwatch.routing.config.prices import Priced, price_of
from tierwatch.routing.config.providers import provider_problems
from tierwatch.routing.config.reading.document import Document, Problem
from tierwatch.routing.config.reading.fields import Name, Seconds, Section, Share, whole_number
from tierwatch.routing.config.reading.shown import shown
from tierwatch.routing.tiers import Price

_AT = ("routing", "classifier")
_MOST_UNFAMILIAR = 0.5


class ClassifierSection(Section):
    """The classifier under ``routing.classifier``."""

    kind: Literal["llm", "local", "heuristic", "static"] | None = Field(
        default=None,
        description="How prompts are classified. Default: llm when `model` is given, else"
        " heuristic.",
    )
    model: Name | None = Field(default=None, description="Model that kind llm asks.")
    provider: Name | None = Field(
        default=None, description="Name under `providers`; default as for tiers."
    )
    providers: tuple[DeploymentSection, ...] = Field(
        default=(), description="Instead of `provider`: several places that serve the model."
    )
    max_tokens: Annotated[int, whole_number(1, MOST_TOKENS)] = Field(
        default=MOST_TOKENS,
        description="Longest reply of kind llm, in tokens; at most 50. A model that thinks gets"
        " 2,000.",
    )
    timeout_s: Seconds = Field(
        default=2.0,
        validation_alias="timeout",
        description="What kind llm may take; after that the default tier serves.",
    )
    logprobs: bool = Field(default=True, description="Whether kind llm asks for log-probabilities.")
    label: Name | None = Field(
        default=None, description="Tier that kind static names. Default: the cheapest."
    )
    cost: Cost | None = Field(
        default=None, description="What the model of kind llm costs; default as for tiers."
    )
    models: dict[str, Name] | None = Field(
        default=None,
        description="Tier -> file of a model for kind local to begin with, relative to this file."
        " A tier without one begins untrained.",
    )
    unfamiliar_share: Share | None = Field(
        default=None,
        description="Kind local: what is unlike anything judged goes to the top tier, as segment"
        " unfamiliar. Of traffic like the judged, at most this share; 0 for none. Default: 0.02.",
    )

    @property
    def chosen(self) -> Literal["llm", "local", "heuristic", "static"]:
        """The kind, said or implied."""
        return self.kind or ("heuristic" if self.model is None else "llm")


def classifier_price(section: ClassifierSection, listed: Mapping[str, Price]) -> Priced:
    """What the model of kind llm costs: where each place has a price of its own, the first one's.

    Args:
        section: the classifier's, with a model.
        listed: the file's ``prices``.
    """
    first = section.providers[0].cost if section.providers else None
    every = all(one.cost is not None for one in section.providers)
    if section.cost is None and first is not None and every:
        return Priced(first, "cost")
    return price_of(section.model or "", section.cost, listed)


def classifier_of(
    section: ClassifierSection,
    priced: Priced | None,
    *,
    tiers: Sequence[str],
    kinds: Mapping[str, str],
    document: Document,
) -> ClassifierConfig:
    """The classifier that the section describes.

    Args:
        section: the classifier's, without problems.
        priced: what its model costs; None when it asks none.
        tiers: names, cheapest first.
        kinds: kind of each provider by its name; empty when the file names none.
        document: the file, beside which learned models stand.
    """
    price = None if priced is None else priced.price
    provider = "" if section.model is None else first_provider(section, kinds)
    places = deployments_of(section, price or Price(0, 0))
    wires = {kinds.get(place.provider) for place in places} or {kinds.get(provider)}
    return ClassifierConfig(
        kind=section.chosen,
        model=section.model or "",
        provider=provider,
        max_tokens=section.max_tokens,
        timeout_s=section.timeout_s,
        # Anthropic's wire has no log-probabilities and refuses the request that asks for them.
        logprobs=section.logprobs and wires != {"anthropic"},
        label=(section.label or tiers[0]) if section.chosen == "static" else "",
        price=price,
        models=tuple(
            (tier, str(document.beside(file))) for tier, file in (section.models or {}).items()
        ),
        unfamiliar_share=_unfamiliar_share(section),
        deployments=places,
    )


def _unfamiliar_share(section: ClassifierSection) -> float:
    if section.chosen != "local":
        return 0.0
    return ORDINARY_SHARE if section.unfamiliar_share is None else section.unfamiliar_share


def classifier_problems(
    document: Document,
    section: ClassifierSection,
    priced: Priced | None,
    *,
    tiers: Sequence[str],
    kinds: Mapping[str, str],
) -> list[Problem]:
    """Keys that do not fit the kind, and a model that nobody serves.

    Args:
        document: the file.
        section: the classifier's.
        priced: what its model costs; None when it asks none.
        tiers: names, cheapest first.
        kinds: kind of each provider by its name; empty when the file names none.
    """
    kind = section.chosen
    problems = _model_problems(document, section, priced, kinds)
    found_for_another = [
        ("providers", "a list", kind != "llm" and "providers" in section.model_fields_set),
        ("cost", "a price", kind != "llm" and section.cost is not None),
        ("label", "a label", kind != "static" and section.label is not None),
        ("models", "models", kind != "local" and bool(section.models)),
        ("unfamiliar_share", "a share", kind != "local" and bool(section.unfamiliar_share)),
    ]
    problems += [
        document.problem((*_AT, key), found, f"none, since the kind is {kind}")
        for key, found, unfit in found_for_another
        if unfit
    ]
    if section.unfamiliar_share is not None and section.unfamiliar_share > _MOST_UNFAMILIAR:
        at = (*_AT, "unfamiliar_share")
        found = f"{section.unfamiliar_share:g}"
        problems.append(document.problem(at, found, f"a share from 0 to {_MOST_UNFAMILIAR:g}"))
    if kind == "static" and section.label is not None and section.label not in tiers:
        at = (*_AT, "label")
        problems.append(document.problem(at, shown(section.label, ()), ", ".join(tiers)))
    if kind == "local":
        problems += _file_problems(document, section.models or {}, tiers[:-1])
    return problems


def _model_problems(
    document: Document,
    section: ClassifierSection,
    priced: Priced | None,
    kinds: Mapping[str, str],
) -> list[Problem]:
    if section.chosen != "llm":
        if section.model is None:
            return []
        accepted = "llm, since `model` is given; or no `model`"
        return [document.problem((*_AT, "kind"), section.chosen, accepted)]
    if section.model is None:
        return [document.problem((*_AT, "model"), "nothing", "the model that kind llm asks")]
    if "providers" not in section.model_fields_set:
        return provider_problems(document, _AT, section.model, section.provider, kinds)
    problems = place_problems(document, (*_AT, "providers"), section, kinds)
    return problems + _place_prices(document, section, priced)


def _place_prices(
    document: Document, section: ClassifierSection, priced: Priced | None
) -> list[Problem]:
    """A place without a price beside one that has its own would count as free."""
    costs = [one.cost for one in section.providers]
    known = priced is not None and priced.price is not None
    if known or costs.count(None) == len(costs):
        return []
    return [
        document.problem(
            (*_AT, "providers", place, "cost"),
            "nothing, beside a deployment that has a price",
            "a price for each; or one beside the list",
        )
        for place, cost in enumerate(costs)
        if cost is None
    ]


def _file_problems(
    document: Document, files: Mapping[str, str], below_top: Sequence[str]
) -> list[Problem]:
    problems = []
    for tier, file in files.items():
        at = (*_AT, "models", tier)
        if tier not in below_top:
            found = "no tier that has a model"
            problems.append(document.problem(at, found, ", ".join(below_top)))
        elif not document.beside(file).is_file():
            found = f"{file!r}, which is no file"
            problems.append(document.problem(at, found, "the file of a saved model"))
    return problems
