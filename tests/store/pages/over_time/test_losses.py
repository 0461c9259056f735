import datetime as dt

import factories.rows as put
import pytest
from factories.rows import JUDGE, NOW, add_outcome
from sqlalchemy import Connection

from tierwatch.evaluation.sampling.outcome import SWAP_DISAGREEMENT
from tierwatch.loop.compare.tier_rates import tier_rates
from tierwatch.store.pages.over_time.losses import LossSums, losses

HOUR = dt.timedelta(hours=1)


def test_sums_by_step_type_and_tier(connection: Connection) -> None:
    add_outcome(connection, 60, 1.0, task_type="code", pi=0.5)
    add_outcome(connection, 61, 0.0, task_type="chat")
    add_outcome(connection, 3_000, 1.0, task_type="chat")
    add_outcome(connection, 62, 1.0, tier="standard")
    add_outcome(connection, 63, 1.0, direction="down")
    add_outcome(connection, 64, 1.0, judge_version="older")
    found = losses(connection, JUDGE, NOW, NOW + HOUR, steps=4)
    assert found.steps == {
        ("simple", 0): LossSums(2, 3.0, 5.0, 2.0),  # weights 2 and 1
        ("simple", 3): LossSums(1, 1.0, 1.0, 1.0),
        ("standard", 0): LossSums(1, 1.0, 1.0, 1.0),
    }
    assert found.cells["simple", "code"] == LossSums(1, 2.0, 4.0, 2.0)
    assert found.cells["simple", "chat"] == LossSums(2, 2.0, 2.0, 1.0)
    assert found.tiers["simple"] == LossSums(3, 4.0, 6.0, 3.0)


def test_a_conversation_counts_once_in_a_step(connection: Connection) -> None:
    for number, loss in enumerate((1.0, 0.0, 0.0, 1.0)):
        add_outcome(connection, number, loss, session="one")
    [sums] = losses(connection, JUDGE, NOW, NOW + HOUR, steps=1).steps.values()
    assert sums == LossSums(4, 4.0, 16.0, 2.0)
    assert sums.weight**2 / sums.weight_squares == 1  # effective conversations


def test_a_request_is_where_it_arrived_and_the_end_is_left_out(connection: Connection) -> None:
    late = NOW + dt.timedelta(days=3)
    add_outcome(connection, 0, 1.0, created_at=late)
    add_outcome(connection, 3_600, 1.0)
    found = losses(connection, JUDGE, NOW, NOW + HOUR, steps=6)
    assert set(found.steps) == {("simple", 0)}
    assert losses(connection, JUDGE, late - HOUR, late + HOUR, steps=6).steps == {}
    assert set(losses(connection, JUDGE, NOW + HOUR, late, steps=6).steps) == {("simple", 0)}


def test_contradicting_orders_are_no_overspend(connection: Connection) -> None:
    for number, (loss, basis) in enumerate(((0.0, "pairwise"), (0.5, SWAP_DISAGREEMENT))):
        add_outcome(connection, number, loss, tier="standard", boundary="simple",
                    direction="down", basis=basis)  # fmt: skip
    found = losses(connection, JUDGE, NOW, NOW + HOUR, direction="down", steps=1)
    assert found.tiers["standard"].weighted_loss == 1.0


@pytest.mark.parametrize("direction", ["up", "down"])
def test_all_of_the_time_is_what_the_report_says(connection: Connection, direction: str) -> None:
    for number in range(40):
        add_outcome(
            connection, number * 50, float(number % 7 == 0), direction=direction,
            session=f"s{number // 3}", pi=(0.1, 0.5, 1.0)[number % 3],
        )  # fmt: skip
    found = losses(
        connection, JUDGE, NOW, NOW + HOUR, direction="up" if direction == "up" else "down", steps=7
    )
    rates = tier_rates(connection, JUDGE)
    said = rates.misroute("simple").judged if direction == "up" else rates.overspend("simple")
    sums = found.tiers["simple"]
    assert said.value is not None
    rate = sums.weighted_loss / sums.weight
    assert said.value == pytest.approx(rate if direction == "up" else 1 - rate)
    assert said.n == sums.pairs == sum(one.pairs for one in found.steps.values())


def test_before_any_verdict_there_is_nothing(connection: Connection) -> None:
    found = losses(connection, "", put.NOW, put.NOW + HOUR, steps=3)
    assert (found.steps, found.cells, found.tiers) == ({}, {}, {})
