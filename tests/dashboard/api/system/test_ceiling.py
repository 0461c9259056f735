import datetime as dt
from typing import Any

from factories.rows import NOW, add_rollup
from sqlalchemy import Connection


def test_the_ceiling_is_answered_as_the_page_has_it(
    connection: Connection, client: Any, bearer: Any, clock: Any
) -> None:
    clock.now = (NOW + dt.timedelta(hours=1)).timestamp()
    add_rollup(connection, "simple", 60, cost_usd=1.0, cost_top_tier_usd=4.0)
    answer = client.get("/api/v1/ceiling", headers=bearer("viewer")).json
    assert answer["standing"]["direction"] == "unknown"
    assert answer["standing"]["tier"] == "complex"
    assert answer["standing"]["probes"]["since"] is None
    [month] = answer["months"]
    assert (month["month"], month["requests"], month["net_saving"]) == ("2026-11-01", 60, 0.75)
    assert month["probes"]["value"] is None
    assert (answer["versions"], answer["needed"]) == ([], 60)
