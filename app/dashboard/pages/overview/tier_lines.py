"""The overview's table of tiers: what each served, and how good it was."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tierwatch.config import Config
from tierwatch.dashboard.figures import Figure, reported_figure
from tierwatch.store.sums.hours import TierSums


@dataclass(frozen=True, slots=True)
class TierLine:
    """One tier on the overview. ``share`` is of all requests; a rate is None where none applies.

    ``unfamiliar`` counts its requests whose prompts are unlike anything judged.
    ``state`` is what its monitors say of it now (`evaluation.alarms.monitoring.stream_state`).
    The top tier has no tier above it, so no misroute rate and no threshold; the cheapest has none
    below, so no overspend rate. ``own_thresholds`` counts the task types that have one of their own
    at this tier. The response cache is shown as a last line: it has a misroute rate,
    against fresh answers, and no threshold. ``corrected`` is the misroute rate corrected by
    people's ``labels``, shown beneath the judge's; None until its interval says something, and
    ``supposed`` what slips of 5 % would make of it, while slips are not measured.
    """

    name: str
    model: str
    requests: int
    unfamiliar: int
    share: float | None
    errors: int
    escalated: int
    cost_usd: float
    latency_ms: float | None
    pairs: int
    threshold: float | None
    candidate_threshold: float | None
    own_thresholds: int
    tolerance: float | None
    state: str | None
    misroute: Figure | None
    corrected: Figure | None
    supposed: Figure | None
    labels: int
    overspend: Figure | None
    inconclusive: Figure | None


def tier_lines(
    report: Mapping[str, Any],
    config: Config,
    traffic: Mapping[str, TierSums],
    candidate: Mapping[str, float],
    by_task: Mapping[str, Mapping[str, float]],
) -> tuple[TierLine, ...]:
    """Each tier of the report.

    Args:
        report: `loop.report.build.build_report`.
        config: tiers, models, and how many pairs are enough.
        traffic: all of it, by tier.
        candidate: thresholds that are being rolled out.
        by_task: thresholds of their own that task types have.
    """
    needed, top, lowest = config.evaluation.min_pairs, config.tiers[-1].name, config.tiers[0].name
    models = {tier.name for tier in config.tiers}
    lines = []
    for name, reported in report["tiers"].items():
        seen = traffic.get(name)
        lines.append(
            TierLine(
                name=name,
                model=reported["model"] if name in models else "stored answers",
                requests=reported["requests"],
                unfamiliar=reported["unfamiliar"],
                share=reported["requests"] / report["requests"] if report["requests"] else None,
                errors=seen.errors if seen else 0,
                escalated=seen.escalated if seen else 0,
                cost_usd=seen.cost_usd if seen else 0.0,
                latency_ms=seen.latency_ms / max(seen.requests, 1) if seen else None,
                pairs=reported["pairs"],
                threshold=report["thresholds"].get(name),
                candidate_threshold=candidate.get(name),
                own_thresholds=sum(name in own for own in by_task.values()),
                tolerance=reported["tolerance"],
                state=reported["state"],
                misroute=None
                if name == top
                else reported_figure(reported["misroute"], needed=needed),
                inconclusive=reported_figure(reported["inconclusive"], needed=needed),
                corrected=reported_figure(reported["misroute_corrected"], needed=needed),
                supposed=reported_figure(reported["misroute_supposed"], needed=needed),
                labels=reported["labels"],
                overspend=None
                if name == lowest or name not in models
                else reported_figure(reported["overspend"], needed=needed),
            )
        )
    return tuple(lines)
