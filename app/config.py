"""tierwatch.yaml as one immutable value.

`load_config` reads the file and lists every problem at once, each as
``file:line: key: found X; accepted Y``. docs/configuration.md has every key; a test compares it
with the models below. Secrets are named (``env:NAME``), never held.
"""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import BeforeValidator, Field, PlainValidator

from tierwatch.errors import SettingsError
from tierwatch.routing.classify.classification import ClassifierConfig
from tierwatch.routing.config.document import (
    Document,
    Problem,
    config_error,
    not_accepted,
    read_document,
    shown,
)
from tierwatch.routing.config.fields import (
    Cost,
    Name,
    OpenShare,
    Seconds,
    Section,
    Share,
    number_above,
    read_open_share,
    whole_number,
    yaml_off,
)
from tierwatch.routing.config.prices import Priced, PriceOrigin, price_of
from tierwatch.routing.config.sections import (
    RetrySection,
    Routing,
    RoutingFile,
    SessionsSection,
    beside,
    provider_kinds,
    provider_of,
    provider_problem,
    read_routing,
)
from tierwatch.routing.config.serving import BalanceSection, CascadeSection
from tierwatch.routing.policy import Policy
from tierwatch.routing.tiers import CACHE_TIER, Price, Tier, resolved_model

DEFAULT_TOLERANCE = 0.05
_EVERY_TIER = "*"
_ENV = re.compile(r"env:([A-Za-z_][A-Za-z0-9_]*)")
_BASE_URLS = {"openai": "https://api.openai.com/v1", "anthropic": "https://api.anthropic.com"}


@dataclass(frozen=True, slots=True)
class Secret:
    """The name of an environment variable that holds a secret; never the secret itself."""

    variable: str

    def reveal(self, environ: Mapping[str, str]) -> str:
        """The secret.

        Raises:
            SettingsError: the variable is not set, or empty.
        """
        value = environ.get(self.variable, "").strip()
        if not value:
            raise SettingsError(
                f"{self.variable}: found nothing; accepted the secret that tierwatch.yaml names"
                f" by env:{self.variable}"
            )
        return value


def _read_secret(value: object) -> Secret:
    match = _ENV.fullmatch(value.strip()) if isinstance(value, str) else None
    if isinstance(value, Secret):
        return value
    if match is None:
        raise not_accepted("env:NAME, the environment variable that holds it; never the secret")
    return Secret(match[1])


def _read_url(value: object) -> str:
    accepted = not_accepted("a URL such as https://api.openai.com/v1, without user or password")
    if not isinstance(value, str):
        raise accepted
    try:
        parts = urlsplit(value.strip())
        usable = bool(parts.hostname) and parts.port != 0
    except ValueError:
        raise accepted from None
    if parts.scheme not in {"http", "https"} or not usable or parts.username is not None:
        raise accepted
    return value.strip().rstrip("/")


def _read_url_or_secret(value: object) -> str | Secret:
    if isinstance(value, Secret) or (isinstance(value, str) and value.startswith("env:")):
        return _read_secret(value)
    return _read_url(value)


def _read_tolerance(value: object) -> Mapping[str, float]:
    if not isinstance(value, Mapping):
        return {_EVERY_TIER: read_open_share(value)}
    try:
        return {str(tier): read_open_share(rate) for tier, rate in value.items()}
    except ValueError:
        raise not_accepted("tier: a number above 0 and below 1, for each tier") from None


def _read_alpha(value: object) -> float | str:
    if value == "tolerance":
        return "tolerance"
    try:
        return read_open_share(value)
    except ValueError:
        raise not_accepted("tolerance, or a number above 0 and below 1") from None


SecretName = Annotated[Secret, PlainValidator(_read_secret)]
Count = Annotated[int, whole_number(1, 1_000_000_000)]


