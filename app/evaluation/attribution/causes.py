"""The cause of a change, and the sentence that gives the reason."""

from collections.abc import Mapping

from tierwatch.evaluation.attribution.claims import Claims
from tierwatch.evaluation.attribution.findings import Cause, Parts
from tierwatch.evaluation.attribution.flips import ProbeFlips
from tierwatch.evaluation.rates.estimate import Estimate

# Chance that probes of an unchanged tier are taken for a changed model, and, beside it, the
# stricter view of the other tiers: a hint that they fail more too forbids the word "model".
_PROBES_FAIL, _OTHERS_FAIL = 0.01, 0.05


def decide_cause(
    parts: Parts, claims: Claims, probes: ProbeFlips | None, others: Mapping[str, ProbeFlips]
) -> tuple[Cause, str]:
    """The cause that the claims name, and the reason in words.

    - "mix" when the mix part makes up at least half of the change;
    - "judge" when the judge's part makes up at least half of the change and of the within part;
    - "quality" when the rest of the within part does;
    - "model" when it is quality, the tier's probes fail more often than before (exact McNemar,
      p <= .01) and no other tier's do (p > .05, and there is at least one). Without anchors too,
      if the within part makes up at least half;
    - otherwise "undetermined".

    See docs/statistics.md, "Attribution".

    Args:
        parts: of the change.
        claims: what stands at the level.
        probes: of the tier that changed, if asked.
        others: probes of other tiers, by name.
    """
    failing = probes is not None and probes.p_value <= _PROBES_FAIL
    elsewhere = sorted(name for name, flips in others.items() if flips.p_value <= _OTHERS_FAIL)
    compared = any(flips.n for flips in others.values())
    model = failing and compared and not elsewhere
    change = parts.change.value or 0.0
    if claims.mix:
        return "mix", f"the make-up of the traffic explains {_of(parts.mix, change)}"
    if claims.judge:
        return (
            "judge",
            f"the judge's changed verdicts on anchors explain {_of(parts.judge, change)}",
        )
    if model and probes is not None and (claims.quality or (claims.within and _blind(parts))):
        return "model", (
            f"the tier fails {_failed(probes)} and"
            f" newly passes {probes.fail_to_pass}, other tiers do not, and worse answers within"
            f" segments explain {_of(_known(parts), change)}"
        )
    if claims.quality:
        note = ""
        if failing:
            note = (
                f"; the probes of {', '.join(elsewhere)} fail more often too"
                if elsewhere
                else "; its probes fail more often, with no other tier's to compare with"
            )
        kind = "worse" if change > 0 else "better"
        words = f"{kind} answers within segments explain {_of(parts.quality, change)}"
        return "quality", words + note
    return "undetermined", _why_undetermined(parts, claims)


def _failed(probes: ProbeFlips) -> str:
    """How many probes fail that were passed, of those: the share that a model alert gives."""
    if probes.passed_before is None:
        return f"{probes.pass_to_fail} probes that it passed before, of {probes.n} asked,"
    return f"{probes.pass_to_fail} of {probes.passed_before} probes that it passed before"


def _why_undetermined(parts: Parts, claims: Claims) -> str:
    low, high = 100 * parts.change.low, 100 * parts.change.high
    if not (claims.mix or claims.within) and parts.change.low <= 0 <= parts.change.high:
        return (
            "the rate has not demonstrably changed between the two windows (interval"
            f" {low:+.1f} to {high:+.1f} points); it may have been too high already"
        )
    if not claims.within:
        return (
            "neither the make-up of the traffic nor the rate within segments demonstrably explains"
            f" half of the change (mix {_span(parts.mix)}, within {_span(parts.within)} points)"
        )
    if _blind(parts):
        return (
            "the rate changed within segments, and without anchors a changed judge cannot be told"
            " from changed answers"
        )
    return (
        f"the rate changed within segments, but the judge's part, {_span(parts.judge)} points by"
        f" {parts.judge.n} anchors, is too uncertain or too near half to blame it or to clear it;"
        " more anchors would tell"
    )


def _blind(parts: Parts) -> bool:
    return parts.judge.value is None


def _known(parts: Parts) -> Estimate:
    return parts.within if _blind(parts) else parts.quality


def _of(part: Estimate, change: float) -> str:
    return (
        f"{100 * (part.value or 0.0):+.1f} of {100 * change:+.1f} points (interval {_span(part)})"
    )


def _span(part: Estimate) -> str:
    return f"{100 * part.low:+.1f} to {100 * part.high:+.1f}"
