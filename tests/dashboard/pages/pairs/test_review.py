from collections.abc import Callable
from typing import Any

import pytest
from factories.rows import add_exchange, add_outcome, add_pair, add_shadow, add_verdict
from sqlalchemy import Connection

from tierwatch.dashboard.pages.pairs.review import review_page
from tierwatch.store.labels.labels import add_label
from tierwatch.store.pages.lists import PAGE


def test_only_pairs_that_the_judge_left_open_are_listed(connection: Connection) -> None:
    unscored = add_pair(connection, 1, None)
    add_pair(connection, 2, "alternative")
    add_exchange(connection, 3)
    swapped = add_exchange(connection, 4)
    add_shadow(connection, swapped)
    add_verdict(connection, swapped, "tie", basis="swap_disagreement")
    page = review_page(connection, None)
    assert [pair.id for pair in page.pairs] == [swapped, unscored]
    assert page.before is None


def test_a_full_page_leads_to_older_pairs(connection: Connection, viewer: Any) -> None:
    ids = [add_pair(connection, number, None) for number in range(PAGE + 1)]
    assert review_page(connection, None).before == ids[1]
    assert [one.id for one in review_page(connection, ids[1]).pairs] == ids[:1]
    assert f"before={ids[1]}" in viewer.page("/review")


@pytest.mark.parametrize(
    ("role", "labels"), [("viewer", False), ("reviewer", True), ("approver", True), ("admin", True)]
)
def test_whoever_may_label_is_shown_the_way(
    logged_in: Callable[[str], Any], role: str, *, labels: bool
) -> None:
    assert ("Label the next pair" in logged_in(role).page("/review")) is labels


def test_the_page_says_how_far_people_agree(connection: Connection, viewer: Any) -> None:
    page = review_page(connection, None).agreement
    assert (page.labelled, page.judged, page.needed) == (0, 0, 20)
    assert not page.slips.enough
    assert "Slips of people are not measured: 0 of the 20 second labels" in viewer.page("/review")
    pair = add_pair(connection, 1, "tie")
    add_outcome(connection, 1, 0.0, exchange_id=pair)
    for who, said in (("ada", "tie"), ("bob", "alternative")):
        add_label(connection, pair, reviewer=who, preferred=said, shown_first="served", note="")
    found = review_page(connection, None).agreement
    assert (found.labelled, found.judged) == (1, 1)
    assert (found.with_judge.value, found.with_judge.n) == (1.0, 1)
    shown = viewer.page("/review")
    assert ">ada<" in shown
    # Words of single people are counts; what was said of a pair is shown to nobody.
    assert str(pair) not in shown


def test_the_page_says_where_a_label_helps(connection: Connection, viewer: Any) -> None:
    assert "Where does a label help?" not in viewer.page("/review")
    for number in range(30):
        pair = add_pair(connection, number, "tie")
        add_outcome(connection, number, 0.0, exchange_id=pair)
    [need] = review_page(connection, None).needs
    assert (need.tier, need.labels) == ("simple", 0)
    shown = viewer.page("/review")
    assert "Where does a label help?" in shown
    assert f"after about {need.more} more label" in shown
    assert "order=random" not in shown  # a viewer labels nothing


def test_whoever_labels_may_choose_the_order(logged_in: Callable[[str], Any]) -> None:
    assert "/review/next?order=random" in logged_in("reviewer").page("/review")
