"""The routing section as one value."""

from pathlib import Path

import pytest
from factories.config import told

PROBLEMS = [
    # (what is replaced in the whole file, by what, line and key, found, accepted)
    (
        "routing:",
        "routing:\n  default_tier: huge",
        ("2: routing.default_tier: found 'huge'; accepted simple, standard, complex"),
    ),
]


@pytest.mark.parametrize(("old", "new", "sentence"), PROBLEMS)
def test_what_is_no_default_tier(tmp_path: Path, old: str, new: str, sentence: str) -> None:
    assert told(tmp_path, old, new) == [sentence]
