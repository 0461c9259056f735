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
