"""What a person reads of an objective: on the overview, on a proposal, in the policies."""

from pathlib import Path
from typing import Any

import factories.rows as put
import numpy as np
import pytest
from factories.routed import routed, store_routed
from sqlalchemy import Connection

from tierwatch.command.replaying.ending import show_report
from tierwatch.config import Config, load_config
from tierwatch.loop.improve.objective import objective_of
from tierwatch.loop.improve.retune import retune
from tierwatch.loop.improve.retune_rules import RetuneRules
from tierwatch.loop.report.build import build_report
from tierwatch.routing.policy import Policy
from tierwatch.store.policies import add_policy

_CONFIG = """
routing:
  classifier: {kind: heuristic}
  tiers:
    simple: {model: small-1, cost: 0.25}
    standard: {model: medium-1, cost: 3}
    complex: {model: large-1, cost: 15}
providers: {lab: {kind: openai, base_url: http://127.0.0.1:9}}
evaluation: {objective: {quality: 95 %}}
"""


@pytest.fixture
def config(tmp_path: Path) -> Config:
    path = tmp_path / "tierwatch.yaml"
    path.write_text(_CONFIG)
    return load_config(path)


@pytest.fixture
def proposed(connection: Connection, one_connection: Any, config: Config) -> Any:
    """4,000 pairs under .70 and .70, and what was proposed on them."""
    put.add_policy(connection)
    put.put_in_force(connection)
    store_routed(connection, routed(np.random.default_rng(1), 4_000, (0.7, 0.7)))
    rules = RetuneRules(
        mode="propose",
        alpha={},
        delta=0.05,
        step=0.1,
        min_pairs=200,
        every_s=3600,
        objective=objective_of(config),
    )
    made = retune(engine=one_connection, rules=rules, judge_version=put.JUDGE, rollout_share=0.2)
    assert made == 1
    [proposal] = build_report(connection, config)["proposals"]
    return proposal


def test_a_proposal_says_what_all_tiers_lose_now_and_then(
    viewer: Any, connection: Connection, config: Config, proposed: Any
) -> None:
    page = viewer.page(f"/proposals/{proposed['id']}")
    sentence = proposed["objective"].replace("'", "&#39;")
    assert sentence.startswith("Keeps 95 % of complex&#39;s quality: loses ")
    for words in (
        f'<b>Certified.</b> <span dir="auto">{sentence}.</span>',
        "The chance of this being wrong is at most 2.5 %.",
        "a quality loss that the objective allows",
        "Quality loss of all tiers now",
        "of 5.0 %",
        "Saved per 1,000 requests",
        "the quality loss of all tiers exceeds the allowed 5.0 %",
        "Kept is what the tier or a cheaper one serves.",
    ):
        assert words in page
    assert "Tolerated" not in page
    assert '<span class="state passed">passed</span>' in page


def test_one_that_is_not_shown_to_keep_the_objective_says_so(
    viewer: Any, connection: Connection, proposed: Any
) -> None:
    connection.exec_driver_sql("update proposals set certified = false")
    page = viewer.page(f"/proposals/{proposed['id']}")
    assert "<b>Not certified.</b>" in page
    assert "a step in the safe direction, not a promise" in page


def test_overview_and_terminal_show_what_is_kept_against_the_objective(
    viewer: Any,
    connection: Connection,
    config: Config,
    proposed: Any,
    capsys: pytest.CaptureFixture[str],
) -> None:
    report = build_report(connection, config)
    kept = report["objective"]["kept"]
    assert (report["objective"]["quality"], report["objective"]["top"]) == (0.95, "complex")
    assert kept["low"] < kept["estimate"] < kept["high"]
    page = viewer.page("/")
    assert "Objective: 95.0 % of complex's quality" in page
    assert f"{100 * kept['estimate']:.1f} % kept" in page
    show_report(report)
    printed = capsys.readouterr().out
    assert f"objective: 95 % of complex's quality; kept {100 * kept['estimate']:.1f} % (" in printed
    assert f"\n  {proposed['objective']}\n" in printed


def test_without_pairs_the_overview_says_so(viewer: Any, config: Config) -> None:
    page = viewer.page("/")
    assert "Objective: 95.0 % of complex's quality" in page
    assert "% kept" not in page


def test_policies_show_what_was_promised_of_them(viewer: Any, connection: Connection) -> None:
    policy = Policy(
        3, {"simple": 0.7, "standard": 0.6}, promised={"standard": 0.071}, promised_for=0.95
    )
    add_policy(connection, policy, author="ada", reason="approved")
    page = viewer.page("/policies")
    assert page.count("promised 7.1 %") == 1
    assert page.count("approved, to keep 95.0 % of quality") == 1
