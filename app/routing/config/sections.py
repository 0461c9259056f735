"""The ``routing`` section of tierwatch.yaml.

Imported only when a file is read: with ``fields`` and ``document`` it is the part of the library
that needs pydantic and yaml.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Literal, Protocol

from pydantic import Field, PlainValidator

from tierwatch.routing.classify.classification import Classifier, ClassifierConfig
from tierwatch.routing.classify.heuristic import HeuristicClassifier
from tierwatch.routing.classify.learned import configured_boundaries
from tierwatch.routing.classify.llm import MOST_TOKENS, LlmClassifier
from tierwatch.routing.classify.local import LocalTierClassifier
from tierwatch.routing.classify.static import StaticClassifier
from tierwatch.routing.config.document import (
    Document,
    Problem,
    config_error,
    not_accepted,
    read_document,
    shown,
)
from tierwatch.routing.config.fields import Cost, Name, Seconds, Section, read_share, whole_number
from tierwatch.routing.config.prices import Priced, PriceOrigin, price_of
from tierwatch.routing.config.serving import (
    BalanceSection,
    CascadeSection,
    DeploymentSection,
    deployments_of,
    place_problems,
    serving_problems,
)
from tierwatch.routing.policy import ActivePolicies, Policy
from tierwatch.routing.router import Ask, Router
from tierwatch.routing.tiers import Deployment, Price, Tier, resolved_model

DEFAULT_THRESHOLD = 0.7
_FEWEST_TIERS = 2
_PROVIDER_KINDS = {"openai", "anthropic"}


def _read_thresholds(value: object) -> float | dict[str, float]:
    if not isinstance(value, Mapping):
        return read_share(value)
    try:
        return {str(tier): read_share(threshold) for tier, threshold in value.items()}
    except ValueError:
        raise not_accepted("tier: a number from 0 to 1, for each tier but the top one") from None


Thresholds = Annotated[float | dict[str, float], PlainValidator(_read_thresholds)]


class TierSection(Section):
    """One tier under ``routing.tiers``."""

    model: Name = Field(description="The model's name as its provider knows it.")
    cost: Cost | None = Field(
        default=None,
        description="USD per million tokens: `~$0.25/M tokens`, `$0.25/1M`, `0.25`, or"
        " `{input: 3, output: 15, cached_input: 0.3}`. Default: as `prices` says, else the"
        " shipped list price.",
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
        default=MOST_TOKENS, description="Longest reply of kind llm, in tokens; at most 50."
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


class FallbackSection(Section):
    """What happens below the threshold, under ``routing.fallback``."""

    strategy: Literal["escalate"] = Field(
        default="escalate", description="A doubtful prompt moves to the next tier up."
    )
    threshold: Thresholds = Field(
        default=DEFAULT_THRESHOLD,
        description="Confidence that keeps a prompt at a tier: one number, or `tier: number`."
        " First policy only; later ones are in the database.",
    )
    by_task: dict[str, Thresholds] = Field(
        default_factory=dict,
        description="Task type -> thresholds that differ for it.",
    )


class RetrySection(Section):
    """What the gateway does when a provider fails, under ``routing.retry``."""

    attempts: Annotated[int, whole_number(0, 5)] = Field(
        default=1, description="Further attempts on the same tier before the next tier up is tried."
    )
    wait_s: Seconds = Field(
        default=0.2, validation_alias="wait", description="Pause before such an attempt."
    )
    escalate: bool = Field(
        default=True, description="Whether the next tier up is tried after that."
    )


class SessionsSection(Section):
    """How a conversation keeps its tier, under ``routing.sessions``."""

    sticky: bool = Field(
        default=True,
        description="Whether a conversation is held at its tier in a tool exchange, on a short"
        " reply, and while its warm prompt cache is worth more than a cheaper tier saves; and"
        " whether it goes back to its deployment.",
    )
    idle_s: Seconds = Field(
        default=1_800.0,
        validation_alias="idle",
        description="Silence after which a session's next request is a new conversation.",
    )
    cache_s: Seconds = Field(
        default=300.0,
        validation_alias="cache",
        description="How long providers keep a prompt cached after its last use.",
    )


class RoutingSection(Section):
    """The section as it is written; ``Routing`` is what follows from it."""

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
        description="Model -> USD per million tokens, written as for tiers; wins over the shipped"
        " list prices.",
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


def provider_kinds(document: Document) -> dict[str, str]:
    """Kind of each provider by its name, as far as the section can be read."""
    providers = document.data.get("providers")
    return {
        name: str(provider.get("kind") if isinstance(provider, dict) else provider)
        for name, provider in (providers if isinstance(providers, dict) else {}).items()
    }


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
    check = _Checks(document, section, kinds, prices)
    check.listed(file.prices)
    check.tiers()
    check.classifier(file.prices)
    check.models()
    check.fallback()
    check.default_tier()
    problems = check.problems + serving_problems(document, section, kinds, prices)
    if problems:
        return None, problems
    return _resolved(file, kinds, prices, document.path), []


def provider_of(model: str, named: str | None, kinds: Mapping[str, str]) -> str | None:
    """The provider that serves a model.

    The one that is named; else the only one; else, for ``claude-`` models, the first of kind
    anthropic; else the first of kind openai. Empty when the file has no providers at all; None
    when there is no such provider.
    """
    if not kinds:
        return named or ""
    if named is not None:
        return named if named in kinds else None
    if len(kinds) == 1:
        return next(iter(kinds))
    wanted = ["anthropic", "openai"] if model.startswith("claude-") else ["openai"]
    known = [name for kind in wanted for name, found in kinds.items() if found == kind]
    # A kind that is itself wrong is reported once, at the provider and not at every model.
    known += [name for name, found in kinds.items() if found not in _PROVIDER_KINDS]
    return known[0] if known else None


def provider_problem(
    document: Document, path: tuple[str, ...], named: str | None, kinds: Mapping[str, str]
) -> Problem:
    """The sentence for a model whose provider ``provider_of`` does not know."""
    found = "nothing" if named is None else shown(named, ())
    return document.problem((*path, "provider"), found, f"one of {', '.join(kinds)}")


class Routed(Protocol):
    """What a router is built from: `Routing`, or the whole `config.Config`."""

    @property
    def tiers(self) -> tuple[Tier, ...]:
        """Cheapest first."""

    @property
    def classifier(self) -> ClassifierConfig:
        """Who names the tier."""

    @property
    def default_tier(self) -> str:
        """Serves when the classifier fails."""

    @property
    def initial_policy(self) -> Policy:
        """Version 1."""


def build_router(config: Routed, *, ask: Ask | None = None) -> Router:
    """The router that a configuration describes, under its initial policy.

    Args:
        config: tiers, classifier, default tier and first policy.
        ask: sends a chat request to the classifier's model. Without it a router of kind ``llm``
            has no classifier, and its owner classifies and calls ``decide``.

    Raises:
        ArtefactError: a model's file cannot be used; names it and says why.
    """
    classifier: Classifier | None = None
    if config.classifier.kind == "static":
        classifier = StaticClassifier(config.classifier.label)
    elif config.classifier.kind == "local":
        names = [tier.name for tier in config.tiers]
        boundaries = configured_boundaries(names, dict(config.classifier.models))
        classifier = LocalTierClassifier(names, boundaries)
    elif config.classifier.kind == "heuristic":
        classifier = HeuristicClassifier([tier.name for tier in config.tiers])
    elif ask is not None:
        classifier = LlmClassifier(ask, config.tiers, config.classifier)
    policies = ActivePolicies(config.initial_policy)
    return Router(config.tiers, classifier, policies, config.default_tier)


class _Checks:
    """What one value of the section demands of another."""

    def __init__(
        self,
        document: Document,
        section: RoutingSection,
        kinds: Mapping[str, str],
        prices: Mapping[str, Priced],
    ) -> None:
        self.problems: list[Problem] = []
        self._document = document
        self._section = section
        self._kinds = kinds
        self._prices = prices
        self._names = list(section.tiers)

    def tiers(self) -> None:
        if len(self._names) < _FEWEST_TIERS:
            self._add(("tiers",), f"{len(self._names)}", "two tiers or more, cheapest first")
        for name, tier in self._section.tiers.items():
            if not tier.providers:
                self._provider(("tiers", name), tier.model, tier.provider)
            if self._prices[name].price is None:
                found = f"nothing, and no list price of {shown(tier.model, ())}"
                accepted = (
                    "USD per million tokens, such as {input: 3, output: 15}, here or under"
                    " `prices`; 0 for a model of your own"
                )
                self._add(("tiers", name, "cost"), found, accepted)
        known = [(name, one.price) for name, one in self._prices.items() if one.price is not None]
        for (lower, cheap), (name, price) in pairwise(known):
            if price.blended_usd < cheap.blended_usd:
                found = f"{price}, cheaper than {lower!r} before it at {cheap}"
                self._add(("tiers", name, "cost"), found, "tiers in order of price, cheapest first")

    def listed(self, prices: Mapping[str, Price]) -> None:
        seen: dict[str, str] = {}
        for name in prices:
            first = seen.setdefault(resolved_model(name), name)
            if first != name:
                found = f"the model of {shown(first, ())} a second time"
                self.problems.append(
                    self._document.problem(("prices", name), found, "each model once")
                )

    def classifier(self, listed: Mapping[str, Price]) -> None:
        classifier = self._section.classifier
        kind = _kind(classifier)
        if kind == "llm":
            if classifier.model is None:
                self._add(("classifier", "model"), "nothing", "the model that kind llm asks")
            elif "providers" in classifier.model_fields_set:
                at = ("routing", "classifier", "providers")
                self.problems += place_problems(self._document, at, classifier, self._kinds)
                self._place_prices(classifier, _classifier_price(classifier, listed))
            else:
                self._provider(("classifier",), classifier.model, classifier.provider)
        elif classifier.model is not None:
            self._add(("classifier", "kind"), kind, "llm, since `model` is given; or no `model`")
        if "providers" in classifier.model_fields_set and kind != "llm":
            self._add(("classifier", "providers"), "a list", f"none, since the kind is {kind}")
        if classifier.cost is not None and kind != "llm":
            self._add(("classifier", "cost"), "a price", f"none, since the kind is {kind}")
        if classifier.label is not None and kind != "static":
            self._add(("classifier", "label"), "a label", f"none, since the kind is {kind}")
        elif classifier.label is not None and classifier.label not in self._names:
            self._add(("classifier", "label"), shown(classifier.label, ()), ", ".join(self._names))

    def _place_prices(self, classifier: ClassifierSection, priced: Priced) -> None:
        """A place without a price beside one that has its own would count as free."""
        costs = [one.cost for one in classifier.providers]
        if priced.price is not None or costs.count(None) == len(costs):
            return
        for place, cost in enumerate(costs):
            if cost is None:
                at = ("routing", "classifier", "providers", place, "cost")
                found = "nothing, beside a deployment that has a price"
                accepted = "a price for each; or one beside the list"
                self.problems.append(self._document.problem(at, found, accepted))

    def models(self) -> None:
        classifier = self._section.classifier
        kind = _kind(classifier)
        if classifier.models and kind != "local":
            self._add(("classifier", "models"), "models", f"none, since the kind is {kind}")
            return
        for tier, file in (classifier.models or {}).items():
            at = ("classifier", "models", tier)
            if tier not in self._names[:-1]:
                self._add(at, "no tier that has a model", ", ".join(self._names[:-1]))
            elif not beside(self._document.path, file).is_file():
                self._add(at, f"{file!r}, which is no file", "the file of a saved model")

    def fallback(self) -> None:
        fallback = self._section.fallback
        groups: dict[tuple[str, ...], float | dict[str, float]] = {
            ("fallback", "threshold"): fallback.threshold
        }
        groups |= {("fallback", "by_task", task): v for task, v in fallback.by_task.items()}
        below_top = self._names[:-1]
        for path, thresholds in groups.items():
            for tier in thresholds if isinstance(thresholds, dict) else ():
                if tier not in below_top:
                    self._add((*path, tier), "no tier that has a threshold", ", ".join(below_top))
        for task in fallback.by_task.keys() & {"all", ""}:
            self._add(("fallback", "by_task", task), "the name of every task type", "one task type")

    def default_tier(self) -> None:
        tier = self._section.default_tier
        if tier is not None and tier not in self._names:
            self._add(("default_tier",), shown(tier, ()), ", ".join(self._names))

    def _provider(self, path: tuple[str, ...], model: str, named: str | None) -> None:
        if provider_of(model, named, self._kinds) is None:
            self.problems.append(
                provider_problem(self._document, ("routing", *path), named, self._kinds)
            )

    def _add(self, path: tuple[str, ...], found: str, accepted: str) -> None:
        self.problems.append(self._document.problem(("routing", *path), found, accepted))


def beside(path: str, name: str) -> Path:
    """The file of that name, relative to the folder of the file at ``path``."""
    return Path(path).parent / name


def _resolved(
    file: RoutingFile, kinds: Mapping[str, str], prices: Mapping[str, Priced], path: str
) -> Routing:
    section = file.routing
    origins = {f"routing.tiers.{name}": one.origin for name, one in prices.items()}
    tiers = tuple(
        Tier(
            name=name,
            model=tier.model,
            provider=_first_provider(tier.model, tier, kinds),
            price=price,
            description=tier.description,
            deployments=deployments_of(tier.providers, tier.model, price),
        )
        for name, tier in section.tiers.items()
        if (price := prices[name].price) is not None
    )
    names = [tier.name for tier in tiers]
    given = section.fallback.threshold
    thresholds = (
        {name: given.get(name, DEFAULT_THRESHOLD) for name in names[:-1]}
        if isinstance(given, dict)
        else dict.fromkeys(names[:-1], given)
    )
    by_task = {
        task: value if isinstance(value, dict) else dict.fromkeys(names[:-1], value)
        for task, value in section.fallback.by_task.items()
    }
    classifier = section.classifier
    provider, price = "", None
    places: tuple[Deployment, ...] = ()
    if classifier.model is not None:
        provider = _first_provider(classifier.model, classifier, kinds)
        priced = _classifier_price(classifier, file.prices)
        price, origins["routing.classifier"] = priced.price, priced.origin
        places = deployments_of(classifier.providers, classifier.model, price or Price(0, 0))
    wires = {kinds.get(place.provider) for place in places} or {kinds.get(provider)}
    return Routing(
        tiers=tiers,
        classifier=ClassifierConfig(
            kind=_kind(classifier),
            model=classifier.model or "",
            provider=provider,
            max_tokens=classifier.max_tokens,
            timeout_s=classifier.timeout_s,
            # Anthropic's wire has no log-probabilities and refuses the request that asks for them.
            logprobs=classifier.logprobs and wires != {"anthropic"},
            label=(classifier.label or names[0]) if _kind(classifier) == "static" else "",
            price=price,
            models=tuple(
                (tier, str(beside(path, file))) for tier, file in (classifier.models or {}).items()
            ),
            deployments=places,
        ),
        default_tier=section.default_tier or names[-1],
        initial_policy=Policy(1, thresholds, by_task),
        retry=section.retry,
        sessions=section.sessions,
        price_origins=origins,
        balance=section.balance,
        cascade=section.cascade,
    )


def _first_provider(
    model: str, section: TierSection | ClassifierSection, kinds: Mapping[str, str]
) -> str:
    if section.providers:
        return section.providers[0].provider
    return provider_of(model, section.provider, kinds) or ""


def _classifier_price(section: ClassifierSection, listed: Mapping[str, Price]) -> Priced:
    """What the model of kind llm costs: where each place has a price of its own, the first one's.

    Args:
        section: the classifier's.
        listed: the file's ``prices``.
    """
    first = section.providers[0].cost if section.providers else None
    every = all(one.cost is not None for one in section.providers)
    if section.cost is None and first is not None and every:
        return Priced(first, "cost")
    return price_of(section.model or "", section.cost, listed)


def _kind(classifier: ClassifierSection) -> str:
    return classifier.kind or ("heuristic" if classifier.model is None else "llm")
