"""``gateway``: the HTTP front and its response cache."""

from collections.abc import Collection, Mapping
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field

from tierwatch.config.secrets import NamedKey
from tierwatch.routing.config.reading.document import Document, Problem
from tierwatch.routing.config.reading.fields import (
    Count,
    Name,
    Seconds,
    Section,
    number_above,
    whole_number,
    yaml_off,
)
from tierwatch.routing.tiers import CACHE_TIER

Passed = Literal["embeddings", "completions", "moderations"]


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


class ResponsesConfig(Section):
    """Responses that are kept for ``previous_response_id``, under ``gateway.responses``."""

    keep: bool = Field(
        default=True,
        description="Whether conversations are kept for callers of `/v1/responses` who do not say"
        " `store: false`. Without it `previous_response_id` is not found.",
    )
    ttl_s: Seconds = Field(
        default=86_400.0,
        validation_alias="ttl",
        description="How long a response is kept after it was given.",
    )
    max_kb: Annotated[int, whole_number(1, 65_536)] = Field(
        default=1024, description="Longer conversations are not kept, in KiB."
    )


class GatewayConfig(Section):
    """The ``gateway`` section."""

    api_keys: tuple[NamedKey, ...] = Field(
        default=(),
        description="Keys that callers must send: each `env:NAME`, or `{name: team-a, key:"
        " env:NAME}` to count its requests and their cost under a name. Empty: no key is asked"
        " for.",
    )
    auto_models: tuple[Name, ...] = Field(
        default=(), description="Model names that are routed like `auto`."
    )
    models: Mapping[Name, Name] = Field(
        default_factory=dict,
        description="What names that callers use stand for: pattern: tier, or `auto` for routing."
        ' `*` is any text; the first pattern that fits decides, as in `"*haiku*": simple`.',
    )
    unknown_model: Literal["refuse", "route"] = Field(
        default="refuse",
        description="What becomes of a request for a model that is neither configured nor mapped:"
        " refuse answers 404, route leaves it to the router.",
    )
    passthrough: Mapping[Passed, Name] = Field(
        default_factory=dict,
        description="Which provider takes what is passed on and not routed: embeddings,"
        " completions, moderations: provider. Default: the provider of the model that is asked for,"
        " else the first of kind openai.",
    )
    max_body_mb: Annotated[int, whole_number(1, 1024)] = Field(
        default=20, description="Largest request body, in MiB."
    )
    deadline_s: Seconds | None = Field(
        default=None,
        validation_alias="deadline",
        description="How long a request may take until its first byte, all tries together. Default:"
        " what the caller says it waits (`x-stainless-timeout`, up to an hour), else 10m. Set, it"
        " bounds what callers say, too.",
    )
    keepalive_s: Seconds = Field(
        default=15.0,
        validation_alias="keepalive",
        description="Silence after which a caller who streams is sent a ping, while a model thinks"
        " or a cascade waits.",
    )
    max_kept_stream_mb: Annotated[int, whole_number(1, 1024)] = Field(
        default=4,
        description="Longest streamed answer, in millions of characters, that is kept for"
        " evaluation. What is longer reaches the caller, is counted, and is not sampled.",
    )
    capture_buffer: Count = Field(
        default=10_000,
        description="Sampled exchanges that wait for the database; more are dropped.",
    )
    client: Literal["pool", "aiohttp"] = Field(
        default="pool",
        description="What carries calls to providers: pool is tierwatch's own; aiohttp the library"
        " that was used before it.",
    )
    cache: CacheConfig = Field(
        default=CacheConfig(), description="Answers that are given again. Needs Redis."
    )
    responses: ResponsesConfig = Field(
        default=ResponsesConfig(),
        description="Responses that callers go on from by their id.",
    )


def cache_problems(
    document: Document, gateway: GatewayConfig, tiers: Collection[str]
) -> list[Problem]:
    """A tier of the name that answers from the cache are counted under."""
    if gateway.cache.mode == "off" or CACHE_TIER not in tiers:
        return []
    at = ("routing", "tiers", CACHE_TIER)
    found = f"a tier named {CACHE_TIER}, as answers of gateway.cache are counted"
    return [document.problem(at, found, "another name, or gateway.cache.mode: off")]


def model_problems(
    document: Document, gateway: GatewayConfig, tiers: Collection[str]
) -> list[Problem]:
    """A pattern leads to a tier that is there, or to routing."""
    accepted = ", ".join(["auto", *tiers])
    return [
        document.problem(("gateway", "models", pattern), repr(target), f"one of {accepted}")
        for pattern, target in gateway.models.items()
        if target != "auto" and target not in tiers
    ]


def passthrough_problems(
    document: Document, gateway: GatewayConfig, kinds: Mapping[str, str]
) -> list[Problem]:
    """What is passed on goes to a provider that is there and speaks OpenAI's wire."""
    able = [name for name, kind in kinds.items() if kind == "openai"]
    accepted = f"one of {', '.join(able)}" if able else "a provider of kind openai; there is none"
    return [
        document.problem(("gateway", "passthrough", what), repr(provider), accepted)
        for what, provider in gateway.passthrough.items()
        if provider not in able
    ]
