"""Where a cheaper judge stands before the strong one: its page, and the pairs that it judged."""

from pathlib import Path
from typing import Any

import factories.rows as put
import pytest
from sqlalchemy import Connection

from tierwatch.config import Config, load_config
from tierwatch.loop.compare.first_judge import weigh

CONFIG = """
routing:
  classifier: {kind: heuristic}
  tiers:
    simple: {model: small-1, cost: 0.25}
    complex: {model: large-1, cost: 15}
providers: {lab: {kind: openai, base_url: http://127.0.0.1:9}}
evaluation:
  judge: {model: strong-1, cost: 8, first: {model: cheap-1, cost: 1}}
"""
ALONE = "pairwise/v2/strong-1"
TOGETHER = f"pairwise/v2/cheap-1 then {ALONE}"


@pytest.fixture
def config(tmp_path: Path) -> Config:
    path = tmp_path / "tierwatch.yaml"
    path.write_text(CONFIG)
    return load_config(path)


@pytest.mark.parametrize(
    ("right", "said"), [(330, f"{TOGETHER} is asked: "), (230, f"{ALONE} is asked alone: ")]
)
def test_the_judge_page_says_whether_it_stands_first(
    connection: Connection, viewer: Any, right: int, said: str
) -> None:
    assert "have not been put to it" in viewer.page("/judge")
    put.add_anchors(connection, right, 408, judge=TOGETHER)
    put.add_anchors(connection, 332, 408, judge=ALONE)
    weigh(connection, alone=ALONE, together=TOGETHER)
    page = viewer.page("/judge")
    warned, _, after = page.partition(said)
    assert after
    assert warned.endswith('<p class="note warn">') == (right == 230)


def asked(judge: str, preferred: str | None, cost_usd: float) -> dict[str, object]:
    why = "" if preferred else "unreadable: twice."
    return {
        "judge": judge, "preferred": preferred, "basis": "pairwise", "why": why,
        "cost_usd": cost_usd, "calls": 2, "latency_ms": 5.0,
    }  # fmt: skip


def test_a_pair_says_who_spoke_and_what_each_cost(connection: Connection, viewer: Any) -> None:
    pair_id = put.add_exchange(connection, 1)
    put.add_shadow(connection, pair_id)
    order = {"order": "served_first", "preferred": "tie", "reason": "", "raw": "", "cut": {}}
    put.add_verdict(
        connection,
        pair_id,
        "tie",
        asked=[asked("cheap", "inconclusive", 0.001), asked("strong", "tie", 0.02)],
        orders=[order | {"judge": "strong", "notes": "CRITERIA: <b>one</b>"}],
    )
    page = viewer.page(f"/pairs/{pair_id}")
    text = " ".join(page.split())
    assert "was asked first and settled nothing (inconclusive)" in text
    assert 'Verdict of <span class="mono">strong</span>' in text
    assert "$0.001" in text
    assert "$0.02" in text
    assert "CRITERIA: &lt;b&gt;one" in text


def test_a_pair_that_the_cheaper_judge_settled_says_so(connection: Connection, viewer: Any) -> None:
    pair_id = put.add_exchange(connection, 1)
    put.add_shadow(connection, pair_id)
    put.add_verdict(connection, pair_id, "tie", asked=[asked("cheap", "tie", 0.001)])
    page = viewer.page(f"/pairs/{pair_id}")
    assert "its orders agree, so nobody else was asked" in page


def test_a_pair_of_one_judge_names_no_others(connection: Connection, viewer: Any) -> None:
    page = viewer.page(f"/pairs/{put.add_pair(connection, 1)}")
    assert "asked first" not in page
    assert "Verdict of" not in page
