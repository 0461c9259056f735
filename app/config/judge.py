"""``evaluation.judge``: who compares a pair of answers."""

from collections.abc import Mapping
from typing import Literal

from pydantic import Field

from tierwatch.routing.config.cost import Cost
from tierwatch.routing.config.prices import Priced, price_of
from tierwatch.routing.config.providers import provider_of, provider_problems
from tierwatch.routing.config.reading.document import Document, Problem
from tierwatch.routing.config.reading.fields import Name, Seconds, Section
from tierwatch.routing.config.reading.shown import shown
from tierwatch.routing.config.tiers import TierSection
from tierwatch.routing.tiers import Price, resolved_model

_AT = ("evaluation", "judge")

# Fits a context of 32,768 tokens, the smallest of models that are good enough to judge, with a
# quarter to spare for what the estimate does not know and for the reply.
PROMPT_TOKENS = 24_000


PromptKind = Literal["plain", "reference"]


class FirstJudgeConfig(Section):
    """A cheaper model that is asked before the judge, under ``evaluation.judge.first``."""

    model: Name = Field(
        description="Asked first, in both orders; the judge is asked only where these contradict"
        " each other or cannot be read. May not serve a tier. Used once the anchors have shown that"
        " little is lost.",
    )
    prompt: PromptKind = Field(
        default="plain", description="As for the judge: plain, or reference."
    )
    provider: Name = Field(default="", description="Name under `providers`; default as for tiers.")
    price: Cost | None = Field(
        default=None,
        validation_alias="cost",
        description="USD per million tokens, written and known as for tiers.",
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
        description="both asks twice with the answers swapped; disagreement is inconclusive.",
    )
    prompt: PromptKind = Field(
        default="plain",
        description="plain compares at once; reference first has the model write criteria and an"
        " answer of its own, from the conversation alone, and then compare with them beside it: one"
        " call more.",
    )
    first: FirstJudgeConfig | None = Field(
        default=None,
        description="A cheaper judge that is asked before this one. Default: none.",
    )
    prompt_tokens: int = Field(
        default=PROMPT_TOKENS,
        ge=2_000,
        le=1_000_000,
        description="Longest prompt for the judging model, in tokens as tierwatch estimates them;"
        " what is longer is cut, each part in its own share, both answers alike. Must fit the"
        " model's context.",
    )
    provider: Name = Field(default="", description="Name under `providers`; default as for tiers.")
    timeout_s: Seconds = Field(
        default=60.0,
        validation_alias="timeout",
        description="How long one comparison may take, all its calls to one model together; it is"
        " then tried again.",
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


def resolved_judge(
    document: Document,
    judge: JudgeConfig,
    kinds: Mapping[str, str],
    priced: Mapping[str, Priced],
) -> JudgeConfig:
    """The judge with its providers, its prices and the path of its verdicts filled in.

    Args:
        document: the file, beside which verdicts stand.
        judge: the section, without problems.
        kinds: kind of each provider by its name; empty when the file names none.
        priced: what each key that names a model costs, see `judge_prices`.
    """
    found: dict[str, object] = {}
    if judge.model:
        found["provider"] = provider_of(judge.model, judge.provider or None, kinds)
    if "evaluation.judge" in priced:
        found["price"] = priced["evaluation.judge"].price
    if judge.first is not None:
        found["first"] = judge.first.model_copy(
            update={
                "provider": provider_of(judge.first.model, judge.first.provider or None, kinds),
                "price": priced["evaluation.judge.first"].price,
            }
        )
    if judge.verdicts is not None:
        found["verdicts"] = str(document.beside(judge.verdicts))
    return judge.model_copy(update=found)


def judge_prices(judge: JudgeConfig, prices: Mapping[str, Price]) -> dict[str, Priced]:
    """What each key of the section that names a model costs.

    Args:
        judge: the section.
        prices: of the file.
    """
    found = {}
    if judge.model:
        found["evaluation.judge"] = price_of(judge.model, judge.price, prices)
    if judge.first is not None:
        first = judge.first
        found["evaluation.judge.first"] = price_of(first.model, first.price, prices)
    return found


def judge_problems(
    document: Document,
    judge: JudgeConfig,
    tiers: Mapping[str, TierSection],
    kinds: Mapping[str, str],
) -> list[Problem]:
    """A judge that cannot judge: no model, no verdicts, no provider, or its own answers.

    Args:
        document: the file.
        judge: the section.
        tiers: whose answers it compares.
        kinds: kind of each provider by its name; empty when the file names none.
    """
    problems = _verdicts_problems(document, judge)
    if judge.prompt != "plain" and judge.kind != "pairwise":
        accepted = f"plain, since the kind is {judge.kind}"
        problems.append(document.problem((*_AT, "prompt"), judge.prompt, accepted))
    problems += _first_problems(document, judge, tiers, kinds)
    if not judge.model:
        if judge.kind != "recorded":
            accepted = f"the model that kind {judge.kind} asks"
            problems.append(document.problem((*_AT, "model"), "nothing", accepted))
        return problems
    problems += _arm_problems(document, _AT, judge.model, tiers)
    return problems + provider_problems(document, _AT, judge.model, judge.provider or None, kinds)


def _arm_problems(
    document: Document, at: tuple[str, ...], model: str, tiers: Mapping[str, TierSection]
) -> list[Problem]:
    problems = []
    for name, tier in tiers.items():
        models = (tier.model, *(one.model or tier.model for one in tier.providers))
        if resolved_model(model) in map(resolved_model, models):
            found = (
                f"{shown(model, ())}, the model of tier {name!r}, which would judge its own answers"
            )
            accepted = "a model that serves no tier"
            problems.append(document.problem((*at, "model"), found, accepted))
    return problems


def _first_problems(
    document: Document,
    judge: JudgeConfig,
    tiers: Mapping[str, TierSection],
    kinds: Mapping[str, str],
) -> list[Problem]:
    """A first judge beside one that it cannot stand before, or that is no other model."""
    first, at = judge.first, (*_AT, "first")
    if first is None:
        return []
    problems = []
    if judge.kind != "pairwise":
        accepted = (
            f"none, since the kind is {judge.kind}; a first judge stands before kind pairwise"
        )
        problems.append(document.problem(at, "a judge to ask first", accepted))
    elif judge.orders == "one":
        accepted = (
            "none, since evaluation.judge.orders is one; whether to ask further is seen by what the"
            " two orders say"
        )
        problems.append(document.problem(at, "a judge to ask first", accepted))
    if judge.model and resolved_model(first.model) == resolved_model(judge.model):
        found = f"{shown(first.model, ())}, the model of evaluation.judge"
        problems.append(document.problem((*at, "model"), found, "another, cheaper model"))
    problems += _arm_problems(document, at, first.model, tiers)
    return problems + provider_problems(document, at, first.model, first.provider or None, kinds)


def _verdicts_problems(document: Document, judge: JudgeConfig) -> list[Problem]:
    at = (*_AT, "verdicts")
    if judge.kind != "recorded":
        if judge.verdicts is None:
            return []
        return [document.problem(at, "a file", f"none, since the kind is {judge.kind}")]
    accepted = "a file of recorded traffic with verdicts, for kind recorded"
    if judge.verdicts is None:
        return [document.problem(at, "nothing", accepted)]
    path = document.beside(judge.verdicts)
    try:
        with path.open("rb"):
            return []
    except OSError as problem:
        return [document.problem(at, f"{str(path)!r}: {problem.strerror}", accepted)]