class ProviderConfig(Section):
    """One provider of models under ``providers``."""

    kind: Literal["openai", "anthropic"] = Field(
        description="The wire it speaks; openai for every server that is compatible with it."
    )
    base_url: Annotated[str, PlainValidator(_read_url)] = Field(
        default="", description="Where it is. Default: the vendor's own address for the kind."
    )
    api_key: SecretName | None = Field(
        default=None, description="`env:NAME`; never the key itself."
    )
    timeout_s: Seconds = Field(
        default=60.0,
        validation_alias="timeout",
        description="How long a call may stay silent before it counts as failed.",
    )
    max_concurrency: Count = Field(
        default=64, description="Calls in flight at once, for each process."
    )

    def model_post_init(self, _context: Any, /) -> None:
        """Fill in the vendor's address where none is given."""
        if not self.base_url:
            object.__setattr__(self, "base_url", _BASE_URLS[self.kind])


class ObjectiveSection(Section):
    """The other way to state tolerances, under ``evaluation.objective``."""

    quality: OpenShare = Field(
        description="Share of the top tier's quality that all tiers together are to keep. Each"
        " tier's tolerance is then 1 - quality, or what an approved proposal promised of it for"
        " this quality."
    )


class JudgeConfig(Section):
    """Who compares a pair of answers, under ``evaluation.judge``."""

    kind: Literal["pairwise", "recorded", "ragas"] = Field(
        default="pairwise",
        description="pairwise asks a model; recorded reads verdicts from a file.",
    )
    verdicts: Name | None = Field(
        default=None,
        description="File of recorded traffic with the verdicts of kind recorded; relative to this"
        " file.",
    )
    model: Name = Field(
        default="",
        description="The judging model; may not serve a tier. Needed but for kind recorded.",
    )
    orders: Literal["both", "one"] = Field(
        default="both",
        description="both asks twice with the answers swapped; disagreement is a tie.",
    )
    provider: Name = Field(default="", description="Name under `providers`; default as for tiers.")
    timeout_s: Seconds = Field(
        default=60.0,
        validation_alias="timeout",
        description="How long one comparison may take, all its calls together; it is then tried"
        " again.",
    )
    price: Cost | None = Field(
        default=None,
        validation_alias="cost",
        description="USD per million tokens, written and known as for tiers.",
    )
    embedding_model: Name | None = Field(
        default=None,
        description="Embeds questions for kind ragas; without it relevancy is not scored.",
    )


class RetuneConfig(Section):
    """How thresholds are proposed, under ``evaluation.retune``."""

    mode: Annotated[Literal["off", "propose", "auto"], BeforeValidator(yaml_off)] = Field(
        default="propose",
        description="propose waits for a person; auto approves what is certified.",
    )
    step: OpenShare = Field(
        default=0.1, description="Largest change of a threshold in one proposal."
    )
    alpha: Annotated[float | Literal["tolerance"], PlainValidator(_read_alpha)] = Field(
        default="tolerance", description="Misroute rate that a threshold is certified to keep."
    )
    delta: OpenShare = Field(
        default=0.05, description="Chance that a certificate is wrong, in all."
    )
    min_pairs: Count = Field(
        default=200, description="Pairs of a tier before anything is proposed."
    )
    judge_errors: Literal["ignore", "correct"] = Field(
        default="ignore",
        description="correct certifies against people's labels of the judge's verdicts, and needs"
        " hundreds of them; ignore takes the verdicts as they are.",
    )


class RefitConfig(Section):
    """How models learned from judged pairs are proposed, under ``evaluation.refit``."""

    mode: Annotated[Literal["off", "propose", "auto"], BeforeValidator(yaml_off)] = Field(
        default="propose",
        description="For classifiers of kind local. propose waits for a person; auto approves what"
        " is certified.",
    )
    delta: OpenShare = Field(
        default=0.05,
        description="Chance that a model which is no better is ever proposed in place of the same"
        " one, and that a certificate is wrong, in all.",
    )
    min_pairs: Count = Field(
        default=300,
        description="Held-out pairs of the first comparison with a model; the n-th waits for n"
        " times as many.",
    )


class RolloutConfig(Section):
    """How an approved policy is introduced, under ``evaluation.rollout``."""

    share: Share = Field(default=0.2, description="Share of sessions that get the candidate first.")
    min_pairs: Count = Field(
        default=100, description="Pairs under the candidate before it is completed."
    )


