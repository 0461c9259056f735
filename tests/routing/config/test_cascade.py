"""Answers that are checked."""

from pathlib import Path

import pytest
from factories.served import changed

PROBLEMS = [
    # (what is replaced in the file, by what, line and key, found, accepted)
    (
        "tiers: [simple]",
        "tiers: [complex]",
        (
            "12: routing.cascade.tiers[0]: found 'complex', no tier that has a tier above it;"
            " accepted simple, standard"
        ),
    ),
    (
        "tiers: [simple]",
        "tiers: []",
        "12: routing.cascade.tiers: found an empty list; accepted simple, standard",
    ),
    (
        "cascade: {tiers: [simple]}",
        "cascade: {check: structure}",
        (
            "12: routing.cascade.tiers: found nothing; accepted Tiers whose answers are checked;"
            " what fails is answered by the next tier up."
        ),
    ),
    (
        "tiers: [simple]",
        "tiers: [simple], samples: 1",
        "12: routing.cascade.samples: found 1; accepted a whole number from 2 to 10",
    ),
]


@pytest.mark.parametrize(("old", "new", "sentence"), PROBLEMS)
def test_a_mistake_in_the_cascade_is_named_with_its_line(
    tmp_path: Path, old: str, new: str, sentence: str
) -> None:
    assert changed(tmp_path, old, new) == [sentence]
