from typing import Any

from factories.rows import add_rollup
from sqlalchemy import Connection

from tierwatch.config import Config
from tierwatch.loop.report.build import build_report


def test_the_report_is_the_one_the_command_writes(
    connection: Connection, config: Config, client: Any, bearer: Any
) -> None:
    add_rollup(connection, "simple", 60, cost_usd=1.0, cost_top_tier_usd=4.0)
    answer = client.get("/api/v1/report", headers=bearer("viewer")).json
    expected = build_report(connection, config)
    assert answer["requests"] == expected["requests"] == 60
    assert answer["saving"] == expected["saving"] == 0.75  # 1 - 1/4
    assert set(answer) == set(expected)


def test_the_report_of_an_empty_database_knows_nothing(client: Any, bearer: Any) -> None:
    answer = client.get("/api/v1/report", headers=bearer("viewer")).json
    assert answer["requests"] == 0
    assert answer["saving"] is None
    assert answer["tiers"]["simple"]["misroute"]["estimate"] is None
