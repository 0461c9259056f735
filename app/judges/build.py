"""The judge that a configuration names."""

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from tierwatch.errors import JudgeError
from tierwatch.judges.asking import Completes
from tierwatch.judges.pairwise import PairwiseJudge
from tierwatch.judges.ragas import Embed, Embedder, build_ragas_judge
from tierwatch.judges.recorded_judge import Lookup, RecordedJudge, records_version
from tierwatch.judges.structural import StructuralFirst
from tierwatch.judges.verdict import Judge
from tierwatch.routing.tiers import Price, resolved_model

if TYPE_CHECKING:
    from tierwatch.config import JudgeConfig, ProviderConfig


def build_judge(
    config: "JudgeConfig",
    *,
    client: Completes,
    arms: Iterable[str],
    environ: Mapping[str, str],
    price: Price | None = None,
    providers: Mapping[str, "ProviderConfig"] | None = None,
    embedding_model: str | None = None,
    lookup: Lookup | None = None,
) -> Judge:
    """Return the judge that a configuration names; it is asked after the structural checks.

    Args:
        config: the ``evaluation.judge`` section.
        client: asks models.
        arms: models of the tiers. A judge among them would prefer itself and is refused.
        environ: where secrets are.
        price: of the judge's model; without it the judge's cost counts as 0.
        providers: the ``providers`` section; needed for ``embedding_model`` only.
        embedding_model: at the judge's provider; with it a ragas judge scores relevancy too.
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
    _refuse_arms(config.model, arms)
    pairwise = PairwiseJudge(
        client,
        config.provider,
        config.model,
        orders=config.orders,
        prompt_tokens=config.prompt_tokens,
        price=price,
        timeout_s=config.timeout_s,
    )
    if config.kind == "pairwise":
        return StructuralFirst(pairwise)
    embed = _embed(config, embedding_model, providers or {}, environ)
    return StructuralFirst(
        build_ragas_judge(
            client,
            config.provider,
            config.model,
            fallback=pairwise,
            price=price,
            timeout_s=config.timeout_s,
            embed=embed,
        )
    )


def _refuse_arms(model: str, arms: Iterable[str]) -> None:
    for arm in arms:
        if resolved_model(arm) == resolved_model(model):
            raise JudgeError(
                f"evaluation.judge.model {model!r} is the model of a tier ({arm!r}), and a model"
                " prefers its own answers; name a model that serves no tier."
            )


def _embed(
    judge: "JudgeConfig",
    model: str | None,
    providers: Mapping[str, "ProviderConfig"],
    environ: Mapping[str, str],
) -> Embed | None:
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
