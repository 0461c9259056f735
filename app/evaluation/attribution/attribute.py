"""Why did a rate change: other traffic, worse answers, another judge, or another model?

`attribute` compares two windows of pairs. It splits the change of the judged rate into parts, each
with an interval, and names a cause only when one part demonstrably makes up at least half of it.
*Undetermined* is an answer, with its reason in words.
"""

import math
from collections.abc import Mapping
from functools import partial

from scipy import special

from tierwatch.errors import EvidenceError
from tierwatch.evaluation.attribution.causes import decide_cause
from tierwatch.evaluation.attribution.cells import Cell
from tierwatch.evaluation.attribution.claims import claims_of
from tierwatch.evaluation.attribution.findings import Attribution, AttributionEvidence, Parts
from tierwatch.evaluation.attribution.flips import AnchorEvidence, ProbeFlips
from tierwatch.evaluation.attribution.interval import Interval, paired_difference
from tierwatch.evaluation.attribution.judge_part import anchor_count, judge_method, judge_part
from tierwatch.evaluation.attribution.split import Split, split_windows, total_rate
from tierwatch.evaluation.rates.estimate import Estimate

_NOTHING = Estimate(None, -1.0, 1.0, 0, "no pairs in one of the windows")
_NO_PARTS = Parts(_NOTHING, _NOTHING, _NOTHING, _NOTHING, _NOTHING)


def attribute(
    before: Mapping[str, Cell],
    after: Mapping[str, Cell],
    *,
    anchors: AnchorEvidence | None = None,
    probes: ProbeFlips | None = None,
    other_probes: Mapping[str, ProbeFlips] | None = None,
    level: float = 0.95,
) -> Attribution:
    """Split the change of a judged rate between two windows, and name its cause if one stands out.

    The stages: `split_windows` into mix and within; `judge_part`, what the judge's changed errors
    did; `parts_of` the change, quality being the rest of the within part; `claims_of`, which part
    demonstrably makes up at least half of the change; `decide_cause`, its name and the reason.

    Guarantee: in simulation (tests/simulation/test_attribution_bars.py) a pure cause, or none, is
    called another in at most 5 % of runs. Not guaranteed: that anchors are like the traffic, for
    then F and S are not the judge's errors on it; anything when the second window was cut where it
    looked worst (an alarm does that: its change is flattered); mix inside a cell, which counts as
    within; a low rate of undetermined. See docs/statistics.md, "Attribution".

    Args:
        before: the cells of the first window by key, such as ``standard/code/.7-.8``.
        after: of the second.
        anchors: judged in both windows, if they were.
        probes: of the tier that changed, if asked.
        other_probes: of other tiers, by name.
        level: of the intervals.

    Raises:
        EvidenceError: a level outside (0, 1). Cells and counts refuse bad sums themselves.

    Example:
        Ten times more traffic in a segment that was bad already:

        >>> def cell(n, bad):
        ...     return Cell(n, n, n, bad)
        >>> found = attribute({"easy": cell(9000, 180), "hard": cell(1000, 200)},
        ...                   {"easy": cell(5000, 100), "hard": cell(5000, 1000)})
        >>> found.cause, round(found.parts.mix.value, 3), round(found.parts.within.value, 3)
        ('mix', 0.072, 0.0)
        >>> print(found.sentence)  # doctest: +ELLIPSIS
        The judged rate rose from 3.8 % to 11.0 %; cause mix: the make-up of the traffic ...
    """
    if not 0 < level < 1:
        raise EvidenceError(f"the level must lie between 0 and 1, not {level}")
    others = other_probes or {}
    evidence = partial(
        AttributionEvidence,
        probes=_probe_estimate(probes, level),
        probes_p=None if probes is None else probes.p_value,
        others_p={name: flips.p_value for name, flips in others.items()},
    )
    split = split_windows(before, after)
    if split is None:
        reason = "one of the two windows has no pairs, so there is nothing to compare"
        rates = (total_rate(before), total_rate(after))
        return Attribution("undetermined", _NO_PARTS, evidence(*rates, (), reason=reason))
    z = float(special.ndtri((1 + level) / 2))
    judge = judge_part(anchors, split.rates, level)
    parts = parts_of(split, judge, anchors, z)
    claims = claims_of(split, judge if anchors else None, z)
    cause, reason = decide_cause(parts, claims, probes, others)
    return Attribution(cause, parts, evidence(*split.rates, split.segments(), reason=reason))


def parts_of(split: Split, judge: Interval, anchors: AnchorEvidence | None, z: float) -> Parts:
    """Each part of the change with its interval: ``quality = within - judge``.

    See docs/statistics.md, "Attribution".

    >>> split = split_windows({"all": Cell(100, 100, 100, 5)}, {"all": Cell(100, 100, 100, 15)})
    >>> from tierwatch.evaluation.attribution.flips import AnchorFlips
    >>> anchors = AnchorEvidence(AnchorFlips(50, 40, 0, 0), AnchorFlips(50, 1, 2, 0))
    >>> parts = parts_of(split, Interval(.04, 0, .08), anchors, 1.96)
    >>> round(parts.within.value, 2), round(parts.quality.value, 2)     # .10 - .04
    (0.1, 0.06)
    """
    n = split.n
    within = Interval.normal(*split.contrast(0, 1), z)
    quality = within.plus(judge.negated()) if anchors else Interval(math.nan, -1.0, 1.0)
    return Parts(
        change=Interval.normal(*split.contrast(1, 1), z).estimate(n, "difference of rates"),
        mix=Interval.normal(*split.contrast(1, 0), z).estimate(n, "symmetric Kitagawa"),
        within=within.estimate(n, "symmetric Kitagawa"),
        judge=judge.estimate(anchor_count(anchors), judge_method(anchors)),
        quality=quality.estimate(n, "within less judge" if anchors else "no anchors"),
    )


def _probe_estimate(probes: ProbeFlips | None, level: float) -> Estimate:
    if probes is None or probes.n == 0:
        return Estimate(None, -1.0, 1.0, 0, "no probes")
    change = paired_difference(probes.pass_to_fail, probes.fail_to_pass, probes.n, level)
    return Estimate(*change, probes.n, "net share newly failed, paired score interval")
