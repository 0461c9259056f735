import math
from dataclasses import replace
from typing import Any

import pytest
from factories.replayed import LOGGED, replay

from tierwatch.errors import EvidenceError


@pytest.mark.parametrize(
    ("column", "words"),
    [
        ({"confidences": [math.nan] * 100}, "confidences"),
        ({"confidences": [0.5] * 99}, "for 99 pairs"),
        ({"losses": [0.0] * 99}, "99 losses for 100"),
        ({"losses": [1.5] * 100}, "losses"),
        ({"losses": ["bad"] * 100}, "not numbers"),
        ({"inclusion": [0.0] * 100}, "above 0"),
        ({"inclusion": [1.1] * 100}, "inclusion"),
        ({"inclusion": [math.nan] * 100}, "inclusion"),
        ({"lower_cost_usd": [-1.0] * 100}, "costs of the lower"),
        ({"upper_cost_usd": [math.inf] * 100}, "costs of the upper"),
        ({"traffic": [2.0]}, "traffic"),
        ({"traffic": [0.5], "traffic_counts": [1, 2]}, "counts of traffic"),
        ({"traffic": [0.5], "traffic_counts": [-1]}, "counts of traffic"),
        ({"traffic_counts": [1]}, "without its confidences"),
    ],
)
def test_bad_columns_are_refused(column: dict[str, Any], words: str) -> None:
    with pytest.raises(EvidenceError, match=words):
        replay(replace(LOGGED, **column), 0.7, 0.6)
