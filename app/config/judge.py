"""``evaluation.judge``: who compares a pair of answers."""

from collections.abc import Mapping
from typing import Literal

from pydantic import Field

from tierwatch.routing.config.cost import Cost
from tierwatch.routing.config.prices import Priced
from tierwatch.routing.config.providers import provider_of, provider_problems
from tierwatch.routing.config.reading.document import Document, Problem
from tierwatch.routing.config.reading.fields import Name, Seconds, Section
from tierwatch.routing.config.reading.shown import shown
from tierwatch.routing.config.tiers import TierSection
from tierwatch.routing.tiers import resolved_model

_AT = ("evaluation", "judge")

# Fits a context of 32,768 tokens, the smallest of models that are good enough to judge, with a
# quarter to spare for what the estimate does not know and for the reply.
PROMPT_TOKENS = 24_000


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


def resolved_judge(
    document: Document, judge: JudgeConfig, kinds: Mapping[str, str], priced: Priced | None
) -> JudgeConfig:
    """The judge with its provider, its price and the path of its verdicts filled in.

    Args:
        document: the file, beside which verdicts stand.
        judge: the section, without problems.
        kinds: kind of each provider by its name; empty when the file names none.
        priced: what its model costs; None when it asks none.
    """
    found: dict[str, object] = {}
    if judge.model:
        found["provider"] = provider_of(judge.model, judge.provider or None, kinds)
    if priced is not None:
        found["price"] = priced.price
    if judge.verdicts is not None:
        found["verdicts"] = str(document.beside(judge.verdicts))
    return judge.model_copy(update=found)


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
    if not judge.model:
        if judge.kind != "recorded":
            accepted = f"the model that kind {judge.kind} asks"
            problems.append(document.problem((*_AT, "model"), "nothing", accepted))
        return problems
    for name, tier in tiers.items():
        models = (tier.model, *(one.model or tier.model for one in tier.providers))
        if resolved_model(judge.model) in map(resolved_model, models):
            found = (
                f"{shown(judge.model, ())}, the model of tier {name!r}, which would judge its own"
                " answers"
            )
            accepted = "a model that serves no tier"
            problems.append(document.problem((*_AT, "model"), found, accepted))
    return problems + provider_problems(document, _AT, judge.model, judge.provider or None, kinds)


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
