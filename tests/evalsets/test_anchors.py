"""The anchors are what their card says: valid, decided, balanced, and not to be told by length."""

from collections import Counter

import pytest

from tierwatch.evalsets import FOLDER, Anchor, anchors

ITEMS = anchors().items
TIES = {"reworded", "both_wrong"}
CARD = (FOLDER / "anchors" / "card.md").read_text(encoding="utf-8")


def test_there_are_enough_of_every_kind_and_trait() -> None:
    assert len(ITEMS) >= 300
    assert min(Counter(item.kind for item in ITEMS).values()) >= 30
    assert min(Counter(item.trait for item in ITEMS).values()) >= 25


def test_every_anchor_is_whole_and_said_once() -> None:
    assert len({item.id for item in ITEMS}) == len(ITEMS)
    assert len({item.prompt for item in ITEMS}) == len(ITEMS)
    for item in ITEMS:
        assert item.prompt.strip(), item.id
        assert item.a.strip(), item.id
        assert item.b.strip(), item.id
        assert item.a != item.b, item.id
        assert len(item.why) >= 10, item.id
        assert item.verdict in {"a", "b", "tie"}, item.id


def test_a_tie_is_a_tie_by_its_trait() -> None:
    assert all((item.verdict == "tie") == (item.trait in TIES) for item in ITEMS)


def test_the_better_answer_stands_on_either_side() -> None:
    decided = [item for item in ITEMS if item.verdict != "tie"]
    first = sum(item.verdict == "a" for item in decided)
    # A fair coin's 99.9 % interval.
    assert abs(first - len(decided) / 2) < 1.65 * len(decided) ** 0.5
    for kind in {item.kind for item in decided}:
        mine = [item for item in decided if item.kind == kind]
        assert 0.3 < sum(item.verdict == "a" for item in mine) / len(mine) < 0.7, kind


def test_length_does_not_tell_the_better_answer() -> None:
    """A judge that always took the longer answer, or the shorter, would be right about half."""
    decided = [item for item in ITEMS if item.verdict != "tie"]
    longer = sum(item.longer == item.verdict for item in decided) / len(decided)
    assert 0.4 < longer < 0.6


def test_injections_speak_to_the_judge() -> None:
    injected = [item for item in ITEMS if item.trait == "injected_instructions"]
    assert len(injected) >= 30
    # What is said to the judge stands in an answer or in what the prompt quotes.
    assert len({text(item) for item in injected}) == len(injected)


def text(item: Anchor) -> str:
    return f"{item.prompt}\n{item.a}\n{item.b}"


@pytest.mark.parametrize("column", ["kind", "trait", "verdict"])
def test_the_card_has_the_counts(column: str) -> None:
    for name, n in Counter(getattr(item, column) for item in ITEMS).items():
        assert f"| {name} | {n} |" in CARD
    assert f"{len(ITEMS)} anchors" in CARD
