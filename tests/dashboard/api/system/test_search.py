from collections.abc import Callable
from typing import Any

import factories.rows as put
from flask import Flask
from sqlalchemy import Connection


def test_what_an_id_belongs_to(
    app: Flask, connection: Connection, bearer: Callable[[str], dict[str, str]]
) -> None:
    pair = put.add_exchange(connection, 1)
    headers, client = bearer("viewer"), app.test_client()

    def found(asked: str) -> Any:
        return client.get("/api/v1/search", query_string={"q": asked}, headers=headers).json

    assert found(str(pair)) == {"found": [{"kind": "pair", "id": str(pair)}]}
    assert found("") == found("nothing") == {"found": []}
    assert found("a\x00b") == {"found": []}
