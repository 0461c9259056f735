"""What the gateway does when a provider fails."""

from pathlib import Path

import pytest
from factories.config import told

PROBLEMS = [
    # (what is replaced in the whole file, by what, line and key, found, accepted)
    (
        "routing:",
        "routing:\n  retry: {escalate: 7}",
        ("2: routing.retry.escalate: found 7; accepted true or false"),
    ),
]


@pytest.mark.parametrize(("old", "new", "sentence"), PROBLEMS)
def test_what_is_no_retry(tmp_path: Path, old: str, new: str, sentence: str) -> None:
    assert told(tmp_path, old, new) == [sentence]
