import datetime as dt
import json
import re
from dataclasses import replace
from typing import Any

import factories.rows as put
from factories.rows import (
    JUDGE,
    add_alert,
    add_anchors,
    add_outcome,
    add_pair,
    add_proposal,
    add_rollup,
)
from sqlalchemy import Connection, text

from tierwatch.config import Config
from tierwatch.dashboard.pages.overview.overview import OutsideEvidence, overview_page
from tierwatch.dashboard.time_range import read_range
from tierwatch.loop.compare.trust import weigh_judge
from tierwatch.store.judgements.bursts import put_burst
from tierwatch.store.labels.labels import add_label
from tierwatch.store.traffic.outside_counts import OutsideCount, add_outside_counts
from tierwatch.store.traffic.sources import SourceCount, add_source_counts

WEEK = read_range("-7d", "", put.NOW + dt.timedelta(hours=1))


def test_overview_shows_rates_only_with_enough_pairs(
    connection: Connection, viewer: Any, policy: None
) -> None:
    add_rollup(connection, "simple", 60, cost_usd=1.0, cost_top_tier_usd=4.0)
    add_rollup(connection, "standard", 40, cost_usd=1.0, cost_top_tier_usd=4.0)
    for number in range(40):
        add_outcome(connection, number, float(number < 2))
    for number in range(29):
        add_outcome(connection, number, 1.0, tier="standard")

    page = viewer.page("/")
    assert "5.0 %" in page  # 2 of 40
    assert "29 of 30 pairs" in page
    assert "75.0 %" in page  # saving: 1 - 2 / 8
    assert "undecided" in page
    assert "<svg" in page
    assert "No open alerts and nothing to decide." in page


def test_with_a_dozen_task_types_the_overview_stays_an_overview(
    connection: Connection, viewer: Any, policy: None
) -> None:
    names = [f"type-{number:02}" for number in range(12)]
    for name in names:
        add_alert(connection, cause=f"misroute:simple:{name}", segment=f"simple/{name}")
        add_proposal(connection, task_type=name)
    own = {name: {"simple": 0.5 + number / 100} for number, name in enumerate(names)}
    own["type-03"]["standard"] = 0.61
    connection.execute(
        text("update policies set by_task = cast(:own as jsonb)"), {"own": json.dumps(own)}
    )
    page = viewer.page("/")
    assert page.count('data-label="Segment"') == 5
    assert page.count('data-label="Promise"') == 5
    assert "All 12 unresolved alerts" in page
    assert "All 12 undecided proposals" in page
    assert "12 task types differ" in page
    assert "1 task type differs" in page
    assert viewer.page("/alerts").count('data-label="Segment"') == 12
    policies = viewer.page("/policies")
    assert "12 task types</small></summary>" in policies
    lines = re.findall(r"<div><small>(type-\d\d) (0\.\d\d)</small></div>", policies)
    assert lines[:12] == [(name, f"{0.5 + n / 100:.2f}") for n, name in enumerate(names)]
    assert lines[12:] == [("type-03", "0.61")]


def test_what_waits_is_counted_and_not_the_length_of_a_page(
    connection: Connection, viewer: Any
) -> None:
    for number in range(62):
        add_alert(connection, cause=f"misroute:simple:{number}")
        add_proposal(connection, task_type=f"type {number}")
    for number in range(9):
        add_proposal(connection, task_type=f"moving {number}", state="rolling_out")
    add_alert(connection, cause="over", state="resolved")
    page = viewer.page("/")
    assert "62 unresolved alerts." in page
    assert "62 proposals wait" in page
    assert "9 approved proposals are" in page
    assert ">All 62 unresolved alerts</a>" in page
    assert ">All 71 undecided proposals</a>" in page
    # Each leads to the list that was counted.
    assert 'href="/alerts?state=unresolved"' in page
    assert 'href="/proposals?state=undecided"' in page
    assert viewer.page("/alerts?state=unresolved").count('class="state resolved"') == 0
    assert viewer.page("/alerts").count('class="state resolved"') == 1


