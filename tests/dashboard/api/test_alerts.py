import uuid
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask

Bearer = Callable[[str], dict[str, str]]


@pytest.fixture
def client(app: Flask) -> Any:
    return app.test_client()


@pytest.mark.parametrize("path", ["alerts/99", "proposals/99", f"pairs/{uuid.UUID(int=1)}", "x"])
def test_what_is_not_there_is_404_in_the_envelope(client: Any, bearer: Bearer, path: str) -> None:
    response = client.get(f"/api/v1/{path}", headers=bearer("viewer"))
    assert response.status_code == 404
    assert response.json["error"]["type"] == "not_found"
