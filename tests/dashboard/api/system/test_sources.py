from typing import Any

import pytest
from factories.rows import NOW
from sqlalchemy import Connection

from tierwatch.store.traffic.sources import SourceCount, add_source_counts

COUNTS = {
    "calls": 8, "sampled": 2, "outside:error": 1, "outside:intake_truncated": 3, "repeat": 5,
    "shed": 4,
}  # fmt: skip


def test_sources_of_a_range(connection: Connection, client: Any, bearer: Any, clock: Any) -> None:
    clock.now = NOW.timestamp()
    rows = [SourceCount(NOW.date(), "proxy", what, calls) for what, calls in COUNTS.items()]
    add_source_counts(connection, rows)
    headers = bearer("viewer")
    answer = client.get("/api/v1/sources", headers=headers).json
    assert answer["sources"] == [
        {
            "source": "proxy",
            "received": 13,
            "calls": 8,
            "sampled": 2,
            "outside": {"intake_truncated": 3, "error": 1},
            "outside_share": 0.5,
            "passed_over": {"repeat": 5, "shed": 4},
            "last_day": NOW.date().isoformat(),
        }
    ]
    assert answer["until"] == NOW.isoformat()
    before = client.get("/api/v1/sources?from=-9d&to=-2d", headers=headers).json
    assert before["sources"] == []


def test_without_calls_there_is_no_share(
    connection: Connection, client: Any, bearer: Any, clock: Any
) -> None:
    clock.now = NOW.timestamp()
    add_source_counts(connection, [SourceCount(NOW.date(), "app", "shed", 1)])
    (found,) = client.get("/api/v1/sources", headers=bearer("viewer")).json["sources"]
    assert (found["received"], found["outside_share"]) == (0, None)


@pytest.mark.parametrize("query", ["from=x", "to=1", "from=-1h&to=-1d"])
def test_a_range_that_is_none(client: Any, bearer: Any, query: str) -> None:
    answer = client.get(f"/api/v1/sources?{query}", headers=bearer("viewer"))
    assert answer.status_code == 400
    assert answer.json["error"]["type"] == "invalid_request"
