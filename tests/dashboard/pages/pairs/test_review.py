from collections.abc import Callable
from typing import Any

import pytest
from factories.rows import add_exchange, add_pair, add_shadow, add_verdict
from sqlalchemy import Connection

from tierwatch.dashboard.pages.pairs.review import review_page
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