class EvaluationConfig(Section):
    """The ``evaluation`` section; ``tolerance`` names every tier but the top once loaded."""

    sample_rate: Share = Field(
        default=0.05, description="Share of kept exchanges that is captured."
    )
    probe_down_rate: Share | None = Field(
        default=None,
        description="Share of escalated exchanges probed on the tier below. Default: a third of"
        " `sample_rate` in a middle tier, all of it in the top tier. Above 0 with `objective`,"
        " whose test needs to see what a tier would make of requests it does not keep.",
    )
    budget_usd_per_day: Annotated[float, number_above(0, or_equal=True)] | None = Field(
        default=None,
        description="What shadow answers, judging, anchors and probes may cost in a day. What an"
        " alert asks for is counted and not held back. Default: no limit.",
    )
    tolerance: Annotated[Mapping[str, float], PlainValidator(_read_tolerance)] = Field(
        default_factory=dict[str, float],
        description="Misroute rate that must not be exceeded: one number, or `tier: number`; tier"
        " `cache` is the answers of `gateway.cache`. Default: 0.05 for each tier.",
    )
    objective: ObjectiveSection | None = Field(default=None, description="Instead of `tolerance`.")
    judge: JudgeConfig | None = Field(
        default=None, description="Who compares answers. Default: no judge."
    )
    retune: RetuneConfig = Field(default=RetuneConfig(), description="How thresholds are proposed.")
    refit: RefitConfig = Field(
        default=RefitConfig(), description="How models learned from judged pairs are proposed."
    )
    rollout: RolloutConfig = Field(
        default=RolloutConfig(), description="How an approved policy is introduced."
    )
    alert_level: Annotated[float, number_above(1)] = Field(
        default=1e7,
        description="Evidence at which an alert opens; 1e7 is at most 1 % per 100,000 pairs.",
    )
    min_pairs: Count = Field(
        default=30, description="Fewer pairs in a segment are reported as no data."
    )
    retention_days: Count = Field(
        default=90, description="Days for which the text of samples is kept."
    )


class CacheConfig(Section):
    """Answers that are given again, under ``gateway.cache``."""

    mode: Annotated[Literal["off", "exact", "semantic"], BeforeValidator(yaml_off)] = Field(
        default="off",
        description="exact gives an answer again to the same request; semantic also where the"
        " last message is worded otherwise and asks the same.",
    )
    ttl_s: Seconds = Field(
        default=3600.0, validation_alias="ttl", description="How long an answer may be given again."
    )
    budget_ms: Annotated[float, number_above(0)] = Field(
        default=5.0, description="Milliseconds that looking may take; then the request goes on."
    )
    temperature: Literal[0, "any"] = Field(
        default=0,
        description="0 leaves out requests that do not ask for temperature 0; any takes all.",
    )
    tools: bool = Field(
        default=False,
        description="Whether requests that offer tools take part; an answer that calls one never"
        " does.",
    )
    max_answer_kb: Annotated[int, whole_number(1, 1024)] = Field(
        default=64, description="Longer answers are not kept, in KiB."
    )


class GatewayConfig(Section):
    """The ``gateway`` section."""

    api_keys: tuple[SecretName, ...] = Field(
        default=(),
        description="Keys that callers must send, each `env:NAME`. Empty: no key is asked for.",
    )
    auto_models: tuple[Name, ...] = Field(
        default=(), description="Model names that are routed like `auto`."
    )
    max_body_mb: Annotated[int, whole_number(1, 1024)] = Field(
        default=20, description="Largest request body, in MiB."
    )
    capture_buffer: Count = Field(
        default=10_000,
        description="Sampled exchanges that wait for the database; more are dropped.",
    )
    cache: CacheConfig = Field(
        default=CacheConfig(), description="Answers that are given again. Needs Redis."
    )


class WebhookConfig(Section):
    """One place that alerts are sent to, under ``notify``."""

    kind: Literal["webhook"] = Field(
        default="webhook", description="An HTTP POST with a JSON body."
    )
    url: Annotated[str | Secret, PlainValidator(_read_url_or_secret)] = Field(
        description="A URL, or `env:NAME` where the URL itself is a secret."
    )
    secret: SecretName | None = Field(
        default=None, description="Signs the body (HMAC-SHA256); `env:NAME`."
    )

    def target(self, environ: Mapping[str, str]) -> str:
        """The URL to post to.

        Raises:
            SettingsError: the URL's variable is not set.
        """
        return self.url.reveal(environ) if isinstance(self.url, Secret) else self.url


