from factories.windows import AFTER, BEFORE, KEPT, LAX, LOST, STEADY

from tierwatch.evaluation.attribution.attribute import attribute


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
