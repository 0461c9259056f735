from collections.abc import Callable
from typing import Any

Bearer = Callable[[str], dict[str, str]]


def test_rollback_answers_with_the_new_version(
    client: Any, bearer: Bearer, seeded: dict[str, Any]
) -> None:
    path = "/api/v1/policies/1/rollback"
    response = client.post(path, headers=bearer("approver"), json={"why": "worse"})
    assert response.json["version"] == 3
    assert response.json["thresholds"] == {"simple": 0.7, "standard": 0.7}
