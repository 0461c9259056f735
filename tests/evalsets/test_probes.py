"""Every probe's right answer passes its check, and its plausible mistake does not."""

from collections import Counter

import pytest

from tierwatch.evalsets import FOLDER, probes
from tierwatch.evaluation.alarms.probe_checks import check_passes

ITEMS = probes().items
CARD = (FOLDER / "probes" / "card.md").read_text(encoding="utf-8")


def test_there_are_enough_over_eight_kinds_and_three_difficulties() -> None:
    assert len(ITEMS) >= 120
    assert len({item.id for item in ITEMS}) == len({item.prompt for item in ITEMS}) == len(ITEMS)
    kinds = Counter(item.kind for item in ITEMS)
    assert len(kinds) >= 8
    assert min(kinds.values()) >= 12
    assert set(Counter(item.difficulty for item in ITEMS)) == {"easy", "medium", "hard"}


@pytest.mark.parametrize("item", ITEMS, ids=lambda item: item.id)
def test_the_right_answer_passes_and_the_wrong_one_fails(item: object) -> None:
    assert check_passes(item.check, item.answer)  # type: ignore[attr-defined]
    assert not check_passes(item.check, item.wrong)  # type: ignore[attr-defined]
    assert not check_passes(item.check, "")  # type: ignore[attr-defined]


@pytest.mark.parametrize("column", ["kind", "difficulty"])
def test_the_card_has_the_counts(column: str) -> None:
    for name, n in Counter(getattr(item, column) for item in ITEMS).items():
        assert f"| {name} | {n} |" in CARD
    assert f"{len(ITEMS)} probes" in CARD
