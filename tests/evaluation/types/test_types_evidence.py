import dataclasses
import math

import pytest

from tierwatch.evaluation.types.types_evidence import TypesEvidence

EVIDENCE = TypesEvidence(
    method="k-means",
    v=0.2,
    by_boundary={"simple": 0.2},
    methods={"k-means": 0.2},
    random=0.03,
    random_high=0.08,
    before=None,
    mapping={},
    consistent=None,
    prompts=800,
    pairs=(400, 400),
    types=(),
)


@pytest.mark.parametrize(
    ("v", "high", "separates"),
    [(0.2, 0.08, True), (0.08, 0.08, False), (0.0, 0.0, False), (math.nan, 0.08, False)],
)
def test_types_separate_only_above_what_chance_groups_reach(
    v: float,
    high: float,
    separates: bool,  # noqa: FBT001 - a table
) -> None:
    assert dataclasses.replace(EVIDENCE, v=v, random_high=high).separates is separates


def test_there_is_nothing_to_add_unless_something_could_not_be_tried() -> None:
    assert EVIDENCE.note == ""
