from collections.abc import Callable
from typing import Any

from factories.rows import NOW, add_policy
from sqlalchemy import Connection, text

Bearer = Callable[[str], dict[str, str]]


def test_rollback_answers_with_the_new_version(
    client: Any, bearer: Bearer, seeded: dict[str, Any]
) -> None:
    path = "/api/v1/policies/1/rollback"
    response = client.post(path, headers=bearer("approver"), json={"why": "worse"})
    assert response.json["version"] == 3
    assert response.json["thresholds"] == {"simple": 0.7, "standard": 0.7}


def test_effects_are_those_of_the_page(
    connection: Connection, client: Any, bearer: Bearer, clock: Any
) -> None:
    clock.now = NOW.timestamp()
    for version, simple in ((1, 0.7), (2, 0.6)):
        add_policy(connection, version, simple=simple)
    connection.execute(
        text("update policies set created_at = :now + (version - 9) * interval '1 day'"),
        {"now": NOW},
    )
    answer = client.get("/api/v1/policies", headers=bearer("viewer")).json
    [effect] = answer["effects"]
    assert (effect["version"], effect["foreseen"]) == (2, None)
    assert [one["tier"] for one in effect["tiers"]] == ["simple"]
    assert (effect["after"]["requests"], effect["after"]["saving"]) == (0, None)