def test_a_judge_that_answers_at_random_is_the_first_thing_that_is_said(
    connection: Connection, viewer: Any
) -> None:
    for number in range(120):
        add_outcome(connection, number, 0.0, tier="standard", boundary="simple", direction="down")
    assert "No open alerts and nothing to decide." in viewer.page("/")
    add_anchors(connection, 102, 408)
    weigh_judge(connection, JUDGE)
    page = viewer.page("/")
    assert "No open alerts and nothing to decide." not in page
    main = page[page.index('<main id="main">') :]
    assert main.index("NOT TRUSTED: the judge") < main.index("<h1>Overview</h1>")
    assert "right on 102 of 408 anchors (25.0 %)" in main
    for path in ("/judge", "/alerts", "/proposals", "/pairs"):
        assert "NOT TRUSTED" in viewer.page(path), path


def test_a_corrected_rate_stands_beneath_the_judges_and_not_in_its_place(
    connection: Connection, viewer: Any
) -> None:
    pairs = []
    for number in range(400):
        pair = add_pair(connection, number)
        add_outcome(connection, number, float(number % 10 == 0), exchange_id=pair)
        pairs.append(pair)
    assert "do not correct it yet" not in viewer.page("/")
    for number, pair in enumerate(pairs[:200]):
        said = "alternative" if number % 20 == 0 else "tie"
        add_label(connection, pair, reviewer="ada", preferred=said, shown_first="served", note="")
        if number in {0, 2}:
            page = viewer.page("/")
            assert f"{number + 1} label" in page
            assert "do not correct it yet" in page
            assert "corrected by" not in page
            assert ">10.0 %</b>" in page
    page = viewer.page("/")
    assert ">10.0 %</b>" in page
    assert "corrected by 200 labels:" in page
    assert "slips of people not measured; at 5 % of labels it would be:" in page
    assert ">5.0 %</b>" in page


def test_overview_shows_saving_and_net_saving_with_the_parts(
    connection: Connection, viewer: Any
) -> None:
    add_rollup(
        connection, "simple", 9, sampled=1, cost_usd=1.0, cost_top_tier_usd=8.0,
        classifier_cost_usd=2.0,
    )  # fmt: skip
    exchange_id = add_pair(connection, 1)  # the shadow answer is .01
    connection.execute(
        text("update verdicts set cost_usd = 0.99 where exchange_id = :id"), {"id": exchange_id}
    )
    page = viewer.page("/")
    assert "87.5 %" in page  # 1 - 1/8
    assert "50.0 %" in page  # 1 - (1 + 2 + .01 + .99)/8
    section = page[page.index("<h2>Cost</h2>") :]
    cells = re.findall(r'data-label="[^"]+">([+=]? ?\$[0-9.]+)<', section)
    parts = ["$1.00", "+ $2.00", "+ $0.01", "+ $0.99", "+ $0.00", "= $4.00", "$8.00"]
    assert cells[: len(parts)] == parts
    assert "costs more than it saves" not in page


def test_overview_shows_a_net_loss_as_one(connection: Connection, viewer: Any) -> None:
    add_rollup(
        connection, "simple", 9, cost_usd=1.0, cost_top_tier_usd=8.0, classifier_cost_usd=9.0
    )
    page = viewer.page("/")
    assert "-25.0 %" in page  # 1 - 10/8
    assert "costs more than it saves" in page


def test_overview_says_whose_price_is_not_known(
    connection: Connection, config: Config, viewer: Any
) -> None:
    add_rollup(connection, "simple", 9, cost_usd=1.0, cost_top_tier_usd=8.0)
    assert "No price is known" not in viewer.page("/")
    unknown = replace(config, price_origins={"evaluation.judge": "unknown"})
    page = overview_page(connection, unknown, WEEK, gateway_url="")
    assert page.unpriced == ("evaluation.judge",)


def test_overview_funnel_says_when_it_does_not_sum(
    connection: Connection, config: Config, viewer: Any
) -> None:
    add_rollup(connection, "simple", 5, sampled=3, dropped=1)
    add_pair(connection, 1)
    page = overview_page(connection, config, WEEK, gateway_url="")
    assert (page.funnel.captured, page.funnel.judged, page.funnel.pending) == (3, 1, 1)
    assert page.funnel.sums
    assert ">adds up<" in viewer.page("/")

    add_pair(connection, 2)
    add_pair(connection, 3)
    assert "does not add up" in viewer.page("/")


