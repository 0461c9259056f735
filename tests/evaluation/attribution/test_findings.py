import dataclasses
import json

import pytest
from factories.windows import AFTER, BEFORE, KEPT, LOST, STEADY

from tierwatch.evaluation.attribution.attribute import attribute


def test_json_is_plain() -> None:
    found = attribute(
        BEFORE, AFTER, anchors=STEADY, probes=LOST, other_probes={"complex": KEPT}
    ).to_json()
    assert json.loads(json.dumps(found, allow_nan=False)) == found
    assert found["cause"] == "model"
    assert found["parts"]["change"]["value"] == pytest.approx(0.05)
    assert found["evidence"]["segments"][0]["key"] == "all"
    assert found["evidence"]["others_p"] == {"complex": KEPT.p_value}
    empty = attribute({}, {}).to_json()
    assert json.loads(json.dumps(empty, allow_nan=False)) == empty


def test_the_sentence_gives_both_rates_the_cause_and_the_reason() -> None:
    found = attribute(BEFORE, AFTER, anchors=STEADY)
    assert found.sentence == (
        "The judged rate rose from 5.0 % to 10.0 %; cause quality: worse answers within segments"
        f" explain +5.0 of +5.0 points (interval {100 * found.parts.quality.low:+.1f} to"
        f" {100 * found.parts.quality.high:+.1f})."
    )
    assert attribute(AFTER, BEFORE).sentence.startswith("The judged rate fell from 10.0 % to 5.0 %")


def test_without_a_comparison_the_sentence_says_only_why() -> None:
    assert attribute({}, AFTER).sentence == (
        "Cause undetermined: one of the two windows has no pairs, so there is nothing to compare."
    )


def test_json_has_every_part_and_what_it_rests_on() -> None:
    told = attribute(BEFORE, AFTER, anchors=STEADY).to_json()
    assert set(told) == {"cause", "sentence", "parts", "evidence"}
    assert set(told["parts"]) == {"change", "mix", "within", "judge", "quality"}
    for part in told["parts"].values():
        assert set(part) == {"value", "low", "high", "n", "method"}
    assert told["evidence"]["probes"]["value"] is None
    assert told["evidence"]["probes_p"] is None


def test_a_finding_does_not_change() -> None:
    found = attribute(BEFORE, AFTER)
    with pytest.raises(dataclasses.FrozenInstanceError):
        found.cause = "mix"  # type: ignore[misc]  # that is what is tried
