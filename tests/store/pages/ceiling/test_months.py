"""Sums by the month of a tier's own quality, and of the bill."""

import datetime as dt
from collections.abc import Sequence

import factories.rows as put
from sqlalchemy import Connection, insert, text

from tierwatch.evaluation.ceiling.trend import Passed
from tierwatch.store.labels.labels import add_label
from tierwatch.store.pages.ceiling.months import (
    LabelMonth,
    SpentMonth,
    label_months,
    probe_months,
    spent_months,
)
from tierwatch.store.schema.checks import EvalsetRunRow, ProbeAnswerRow

JANUARY = dt.date(2026, 1, 1)
NOVEMBER = dt.date(2026, 11, 1)
HOURLY = "probes/1, by the hour"


def add_run(
    connection: Connection,
    passed: Sequence[bool | None],
    *,
    at: dt.datetime = put.NOW,
    version: str = HOURLY,
    model: str = "complex-1",
    tier: str = "complex",
) -> None:
    run = connection.execute(
        insert(EvalsetRunRow)
        .values(
            kind="probes", subject=tier, model=model, set_version=version, why="schedule",
            started_at=at, until=at, ended_at=at,
        )
        .returning(EvalsetRunRow.id)
    ).scalar_one()  # fmt: skip
    rows = [
        {"run_id": run, "probe_id": f"p{n}", "passed": one, "reply": "", "cost_usd": 0.01,
         "created_at": at}
        for n, one in enumerate(passed)
    ]  # fmt: skip
    connection.execute(insert(ProbeAnswerRow), rows)


def label(connection: Connection, number: int, preferred: str, **of: str) -> None:
    pair = put.add_pair(connection, number, **of)
    add_label(connection, pair, reviewer="a", preferred=preferred, shown_first="served", note="")


def test_nothing_is_nothing(connection: Connection) -> None:
    assert probe_months(connection, "complex", JANUARY) == []
    assert label_months(connection, "complex", JANUARY) == []
    assert spent_months(connection, JANUARY) == []


def test_probes_are_counted_by_month_set_and_model(connection: Connection) -> None:
    september = put.NOW - dt.timedelta(days=60)
    add_run(connection, [True, True, False], at=september)
    add_run(connection, [True, None, False])
    add_run(connection, [True, True])
    add_run(connection, [False], model="complex-2")
    add_run(connection, [True], version="probes/2, by the hour")
    add_run(connection, [False], tier="simple")
    assert probe_months(connection, "complex", JANUARY) == [
        Passed(dt.date(2026, 9, 1), "probes/1", "complex-1", 3, 2),
        Passed(NOVEMBER, "probes/1", "complex-1", 4, 3),
        Passed(NOVEMBER, "probes/1", "complex-2", 1, 0),
        Passed(NOVEMBER, "probes/2", "complex-1", 1, 1),
    ]
    assert [one.month for one in probe_months(connection, "complex", NOVEMBER)] == [NOVEMBER] * 3


def test_a_first_run_is_another_measurement(connection: Connection) -> None:
    """There each probe is asked twice; a later one of the whole set is like any other."""
    add_run(connection, [False, False], version="probes/1")
    assert probe_months(connection, "complex", JANUARY) == []
    add_run(connection, [True], version="probes/1")
    add_run(connection, [True, False])
    [found] = probe_months(connection, "complex", JANUARY)
    assert (found.version, found.n, found.good) == ("probes/1", 3, 2)


def test_months_turn_at_midnight_utc(connection: Connection) -> None:
    midnight = dt.datetime(2026, 12, 1, tzinfo=dt.UTC)
    connection.execute(text("set local time zone 'Asia/Tokyo'"))
    add_run(connection, [True], at=midnight - dt.timedelta(seconds=1))
    add_run(connection, [True, True], at=midnight)
    found = probe_months(connection, "complex", JANUARY)
    assert [(one.month.month, one.n) for one in found] == [(11, 1), (12, 2)]


def test_labels_are_of_the_tiers_answer_whichever_arm_it_was(connection: Connection) -> None:
    top = {"tier": "complex", "direction": "down"}
    below = {"tier": "standard", "direction": "up"}
    label(connection, 1, "served", **top)
    label(connection, 2, "alternative", **top)
    label(connection, 3, "tie", **top)
    label(connection, 4, "alternative", **below)
    label(connection, 5, "served", **below)
    label(connection, 6, "served", tier="simple")  # beside standard: not its answer
    assert label_months(connection, "complex", JANUARY) == [LabelMonth(NOVEMBER, 2, 2, 1)]
    assert label_months(connection, "complex", dt.date(2026, 12, 1)) == []


def test_a_month_costs_what_its_parts_cost(connection: Connection) -> None:
    put.add_rollup(connection, "simple", 60, cost_usd=1.0, cost_top_tier_usd=4.0)
    put.add_rollup(
        connection, "complex", 2, cost_usd=2.0, cost_top_tier_usd=2.0, classifier_cost_usd=0.5
    )
    put.add_pair(connection, 1)  # a shadow answer at .01, a verdict at .002
    add_run(connection, [True, False])
    december = put.NOW + dt.timedelta(days=20)
    put.add_rollup(connection, "simple", 1, minute=december, cost_usd=0.25, cost_top_tier_usd=1.0)
    november, after = spent_months(connection, JANUARY)
    assert after == SpentMonth(dt.date(2026, 12, 1), 1, 0.25, 0.0, 0.0, 0.0, 0.0, 1.0)
    assert (november.month, november.requests) == (NOVEMBER, 62)
    assert (november.serving_usd, november.top_tier_usd) == (3.0, 6.0)
    assert november.classifier_usd == 0.5
    assert (round(november.shadow_usd, 9), round(november.judge_usd, 9)) == (0.01, 0.002)
    assert round(november.checks_usd, 9) == 0.02
    assert [one.month for one in spent_months(connection, dt.date(2026, 12, 1))] == [after.month]
