"""The overview's charts of all tiers together: quality against cost, who served, what it cost."""

from collections.abc import Sequence
from dataclasses import dataclass

from tierwatch.dashboard.charts.chart import TONES, Chart, Mark, Series, Tone
from tierwatch.dashboard.charts.rates import STEPS, Stretch, stretches
from tierwatch.evaluation.rates.estimate import Estimate
from tierwatch.evaluation.rates.ladder_quality import relative_quality, split_level
from tierwatch.evaluation.rates.weighted import RateSums, rate_of_sums
from tierwatch.store.sums.judged import MisroutesOverTime
from tierwatch.store.sums.served import TierStep


@dataclass(frozen=True, slots=True)
class Scene:
    """What the charts of one page have in common.

    Attributes:
        ladder: the tiers, cheapest first.
        span: the stretch of time, seconds since 1970; cut into `charts.rates.STEPS`.
        marks: events.
        needed: pairs that are enough for a rate.
    """

    ladder: tuple[str, ...]
    span: tuple[float, float]
    marks: tuple[Mark, ...]
    needed: int

    @property
    def step_s(self) -> float:
        """Seconds of a step."""
        return (self.span[1] - self.span[0]) / STEPS

    def tone(self, tier: str) -> Tone:
        """A tier's colour: the same on every chart."""
        place = self.ladder.index(tier) if tier in self.ladder else len(self.ladder)
        return TONES[place % len(TONES)]


def quality_and_cost(found: MisroutesOverTime, served: Sequence[TierStep], scene: Scene) -> Chart:
    """What is kept of the top tier's quality, against what is paid of its price.

    Quality is `evaluation.rates.ladder_quality.relative_quality`: at least this share of the
    answers is no worse than the top tier's. A point has ``needed`` pairs or more of all tiers.
    """
    pooled: dict[int, RateSums] = {}
    for (tier, step), sums in found.steps.items():
        if tier in scene.ladder:
            pooled[step] = pooled[step] + sums if step in pooled else sums
    points = stretches(pooled, scene.span[0], scene.step_s, scene.needed)
    kept = [_quality(found, served, scene, point) for point in points]
    top, pairs = scene.ladder[-1], sum(sums.pairs for sums in pooled.values())
    return Chart(
        title="Quality against cost",
        says=f"Share of answers no worse than {top}'s, at least; and the cost of serving as a share"
        f" of always {top}.",
        x=tuple((point.start + point.end) / 2 for point in points),
        series=(
            Series(
                f"no worse than {top}",
                tuple(one.value for one in kept),
                low=tuple(None if one.value is None else one.low for one in kept),
                high=tuple(None if one.value is None else one.high for one in kept),
                notes=tuple(f"{point.sums.pairs:,} pairs" for point in points),
                tone="three",
            ),
            Series("cost", tuple(_cost(served, scene, point) for point in points), tone="two"),
        ),
        marks=scene.marks,
        span=scene.span,
        missing=f"Not enough pairs in this time: {pairs:,} of {scene.needed}.",
    )


def _steps(scene: Scene, point: Stretch) -> range:
    first, last = ((at - scene.span[0]) / scene.step_s for at in (point.start, point.end))
    return range(round(first), round(last))


def _quality(
    found: MisroutesOverTime, served: Sequence[TierStep], scene: Scene, point: Stretch
) -> Estimate:
    steps = _steps(scene, point)
    requests = [
        sum(one.requests for one in served if one.tier == tier and one.step in steps)
        for tier in scene.ladder
    ]
    # Each at the level that all boundaries together hold at 95 %.
    level = split_level(0.95, len(scene.ladder) - 1)
    return relative_quality(
        requests, [_rate(found, tier, steps, level) for tier in scene.ladder[:-1]]
    )


def _rate(found: MisroutesOverTime, tier: str, steps: range, level: float) -> Estimate:
    sums = [found.steps[tier, step] for step in steps if (tier, step) in found.steps]
    return rate_of_sums(sum(sums, start=RateSums()), level=level)


def _cost(served: Sequence[TierStep], scene: Scene, point: Stretch) -> float | None:
    inside = [one for one in served if one.step in _steps(scene, point)]
    top = sum(one.top_tier_usd for one in inside)
    return sum(one.cost_usd for one in inside) / top if top > 0 else None


def tier_mix(served: Sequence[TierStep], scene: Scene) -> Chart:
    """Which share of the requests each tier served."""
    steps = _served_steps(served)
    total = {step: sum(one.requests for one in served if one.step == step) for step in steps}

    def share(line: dict[int, TierStep], step: int) -> float | None:
        if not total[step]:
            return None
        return line[step].requests / total[step] if step in line else 0.0

    return Chart(
        title="Tier mix",
        says="Share of the requests that each tier served.",
        x=_middles(steps, scene),
        series=tuple(
            Series(name, tuple(share(line, step) for step in steps), tone=scene.tone(name))
            for name, line in _by_tier(served, scene)
        ),
        marks=scene.marks,
        span=scene.span,
        stacked=True,
        missing="Nothing was served in this time.",
    )


def spend(served: Sequence[TierStep], scene: Scene) -> Chart:
    """What serving cost, by tier."""
    steps = _served_steps(served)
    return Chart(
        title="Cost of serving",
        says="By tier, the classifier included; what evaluation costs is on the page of costs.",
        x=_middles(steps, scene),
        series=tuple(
            Series(
                name,
                tuple(line[step].cost_usd if step in line else 0.0 for step in steps),
                tone=scene.tone(name),
                kind="bars",
            )
            for name, line in _by_tier(served, scene)
        ),
        unit="usd",
        marks=scene.marks,
        span=scene.span,
        stacked=True,
        missing="Nothing was served in this time.",
    )


def _served_steps(served: Sequence[TierStep]) -> list[int]:
    return sorted({one.step for one in served})


def _middles(steps: Sequence[int], scene: Scene) -> tuple[float, ...]:
    return tuple(scene.span[0] + (step + 0.5) * scene.step_s for step in steps)


def _by_tier(served: Sequence[TierStep], scene: Scene) -> list[tuple[str, dict[int, TierStep]]]:
    """What each tier served by step, cheapest first; others, as the cache, at the end."""
    names = [*scene.ladder, *sorted({one.tier for one in served} - set(scene.ladder))]
    lines = [(name, {one.step: one for one in served if one.tier == name}) for name in names]
    return [(name, line) for name, line in lines if line]
