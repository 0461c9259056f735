from pathlib import Path

import factories.evidence as stored
import pytest

from tierwatch.dashboard.pages.alerts.runbook import RUNBOOK, UNKNOWN, runbook_of

DOC = Path(__file__).parents[4] / "docs" / "runbook.md"


def test_every_kind_has_its_own() -> None:
    assert set(stored.ALERTS) <= set(RUNBOOK)
    assert runbook_of("of a later version") is UNKNOWN


@pytest.mark.parametrize("kind", sorted(RUNBOOK))
def test_the_documentation_has_the_same_words(kind: str) -> None:
    text = " ".join(DOC.read_text().split())
    book = RUNBOOK[kind]
    assert f"## `{kind}`" in text
    assert book.meaning in text
    for number, step in enumerate(book.steps, 1):
        assert f"{number}. {step}" in text
