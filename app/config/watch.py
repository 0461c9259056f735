"""``intake`` and ``watch``: traffic that another router served, and what its names stand for."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Final, Literal

import yaml
from pydantic import Field, PlainValidator

from tierwatch.config.model_patterns import name_pattern
from tierwatch.config.secrets import Secret, SecretName
from tierwatch.config.urls import read_url, read_url_or_secret
from tierwatch.errors import ForeignError
from tierwatch.routing.config.reading.document import Document, Problem, not_accepted
from tierwatch.routing.config.reading.fields import (
    Name,
    Seconds,
    Section,
    read_seconds,
    whole_number,
)
from tierwatch.routing.foreign.router import ForeignRouter, Kind, read_text
from tierwatch.routing.tiers import Tier

SourceKind = Literal["any", "litellm", "outcomes", "otlp"]
PullKind = Literal["langfuse", "openai"]
_SourceName = Annotated[str, Field(pattern=r"^[A-Za-z0-9._-]{1,40}$")]


# A walk goes by stretches of a day; a longer overlap would read most of each of them twice, and one
# of a day would ask for the same one for ever.
_OVERLAP_BELOW_S: Final = 43_200.0


def read_overlap(value: object) -> float:
    """A duration below half a day, in seconds.

    >>> read_overlap("20m")
    1200.0
    """
    try:
        seconds = read_seconds(value)
    except ValueError:
        seconds = _OVERLAP_BELOW_S
    if seconds >= _OVERLAP_BELOW_S:
        raise not_accepted("a duration above zero and below 12h, such as 20m or 1h")
    return seconds


class SourceKey(Section):
    """A key under ``intake.keys``."""

    source: _SourceName = Field(
        description="What its traffic is counted under: 1 to 40 letters, digits, dots, hyphens or"
        " underscores. Several keys may share one."
    )
    key: SecretName = Field(description="`env:NAME`, the variable that holds the key.")
    accepts: SourceKind = Field(
        default="any",
        description="What may be sent with it: any, litellm, outcomes or otlp. Anything else is"
        " answered 401.",
    )


class PullConfig(Section):
    """A pull under ``intake.pulls``."""

    source: _SourceName = Field(
        description="What its traffic is counted under, and what `tierwatch pull` calls it. Under"
        " the name of a live source, what came live counts once."
    )
    kind: PullKind = Field(description="Who keeps the calls.")
    base_url: Annotated[str, PlainValidator(read_url)] = Field(
        default="", description="Where it is. Default: Langfuse's cloud, or OpenAI's API."
    )
    key: SecretName = Field(
        description="`env:NAME`, the variable that holds OpenAI's key, or Langfuse's secret key."
    )
    public_key: SecretName | None = Field(
        default=None, description="`env:NAME`, the variable that holds Langfuse's public key."
    )
    every_s: Seconds = Field(
        default=300.0,
        validation_alias="every",
        description="How often the intake asks for what is new.",
    )
    overlap_s: Annotated[float, PlainValidator(read_overlap)] = Field(
        default=1200.0,
        validation_alias="overlap",
        description="How long after its begin a call may still appear there, below 12h; each walk"
        " begins so long before the end of the last one. Langfuse needs up to 15 minutes.",
    )
    since_s: Seconds = Field(
        default=86_400.0,
        validation_alias="since",
        description="How far back the first walk goes.",
    )


class IntakeConfig(Section):
    """The ``intake`` section."""

    keys: tuple[SourceKey, ...] = Field(
        default=(),
        description="Who may send traffic of another router, as `{source: litellm, key: env:NAME}`."
        " `tierwatch intake` does not start without one or a pull, and `tierwatch up` leaves it"
        " out.",
    )
    pulls: tuple[PullConfig, ...] = Field(
        default=(),
        description="What the intake fetches by itself, as `{source: chat, kind: openai, key:"
        " env:OPENAI_API_KEY}`.",
    )
    max_body_mb: Annotated[int, whole_number(1, 256)] = Field(
        default=32, description="Largest body, in MiB, compressed or not."
    )
    batches_per_s: Annotated[int, whole_number(1, 100_000)] = Field(
        default=200,
        description="Batches that a source may send a second; more are answered 429, and counted.",
    )

    @property
    def takes(self) -> bool:
        """Whether there is anything to take: somebody has a key, or something is pulled."""
        return bool(self.keys or self.pulls)


class RouterConfig(Section):
    """The ``watch.router`` section."""

    kind: Kind = Field(
        description="Whose settings they are: litellm_complexity, LiteLLM's"
        " `auto_router/complexity_router`, whose score is read from its log; json, any router with"
        " thresholds in a JSON or YAML file, whose confidence is the one it logs."
    )
    name: str = Field(
        default="", description="litellm_complexity: its `model_name`, where its file has several."
    )
    file: Name | None = Field(
        default=None,
        description="Its settings, beside this file; they are read, never written. LiteLLM's whole"
        " file, or one of anybody's.",
    )
    settings: Mapping[str, Any] | None = Field(
        default=None,
        description="The same, written here: LiteLLM's `complexity_router_config`, or"
        " `{simple: 0.7}`. One of file and settings.",
    )
    keys: Mapping[Name, str] = Field(
        default_factory=dict,
        description="json: where a tier's threshold stands in it, as a JSON pointer: `{simple:"
        " /router/weak}`; under the tier's name without one.",
    )
    webhook: Annotated[str | Secret, PlainValidator(read_url_or_secret)] | None = Field(
        default=None,
        description="Whom to ask to apply an approved change: a URL, or `env:NAME`. Without one a"
        " person applies it, and says so.",
    )
    secret: SecretName | None = Field(
        default=None, description="Signs what is posted there (HMAC-SHA256); `env:NAME`."
    )


class WatchConfig(Section):
    """The ``watch`` section."""

    tiers: Mapping[Name, tuple[Name, ...]] = Field(
        default_factory=dict,
        description="What the names of the router that is watched stand for: tier: its aliases and"
        ' models, as `simple: [fast, "gpt-5-mini*"]`; `*` is any text. A tier\'s own model needs no'
        " line.",
    )
    confidence: Literal["own", "logged"] = Field(
        default="own",
        description="Whose confidence counts: own has the configured classifier read every prompt;"
        " logged takes what the router logs, and what comes without is outside the evidence.",
    )
    router: RouterConfig | None = Field(
        default=None,
        description="The router that is watched, so that its own thresholds are what is judged and"
        " proposed; its confidence is then the logged one.",
    )

    @property
    def takes_logged(self) -> bool:
        """Whether the confidence that counts is the router's own."""
        return self.confidence == "logged" or self.router is not None


