import datetime as dt
from typing import Any

import pytest
from factories.rows import NOW, add_rollup
from sqlalchemy import Connection


def test_costs_of_a_range(connection: Connection, client: Any, bearer: Any, clock: Any) -> None:
    clock.now = (NOW + dt.timedelta(hours=1)).timestamp()
    add_rollup(connection, "simple", 60, cost_usd=1.0, cost_top_tier_usd=4.0)
    headers = bearer("viewer")
    answer = client.get("/api/v1/costs", headers=headers).json
    assert [(one["day"], one["requests"]) for one in answer["days"]] == [("2026-11-23", 60)]
    assert answer["tiers"][0] == {
        "tier": "simple", "requests": 60, "cost_usd": 1.0, "top_tier_usd": 4.0,
    }  # fmt: skip
    assert answer["since"] == "2026-10-24T13:00:00+00:00"
    assert client.get("/api/v1/costs?from=-30m", headers=headers).json["days"] == []


@pytest.mark.parametrize("query", ["from=x", "to=1", "from=-1h&to=-1d"])
def test_a_range_that_is_none(client: Any, bearer: Any, query: str) -> None:
    answer = client.get(f"/api/v1/costs?{query}", headers=bearer("viewer"))
    assert answer.status_code == 400
    assert answer.json["error"]["type"] == "invalid_request"
