"""The judge that a configuration names."""

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from tierwatch.errors import JudgeError
from tierwatch.judges.asking import Completes
from tierwatch.judges.cheap_first import CheapFirst
from tierwatch.judges.pairwise import PairwiseJudge
from tierwatch.judges.ragas import Embed, Embedder, build_ragas_judge
from tierwatch.judges.recorded_judge import Lookup, RecordedJudge, records_version
from tierwatch.judges.structural import StructuralFirst
from tierwatch.judges.verdict import Judge
from tierwatch.routing.tiers import resolved_model

if TYPE_CHECKING:
    from tierwatch.config import JudgeConfig, ProviderConfig
    from tierwatch.config.judge import FirstJudgeConfig


def build_judge(
    config: "JudgeConfig",
    *,
    client: Completes,
    arms: Iterable[str],
    environ: Mapping[str, str],
    providers: Mapping[str, "ProviderConfig"] | None = None,
    lookup: Lookup | None = None,
) -> Judge:
    """Return the judge that a configuration names; it is asked after the structural checks.

    Args:
        config: the ``evaluation.judge`` section.
        client: asks models.
        arms: models of the tiers. A judge among them would prefer itself and is refused.
        environ: where secrets are.
        providers: the ``providers`` section; needed for ``embedding_model`` only.
        lookup: finds what ``evaluation.judge.verdicts`` holds, for a ``recorded`` judge.

    Raises:
        JudgeError: the judge serves a tier, or something it needs is missing.
        SettingsError: a secret's variable is not set.
    """
    if config.kind == "recorded":
        if lookup is None or config.verdicts is None:
            raise JudgeError("evaluation.judge.kind is recorded, and there are no records to read.")
        return StructuralFirst(RecordedJudge(lookup, records_version(config.verdicts)))
    if not (config.model and config.provider):
        raise JudgeError(f"A {config.kind} judge needs evaluation.judge.model and its provider.")
    _refuse_arms("evaluation.judge.model", config.model, arms)
    pairwise = _pairwise(config, config, client)
    if config.kind == "pairwise":
        return StructuralFirst(pairwise)
    embed = _embed(config, providers or {}, environ)
    return StructuralFirst(
        build_ragas_judge(
            client,
            config.provider,
            config.model,
            fallback=pairwise,
            price=config.price,
            timeout_s=config.timeout_s,
            embed=embed,
        )
    )


def build_cheap_first(
    config: "JudgeConfig", *, client: Completes, arms: Iterable[str]
) -> Judge | None:
    """Return the judge with the cheaper one of ``evaluation.judge.first`` before it, if it has one.

    Args:
        config: the ``evaluation.judge`` section.
        client: asks models.
        arms: models of the tiers, none of which may judge.

    Raises:
        JudgeError: the cheaper judge serves a tier, or is the judge itself.
    """
    first = config.first
    if first is None:
        return None
    _refuse_arms("evaluation.judge.first.model", first.model, arms)
    if resolved_model(first.model) == resolved_model(config.model):
        raise JudgeError("evaluation.judge.first.model is the judge's own; name a cheaper model.")
    cheap, strong = _pairwise(config, first, client), _pairwise(config, config, client)
    return StructuralFirst(CheapFirst(cheap, strong))


def _pairwise(
    config: "JudgeConfig", asked: "JudgeConfig | FirstJudgeConfig", client: Completes
) -> PairwiseJudge:
    """The judge that asks one of the section's models, as the section says."""
    return PairwiseJudge(
        client,
        asked.provider,
        asked.model,
        prompt=asked.prompt,
        orders=config.orders,
        prompt_tokens=config.prompt_tokens,
        price=asked.price,
        timeout_s=config.timeout_s,
    )


def _refuse_arms(key: str, model: str, arms: Iterable[str]) -> None:
    for arm in arms:
        if resolved_model(arm) == resolved_model(model):
            raise JudgeError(
                f"{key} {model!r} is the model of a tier ({arm!r}), and a model"
                " prefers its own answers; name a model that serves no tier."
            )


def _embed(
    judge: "JudgeConfig", providers: Mapping[str, "ProviderConfig"], environ: Mapping[str, str]
) -> Embed | None:
    model = judge.embedding_model
    if model is None:
        return None
    provider = providers.get(judge.provider)
    if provider is None or provider.kind != "openai":
        raise JudgeError(
            "An embedding model needs a judge's provider of kind openai;"
            f" {judge.provider!r} is not one. Without it relevancy is not scored."
        )
    key = None if provider.api_key is None else provider.api_key.reveal(environ)
    return Embedder(
        provider.base_url, key, model, timeout_s=min(provider.timeout_s, judge.timeout_s)
    )
