import datetime as dt
import re
import uuid
from dataclasses import replace
from typing import Any

import factories.rows as put
import pytest
from sqlalchemy import Connection, text

from tierwatch.dashboard.pages.judge import check_chart
from tierwatch.dashboard.time_range import read_range
from tierwatch.store.certificates import add_certificate
from tierwatch.store.labels.labels import add_label
from tierwatch.store.pages.over_time.checks import CheckRun

SERVED, ALTERNATIVE = "Bonjour <b>tout</b> le monde", "Guten Tag"


@pytest.fixture
def pair(connection: Connection) -> uuid.UUID:
    """A judged pair: the judge preferred the alternative."""
    answer = {"role": "assistant", "content": SERVED}
    found = put.add_exchange(connection, 7, question="Greet everyone.", answer=answer)
    put.add_shadow(connection, found, ALTERNATIVE)
    put.add_verdict(connection, found, "alternative")
    put.add_outcome(connection, 7, 1.0, exchange_id=found)
    return found


@pytest.fixture
def reviewer(logged_in: Any) -> Any:
    return logged_in("reviewer")


def test_the_judge_page_shows_what_labels_and_anchors_tell(
    connection: Connection, reviewer: Any, pair: uuid.UUID
) -> None:
    add_label(
        connection, pair, reviewer="ada", preferred="alternative", shown_first="served", note=""
    )
    page = reviewer.page("/judge")
    assert "Too weak to certify the tolerance of simple" in page
    assert "1 of 1 pairs have a label" in page
    assert re.search(r"Recognises worse answers.*?100.0 %", page, re.DOTALL)
    assert "None yet." in page  # no certificate


def test_the_judge_page_shows_the_certificate_with_its_date(
    connection: Connection, viewer: Any
) -> None:
    row = {
        "bar": "D1",
        "recipe": "no change",
        "measure": "runs with a false alarm",
        "value": 0.0065,
        "low": 0.003,
        "high": 0.011,
        "limit": 0.0155,
        "at_least": False,
        "runs": 2_000,
        "others": "daily z-test 46 %",
        "verdict": "holds",
    }
    rows = [row, row | {"bar": "D2", "verdict": "fails"}]
    add_certificate(connection, quick=True, version="0.1.0", seconds=171.2, rows=rows)
    page = viewer.page("/judge")
    assert "1 of 2 bars hold" in page
    assert "1 fail" in page
    assert "a quick run with wide error bars" in page
    assert "daily z-test 46 %" in page
    assert "UTC</time> on tierwatch 0.1.0" in page


def test_kappa_is_a_number_and_no_share(connection: Connection, viewer: Any) -> None:
    for number, (judged, said) in enumerate([("alternative", "alternative"), ("tie", "tie")] * 6):
        pair = put.add_pair(connection, number, judged)
        put.add_outcome(connection, number, float(judged == "alternative"), exchange_id=pair)
        add_label(connection, pair, reviewer="ada", preferred=said, shown_first="served", note="")
    row = viewer.page("/judge").split("Kappa (0 is chance")[1].split("</tr>")[0]
    assert "<b>+1.000</b>" in row  # all twelve agree
    assert "%" not in row


def test_the_judge_page_counts_what_is_unscored_by_task_type_and_reason(
    connection: Connection, viewer: Any
) -> None:
    for number in range(40):
        put.add_outcome(connection, number, 0.0, task_type="chat")
    for number, why in enumerate(("unreadable: x", "too_long: y", "too_long: z"), start=100):
        found = put.add_exchange(connection, number, task_type="chat")
        put.add_verdict(connection, found, None, unscored_why=why)
    rare = put.add_exchange(connection, 200, task_type="poetry")
    cut = {"order": "served_first", "preferred": None, "reason": "", "raw": "", "cut": {"task": 9}}
    put.add_verdict(connection, rare, None, unscored_why="incomplete: r", orders=[cut])
    page = viewer.page("/judge")
    assert "7.0 % of chat is unscored." in page  # 3 of 43
    assert "of poetry is unscored." not in page  # one verdict is no share
    assert re.search(r"chat</td>.*?too long 2, unreadable 1</td>", page)
    assert re.search(r"poetry</td>.*?incomplete 1</td>", page)
    assert re.search(r"Shown a cut text</dt><dd>1 <small>25.0 %", page)
    assert "7.0 % of chat is unscored</b> (3 of 43 pairs)" in viewer.page("/")
    assert "characters: task 9." in viewer.page(f"/pairs/{rare}")


def test_the_judge_page_shows_what_users_did_beside_it(
    connection: Connection, viewer: Any, pair: uuid.UUID
) -> None:
    connection.execute(
        text("insert into follow_ups (exchange_id, asked_again) values (:id, true)"), {"id": pair}
    )
    page = viewer.page("/judge")
    assert "Second opinion: what users did" in page
    row = re.search(r"<tr><td class=\"wide\">asked the same again.*?</tr>", page, re.DOTALL)
    assert row is not None
    assert "1 effective pairs, of 30 that it takes" in row[0]
    assert "No alert opens by it" in page


AT = put.NOW


def _run(days: float, good: int, items: int, **changes: Any) -> CheckRun:
    found = CheckRun(AT + dt.timedelta(days=days), "probes", "simple", "small-1", items, good)
    return replace(found, **changes)


MONTH = read_range("-30d", "", AT + dt.timedelta(days=9))


def test_each_tier_has_its_line_and_a_change_of_model_is_an_event() -> None:
    runs = (
        _run(0, 90, 100),
        _run(0, 80, 100, subject="standard"),
        _run(1, 50, 100, model="small-2"),
        _run(2, 1, 1, kind="anchors"),
    )
    chart = check_chart(runs, "probes", "Probes passed, by tier", MONTH)
    assert [one.name for one in chart.series] == ["simple", "standard"]
    assert [one.values for one in chart.series] == [(0.9, 0.5), (0.8, None)]
    assert chart.series[0].low == ()  # two bands would hide each other
    assert [mark.words for mark in chart.marks] == ["simple is small-2 now"]


def test_one_line_alone_has_its_interval() -> None:
    [series] = check_chart((_run(0, 90, 100),), "probes", "Probes", MONTH).series
    assert series.low[0] is not None
    assert series.high[0] is not None
    assert series.low[0] < 0.9 < series.high[0]
    assert series.notes == ("90 of 100",)


def test_the_page_has_its_checks_over_the_time_asked_for(
    connection: Connection, clock: Any, logged_in: Any
) -> None:
    clock.now = (AT + dt.timedelta(days=1)).timestamp()
    put.add_anchors(connection, 90, 100)
    viewer = logged_in("viewer")
    assert "90.0 % (82.6 % to 94.5 %), 90 of 100" in viewer.page("/judge")
    assert "No run ended in this time." in viewer.page("/judge?from=-1h")
    response = viewer.get("/judge?from=x")
    assert response.status_code == 400
    assert "Second opinion" in response.text
