"""The doctor says whether verdicts reach the tools in whose traces they belong."""

import datetime as dt
import uuid
from pathlib import Path
from typing import Any

from factories.config import ARTICLE
from sqlalchemy import Engine

from tierwatch.command.examining.scores import score_finding, score_findings
from tierwatch.settings import read_settings
from tierwatch.store.outbox.deliveries import set_repeated, take_lease
from tierwatch.store.traced.scores import ScoreLine, queue_score

SCORES = 'scores: [{kind: phoenix, name: px, base_url: "http://phoenix:6006"}]\n'
SINCE = dt.datetime(2026, 12, 1, 8, 30, tzinfo=dt.UTC)


def settings(folder: Path, text: str, url: str) -> Any:
    path = folder / "tierwatch.yaml"
    path.write_text(text)
    return read_settings({"TIERWATCH_CONFIG": str(path), "TIERWATCH_DATABASE_URL": url})


def test_a_place_that_takes_everything_is_well() -> None:
    found = score_finding("lf", ScoreLine("lf", None, "HTTP 200", 3, 1))
    assert (found.what, found.ok, found.warning) == ("scores, lf", True, False)
    assert found.detail == "3 waiting, 1 failed in 30 days"


def test_one_that_does_not_is_a_warning_with_its_answer() -> None:
    found = score_finding("lf", ScoreLine("lf", SINCE, "HTTP 401", 3, 0))
    assert found.warning
    assert "since 2026-12-01 08:30 UTC (HTTP 401); 3 waiting" in found.detail


def test_one_that_was_never_sent_to_is_said() -> None:
    assert score_finding("lf", None).detail == "nothing has been sent yet"


def test_places_of_the_file_are_looked_up(engine: Engine, tmp_path: Path) -> None:
    url = engine.url.render_as_string(hide_password=False)
    at = settings(tmp_path, ARTICLE + SCORES, url)
    [found] = score_findings(at)
    assert found.detail == "nothing has been sent yet"
    body: Any = {"id": "tierwatch-1"}
    with engine.begin() as connection:
        queue_score(connection, uuid.UUID(int=1), body, ["px", "gone"])
        assert take_lease(connection, "px", kind="phoenix", lease=uuid.UUID(int=2), lease_s=1)
        set_repeated(connection, "px", "HTTP 503", taken=False)
    [found] = score_findings(at)
    assert (found.what, found.warning) == ("scores, px", True)
    assert "HTTP 503" in found.detail


def test_without_the_section_or_a_file_nothing_is_looked_up(tmp_path: Path) -> None:
    away = "postgresql+psycopg://nobody@127.0.0.1:1/none"
    assert score_findings(settings(tmp_path, ARTICLE, away)) == []
    assert score_findings(settings(tmp_path, "routing: 1\n", away)) == []


def test_without_a_database_it_says_nothing_more(tmp_path: Path) -> None:
    away = "postgresql+psycopg://nobody@127.0.0.1:1/none"
    assert score_findings(settings(tmp_path, ARTICLE + SCORES, away)) == []
