"""Contradicting orders: one alert when they are more than is tolerated, by judge."""

from collections.abc import Sequence

import factories.rows as put
import pytest
from fakes.collaborators import rows, scalar
from sqlalchemy import Engine, text

from tierwatch.loop.watch.alert import resolve_alert
from tierwatch.loop.watch.judge.orders import INCONCLUSIVE_TOLERATED
from tierwatch.loop.watch.observe import MonitorRules, observe
from tierwatch.loop.watch.resolve import Present, resolve_over

RULES = MonitorRules(tolerance={}, level=1e7, max_weight=1.0, min_pairs=30, conversation_idle_s=0)


def judge(engine: Engine, bases: Sequence[str], *, first: int = 1, **changes: object) -> None:
    with engine.begin() as connection:
        for number, basis in enumerate(bases, first):
            put.add_outcome(connection, number, 0.0, basis=basis, **changes)
        connection.execute(text("update outcomes set created_at = now() - interval '1 hour'"))
    observe(engine=engine, rules=RULES)


def alerts(engine: Engine) -> list[tuple[str, str]]:
    found = rows(engine, "select kind, state from alerts order by id")
    return [(row.kind, row.state) for row in found]


def share(of_ten: int, n: int) -> list[str]:
    return ["swap_disagreement" if k % 10 < of_ten else "pairwise" for k in range(n)]


def test_a_judge_within_what_is_tolerated_is_left_alone(engine: Engine) -> None:
    judge(engine, share(2, 1_000))
    assert alerts(engine) == []
    [kept] = rows(engine, "select * from monitors where kind = 'orders'")
    assert (kept.pairs, kept.losses, kept.alarmed) == (1_000, 200.0, False)


def test_a_judge_that_names_a_position_is_found_once(engine: Engine) -> None:
    judge(engine, ["swap_disagreement"] * 30)
    assert alerts(engine) == [("judge_orders", "open")]
    judge(engine, ["swap_disagreement"] * 30, first=100)
    assert alerts(engine) == [("judge_orders", "open")]
    assert scalar(engine, "select summary like '%in 30 of 30 verdicts (100.0 %)%' from alerts")
    assert scalar(engine, "select evidence ->> 'tolerance' from alerts") == "0.4"
    assert INCONCLUSIVE_TOLERATED == 0.4


@pytest.mark.parametrize("basis", ["identical", "one_order", "recorded", "ragas", "tool_calls"])
def test_what_was_not_read_in_both_orders_says_nothing(engine: Engine, basis: str) -> None:
    judge(engine, [basis] * 50)
    assert scalar(engine, "select count(*) from monitors where kind = 'orders'") == 0


def test_a_conversation_counts_once(engine: Engine) -> None:
    judge(engine, ["swap_disagreement"] * 60, session="one talk")
    assert alerts(engine) == []
    assert scalar(engine, "select (state ->> 'n')::int from monitors where kind = 'orders'") == 1


def test_it_ends_with_its_judge_or_by_a_person_and_begins_anew(engine: Engine) -> None:
    judge(engine, ["swap_disagreement"] * 30)
    present = Present(judge_version=put.JUDGE, models={}, max_weight=1.0)
    assert resolve_over(engine=engine, present=present, now=put.NOW) == 0
    with engine.begin() as connection:
        resolve_alert(connection, scalar(engine, "select id from alerts"), actor="ada")
    assert scalar(engine, "select count(*) from monitors where kind = 'orders'") == 0
    judge(engine, ["swap_disagreement"] * 30, first=100)
    other = Present(judge_version="another", models={}, max_weight=1.0)
    assert resolve_over(engine=engine, present=other, now=put.NOW) == 1
    assert alerts(engine) == [("judge_orders", "resolved")] * 2
