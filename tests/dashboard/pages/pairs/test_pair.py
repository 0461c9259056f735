from typing import Any

from factories.rows import (
    add_exchange,
    add_pair,
)
from sqlalchemy import Connection


def test_long_answers_are_cut_with_the_whole_one_click_away(
    connection: Connection, viewer: Any
) -> None:
    pair_id = add_exchange(connection, 1, answer={"role": "assistant", "content": "é" * 200_000})
    page = viewer.page(f"/pairs/{pair_id}")
    assert "6,000 of 200,000 characters are shown" in page
    assert len(page) < 20_000
    whole = viewer.get(f"/pairs/{pair_id}/text/served")
    assert whole.text == "é" * 200_000
    assert whole.headers["Content-Type"] == "text/plain; charset=utf-8"
    assert viewer.get(f"/pairs/{pair_id}/text/request").text == "[user]\nWhat is 2 + 2?"
    assert viewer.get(f"/pairs/{pair_id}/text/alternative").status_code == 404


def test_expired_texts_are_said_to_be_gone(connection: Connection, viewer: Any) -> None:
    pair_id = add_pair(connection, 1)
    connection.exec_driver_sql("delete from exchange_texts")
    connection.exec_driver_sql("delete from alternative_texts")
    assert viewer.page(f"/pairs/{pair_id}").count("The text is gone") == 3
