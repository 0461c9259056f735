"""``routing.fallback``: the thresholds of the first policy."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Literal

from pydantic import Field, PlainValidator

from tierwatch.routing.config.reading.document import Document, Problem, not_accepted
from tierwatch.routing.config.reading.fields import Section, read_share
from tierwatch.routing.policy import ALL_TASKS, Policy

DEFAULT_THRESHOLD = 0.7


def _read_thresholds(value: object) -> float | dict[str, float]:
    if not isinstance(value, Mapping):
        return read_share(value)
    try:
        return {str(tier): read_share(threshold) for tier, threshold in value.items()}
    except ValueError:
        raise not_accepted("tier: a number from 0 to 1, for each tier but the top one") from None


Thresholds = Annotated[float | dict[str, float], PlainValidator(_read_thresholds)]


class FallbackSection(Section):
    """What happens below the threshold, under ``routing.fallback``."""

    strategy: Literal["escalate"] = Field(
        default="escalate", description="A doubtful prompt moves to the next tier up."
    )
    threshold: Thresholds = Field(
        default=DEFAULT_THRESHOLD,
        description="Confidence that keeps a prompt at a tier: one number, or `tier: number`."
        " First policy only; later ones are in the database.",
    )
    by_task: dict[str, Thresholds] = Field(
        default_factory=dict,
        description="Task type -> thresholds that differ for it.",
    )


def first_policy(fallback: FallbackSection, below_top: Sequence[str]) -> Policy:
    """Version 1. A tier that a mapping of thresholds leaves out has the default; a task's has not.

    Args:
        fallback: the section.
        below_top: every tier but the top one.
    """
    given = fallback.threshold
    thresholds = (
        {tier: given.get(tier, DEFAULT_THRESHOLD) for tier in below_top}
        if isinstance(given, dict)
        else dict.fromkeys(below_top, given)
    )
    by_task = {
        task: value if isinstance(value, dict) else dict.fromkeys(below_top, value)
        for task, value in fallback.by_task.items()
    }
    return Policy(1, thresholds, by_task)


def fallback_problems(
    document: Document, fallback: FallbackSection, below_top: Sequence[str]
) -> list[Problem]:
    """Thresholds of tiers that have none, and a task type of the name that means every type.

    Args:
        document: the file.
        fallback: the section.
        below_top: every tier but the top one.
    """
    at = ("routing", "fallback")
    groups: list[tuple[tuple[str, ...], float | dict[str, float]]] = [
        ((*at, "threshold"), fallback.threshold)
    ]
    groups += [((*at, "by_task", task), value) for task, value in fallback.by_task.items()]
    problems = [
        document.problem((*path, tier), "no tier that has a threshold", ", ".join(below_top))
        for path, thresholds in groups
        for tier in (thresholds if isinstance(thresholds, dict) else ())
        if tier not in below_top
    ]
    problems += [
        document.problem((*at, "by_task", task), "the name of every task type", "one task type")
        for task in fallback.by_task.keys() & {ALL_TASKS, ""}
    ]
    return problems
