from typing import Any

from factories.rows import (
    add_pair,
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
