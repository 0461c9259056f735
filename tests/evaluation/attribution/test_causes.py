import dataclasses

import pytest
from factories.windows import AFTER, BEFORE, KEPT, LAX, LOST, STEADY

from tierwatch.evaluation.attribution.attribute import attribute
from tierwatch.evaluation.attribution.causes import decide_cause
from tierwatch.evaluation.attribution.claims import Claims
from tierwatch.evaluation.attribution.findings import Parts
from tierwatch.evaluation.attribution.flips import ProbeFlips
from tierwatch.evaluation.rates.estimate import Estimate


def test_failing_probes_name_the_model_only_where_other_tiers_hold() -> None:
    held, failing = {"complex": KEPT}, {"complex": LOST, "simple": KEPT}
    assert attribute(BEFORE, AFTER, anchors=STEADY, probes=LOST, other_probes=held).cause == "model"
    assert attribute(BEFORE, AFTER, probes=LOST, other_probes=held).cause == "model"
    spread = attribute(BEFORE, AFTER, anchors=STEADY, probes=LOST, other_probes=failing)
    assert spread.cause == "quality"
    assert "probes of complex fail more often too" in spread.sentence
    alone = attribute(BEFORE, AFTER, anchors=STEADY, probes=LOST)
    assert alone.cause == "quality"
    assert "no other tier's" in alone.sentence
    assert attribute(BEFORE, AFTER, probes=LOST).cause == "undetermined"
    assert attribute(BEFORE, AFTER, anchors=LAX, probes=LOST, other_probes=held).cause == "judge"
    assert (
        attribute(BEFORE, AFTER, anchors=STEADY, probes=KEPT, other_probes=held).cause == "quality"
    )


def known(value: float, half: float = 0.01, n: int = 1_000) -> Estimate:
    return Estimate(value, value - half, value + half, n, "made up")


def parts(change: float = 0.05, judge: float | None = 0.0) -> Parts:
    """All of the change within; the judge's part known or not."""
    told = Estimate(None, -1.0, 1.0, 0, "no anchors") if judge is None else known(judge)
    rest = Estimate(None, -1.0, 1.0, 0, "no anchors") if judge is None else known(change - judge)
    return Parts(known(change), known(0.0), known(change), told, rest)


def claims(*stand: str) -> Claims:
    return Claims(**{name: name in stand for name in ("mix", "within", "judge", "quality")})


# Newly failed 12 of 120 and newly passed 1: p = 14 / 8,192. Failed 2, passed 3: p = .81.
FAILING, HOLDING = ProbeFlips(120, 12, 1), ProbeFlips(120, 2, 3)


@pytest.mark.parametrize(
    ("stand", "cause"),
    [
        (("mix",), "mix"),
        (("mix", "quality"), "mix"),
        (("within", "judge"), "judge"),
        (("within", "quality"), "quality"),
        (("within",), "undetermined"),
        ((), "undetermined"),
    ],
)
def test_without_probes_the_claims_decide_in_their_order(
    stand: tuple[str, ...], cause: str
) -> None:
    assert decide_cause(parts(), claims(*stand), None, {})[0] == cause


@pytest.mark.parametrize(
    ("stand", "probes", "others", "cause"),
    [
        (("within", "quality"), FAILING, {"complex": HOLDING}, "model"),
        (("within", "quality"), HOLDING, {"complex": HOLDING}, "quality"),
        (("within", "quality"), FAILING, {}, "quality"),
        (("within", "quality"), FAILING, {"complex": ProbeFlips(0, 0, 0)}, "quality"),
        (("within", "quality"), FAILING, {"complex": FAILING}, "quality"),
        (("within", "quality"), FAILING, {"a": HOLDING, "b": FAILING}, "quality"),
        (("within", "judge"), FAILING, {"complex": HOLDING}, "judge"),
        (("mix",), FAILING, {"complex": HOLDING}, "mix"),
        # The judge was asked, and neither it nor quality stands out: no word for the model.
        (("within",), FAILING, {"complex": HOLDING}, "undetermined"),
    ],
)
def test_a_model_is_named_by_its_own_probes_and_by_no_others(
    stand: tuple[str, ...], probes: ProbeFlips, others: dict[str, ProbeFlips], cause: str
) -> None:
    assert decide_cause(parts(), claims(*stand), probes, others)[0] == cause


def test_without_anchors_failing_probes_may_name_the_model() -> None:
    cause, reason = decide_cause(parts(judge=None), claims("within"), FAILING, {"complex": HOLDING})
    assert cause == "model"
    # What is known of quality is then the within part.
    assert "worse answers within segments explain +5.0 of +5.0 points" in reason


def test_a_hint_of_other_tiers_failing_forbids_the_word_model() -> None:
    # 5 newly failed and 0 passed: p = 1 / 32 = .031, no proof of a fault, and hint enough.
    hint = ProbeFlips(120, 5, 0)
    cause, reason = decide_cause(
        parts(), claims("within", "quality"), FAILING, {"simple": hint, "complex": HOLDING}
    )
    assert cause == "quality"
    assert "the probes of simple fail more often too" in reason


def test_reasons_give_the_points_and_the_interval() -> None:
    reason = decide_cause(parts(), claims("within", "judge"), None, {})[1]
    assert reason == (
        "the judge's changed verdicts on anchors explain +0.0 of +5.0 points"
        " (interval -1.0 to +1.0)"
    )
    fallen = decide_cause(parts(-0.05), claims("within", "quality"), None, {})[1]
    assert fallen.startswith("better answers within segments explain -5.0 of -5.0 points")


@pytest.mark.parametrize(
    ("change", "judge", "stand", "words"),
    [
        (known(0.0), 0.0, (), "has not demonstrably changed between the two windows"),
        (known(0.05), 0.0, (), "neither the make-up of the traffic nor the rate within segments"),
        (known(0.05), None, ("within",), "without anchors a changed judge cannot be told"),
        (known(0.05), 0.02, ("within",), "more anchors would tell"),
    ],
)
def test_undetermined_says_why(
    change: Estimate, judge: float | None, stand: tuple[str, ...], words: str
) -> None:
    found = dataclasses.replace(parts(judge=judge), change=change)
    cause, reason = decide_cause(found, claims(*stand), None, {})
    assert cause == "undetermined"
    assert words in reason
