from collections.abc import Callable
from typing import Any

Bearer = Callable[[str], dict[str, str]]


def test_lists_are_filtered(client: Any, bearer: Bearer, seeded: dict[str, Any]) -> None:
    headers = bearer("viewer")

    def found(path: str, key: str) -> int:
        return len(client.get(f"/api/v1/{path}", headers=headers).json[key])

    assert found("pairs?verdict=alternative&stage=judged", "pairs") == 1
    assert found("pairs?verdict=served", "pairs") == 0
    assert found("pairs?task_type=unfamiliar", "pairs") == 0
    assert found("pairs?q=2&sort=cost&orders=agree&from=2026-01-01T00:00:00Z", "pairs") >= 1
    assert found("pairs?q=nowhere", "pairs") == 0
    assert found("pairs?client=nobody", "pairs") == 0
    assert found("alerts?state=unresolved", "alerts") == 1
    assert found("proposals?state=undecided", "proposals") == 1
    assert found("policies?before=2", "policies") == 1
    refused = client.get("/api/v1/pairs?tier=gigantic", headers=headers)
    assert refused.status_code == 400
    assert refused.json["error"]["message"] == "tier: accepted are simple, standard, complex"
    refused = client.get("/api/v1/pairs?tier=gigantic&cost=much", headers=headers)
    assert refused.json["error"]["message"].endswith(
        "; cost: accepted is a number of dollars, 0 or more"
    )
