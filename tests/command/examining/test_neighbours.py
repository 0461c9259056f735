"""The processes of tierwatch, seen from beside: there, away, and somebody else in their place."""

import datetime as dt
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
from sqlalchemy import Engine

from tierwatch.command.examining.neighbours import (
    loop_findings,
    neighbour_findings,
    port_finding,
)
from tierwatch.local import free_port
from tierwatch.settings import read_settings
from tierwatch.store.step_runs import mark_run

NOW = dt.datetime(2026, 11, 30, 12, tzinfo=dt.UTC)


@contextmanager
def answering(body: bytes, status: int = 200) -> Iterator[int]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield server.server_port
        finally:
            server.shutdown()
            thread.join()


@pytest.mark.parametrize("body", [b"ok\n", b'{"status":"ok"}', b'{"status": "ok", "more": 1}'])
def test_a_process_of_ours_answers(body: bytes) -> None:
    with answering(body) as port:
        found = port_finding("gateway", "0.0.0.0", port)  # noqa: S104 - only dialled
        assert (found.ok, found.warning) == (True, False)
        assert found.detail == f"answers at 127.0.0.1:{port}"


@pytest.mark.parametrize(
    ("body", "status"), [(b"<html>", 200), (b"ok", 404), (b'{"status": "sick"}', 200), (b"", 200)]
)
def test_another_program_in_its_place_is_a_failure_with_the_way_out(
    body: bytes, status: int
) -> None:
    with answering(body, status) as port:
        found = port_finding("dashboard", "127.0.0.1", port)
        assert not found.ok
        assert f"port {port} is taken" in found.detail
        assert "stop that program, or set TIERWATCH_DASHBOARD_PORT" in found.detail


def test_a_free_port_is_worth_a_word_and_no_failure() -> None:
    found = port_finding("intake", "127.0.0.1", free_port())
    assert (found.ok, found.warning) == (True, True)
    assert "does not run on this machine: nothing listens" in found.detail


@pytest.mark.parametrize(
    ("workers", "age_s", "well", "said"),
    [
        ([], 5, [False], "none answers; start: tierwatch worker"),
        (["celery@a", "celery@b"], 5, [True, True], "2 answer: celery@a, celery@b"),
        (["celery@a"], 5, [True, True], "step observe ran 5 s ago"),
        (["celery@a"], 121, [True, False], "since 2026-11-30 11:57 UTC (observe)"),
        (["celery@a"], -3, [True, True], "ran 0 s ago"),
    ],
)
def test_workers_and_beat_are_told_apart(
    workers: list[str], age_s: float, well: list[bool], said: str
) -> None:
    ran = NOW - dt.timedelta(seconds=age_s)
    runs = {"observe": ran, "silence": ran - dt.timedelta(hours=1)}
    found = loop_findings(workers, runs, NOW, slack_s=120)
    assert [one.ok for one in found] == well
    assert any(said in one.detail for one in found)


def test_what_never_ran_and_what_cannot_be_known() -> None:
    (_, beat) = loop_findings(["celery@a"], {}, NOW, slack_s=120)
    assert (beat.ok, beat.warning) == (True, True)
    assert "ever run to its end" in beat.detail
    assert len(loop_findings(["celery@a"], None, NOW, slack_s=120)) == 1


def test_all_of_them_at_once(engine: Engine, redis_url: str, tmp_path: Path) -> None:
    config = tmp_path / "tierwatch.yaml"
    config.write_text("nonsense: true")
    with engine.begin() as connection:
        mark_run(connection, "observe")
    with answering(b"ok\n") as port:
        settings = replace(
            read_settings({}),
            config=config,
            database_url=engine.url.render_as_string(hide_password=False),
            redis_url=redis_url.removesuffix("/0") + "/9",
            gateway_port=port,
            dashboard_port=free_port(),
        )
        found = {one.what: one for one in neighbour_findings(settings, dt.datetime.now(dt.UTC))}
        assert list(found) == ["gateway", "dashboard", "workers"]
        assert found["gateway"].ok
        assert not found["workers"].ok
        # Broker and Postgres away: said by others, and no traceback here.
        away = replace(settings, redis_url="redis://127.0.0.1:1/0", database_url=AWAY)
        assert not neighbour_findings(away, NOW)[-1].ok


AWAY = "postgresql+psycopg://tierwatch:hunter2@127.0.0.1:1/tierwatch"
