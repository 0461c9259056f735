"""The whole file: its sections as they are written, and the one value that follows from them."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType

from pydantic import Field

from tierwatch.config.alerts import AlertsConfig
from tierwatch.config.evaluation import (
    EvaluationConfig,
    evaluation_problems,
    resolved_evaluation,
)
from tierwatch.config.gateway import (
    GatewayConfig,
    cache_problems,
    model_problems,
    passthrough_problems,
)
from tierwatch.config.judge import judge_prices, judge_problems, resolved_judge
from tierwatch.config.notify import NotifyConfig, destination_names, notify_problems
from tierwatch.config.outgoing.scores import ScoresConfig, score_problems
from tierwatch.config.people import PeopleConfig, people_problems
from tierwatch.config.providers import ProviderConfig, provider_problems
from tierwatch.config.tolerance import tolerance_of
from tierwatch.config.watch import IntakeConfig, WatchConfig, watch_problems, watched_router
from tierwatch.routing.classify.classification import ClassifierConfig
from tierwatch.routing.config.balance import BalanceSection
from tierwatch.routing.config.cascade import CascadeSection
from tierwatch.routing.config.prices import Priced, PriceOrigin
from tierwatch.routing.config.providers import provider_kinds
from tierwatch.routing.config.reading.document import Document, Problem, config_error
from tierwatch.routing.config.reading.yaml_file import read_document
from tierwatch.routing.config.retry import RetrySection
from tierwatch.routing.config.routing import Routing, RoutingFile, read_routing
from tierwatch.routing.config.sessions import SessionsSection
from tierwatch.routing.foreign.router import ForeignRouter
from tierwatch.routing.policy import Policy
from tierwatch.routing.tiers import CACHE_TIER, Price, Tier


@dataclass(frozen=True, slots=True)
class Config:
    """A whole tierwatch.yaml, checked, with every default filled in. Immutable.

    Attributes:
        path: the file it was read from.
        tiers: cheapest first.
        classifier: who names the tier.
        default_tier: serves when the classifier fails.
        initial_policy: version 1, active until the database has a later one.
        retry: what the gateway does when a provider fails.
        sessions: how a conversation keeps its tier.
        balance: how it spreads calls over the deployments of a tier.
        cascade: whose answers it checks before the first byte; None checks none.
        providers: by name; empty when the file has none yet.
        evaluation: sampling, judging, retuning. ``tolerance`` names every tier but the top.
        gateway: the HTTP front.
        notify: where alerts are sent.
        scores: to whose traces verdicts go back.
        alerts: how people are notified of them.
        people: who may enter the dashboard by other means than a password of ours.
        price_origins: where the price of each key that names a model came from; a key that is
            ``unknown`` is counted as free, and said to be.
        missing_providers: keys that name a model no provider serves, such as
            ``routing.tiers.simple``. Empty unless the file has no ``providers`` at all: such a
            file can be checked and replayed, but cannot serve.
        cache_tolerance: how often an answer of the response cache may be worse than a fresh one.
        intake: who may send traffic of another router.
        watch: what that router's names stand for.
        foreign: that router with its thresholds, which are the initial policy's; None where its
            settings are not named.
    """

    path: str
    tiers: tuple[Tier, ...]
    classifier: ClassifierConfig
    default_tier: str
    initial_policy: Policy
    retry: RetrySection
    sessions: SessionsSection
    balance: BalanceSection
    cascade: CascadeSection | None
    providers: Mapping[str, ProviderConfig]
    evaluation: EvaluationConfig
    gateway: GatewayConfig
    notify: tuple[NotifyConfig, ...]
    scores: tuple[ScoresConfig, ...]
    alerts: AlertsConfig
    people: PeopleConfig
    missing_providers: tuple[str, ...]
    price_origins: Mapping[str, PriceOrigin]
    cache_tolerance: float
    intake: IntakeConfig
    watch: WatchConfig
    foreign: ForeignRouter | None

    @property
    def prices(self) -> Mapping[str, Priced]:
        """What each key that names a model costs, and where that came from."""
        judge = self.evaluation.judge
        found: dict[str, Price | None] = {
            f"routing.tiers.{tier.name}": tier.price for tier in self.tiers
        }
        found["routing.classifier"] = self.classifier.price
        if judge is not None:
            found["evaluation.judge"] = judge.price
            found["evaluation.judge.first"] = None if judge.first is None else judge.first.price
        return {key: Priced(found[key], origin) for key, origin in self.price_origins.items()}

    @property
    def unpriced(self) -> tuple[str, ...]:
        """Keys whose model is asked at a price nobody knows: what it costs counts as 0."""
        return tuple(key for key, origin in self.price_origins.items() if origin == "unknown")

    @property
    def serving(self) -> tuple[str, ...]:
        """Names that answers are counted under: the tiers, and the cache where it is on."""
        names = tuple(tier.name for tier in self.tiers)
        return names if self.gateway.cache.mode == "off" else (*names, CACHE_TIER)

    def tier(self, name: str) -> Tier:
        """The tier of that name.

        Raises:
            KeyError: there is none.
        """
        for tier in self.tiers:
            if tier.name == name:
                return tier
        raise KeyError(name)


class ConfigFile(RoutingFile):
    """The sections as they are written; `Config` is what follows from them."""

    providers: Mapping[str, ProviderConfig] = Field(
        default_factory=dict, description="Where models are served, by a name of your choice."
    )
    evaluation: EvaluationConfig = Field(
        default=EvaluationConfig(), description="What is sampled, judged and proposed."
    )
    gateway: GatewayConfig = Field(default=GatewayConfig(), description="The HTTP front.")
    notify: tuple[NotifyConfig, ...] = Field(default=(), description="Where alerts are sent.")
    scores: tuple[ScoresConfig, ...] = Field(
        default=(), description="To whose traces verdicts go back."
    )
    alerts: AlertsConfig = Field(
        default=AlertsConfig(), description="How people are notified of alerts."
    )
    people: PeopleConfig = Field(
        default=PeopleConfig(), description="Who may enter the dashboard, and as what."
    )
    intake: IntakeConfig = Field(
        default=IntakeConfig(), description="Who may send traffic of another router."
    )
    watch: WatchConfig = Field(
        default=WatchConfig(), description="What the names of that router stand for."
    )


def load_config(path: str | os.PathLike[str]) -> Config:
    """Read and check a whole tierwatch.yaml.

    Raises:
        ConfigError: every problem in it, in the order of its lines.
    """
    document = read_document(path)
    file, problems = document.check(ConfigFile)
    # Providers that are themselves wrong still count as known, or each tier would be blamed too.
    kinds = provider_kinds(document)
    routing, routing_problems = read_routing(document, kinds)
    problems += routing_problems
    if file is not None:
        problems += _problems(document, file, kinds)
    if file is None or routing is None or problems:
        raise config_error(problems)
    foreign, problems = watched_router(document, file.watch, routing.tiers)
    if problems:
        raise config_error(problems)
    return _resolved(document, file, routing, kinds, foreign)


def _problems(document: Document, file: ConfigFile, kinds: Mapping[str, str]) -> list[Problem]:
    """What the sections that are not routing's demand of each other and of the tiers."""
    tiers, evaluation = file.routing.tiers, file.evaluation
    problems = evaluation_problems(document, evaluation, list(tiers)[:-1])
    if evaluation.judge is not None:
        problems += judge_problems(document, evaluation.judge, tiers, kinds)
    problems += notify_problems(document, file.notify)
    problems += score_problems(document, file.scores, destination_names(file.notify))
    problems += people_problems(document, file.people)
    problems += model_problems(document, file.gateway, tiers)
    problems += provider_problems(document, file.providers)
    problems += passthrough_problems(document, file.gateway, kinds)
    problems += watch_problems(
        document,
        file.intake,
        file.watch,
        tiers=list(tiers),
        classifier=file.routing.classifier.kind or "",
    )
    return problems + cache_problems(document, file.gateway, tiers)


