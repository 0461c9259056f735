import datetime as dt
from dataclasses import replace
from typing import Any

import pytest
from factories.rows import NOW
from factories.sources import CONFIG
from flask import Flask
from sqlalchemy import Connection

from tierwatch.config import Config, load_config
from tierwatch.dashboard.pages import sources
from tierwatch.dashboard.pages.sources import OutsideLine, source_line, sources_page
from tierwatch.dashboard.time_range import read_range
from tierwatch.store.traffic.sources import SourceCount, SourceFunnel, add_source_counts

DAY = NOW.date()
LAST_WEEK = read_range("-7d", "", NOW)


@pytest.fixture
def watching(tmp_path: Any) -> Config:
    """A configuration with the sources ``proxy`` and ``app``."""
    path = tmp_path / "watching.yaml"
    path.write_text(CONFIG)
    return load_config(path)


def add(connection: Connection, source: str, day: dt.date = DAY, **counts: int) -> None:
    rows = [SourceCount(day, source, what, calls) for what, calls in counts.items()]
    add_source_counts(connection, rows)


def test_without_sources_the_page_says_how_one_is_pointed_here(viewer: Any) -> None:
    page = viewer.page("/sources")
    assert "No other router sent anything" in page
    assert "docs/sources/README.md" in page
    assert "LITELLM_INTAKE_KEY" in page
    assert 'href="/sources"' in viewer.page("/")


def test_a_source_is_a_row(connection: Connection, logged_in: Any, clock: Any) -> None:
    clock.now = NOW.timestamp()
    add(connection, "proxy", calls=1000, sampled=70, repeat=500, shed=3, frame=12)
    add(connection, "proxy", **{"outside:intake_truncated": 120, "outside:error": 5})
    page = logged_in("viewer").page("/sources")
    row = page.partition("<tbody>")[2].partition("</tbody>")[0]
    for said in ("1,500", "1,000", "70", "12.5 %", "12.0 %", "frame", str(DAY)):
        assert said in row
    assert row.index("intake_truncated") < row.index("error")
    assert "No other router" not in page


def test_a_source_that_only_sheds_has_no_share(connection: Connection) -> None:
    funnel = SourceFunnel("app", 0, 0, {"error": 2}, {"shed": 4, "repeat": 1, "frame": 2}, DAY)
    line = source_line(funnel)
    assert line.outside == (OutsideLine("error", 2, None),)
    assert line.passed_over == {"frame": 2}
    assert (line.funnel.received, line.funnel.shed) == (1, 4)


def test_a_source_with_a_key_that_sent_nothing_is_named(
    connection: Connection, watching: Config
) -> None:
    add(connection, "app", calls=1)
    add(connection, "an import", calls=2)
    page = sources_page(connection, watching, LAST_WEEK)
    assert [one.funnel.source for one in page.sources] == ["an import", "app"]
    assert page.silent == ("proxy",)


def test_a_pull_of_which_nothing_came_is_named_and_a_refused_key_is_said(
    connection: Connection, tmp_path: Any
) -> None:
    path = tmp_path / "pulling.yaml"
    pull = "{source: chat, kind: openai, key: env:K}"
    path.write_text(CONFIG.replace("intake:\n", f"intake:\n  pulls: [{pull}]\n"))
    config = load_config(path)
    assert sources_page(connection, config, LAST_WEEK).silent == ("app", "chat", "proxy")
    add(connection, "chat", pull_refused=3)
    add(connection, "other", pull_refused=3)  # of a pull that is no longer configured
    page = sources_page(connection, config, LAST_WEEK)
    assert (page.silent, page.refused) == (("app", "proxy"), {"chat": 3})


def test_a_refused_key_stands_on_the_page(
    connection: Connection, logged_in: Any, clock: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock.now = NOW.timestamp()
    add(connection, "chat", pull_refused=3)
    empty = sources.sources_page

    def refusing(*given: Any) -> Any:
        return replace(empty(*given), refused={"chat": 3})

    monkeypatch.setattr(sources, "sources_page", refusing)
    page = logged_in("viewer").page("/sources")
    assert "The key of the pull chat was refused 3 times in this time." in page
    assert "tierwatch pull chat" in page


def test_a_range_ends_before_the_day_that_begins_at_its_end(
    connection: Connection, watching: Config
) -> None:
    add(connection, "app", day=DAY, calls=1)
    add(connection, "app", day=DAY - dt.timedelta(days=1), calls=10)
    add(connection, "app", day=DAY - dt.timedelta(days=2), calls=100)
    asked = read_range(str(DAY - dt.timedelta(days=1)), str(DAY), NOW)
    (line,) = sources_page(connection, watching, asked).sources
    assert line.funnel.calls == 10
    (line,) = sources_page(connection, watching, replace(asked, until=NOW)).sources
    assert line.funnel.calls == 11


@pytest.mark.parametrize("query", ["from=x", "from=-1h&to=-2h", "to=yesterday"])
def test_a_bad_range_is_answered_on_the_page(viewer: Any, app: Flask, query: str) -> None:
    response = viewer.get(f"/sources?{query}")
    assert response.status_code == 400
    assert 'role="alert"' in response.text
    assert "No other router sent anything" in response.text
