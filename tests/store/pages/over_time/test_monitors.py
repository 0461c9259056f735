from typing import Any

from factories.rows import JUDGE, add_outcome
from sqlalchemy import Connection

from tierwatch.evaluation.alarms.misroute_monitor import MisrouteMonitor
from tierwatch.store.judgements.monitors import put_monitor
from tierwatch.store.pages.over_time.monitors import TIER_MONITORS, TierMonitor
from tierwatch.store.reading.one_row import read_part


def put(connection: Connection, stream: str, newest: int, pairs: int, **changes: Any) -> None:
    tier, task_type = stream.split("|")[:2]
    columns: dict[str, Any] = {
        "kind": "misroute", "stream": stream, "tier": tier, "task_type": task_type,
        "policy_version": 1, "judge_version": JUDGE,
        "state": MisrouteMonitor(0.05).state() | {"n": pairs}, "pairs": pairs, "losses": 0.0,
        "newest_request_no": newest, "alarmed": False, "estimate": None,
    }  # fmt: skip
    put_monitor(connection, **(columns | changes))


def tier_monitors(connection: Connection) -> list[TierMonitor]:
    add_outcome(connection, 1, 0.0)
    return read_part(connection, TIER_MONITORS)


def test_each_tier_has_the_monitor_of_its_newest_pairs(connection: Connection) -> None:
    put(connection, "simple|*|t0.70|small|j", newest=90, pairs=900)
    put(connection, "simple|*|t0.60|small|j", newest=99, pairs=7)
    put(connection, "simple|all|t0.60|small|j", newest=98, pairs=3)
    put(connection, "simple|sql|t0.60|small|j", newest=99, pairs=2_000)
    put(connection, "standard|all|t0.70|middle|j", newest=5, pairs=50, alarmed=True)
    found = {one.tier: one for one in tier_monitors(connection)}
    assert {tier: one.state["n"] for tier, one in found.items()} == {"simple": 7, "standard": 50}
    assert {tier: one.alarmed for tier, one in found.items()} == {"simple": False, "standard": True}


def test_untyped_requests_have_the_say_where_hardly_any_has_a_type(connection: Connection) -> None:
    put(connection, "simple|*|t0.70|small|j", newest=99, pairs=3)
    put(connection, "simple|all|t0.70|small|j", newest=98, pairs=400)
    [found] = tier_monitors(connection)
    assert found.state["n"] == 400


def test_of_other_judges_and_kinds_there_is_none(connection: Connection) -> None:
    put(connection, "simple|*|t0.70|small|j", newest=1, pairs=1, judge_version="other")
    put(connection, "standard|*|x", newest=1, pairs=1, kind="input")
    assert read_part(connection, TIER_MONITORS) == []
    assert tier_monitors(connection) == []