def _resolved(
    document: Document,
    file: ConfigFile,
    routing: Routing,
    kinds: Mapping[str, str],
    foreign: ForeignRouter | None,
) -> Config:
    asked, judge = file.evaluation, file.evaluation.judge
    origins = dict(routing.price_origins)
    if judge is not None:
        priced = judge_prices(judge, file.prices)
        origins |= {key: one.origin for key, one in priced.items()}
        judge = resolved_judge(document, judge, kinds, priced)
    below_top = [tier.name for tier in routing.tiers[:-1]]
    evaluation = resolved_evaluation(asked, below_top, judge)
    return Config(
        path=document.path,
        tiers=routing.tiers,
        classifier=routing.classifier,
        default_tier=routing.default_tier,
        initial_policy=routing.initial_policy
        if foreign is None
        else replace(routing.initial_policy, thresholds=foreign.thresholds),
        retry=routing.retry,
        sessions=routing.sessions,
        balance=routing.balance,
        cascade=routing.cascade,
        providers=MappingProxyType(dict(file.providers)),
        evaluation=evaluation,
        gateway=file.gateway,
        notify=file.notify,
        scores=file.scores,
        alerts=file.alerts,
        people=file.people,
        missing_providers=() if file.providers else _unserved(routing, evaluation),
        price_origins=MappingProxyType(origins),
        cache_tolerance=tolerance_of(CACHE_TIER, asked.tolerance, asked.objective),
        intake=file.intake,
        watch=file.watch,
        foreign=foreign,
    )


def _unserved(routing: Routing, evaluation: EvaluationConfig) -> tuple[str, ...]:
    keys = [f"routing.tiers.{tier.name}" for tier in routing.tiers]
    if routing.classifier.kind == "llm":
        keys.append("routing.classifier")
    if evaluation.judge is not None and evaluation.judge.model:
        keys.append("evaluation.judge")
        if evaluation.judge.first is not None:
            keys.append("evaluation.judge.first")
    return tuple(keys)
