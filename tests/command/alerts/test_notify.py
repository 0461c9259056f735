"""`tierwatch notify`: does an alert arrive, and if not, send it again."""

import uuid
from pathlib import Path

import factories.rows as put
import pytest
from click.testing import CliRunner, Result
from factories.config import ARTICLE
from factories.stacks import write_running
from fakes.socket_receiver import sockets
from sqlalchemy import Engine

from tierwatch.command import main
from tierwatch.store.outbox.deliveries import set_failed, set_taken, take_deliveries
from tierwatch.store.outbox.events import add_event, spread_events


@pytest.fixture
def _database(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    url = engine.url.render_as_string(hide_password=False)
    monkeypatch.setenv("TIERWATCH_DATABASE_URL", url)


def run(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["notify", *arguments])


def test_a_test_prints_what_each_destination_answers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with sockets(503) as down, sockets(200) as up:
        path = tmp_path / "tierwatch.yaml"
        hooks = f"notify: [{{name: ops, url: '{up.url}'}}, {{url: env:HOOK}}]\n"
        path.write_text(ARTICLE + hooks)
        monkeypatch.setenv("TIERWATCH_CONFIG", str(path))
        missing = run("test")
        assert missing.exit_code == 2
        assert "HOOK: found nothing" in missing.output
        monkeypatch.setenv("HOOK", down.url)
        done = run("test")
    assert done.exit_code == 1
    assert "ok      log: written" in done.output
    assert "ok      ops: HTTP 200" in done.output
    assert "failed  webhook 2: HTTP 503" in done.output
    assert down.url not in done.output
    assert b'"type": "alert.test"' in up.bodies[0]


def test_a_test_that_all_have_taken_is_a_success(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "tierwatch.yaml"
    path.write_text(ARTICLE)
    monkeypatch.setenv("TIERWATCH_CONFIG", str(path))
    assert run("test").exit_code == 0


def test_a_test_beside_a_stack_asks_the_destinations_of_its_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("DATABASE_URL", "REDIS_URL", "BROKER_URL", "CACHE_URL", "CONFIG"):
        monkeypatch.delenv(f"TIERWATCH_{name}", raising=False)
    monkeypatch.setenv("TIERWATCH_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.chdir(tmp_path)
    with sockets(200) as up:
        # As `tierwatch up --config other.yaml` leaves it, beside the file of another name.
        (tmp_path / "tierwatch.yaml").write_text(ARTICLE)
        other = tmp_path / "other.yaml"
        other.write_text(f"{ARTICLE}notify: [{{name: ops, url: '{up.url}'}}]\n")
        write_running(tmp_path / "data", config=str(other), dashboard_port="9002")
        done = run("test")
    assert (done.exit_code, "ok      ops: HTTP 200" in done.output) == (0, True)
    assert b"http://127.0.0.1:9002" in up.bodies[0]


@pytest.mark.usefixtures("_database")
def test_what_failed_is_listed_and_sent_again(engine: Engine) -> None:
    assert run("list").output == "Nothing has been sent yet.\n"
    assert run("retry").output == "0 events wait to be sent again.\n"
    with engine.begin() as connection:
        alert = put.add_alert(connection)
        add_event(connection, alert, {"type": "alert.opened"})
        spread_events(connection, ["log", "ops"])
        for name in ("log", "ops"):
            take = {"kind": name, "lease": uuid.uuid4(), "lease_s": 60.0}
            [one] = take_deliveries(connection, name, **take)  # type: ignore[arg-type]
            if name == "log":
                set_taken(connection, one.id, name, "written")
            else:
                set_failed(connection, one.id, name, "HTTP 422")
    lines = run("list").output.splitlines()
    assert lines[0] == "log: ok, 0 waiting, 0 failed; last answer: written"
    assert lines[1].startswith("ops: failing since 2")
    assert lines[1].endswith(", 0 waiting, 1 failed; last answer: HTTP 422")
    assert run("retry", "--alert", str(alert + 1)).output == "0 events wait to be sent again.\n"
    assert run("retry", "--alert", str(alert)).output == "1 event waits to be sent again.\n"
    assert "1 waiting, 0 failed" in run("list").output
    assert run("retry", "--alert", "0").exit_code == 2