def test_overview_tells_proposals_to_decide_from_those_under_way(
    connection: Connection, viewer: Any, policy: None
) -> None:
    add_proposal(connection)
    add_proposal(connection, tier="standard", state="rolling_out")
    page = viewer.page("/")
    assert "1 proposal waits for a decision." in page
    assert "1 approved proposal is being rolled out." in page


def test_what_is_outside_the_evidence_is_said_in_words(
    connection: Connection, viewer: Any, policy: None
) -> None:
    add_rollup(connection, "simple", 100)
    minute = dt.datetime.now(dt.UTC).replace(second=0, microsecond=0)
    rows = [
        OutsideCount(minute, "simple", reason, requests, 0)
        for reason, requests in (("pinned", 20.0), ("side_call", 10.0))
    ]
    add_outside_counts(connection, rows)
    page = viewer.page("/")
    assert "tier or model named by the caller 20.0 %, side call of a program 10.0 %" in page


def test_the_share_outside_the_evidence_is_said_by_source(
    connection: Connection, viewer: Any
) -> None:
    assert "other routers" not in viewer.page("/")
    rows = [
        ("app", "calls", 2000), ("app", "outside:error", 100), ("app", "outside:fallback", 150),
        ("proxy", "calls", 10), ("silent", "shed", 3),
    ]  # fmt: skip
    day = dt.date(2026, 11, 23)
    add_source_counts(connection, [SourceCount(day, *row) for row in rows])
    page = viewer.page("/")
    assert "app 12.5 % of 2,000 calls, proxy 0.0 % of 10 calls outside the evidence." in page


def test_a_reason_of_another_version_is_said_as_it_is() -> None:
    found = OutsideEvidence(
        share=0.3, reasons=(("not_known_yet", 0.2), ("media", 0.1)), estimated=frozenset({"media"})
    )
    assert found.said == (("not known yet", 0.2, False), ("media not kept", 0.1, True))


def add_burst(connection: Connection, task_type: str = "sql", density: float = 10.0) -> None:
    until = connection.execute(text("select now() + interval '9 min'")).scalar_one()
    put_burst(
        connection,
        ("simple", task_type),
        density=density,
        asked=10.0,
        statistic=1e4,
        level=2e7,
        until=until,
    )


def test_overview_says_what_is_sampled_more_densely_and_why(
    connection: Connection, viewer: Any, policy: None
) -> None:
    assert "times as densely" not in viewer.page("/")
    add_burst(connection)
    page = viewer.page("/")
    assert 'simple/sql is being sampled 10 times as densely</b> since <time datetime="20' in page
    assert "has come to 1 / 2,000 of an alert&#39;s" in page or "1 / 2,000 of an alert's" in page
    assert "budget has no money" not in page


def test_overview_says_when_the_budget_holds_a_burst_back(
    connection: Connection, viewer: Any, policy: None
) -> None:
    add_burst(connection, density=2.5)
    page = viewer.page("/")
    assert "simple/sql is being sampled 2.5 times as densely" in page
    assert "budget has no money for more" in page
    add_burst(connection, density=1.0)
    page = viewer.page("/")
    assert "simple/sql would be sampled 10 times as densely" in page
    assert "budget has no money for it" in page


def test_the_overview_says_what_evidence_costs(connection: Connection, viewer: Any) -> None:
    assert "What evidence costs" not in viewer.page("/")
    now = connection.exec_driver_sql("select now()").scalar_one()
    for number in range(10):
        at = now - dt.timedelta(hours=12 - number)
        pair = put.new_exchange_id(at.timestamp())
        put.add_exchange(connection, number, id=pair, arrived_at=at, tier="simple")
        put.add_shadow(connection, pair)
        put.add_verdict(connection, pair)
    connection.exec_driver_sql("update alternatives set created_at = now()")
    connection.exec_driver_sql("update verdicts set created_at = now()")
    text = " ".join(viewer.page("/").split("What evidence costs")[1].split())
    assert "<td>simple</td>" in text
    assert "$0.01<" in text
    assert "<td>complex</td>" not in text.split("</table>")[0]
