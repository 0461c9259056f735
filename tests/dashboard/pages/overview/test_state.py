import datetime as dt
from dataclasses import replace
from typing import Any

import pytest
from factories.evidence import attribution
from factories.rows import NOW, add_alert, add_rollup
from sqlalchemy import Connection

from tierwatch.dashboard.figures import Figure
from tierwatch.dashboard.pages.overview.state import state
from tierwatch.dashboard.pages.overview.tier_lines import TierLine
from tierwatch.evaluation.evidence.attribution_document import read_attribution
from tierwatch.store.alerts import Alert
from tierwatch.store.pages.lists import alerts


def rate(value: float, low: float, high: float, n: int = 400) -> Figure:
    return Figure(value, low, high, n, 30, "judge rate")


def line(name: str, state_: str | None, tolerance: float | None = 0.05, **changes: Any) -> TierLine:
    found = TierLine(
        name=name, model="m", requests=1, unfamiliar=0, share=None, errors=0, escalated=0,
        cost_usd=0.0, latency_ms=None, pairs=0, threshold=None, candidate_threshold=None,
        own_thresholds=0, tolerance=tolerance, state=state_, misroute=rate(0.4, 0.3, 0.5),
        corrected=None, supposed=None, labels=0, overspend=None, inconclusive=None,
    )  # fmt: skip
    return replace(found, **changes)


HELD = {"simple": rate(0.031, 0.022, 0.044)}


def said(*tiers: TierLine, opened: Any = (), net: float | None = 0.61, **changes: Any) -> Any:
    known = {"distrusted": False, "net_saving": net} | changes
    return state(tiers, HELD, opened, **known)


@pytest.fixture
def alert(connection: Connection) -> Alert:
    add_alert(connection, tier="standard", opened_at=NOW)
    [found] = alerts(connection)
    return replace(found, attribution=None, began_at=None)


def test_quality_that_is_held_is_said_with_figures_and_what_is_saved() -> None:
    found = said(line("simple", "OK"), line("complex", None, None))
    assert found.words == (
        "Quality held on simple (3.1 %, 2.2 to 4.4 %; tolerated 5.0 %). Saving 61.0 % net."
    )
    assert found.tone == "good"


def test_a_tier_with_an_alert_is_said_since_when_and_why(alert: Alert) -> None:
    known = replace(alert, attribution=read_attribution(attribution(cause="model")))
    found = said(line("simple", "OK"), line("standard", "ALERT", 0.15), opened=[known])
    said_of_it = "has been worse than tolerated since 2026-11-23 12:00:00 UTC: its model changed."
    assert f"{known.segment[:1].upper()}{known.segment[1:]} {said_of_it}" in found.words
    assert found.tone == "bad"
    before = replace(alert, began_at=NOW - dt.timedelta(hours=2))
    assert "since 2026-11-23 10:00:00 UTC" in said(line("standard", "OK"), opened=[before]).words


@pytest.mark.parametrize(
    ("kind", "cause", "words"),
    [
        ("past", "past:tier_worse:standard", "it answers worse than before"),
        ("model_drift", "model_drift:standard:m", "its model changed"),
    ],
)
def test_a_tier_that_is_not_what_it_was_is_not_said_to_hold(
    alert: Alert, kind: str, cause: str, words: str
) -> None:
    known = replace(alert, kind=kind, cause=cause)
    found = said(line("simple", "OK"), line("standard", "OK", 0.5), opened=[known])
    assert f"Standard is not trusted since 2026-11-23 12:00:00 UTC: {words}." in found.words
    assert "Quality held on simple" in found.words
    assert found.tone == "bad"


def test_a_tier_that_got_better_is_still_held(alert: Alert) -> None:
    known = replace(alert, kind="past", cause="past:tier_better:simple", tier="simple")
    assert said(line("simple", "OK"), opened=[known]).tone == "good"


def test_an_alert_of_another_tier_or_kind_says_nothing_of_this_one(alert: Alert) -> None:
    others = [replace(alert, tier="other"), replace(alert, kind="budget", tier="simple")]
    assert said(line("simple", "OK"), opened=others).tone == "good"


@pytest.mark.parametrize(
    ("word", "words", "tone"),
    [
        ("ALERT", "Simple is worse than tolerated (3.1 %", "bad"),
        ("WARNING", "Close to an alert: simple (3.1 %", "warn"),
        ("INCONCLUSIVE", "Neither held nor broken yet: simple (3.1 %", "plain"),
        ("NO_DATA", "Too few pairs under the active policy to say anything of simple.", "plain"),
    ],
)
def test_every_other_state(word: str, words: str, tone: str) -> None:
    found = said(line("simple", word))
    assert found.words.startswith(words)
    assert found.tone == tone


def test_one_tier_that_is_not_known_keeps_the_sentence_from_green() -> None:
    assert said(line("simple", "OK"), line("standard", "INCONCLUSIVE")).tone == "plain"


def test_while_the_judge_is_not_trusted_nothing_is_said_to_hold() -> None:
    found = said(line("simple", "OK"), distrusted=True)
    assert "held on" not in found.words
    assert found.words.startswith("The judge is not trusted:")
    assert found.tone == "bad"


@pytest.mark.parametrize(
    ("net", "words"),
    [(-0.25, "Routing and watching cost 25.0 % more than they save."), (None, "served yet.")],
)
def test_what_is_saved(net: float | None, words: str) -> None:
    assert said(net=net).words.endswith(words)


def test_the_page_says_it_first(connection: Connection, viewer: Any, policy: None) -> None:
    add_rollup(connection, "simple", 60, cost_usd=1.0, cost_top_tier_usd=4.0)
    page = viewer.page("/")
    start = page.index("<h1>Overview</h1>")
    sentence = page.index("Too few pairs under the active policy to say anything of simple and")
    assert start < sentence < page.index("No open alerts and nothing to decide.")
    assert "Saving 75.0 % net." in page
    assert "1 h ago" in page  # the newest traffic
