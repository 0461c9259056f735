"""``evaluation.tolerance`` and ``evaluation.objective``: two ways to say how much may be lost."""

from collections.abc import Mapping, Sequence
from typing import Annotated

from pydantic import Field, PlainValidator

from tierwatch.routing.config.reading.document import Document, Problem, not_accepted
from tierwatch.routing.config.reading.fields import OpenShare, Section, read_open_share
from tierwatch.routing.tiers import CACHE_TIER

DEFAULT_TOLERANCE = 0.05
_EVERY_TIER = "*"


def _read_tolerance(value: object) -> Mapping[str, float]:
    if not isinstance(value, Mapping):
        return {_EVERY_TIER: read_open_share(value)}
    try:
        return {str(tier): read_open_share(rate) for tier, rate in value.items()}
    except ValueError:
        raise not_accepted("tier: a number above 0 and below 1, for each tier") from None


Tolerances = Annotated[Mapping[str, float], PlainValidator(_read_tolerance)]


class ObjectiveSection(Section):
    """The other way to state tolerances, under ``evaluation.objective``."""

    quality: OpenShare = Field(
        description="Share of the top tier's quality that all tiers together are to keep. Each"
        " tier's tolerance is then 1 - quality, or what an approved proposal promised of it for"
        " this quality."
    )


def tolerance_of(
    tier: str, given: Mapping[str, float], objective: ObjectiveSection | None
) -> float:
    """The misroute rate that a tier, or the cache, must not exceed.

    Its own; else the one given for every tier; else what the objective leaves; else 0.05.

    >>> tolerance_of("simple", {}, ObjectiveSection(quality=0.9))
    0.1
    """
    # Rounded: 1 - 0.95 is 0.050000000000000044.
    left = DEFAULT_TOLERANCE if objective is None else round(1 - objective.quality, 10)
    return given.get(tier, given.get(_EVERY_TIER, left))


def tolerance_problems(
    document: Document, given: Mapping[str, float], below_top: Sequence[str]
) -> list[Problem]:
    """Tolerances of tiers that nothing is compared with."""
    accepted = [*below_top, CACHE_TIER]
    return [
        document.problem(
            ("evaluation", "tolerance", tier),
            "no tier that has a tier above it",
            ", ".join(accepted),
        )
        for tier in given
        if tier not in {_EVERY_TIER, *accepted}
    ]
