"""Learned models by tier: from the files a configuration names, or from the bytes of a version."""

from collections.abc import Mapping, Sequence

from tierwatch.errors import ArtefactError
from tierwatch.routing.classify.local import LocalClassifier
from tierwatch.routing.classify.local_tiers import LocalTierClassifier


def configured_boundaries(
    tiers: Sequence[str], files: Mapping[str, str]
) -> dict[str, LocalClassifier]:
    """The classifier of each boundary before any learned model was approved.

    Args:
        tiers: names, cheapest first.
        files: tier -> file that `LocalClassifier.save` wrote. A tier without one begins
            untrained, and decides by a prompt's form.

    Raises:
        ArtefactError: a file cannot be read or used; names it.
    """
    return {
        tier: LocalClassifier.load(files[tier]) if tier in files else LocalClassifier()
        for tier in tiers[:-1]
    }


def learned_classifier(
    version: int,
    tiers: Sequence[str],
    artefacts: Mapping[str, bytes],
    configured: Mapping[str, LocalClassifier],
    *,
    unfamiliar_share: float = 0.0,
) -> LocalTierClassifier:
    """The classifier of a stored version.

    Args:
        version: for the error's sentence.
        tiers: names, cheapest first.
        artefacts: tier -> what `LocalClassifier.to_bytes` gave; of a tier that has left the
            configuration it is not read.
        configured: decides at tiers for which the version has no artefact.
        unfamiliar_share: of prompts like those judged that may be called unfamiliar; 0 for none.

    Raises:
        ArtefactError: there is no such version, or one of its artefacts is corrupt or foreign;
            names version and tier.
    """
    if not artefacts:
        raise ArtefactError(f"model {version}: found nothing; accepted: a version that is stored")
    boundaries = {}
    for tier in tiers[:-1]:
        if tier not in artefacts:
            boundaries[tier] = configured[tier]
            continue
        try:
            boundaries[tier] = LocalClassifier.from_bytes(artefacts[tier])
        except ArtefactError as problem:
            raise ArtefactError(f"model {version}, tier {tier}: {problem}") from None
    return LocalTierClassifier(tiers, boundaries, unfamiliar_share=unfamiliar_share)