def watch_problems(
    document: Document,
    intake: IntakeConfig,
    watch: WatchConfig,
    *,
    tiers: Sequence[str],
    classifier: str,
) -> list[Problem]:
    """What the two sections demand of each other and of the tiers.

    Args:
        document: the file.
        intake: who may send.
        watch: what names stand for.
        tiers: their names.
        classifier: its kind.
    """
    problems = [
        document.problem(("watch", "tiers", tier), repr(tier), f"one of {', '.join(tiers)}")
        for tier in watch.tiers
        if tier not in tiers
    ]
    seen: dict[str, str] = {}
    for tier, names in watch.tiers.items():
        for name in names:
            other = seen.setdefault(name.lower(), tier)
            if other != tier:
                found = f"{name!r}, which stands for {other} already"
                accepted = "each name under one tier"
                problems.append(document.problem(("watch", "tiers", tier), found, accepted))
    problems += _pull_problems(document, intake.pulls)
    if watch.router is not None:
        problems += _router_problems(document, watch.router, tiers)
    if intake.takes and not watch.takes_logged and classifier == "llm":
        problems.append(
            document.problem(
                ("routing", "classifier", "kind"),
                "llm, which would be asked about all traffic of another router",
                "heuristic or local; or watch.confidence: logged",
            )
        )
    return problems


