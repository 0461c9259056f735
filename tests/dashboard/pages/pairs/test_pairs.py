from typing import Any

from factories.rows import (
    add_pair,
    add_twin,
)
from sqlalchemy import Connection


def test_pairs_are_filtered_and_other_words_refused(connection: Connection, viewer: Any) -> None:
    misroute = add_pair(connection, 1, "alternative")
    tie = add_pair(connection, 2, "tie")

    page = viewer.page("/pairs?verdict=alternative&tier=&stage=judged&direction=up")
    assert str(misroute) in page
    assert str(tie) not in page
    refused = viewer.get("/pairs?verdict=nonsense")
    assert refused.status_code == 400
    assert "verdict: accepted are served, alternative, tie" in refused.text


def test_twins_are_listed_where_they_are_asked_for(connection: Connection, viewer: Any) -> None:
    pair = add_pair(connection, 1, "tie")
    twin = add_twin(connection, pair, "alternative")
    page = viewer.page("/pairs")
    assert (f"/pairs/{pair}" in page, f"/pairs/{twin}" in page) == (True, False)
    page = viewer.page("/pairs?direction=top")
    assert (f"/pairs/{pair}" in page, f"/pairs/{twin}" in page) == (False, True)
    assert "directly" in page
    assert "misroute" not in page
