import math
from typing import Any

import numpy as np
import pytest

from tierwatch.errors import EvidenceError
from tierwatch.evaluation.types.judged_prompts import FEWEST_PAIRS, checked_losses, measures_types

nan = math.nan
N = FEWEST_PAIRS


def checked(**changes: Any) -> np.ndarray:
    given: dict[str, Any] = {
        "texts": ["text"] * N,
        "losses": {"simple": [0.0, 1.0] * (N // 2), "standard": [nan] * N},
        "sessions": [f"s{n}" for n in range(N)],
        "most": 12,
    }
    return checked_losses(**(given | changes))


def test_losses_become_a_table_with_a_column_for_each_boundary() -> None:
    table = checked()
    assert table.shape == (N, 2)
    assert table[:2, 0].tolist() == [0.0, 1.0]
    assert np.isnan(table[:, 1]).all()


def test_a_prompt_judged_at_any_boundary_is_judged() -> None:
    one = [0.0 if place % 2 else nan for place in range(N)]
    other = [nan if place % 2 else 1.0 for place in range(N)]
    assert np.isfinite(checked(losses={"simple": one, "standard": other})).any(axis=1).all()


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"most": 1}, "types: found 1; accepted: 2 to 20"),
        ({"most": 21}, "types: found 21"),
        ({"sessions": ["s"]}, "400 texts, 1 sessions"),
        ({"losses": {"simple": [0.0]}}, r"\[1\] losses"),
        ({"losses": {"simple": [0.5] * N}}, "other than 0 and 1"),
        ({"losses": {"simple": [-1.0] * N}}, "other than 0 and 1"),
        ({"losses": {"simple": [0.0] * (N - 1) + [nan]}}, "found 399 judged prompts"),
        ({"losses": {"simple": [math.inf] * N}}, "found 0 judged prompts"),
        ({"losses": {}}, "found 0 judged prompts"),
    ],
)
def test_what_types_cannot_be_built_from_is_refused(changes: dict[str, Any], words: str) -> None:
    with pytest.raises(EvidenceError, match=words):
        checked(**changes)


def test_half_of_the_conversations_measure_and_a_session_is_whole() -> None:
    measured = [measures_types(f"session {n}") for n in range(4_000)]
    # 2,000 expected, standard deviation 32.
    assert 1_880 < sum(measured) < 2_120
    assert measured == [measures_types(f"session {n}") for n in range(4_000)]