@dataclass(frozen=True, slots=True)
class Config:
    """A whole tierwatch.yaml, checked, with every default filled in. Immutable.

    Attributes:
        path: the file it was read from.
        tiers: cheapest first.
        classifier: who names the tier.
        default_tier: serves when the classifier fails.
        initial_policy: version 1, in force until the database has a later one.
        retry: what the gateway does when a provider fails.
        sessions: how a conversation keeps its tier.
        balance: how it spreads calls over the deployments of a tier.
        cascade: whose answers it checks before the first byte; None checks none.
        providers: by name; empty when the file has none yet.
        evaluation: sampling, judging, retuning. ``tolerance`` names every tier but the top.
        gateway: the HTTP front.
        notify: where alerts are sent.
        price_origins: where the price of each key that names a model came from; a key that is
            ``unknown`` is counted as free, and said to be.
        missing_providers: keys that name a model no provider serves, such as
            ``routing.tiers.simple``. Empty unless the file has no ``providers`` at all: such a
            file can be checked and replayed, but cannot serve.
        cache_tolerance: how often an answer of the response cache may be worse than a fresh one.
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
    notify: tuple[WebhookConfig, ...]
    missing_providers: tuple[str, ...]
    price_origins: Mapping[str, PriceOrigin]
    cache_tolerance: float = DEFAULT_TOLERANCE

    @property
    def prices(self) -> Mapping[str, Priced]:
        """What each key that names a model costs, and where that came from."""
        judge = self.evaluation.judge
        found: dict[str, Price | None] = {
            f"routing.tiers.{tier.name}": tier.price for tier in self.tiers
        }
        found["routing.classifier"] = self.classifier.price
        found["evaluation.judge"] = None if judge is None else judge.price
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
    notify: tuple[WebhookConfig, ...] = Field(default=(), description="Where alerts are sent.")


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
        problems += _evaluation_problems(document, file, kinds) + _cache_problems(document, file)
    if file is None or routing is None or problems:
        raise config_error(problems)
    evaluation = _resolved_evaluation(document, file, kinds)
    origins = dict(routing.price_origins)
    if (judge := evaluation.judge) is not None and judge.model:
        priced = price_of(judge.model, judge.price, file.prices)
        origins["evaluation.judge"] = priced.origin
        judge = judge.model_copy(update={"price": priced.price})
        evaluation = evaluation.model_copy(update={"judge": judge})
    return Config(
        path=document.path,
        tiers=routing.tiers,
        classifier=routing.classifier,
        default_tier=routing.default_tier,
        initial_policy=routing.initial_policy,
        retry=routing.retry,
        sessions=routing.sessions,
        balance=routing.balance,
        cascade=routing.cascade,
        providers=MappingProxyType(dict(file.providers)),
        evaluation=evaluation,
        gateway=file.gateway,
        notify=file.notify,
        missing_providers=() if file.providers else _unserved(routing, evaluation),
        price_origins=MappingProxyType(origins),
        cache_tolerance=_tolerance_of(CACHE_TIER, file.evaluation),
    )


def _evaluation_problems(
    document: Document, file: ConfigFile, kinds: Mapping[str, str]
) -> list[Problem]:
    evaluation = file.evaluation
    below_top = list(file.routing.tiers)[:-1]
    problems = [
        document.problem(
            ("evaluation", "tolerance", tier), "no tier that has a tier above it", accepted
        )
        for tier in evaluation.tolerance
        if tier not in {*below_top, _EVERY_TIER, CACHE_TIER}
        for accepted in [", ".join([*below_top, CACHE_TIER])]
    ]
    if evaluation.tolerance and evaluation.objective is not None:
        problems.append(
            document.problem(("evaluation", "objective"), "tolerance as well", "one of the two")
        )
    if evaluation.objective is not None:
        retune, at = evaluation.retune, ("evaluation", "retune")
        problems += [
            document.problem((*at, name), found, f"{accepted}, with evaluation.objective")
            for name, found, accepted, refused in (
                ("alpha", str(retune.alpha), "tolerance", retune.alpha != "tolerance"),
                ("judge_errors", "correct", "ignore", retune.judge_errors == "correct"),
            )
            if refused
        ]
        if evaluation.probe_down_rate == 0:
            problems.append(
                document.problem(
                    ("evaluation", "probe_down_rate"),
                    "0, by which nobody sees what a tier would make of requests it does not keep",
                    "above 0, or left out, with evaluation.objective",
                )
            )
    judge, at = evaluation.judge, ("evaluation", "judge")
    if judge is None:
        return problems
    problems += _verdicts_problems(document, judge)
    if not judge.model and judge.kind != "recorded":
        problems.append(
            document.problem((*at, "model"), "nothing", f"the model that kind {judge.kind} asks")
        )
    for name, tier in file.routing.tiers.items():
        names = (tier.model, *(one.model or tier.model for one in tier.providers))
        if judge.model and resolved_model(judge.model) in map(resolved_model, names):
            problems.append(
                document.problem(
                    (*at, "model"),
                    f"{shown(judge.model, ())}, the model of tier {name!r}, which would judge"
                    " its own answers",
                    "a model that serves no tier",
                )
            )
    if judge.model and provider_of(judge.model, judge.provider or None, kinds) is None:
        problems.append(provider_problem(document, at, judge.provider or None, kinds))
    return problems


def _cache_problems(document: Document, file: ConfigFile) -> list[Problem]:
    if file.gateway.cache.mode == "off" or CACHE_TIER not in file.routing.tiers:
        return []
    at = ("routing", "tiers", CACHE_TIER)
    found = f"a tier named {CACHE_TIER}, as answers of gateway.cache are counted"
    return [document.problem(at, found, "another name, or gateway.cache.mode: off")]


def _tolerance_of(tier: str, evaluation: EvaluationConfig) -> float:
    default = DEFAULT_TOLERANCE
    if evaluation.objective is not None:
        # Rounded: 1 - 0.95 is 0.050000000000000044.
        default = round(1 - evaluation.objective.quality, 10)
    default = evaluation.tolerance.get(_EVERY_TIER, default)
    return evaluation.tolerance.get(tier, default)


def _verdicts_problems(document: Document, judge: JudgeConfig) -> list[Problem]:
    at = ("evaluation", "judge", "verdicts")
    if judge.kind != "recorded":
        if judge.verdicts is None:
            return []
        return [document.problem(at, "a file", f"none, since the kind is {judge.kind}")]
    accepted = "a file of recorded traffic with verdicts, for kind recorded"
    if judge.verdicts is None:
        return [document.problem(at, "nothing", accepted)]
    path = beside(document.path, judge.verdicts)
    try:
        with path.open("rb"):
            return []
    except OSError as problem:
        return [document.problem(at, f"{str(path)!r}: {problem.strerror}", accepted)]


def _resolved_evaluation(
    document: Document, file: ConfigFile, kinds: Mapping[str, str]
) -> EvaluationConfig:
    evaluation = file.evaluation
    below_top = list(file.routing.tiers)[:-1]
    tolerance = {tier: _tolerance_of(tier, evaluation) for tier in below_top}
    judge = evaluation.judge
    if judge is not None and judge.model:
        provider = provider_of(judge.model, judge.provider or None, kinds)
        judge = judge.model_copy(update={"provider": provider})
    if judge is not None and judge.verdicts is not None:
        verdicts = str(beside(document.path, judge.verdicts))
        judge = judge.model_copy(update={"verdicts": verdicts})
    return evaluation.model_copy(update={"tolerance": MappingProxyType(tolerance), "judge": judge})


def _unserved(routing: Routing, evaluation: EvaluationConfig) -> tuple[str, ...]:
    keys = [f"routing.tiers.{tier.name}" for tier in routing.tiers]
    if routing.classifier.kind == "llm":
        keys.append("routing.classifier")
    if evaluation.judge is not None and evaluation.judge.model:
        keys.append("evaluation.judge")
    return tuple(keys)
