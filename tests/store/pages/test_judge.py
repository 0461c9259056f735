import pytest
from factories.rows import (
    JUDGE,
    add_exchange,
    add_pair,
    add_verdict,
)
from sqlalchemy import Connection

from tierwatch.store.pages.judge import SWAP_DISAGREEMENT, judge_versions


def test_judge_versions_count_scored_swapped_and_unscored(connection: Connection) -> None:
    add_pair(connection, 1, "tie")
    add_pair(connection, 2, None)
    swapped = add_exchange(connection, 3)
    add_verdict(connection, swapped, "tie", basis=SWAP_DISAGREEMENT)
    same = add_exchange(connection, 4)
    add_verdict(connection, same, "tie", basis="identical", orders=[], calls=0, cost_usd=0.0)

    (judge,) = judge_versions(connection)
    assert judge.judge_version == JUDGE
    assert (judge.verdicts, judge.scored, judge.swapped, judge.disagreed) == (4, 3, 2, 1)
    assert judge.by_basis == {"identical": 1, "pairwise": 1, "swap_disagreement": 1}
    assert judge.unscored == {"no JSON in the reply": 1}
    assert judge.calls == 6
    assert judge.cost_usd == pytest.approx(0.006)
