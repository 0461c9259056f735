"""`tierwatch replay-policy`: what it prints of the pairs judged so far, and what it refuses."""

import json

import factories.rows as put
import pytest
from click.testing import CliRunner, Result
from sqlalchemy import Engine

from tierwatch.command import main


@pytest.fixture
def tierwatch(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> CliRunner:
    url = engine.url.render_as_string(hide_password=False)
    monkeypatch.setenv("TIERWATCH_DATABASE_URL", url)
    return CliRunner()


def run(runner: CliRunner, *arguments: str) -> Result:
    return runner.invoke(main, list(arguments))


def test_replay_policy_says_what_would_have_been(tierwatch: CliRunner, engine: Engine) -> None:
    with engine.begin() as connection:
        put.add_policy(connection)
        put.put_in_force(connection)
        for number in range(80):
            pair = put.add_exchange(connection, number)
            put.add_shadow(connection, pair)
            confidence = 0.75 if number % 2 else 0.9
            loss = float(number % 4 == 1)
            put.add_outcome(connection, number, loss, exchange_id=pair, confidence=confidence)
    done = run(tierwatch, "replay-policy", "--threshold", "simple=0.8")
    assert done.exit_code == 0, done.output
    assert "simple: threshold 0.7 to 0.8" in done.output
    assert "misroute rate now     25.0 %" in done.output
    assert "misroute rate then    0.0 %" in done.output
    assert "standard: threshold unchanged" in done.output
    found = json.loads(
        run(tierwatch, "replay-policy", "--threshold", "simple=0.8", "--json").output
    )
    assert found["boundaries"][0]["misroute"]["value"] == 0.0


@pytest.mark.parametrize(
    ("given", "what"),
    [("simple", "accepted is TIER=X"), ("simple=low", "accepted is TIER=X")],
)
def test_a_threshold_that_is_none_is_wrong_use(tierwatch: CliRunner, given: str, what: str) -> None:
    done = run(tierwatch, "replay-policy", "--threshold", given)
    assert done.exit_code == 2
    assert what in done.output
