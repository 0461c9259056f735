"""The page of the ceiling: what it says with evidence, and what without."""

import datetime as dt
from typing import Any

import factories.rows as put
import pytest
from sqlalchemy import Connection, insert

from tierwatch.store.schema.checks import EvalsetRunRow, ProbeAnswerRow
from tierwatch.store.sums.prompt_versions import OTHERS, fold_prompt_versions


@pytest.fixture(autouse=True)
def _today(clock: Any) -> None:
    clock.now = (put.NOW + dt.timedelta(hours=1)).timestamp()


def add_probes(connection: Connection, months_ago: int, passed: int, n: int = 400) -> None:
    """A month of the top tier's probes; of ``n`` answers so many passed."""
    at = put.NOW - dt.timedelta(days=30 * months_ago)
    run = connection.execute(
        insert(EvalsetRunRow)
        .values(
            kind="probes", subject="complex", model="large-1", set_version="p, by the hour",
            why="schedule", started_at=at, until=at, ended_at=at,
        )
        .returning(EvalsetRunRow.id)
    ).scalar_one()  # fmt: skip
    rows = [
        {"run_id": run, "probe_id": f"p{one}", "passed": one < passed, "reply": "",
         "cost_usd": 0.0, "created_at": at}
        for one in range(n)
    ]  # fmt: skip
    connection.execute(insert(ProbeAnswerRow), rows)


def test_an_empty_page_says_what_is_needed(viewer: Any) -> None:
    page = viewer.page("/ceiling")
    assert "The quality of complex itself is not known." in page
    assert "two whole months of the same probes are needed; there is none" in page
    assert "Nothing was served and no probe was asked in the last year." in page
    assert "No judged pair of the last year has been added up yet." in page


@pytest.mark.parametrize(
    ("passed", "said"), [(3_600, ("is flat", "good")), (2_800, ("has fallen", "bad"))]
)
def test_the_page_says_where_the_ceiling_went(
    connection: Connection, viewer: Any, passed: int, said: tuple[str, str]
) -> None:
    words, tone = said
    add_probes(connection, 3, 3_600, 4_000)
    add_probes(connection, 1, passed, 4_000)
    put.add_rollup(connection, "simple", 60, cost_usd=1.0, cost_top_tier_usd=4.0)
    page = viewer.page("/ceiling")
    assert f"The quality of complex itself {words} since August 2026." in page
    assert f'class="note lead {tone}"' in page
    assert "October 2026 against August 2026" in page
    assert "75.0 %" in page  # November's saving
    assert "90.0 %" in page  # August's probes


def test_a_month_with_few_answers_shows_none(connection: Connection, viewer: Any) -> None:
    add_probes(connection, 1, 5, 10)
    page = viewer.page("/ceiling")
    assert "10 of 60" in page
    assert "50.0 %" not in page


def test_versions_of_the_prompt_have_their_rates(connection: Connection, viewer: Any) -> None:
    for number in range(40):
        version = ("team/v12", None)[number % 2] if number < 38 else OTHERS
        pair = put.add_pair(connection, number, prompt_version=version)
        put.add_outcome(connection, number, float(number % 4 == 0), exchange_id=pair)
    fold_prompt_versions(connection, put.NOW.date())
    page = viewer.page("/ceiling")
    assert 'href="/pairs?tier=simple&amp;direction=up&amp;prompt=team/v12">team/v12</a>' in page
    assert "none known" in page
    assert "all others" in page
    assert "19 of 30" in page


def test_costs_lead_there(viewer: Any) -> None:
    assert 'href="/ceiling"' in viewer.page("/costs")
