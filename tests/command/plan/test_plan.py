"""`tierwatch plan` says what a rise takes on the traffic there is."""

import datetime as dt
from pathlib import Path

import factories.rows as put
import pytest
from click.testing import CliRunner
from factories.config import ARTICLE
from sqlalchemy import Engine, text

from tierwatch.command.plan.plan import command, run_plan
from tierwatch.settings import Settings

NOW = dt.datetime.now(dt.UTC)


@pytest.fixture
def settings(engine: Engine, tmp_path: Path) -> Settings:
    (tmp_path / "tierwatch.yaml").write_text(ARTICLE)
    url = engine.url.render_as_string(hide_password=False)
    return Settings(config=tmp_path / "tierwatch.yaml", database_url=url)


def sample(engine: Engine, pairs: int) -> None:
    """Pairs of the last two days, every one in half of them judged."""
    with engine.begin() as connection:
        for number in range(pairs):
            at = NOW - dt.timedelta(days=2) + dt.timedelta(hours=number)
            pair = put.new_exchange_id(at.timestamp())
            put.add_exchange(connection, number, id=pair, arrived_at=at, task_type="sql")
            put.add_shadow(connection, pair)
            put.add_verdict(connection, pair)
        connection.execute(text("update alternatives set created_at = now()"))


def test_without_traffic_there_is_nothing_to_plan(
    settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    run_plan(settings, rise=(0.05, 0.10), days=7, now=NOW)
    assert "no traffic to plan for" in capsys.readouterr().out


def test_it_says_days_rates_and_money(
    engine: Engine, settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    sample(engine, 20)
    run_plan(settings, rise=(0.05, 0.25), days=2, now=NOW)
    said = capsys.readouterr().out
    assert "From 5 % to 25 %, 5 % tolerated: an alert takes" in said
    (line,) = (line for line in said.splitlines() if line.startswith("simple"))
    cells = line.replace("|", " ").split()
    assert float(cells[1]) == pytest.approx(10, rel=0.05)  # 20 pairs in two days
    assert float(cells[2]) == pytest.approx(0.12, rel=0.05)  # at .012 USD
    assert "Judge:" in said


@pytest.mark.parametrize("rise", ["5", "10:5", "5:x", "0:5", "5:200", "5:5.5"])
def test_a_rise_that_is_none_is_refused_with_what_is_accepted(rise: str) -> None:
    found = CliRunner().invoke(command, ["--rise", rise])
    assert found.exit_code == 2
    assert "5:10" in found.output
