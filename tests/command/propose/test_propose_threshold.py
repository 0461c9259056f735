"""`tierwatch propose-threshold`: a proposal of a person; each mistake in one sentence."""

import json
from pathlib import Path

import factories.rows as put
import pytest
from click.testing import CliRunner, Result
from fakes.collaborators import rows, scalar
from sqlalchemy import Engine, text

from tierwatch.command import main
from tierwatch.store.people.users import add_user

CONFIG = """\
routing:
  classifier: {kind: heuristic}
  tiers:
    simple: {model: simple-1, cost: 1}
    standard: {model: standard-1, cost: 4}
    complex: {model: large-1, cost: 15}
providers:
  lab: {kind: openai, base_url: "http://127.0.0.1:1/v1"}
evaluation:
  judge: {model: judge-1}
"""
ALONE = CONFIG + "  retune: {own_proposals: anybody}\n"
TWO = CONFIG + "  retune: {approvals: 2}\n"
WANTED = ("--tier", "simple", "--threshold", "0.65", "--reason", " too dear ")


@pytest.fixture
def policy(engine: Engine) -> None:
    with engine.begin() as connection:
        put.add_policy(connection)
        put.put_in_force(connection)
        add_user(connection, "ada", "correct horse battery", "approver")
        add_user(connection, "vic", "correct horse battery", "reviewer")
        add_user(connection, "old", "correct horse battery", "admin")
        connection.execute(text("update users set disabled_at = now() where name = 'old'"))


@pytest.fixture
def tierwatch(
    engine: Engine, policy: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> CliRunner:
    (tmp_path / "tierwatch.yaml").write_text(CONFIG)
    monkeypatch.setenv("TIERWATCH_CONFIG", str(tmp_path / "tierwatch.yaml"))
    monkeypatch.setenv("TIERWATCH_DATABASE_URL", engine.url.render_as_string(hide_password=False))
    return CliRunner()


def run(runner: CliRunner, *given: str) -> Result:
    return runner.invoke(main, ["propose-threshold", *given])


def test_a_user_proposes_and_the_audit_says_from_where(
    tierwatch: CliRunner, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LOGNAME", "root")
    with engine.begin() as connection:
        for number in range(1, 301):
            put.add_outcome(connection, number, 0.0, confidence=0.5 + (number % 50) / 100)
    done = run(tierwatch, *WANTED, "--user", "ada")
    assert done.exit_code == 0, done.output
    first, second, third = done.output.splitlines()
    (made,) = rows(engine, "select * from proposals")
    assert first == f"proposal {made.id} by ada: simple, 0.70 to 0.65"
    assert second.startswith("certified: at 0.65 the misroute rate is at most")
    assert "waits for a decision" in third
    assert (made.state, made.proposed_by, made.proposed_why) == ("open", "ada", "too dear")
    (line,) = rows(engine, "select * from audit where action = 'proposal.made'")
    assert (line.actor, line.detail["through"]) == ("ada", "root (command line)")


def test_where_anybody_may_approve_nobody_need_be_named(
    tierwatch: CliRunner, engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LOGNAME", "root")
    (tmp_path / "tierwatch.yaml").write_text(ALONE)
    done = run(tierwatch, *WANTED, "--json")
    assert done.exit_code == 0, done.output
    said = json.loads(done.output)
    assert (said["tier"], said["task_type"], said["from"], said["to"]) == (
        "simple", "all", 0.7, 0.65,
    )  # fmt: skip
    assert (said["certified"], said["pairs"]) == (False, 0)
    assert "nothing to certify from" in said["reason"]
    assert said["proposed_by"] == "root (command line)"
    assert scalar(engine, "select proposed_by from proposals") == "root (command line)"
    again = run(tierwatch, *WANTED)
    assert again.exit_code == 1
    assert f"proposal {said['proposal']} about simple is open" in again.output


def test_a_reason_that_is_no_text_is_kept_as_far_as_it_is(
    tierwatch: CliRunner, engine: Engine
) -> None:
    done = run(
        tierwatch, "--tier", "simple", "--threshold", "0.6", "--reason", "dear \udcff",
        "--user", "ada",
    )  # fmt: skip
    assert done.exit_code == 0, done.output
    assert scalar(engine, "select proposed_why from proposals") == "dear ?"


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"--user": None}, "--user: found nothing; accepted: the dashboard user who proposes"),
        ({"--user": "nobody"}, "--user: found 'nobody'"),
        ({"--user": "old"}, "--user: found 'old'"),
        ({"--user": "vic"}, "--user: found 'vic', a reviewer; accepted: an approver or an admin"),
        ({"--tier": "complex"}, "accepted: simple, standard"),
        ({"--threshold": "0.655"}, "accepted: 0 to 1 with two decimals"),
        ({"--threshold": "nan"}, "accepted: 0 to 1 with two decimals"),
        ({"--threshold": "inf"}, "accepted: 0 to 1 with two decimals"),
        ({"--threshold": "0.7"}, "which is active"),
        ({"--reason": " "}, "reason is required"),
        ({"--task-type": "sql"}, "task type: found 'sql'; accepted: all"),
    ],
)
def test_a_mistake_is_one_sentence(
    tierwatch: CliRunner, engine: Engine, changes: dict[str, str | None], said: str
) -> None:
    given = dict(zip(WANTED[::2], WANTED[1::2], strict=True)) | {"--user": "ada"} | changes
    words = [word for name, value in given.items() if value is not None for word in (name, value)]
    done = run(tierwatch, *words)
    assert done.exit_code == 2, done.output
    assert said in done.output
    assert "Traceback" not in done.output
    assert scalar(engine, "select count(*) from proposals") == 0


def test_one_of_two_persons_has_to_be_named(tierwatch: CliRunner, tmp_path: Path) -> None:
    (tmp_path / "tierwatch.yaml").write_text(TWO)
    done = run(tierwatch, *WANTED)
    assert done.exit_code == 2
    assert "--user: found nothing" in done.output
    assert run(tierwatch, *WANTED, "--user", "ada").exit_code == 0


def test_before_there_is_a_policy_it_says_so(tierwatch: CliRunner, engine: Engine) -> None:
    with engine.begin() as connection:
        connection.execute(text("delete from active_policy"))
    done = run(tierwatch, *WANTED, "--user", "ada")
    assert done.exit_code == 1
    assert "there is no policy yet" in done.output
