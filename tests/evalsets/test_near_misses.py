"""The near misses are what their card says."""

from collections import Counter

from tierwatch.evalsets import FOLDER, near_misses

ITEMS = near_misses().items
CARD = (FOLDER / "near_misses" / "card.md").read_text(encoding="utf-8")


def test_sixty_of_each_said_once() -> None:
    assert Counter(item.same for item in ITEMS) == {True: 60, False: 60}
    assert len({item.id for item in ITEMS}) == len(ITEMS)
    assert len({frozenset((item.a, item.b)) for item in ITEMS}) == len(ITEMS)
    for item in ITEMS:
        assert item.a.strip(), item.id
        assert item.b.strip(), item.id
        assert item.a != item.b, item.id


def test_the_card_counts_the_kinds() -> None:
    rows = [
        [cell.strip() for cell in line.split("|")[1:-1]]
        for line in CARD.splitlines()
        if line.startswith("| ")
    ][1:]
    for same, column in ((False, 0), (True, 2)):
        told = {row[column]: int(row[column + 1]) for row in rows if row[column]}
        assert told == Counter(item.kind for item in ITEMS if item.same is same)