def _pull_problems(document: Document, pulls: Sequence[PullConfig]) -> list[Problem]:
    problems = []
    for number, pull in enumerate(pulls):
        where = ("intake", "pulls", number)
        if pull.source in {one.source for one in pulls[:number]}:
            accepted = "each source in one pull"
            problems.append(document.problem((*where, "source"), repr(pull.source), accepted))
        if (pull.public_key is not None) != (pull.kind == "langfuse"):
            found = "one" if pull.public_key else "none"
            accepted = "Langfuse's public key where the kind is langfuse, and none elsewhere"
            problems.append(document.problem((*where, "public_key"), found, accepted))
    return problems


def _router_problems(
    document: Document, router: RouterConfig, tiers: Sequence[str]
) -> list[Problem]:
    at = ("watch", "router")
    problems = []
    if (router.file is None) == (router.settings is None):
        found = "neither" if router.file is None else "both"
        problems.append(document.problem(at, found, "one of file and settings"))
    for tier in router.keys:
        if tier not in tiers[:-1]:
            accepted = f"one of {', '.join(tiers[:-1])}"
            problems.append(document.problem((*at, "keys", tier), repr(tier), accepted))
    if router.keys and router.kind != "json":
        problems.append(document.problem((*at, "keys"), "keys", "them where kind is json"))
    if router.secret is not None and router.webhook is None:
        problems.append(document.problem((*at, "secret"), "one", "it beside a webhook"))
    return problems


def watched_router(
    document: Document, watch: WatchConfig, tiers: Sequence[Tier]
) -> tuple[ForeignRouter | None, list[Problem]]:
    """The router that is watched, as its settings have it; None without one, or with a problem."""
    asked = watch.router
    if asked is None:
        return None, []
    names = names_of(watch, tiers)
    try:
        path = None if asked.file is None else document.beside(asked.file)
        text = (
            yaml.safe_dump(dict(asked.settings or {}), sort_keys=False)
            if path is None
            else read_text(path)
        )
        router = ForeignRouter(
            kind=asked.kind,
            name=asked.name,
            tiers=tuple(tier.name for tier in tiers),
            tier_of=lambda name: tier_of(name, names),
            keys=dict(asked.keys),
            file="watch.router.settings" if path is None else path.name,
            text=text,
            path=path,
        )
        _ = router.thresholds
    except ForeignError as problem:
        where = "settings" if asked.file is None else "file"
        found, _, accepted = str(problem).rpartition("; accepted ")
        found, accepted = (found, accepted) if found else (accepted, "settings with thresholds")
        return None, [
            document.problem(("watch", "router", where), found.removeprefix("found "), accepted)
        ]
    return router, []


def names_of(watch: WatchConfig, tiers: Sequence[Tier]) -> dict[str, list[str]]:
    """By tier, what the watched router calls it: the names of `watch.tiers`, then its models."""
    return {
        tier.name: [
            *watch.tiers.get(tier.name, ()),
            tier.name,
            tier.model,
            *(one.model for one in tier.deployments),
        ]
        for tier in tiers
    }


def tier_of(name: str, tiers: Mapping[str, Sequence[str]]) -> str:
    """The tier that a name stands for; "" for one that stands for none.

    A name as it is written counts before every pattern, and patterns in their order.

    >>> tiers = {"simple": ("fast", "gpt-5*"), "complex": ("gpt-5.5",)}
    >>> tier_of("gpt-5.5", tiers), tier_of("gpt-5-mini", tiers), tier_of("o9", tiers)
    ('complex', 'simple', '')
    """
    lower = name.lower()
    for tier, names in tiers.items():
        if any(one.lower() == lower for one in names):
            return tier
    for tier, names in tiers.items():
        if any("*" in one and name_pattern(one)(name) for one in names):
            return tier
    return ""
