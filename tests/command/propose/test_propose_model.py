"""`tierwatch propose-model`: begins, waits, shows and cancels; each mistake in one sentence."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from factories.trials import begin
from fakes.collaborators import rows, scalar
from sqlalchemy import Engine, text

from tierwatch.command import main
from tierwatch.command.propose.propose_model import price_of_text, progress_lines, wanted_of
from tierwatch.errors import UsageError
from tierwatch.routing.tiers import Price
from tierwatch.store.trials.model_trials import end_trial

CONFIG = """\
routing:
  classifier: {kind: heuristic}
  tiers: {simple: {model: simple-1, cost: 1}, complex: {model: large-1, cost: 15}}
providers:
  lab: {kind: openai, base_url: "http://127.0.0.1:1/v1"}
evaluation:
  judge: {model: judge-1}
"""
NOTHING: dict[str, object] = dict.fromkeys(
    ("tier", "model", "provider", "price", "effort", "sample", "budget", "worse_by", "delta")
)


@pytest.fixture
def tierwatch(engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> CliRunner:
    (tmp_path / "tierwatch.yaml").write_text(CONFIG)
    monkeypatch.setenv("TIERWATCH_CONFIG", str(tmp_path / "tierwatch.yaml"))
    monkeypatch.setenv("TIERWATCH_DATABASE_URL", engine.url.render_as_string(hide_password=False))
    return CliRunner()


def run(runner: CliRunner, *given: str) -> Result:
    return runner.invoke(main, ["propose-model", *given])


@pytest.fixture
def trial_id(engine: Engine) -> int:
    with engine.begin() as connection:
        return begin(connection, 0)


def test_it_begins_and_goes(tierwatch: CliRunner, engine: Engine, trial_id: int) -> None:
    with engine.begin() as connection:
        end_trial(connection, trial_id, "refused", why="worse")
    done = run(
        tierwatch, "--tier", "simple", "--model", "small-2", "--price", "0.1/0.2", "--sample",
        "50", "--budget", "2", "--detach",
    )  # fmt: skip
    assert done.exit_code == 0, done.output
    assert f"trial {trial_id + 1} has begun" in done.output
    (row,) = rows(engine, "select * from model_trials where state = 'running'")
    assert (row.served, row.sample, row.budget_usd) == ("simple-1", 50, 2.0)
    assert row.candidate["price"]["output_usd_per_mtok"] == 0.2


def test_json_of_what_was_begun(tierwatch: CliRunner, engine: Engine, trial_id: int) -> None:
    with engine.begin() as connection:
        end_trial(connection, trial_id, "refused", why="worse")
    done = run(tierwatch, "--tier", "simple", "--effort", "low", "--detach", "--json")
    found = json.loads(done.output)
    assert (found["state"], found["candidate"]["effort"], found["pairs"]) == ("running", "low", 0)


@pytest.mark.parametrize(
    ("state", "code"), [("certified", 0), ("refused", 1), ("undecided", 1), ("failed", 1)]
)
def test_how_it_ended(
    tierwatch: CliRunner, engine: Engine, trial_id: int, state: str, code: int
) -> None:
    with engine.begin() as connection:
        end_trial(
            connection, trial_id, state, why="as was seen",  # type: ignore[arg-type]
            proposal_id=4 if state == "certified" else None,
        )  # fmt: skip
    done = run(tierwatch, "--show", str(trial_id))
    assert done.exit_code == code
    assert f"trial {trial_id}: {state}, as was seen" in done.output
    assert ("proposal 4 waits for a decision" in done.output) is (state == "certified")


def test_a_trial_is_cancelled(tierwatch: CliRunner, engine: Engine, trial_id: int) -> None:
    assert run(tierwatch, "--cancel", str(trial_id)).exit_code == 0
    assert scalar(engine, "select state from model_trials") == "cancelled"
    again = run(tierwatch, "--cancel", str(trial_id))
    assert again.exit_code == 1
    assert "is cancelled already" in again.output


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (["--model", "m"], "--tier: found nothing"),
        (["--tier", "simple"], "name what is to be tried"),
        (["--tier", "simple", "--model", "m", "--price", "cheap"], "--price: found 'cheap'"),
        (["--tier", "simple", "--model", "m", "--price", "-1/2"], "--price: found '-1/2'"),
        (["--tier", "simple", "--model", "m", "--price", "1/2/3/4/5"], "--price: found"),
        (["--show", "99"], "there is no trial 99"),
        (["--tier", "nowhere", "--model", "m"], "accepted: simple, complex"),
    ],
)
def test_a_mistake_is_one_sentence(
    tierwatch: CliRunner, trial_id: int, given: list[str], said: str
) -> None:
    done = run(tierwatch, *given)
    assert done.exit_code != 0
    assert said in done.output
    assert "Traceback" not in done.output


def test_progress_is_a_line_whenever_it_moves(engine: Engine, trial_id: int) -> None:
    def moves() -> Iterator[str]:
        yield (
            "insert into model_trial_pairs (trial_id, exchange_id, session, task_type, weight,"
            " served_usd, result, judge_usd) values (1, gen_random_uuid(), 's', 'all', 1, 0, 'tie',"
            " 0.5)"
        )
        yield "select 1"
        yield "update model_trials set why = 'the judge is away'"
        yield "update model_trials set state = 'refused'"

    steps = moves()

    def wait(_: float) -> None:
        with engine.begin() as connection:
            connection.execute(text(next(steps)))

    assert list(progress_lines(engine, trial_id, wait)) == [
        "0 of up to 200 pairs, 0.0000 USD",
        "1 of up to 200 pairs, 0.5000 USD; waits for more sampled traffic of the tier",
        "1 of up to 200 pairs, 0.5000 USD; the judge is away",
    ]


def test_nothing_that_is_drawn_is_said_after_a_minute(engine: Engine, trial_id: int) -> None:
    waits = iter(range(70))

    def wait(_: float) -> None:
        if next(waits) == 65:
            with engine.begin() as connection:
                end_trial(connection, trial_id, "cancelled", why="")

    lines = list(progress_lines(engine, trial_id, wait))
    assert len(lines) == 2
    assert "is a worker running" in lines[1]


def test_a_price_as_it_is_typed() -> None:
    assert price_of_text("3") == Price(3, 3)
    assert price_of_text("3/15") == Price(3, 15)
    assert price_of_text("3/15/0.3/3.75") == Price(3, 15, 0.3, 3.75)
    for wrong in ("", "nan", "3/", "inf/1", "3,15"):
        with pytest.raises(UsageError, match="accepted: USD per million tokens"):
            price_of_text(wrong)


def test_what_is_not_said_is_as_it_is_documented() -> None:
    wanted = wanted_of(NOTHING | {"tier": "simple", "model": "m"})
    assert (wanted.sample, wanted.budget_usd, wanted.worse_by, wanted.delta) == (
        1000,
        10,
        0.05,
        0.05,
    )
