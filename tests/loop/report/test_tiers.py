from pathlib import Path

import factories.rows as put
import pytest
from sqlalchemy import Connection

from tierwatch.config import Config, load_config
from tierwatch.loop.compare.tier_rates import tier_rates
from tierwatch.loop.report.schema import TierReport
from tierwatch.loop.report.tiers import Known, tier_reports
from tierwatch.store.judgements.own_rules import OwnRules
from tierwatch.store.sums.served import served

_CONFIG = """
routing:
  classifier: {kind: heuristic}
  tiers:
    simple: {model: small-1, cost: 0.25}
    standard: {model: medium-1, cost: 3}
providers: {lab: {kind: openai, base_url: http://127.0.0.1:9}}
evaluation: {tolerance: {simple: 0.05}}
"""


@pytest.fixture
def config(tmp_path: Path) -> Config:
    path = tmp_path / "tierwatch.yaml"
    path.write_text(_CONFIG)
    return load_config(path)


def reports(connection: Connection, config: Config) -> dict[str, TierReport]:
    known = Known(
        tier_rates(connection, put.JUDGE),
        served(connection).tiers,
        OwnRules(connection),
        put.JUDGE,
        config.evaluation.min_pairs,
    )
    return tier_reports(connection, config, None, known)


def test_a_tier_without_traffic_is_there_with_nothing_known(
    connection: Connection, config: Config
) -> None:
    found = reports(connection, config)
    assert list(found) == ["simple", "standard"]
    assert found["simple"]["misroute"]["estimate"] is None
    assert (found["simple"]["misroute_corrected"], found["simple"]["labels"]) == (None, 0)
    assert (found["simple"]["tolerance"], found["simple"]["state"]) == (0.05, "NO_DATA")
    assert (found["standard"]["tolerance"], found["standard"]["state"]) == (None, None)


def test_what_is_unlike_anything_judged_is_counted(connection: Connection, config: Config) -> None:
    put.add_rollup(connection, "standard", 40)
    put.add_rollup(connection, "standard", 3, task_type="unfamiliar")
    found = reports(connection, config)
    assert [(one["requests"], one["unfamiliar"]) for one in found.values()] == [(0, 0), (43, 3)]


def test_the_cache_is_a_line_once_it_has_answered(connection: Connection, config: Config) -> None:
    assert "cache" not in reports(connection, config)
    put.add_rollup(connection, "cache", 7)
    assert reports(connection, config)["cache"]["requests"] == 7
