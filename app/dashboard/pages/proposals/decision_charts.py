"""The charts by which people decide: risk and coverage by threshold, and a rollout's monitor."""

from collections.abc import Iterator, Sequence

from tierwatch.dashboard.charts.chart import Chart, Level, Mark, Region, Series, finite
from tierwatch.evaluation.evidence.model_evidence import ModelEvidence
from tierwatch.evaluation.evidence.threshold_evidence import (
    ObjectiveEvidence,
    ThresholdBound,
    ThresholdEvidence,
)
from tierwatch.loop.report.rollout_standing import RolloutStanding
from tierwatch.store.proposals import Proposal

# A line has two ends.
_FEWEST = 2


def risk_charts(
    proposal: Proposal,
    evidence: ThresholdEvidence | ObjectiveEvidence | ModelEvidence,
    *,
    trusted: bool,
) -> tuple[Chart, ...]:
    """Upper bound of the risk, and share of the pairs that is kept, by threshold.

    Both have the same axis, with the present and the proposed threshold on it, and the certified
    region: the thresholds about the proposed one that passed, where it is certified.

    Args:
        proposal: of a threshold, or of a model with one.
        evidence: of it.
        trusted: whether the judge is; without that nothing is certified.

    Returns:
        Nothing where fewer than two thresholds were tested; without the second where it is not
        known how many pairs each keeps.
    """
    tested = sorted(evidence.bounds, key=lambda one: one.threshold)
    if len({one.threshold for one in tested}) < max(len(tested), _FEWEST):
        return ()
    objective = evidence.objective if isinstance(evidence, ObjectiveEvidence) else None
    limit = evidence.alpha if objective is None else objective.allowed
    of_what = "misroute rate of what is kept" if objective is None else "quality loss of all tiers"
    limit_name = "tolerated" if objective is None else "allowed"
    certified = proposal.certified and trusted and limit is not None
    around = _passed_around(proposal.to_threshold, tested, limit) if certified else ()
    marks = tuple(_thresholds(proposal))
    ends = [one.threshold for one in tested] + [mark.at for mark in marks]
    regions = (Region(around[0], around[-1], "certified"),) if around else ()
    risk = Chart(
        title="Risk by threshold",
        says=f"Upper bound of the {of_what}, at each threshold that was tested.",
        x=tuple(one.threshold for one in tested),
        series=(
            Series(
                "upper bound",
                tuple(finite(one.bound) for one in tested),
                notes=tuple(f"{one.pairs:,} pairs kept" for one in tested),
            ),
        ),
        levels=() if limit is None else (Level(limit_name, limit),),
        marks=marks,
        regions=regions,
        span=_with_room(min(ends), max(ends)),
        x_name="threshold",
    )
    if not all(one.pairs for one in tested):
        return (risk,)
    total = max(proposal.pairs, *(one.pairs for one in tested))
    coverage = Chart(
        title="Coverage by threshold",
        says=f"Share of the {total:,} pairs that {proposal.tier} would keep there.",
        x=risk.x,
        series=(Series("kept", tuple(one.pairs / total for one in tested), tone="two"),),
        marks=marks,
        regions=regions,
        span=risk.span,
        x_name="threshold",
    )
    return (risk, coverage)


def _with_room(low: float, high: float) -> tuple[float, float]:
    """Ends of an axis, so that what is at the outermost threshold is not at its edge."""
    room = 0.05 * (high - low)
    return low - room, high + room


def _passed_around(
    threshold: float, tested: Sequence[ThresholdBound], limit: float | None
) -> tuple[float, ...]:
    """The thresholds in a row that passed, this one among them; none where it did not.

    A sequence that starts at a looser threshold because the strictest keeps too few pairs to pass
    leaves that one outside.
    """
    run: list[float] = []
    for one in tested:
        if limit is not None and one.bound <= limit:
            run.append(one.threshold)
            continue
        if threshold in run:
            break
        run = []
    return tuple(run) if threshold in run else ()


def _thresholds(proposal: Proposal) -> Iterator[Mark]:
    # Another model's threshold is on another scale of confidence.
    if proposal.kind == "threshold":
        yield Mark(proposal.from_threshold, "present")
    yield Mark(proposal.to_threshold, "proposed", "good" if proposal.certified else "warn")


def monitor_chart(standing: RolloutStanding) -> Chart | None:
    """The evidence against a rollout after each of its pairs; None before there are two."""
    level, promised = standing.level, standing.promised
    if level is None or promised is None or len(standing.path) < _FEWEST:
        return None
    return Chart(
        title="Evidence against the rollout",
        says=f"That more than the promised {100 * promised:.1f} % are misrouted, after each judged"
        " pair. The scale grows by factors of ten; the rollout is taken back where the line meets"
        " the dashed one.",
        x=tuple(float(number) for number, _ in standing.path),
        series=(
            Series("evidence", tuple(finite(value) for _, value in standing.path), tone="two"),
        ),
        unit="number",
        levels=(Level("taken back", level, "bad"),),
        x_name="judged pairs",
        x_unit="count",
        log=True,
    )
