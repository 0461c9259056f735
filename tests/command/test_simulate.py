"""`tierwatch simulate`: what it prints, what it keeps, and when it fails."""

import json

import pytest
from click.testing import CliRunner, Result
from fakes.collaborators import scalar
from sqlalchemy import Engine

from tierwatch.command import main
from tierwatch.evaluation.simulation import certificate as certificates
from tierwatch.evaluation.simulation.adverse import topics
from tierwatch.evaluation.simulation.certificate_rows import Row


@pytest.fixture
def tierwatch(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> CliRunner:
    url = engine.url.render_as_string(hide_password=False)
    monkeypatch.setenv("TIERWATCH_DATABASE_URL", url)
    return CliRunner()


def run(runner: CliRunner, *arguments: str) -> Result:
    return runner.invoke(main, list(arguments))


def row(bar: str, value: float, limit: float, **changes: object) -> Row:
    columns: dict[str, object] = {
        "bar": bar,
        "recipe": "no change",
        "measure": "runs with a false alarm",
        "value": value,
        "low": value / 2,
        "high": value * 2,
        "limit": limit,
        "at_least": False,
        "runs": 100,
        "others": "a daily z-test 40 %",
    }
    return Row(**(columns | changes))  # type: ignore[arg-type]


def certify(monkeypatch: pytest.MonkeyPatch, *rows: Row) -> None:
    def certificate(*, quick: bool, said: object = None) -> tuple[Row, ...]:
        assert quick
        for one in rows:
            if said is not None:
                said(one)  # type: ignore[operator]
        return rows

    monkeypatch.setattr(certificates, "certificate", certificate)


def test_simulate_prints_each_bar_and_keeps_the_certificate(
    tierwatch: CliRunner, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    certify(monkeypatch, row("D1", 0.01, 0.0155), row("D2", 0.02, 0.0155))
    done = run(tierwatch, "simulate", "--quick")
    assert done.exit_code == 0, done.output
    assert "D1   holds" in done.output
    assert "D2   undecided" in done.output
    assert "others: a daily z-test 40 %" in done.output
    assert "1 of 2 bars hold, 1 undecided, 0 fail" in done.output
    assert "A quick run" in done.output
    kept = scalar(engine, "select rows from certificates where quick")
    assert [line["verdict"] for line in kept] == ["holds", "undecided"]


def test_a_failed_bar_is_exit_code_1(tierwatch: CliRunner, monkeypatch: pytest.MonkeyPatch) -> None:
    certify(monkeypatch, row("D1", 0.5, 0.0155))
    done = run(tierwatch, "simulate", "--quick", "--json")
    assert done.exit_code == 1
    assert json.loads(done.output)["rows"][0]["verdict"] == "fails"


def test_simulate_needs_no_database(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TIERWATCH_DATABASE_URL", "postgresql+psycopg://nobody@127.0.0.1:1/none")
    certify(monkeypatch, row("D1", 0.01, 0.0155))
    done = run(CliRunner(), "simulate", "--quick")
    assert done.exit_code == 0
    assert "Not kept for the dashboard" in done.output


def test_adverse_rows_are_shown_and_what_is_not_promised_fails_nothing(
    tierwatch: CliRunner, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = scalar(engine, "select count(*) from certificates")
    shown = (row("V3", 0.4, 0.01, promised=False), row("V1", 0.001, 0.01))
    certify(monkeypatch)
    monkeypatch.setattr(topics, "adverse", lambda **_: shown)
    done = run(tierwatch, "simulate", "--adverse", "--quick", "--json")
    assert done.exit_code == 0, done.output
    verdicts = [line["verdict"] for line in json.loads(done.output)["rows"]]
    assert verdicts == ["not promised", "holds"]
    # The judge page shows the bars: adverse rows do not take their place.
    assert scalar(engine, "select count(*) from certificates") == before
    monkeypatch.setattr(topics, "adverse", lambda **_: (row("V1", 0.4, 0.01),))
    done = run(tierwatch, "simulate", "--adverse", "--quick")
    assert done.exit_code == 1
    assert "1 fail, 0 are not promised" in done.output
    assert "Not kept" not in done.output
