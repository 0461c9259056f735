"""Real Chromium on the real pages: it must find nothing that the content policy forbids."""

import shutil
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import session
from sqlalchemy import Engine
from stand_in_rows import (
    add_alert,
    add_outcome,
    add_pair,
    add_policy,
    add_proposal,
    add_rollup,
    put_in_force,
)
from werkzeug.serving import make_server

from app.config import load_config
from app.dashboard import build_dashboard
from app.store.people import add_user

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("chrome")
PATHS = ("/", "/alerts/1", "/proposals/1", "/pairs", "/judge", "/policies", "/audit", "/password")

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine"),
]

_CONFIG = """
routing:
  classifier: {kind: heuristic}
  tiers:
    simple: {model: small-1, cost: 0.25}
    standard: {model: medium-1, cost: 3}
    complex: {model: large-1, cost: 15}
providers: {lab: {kind: openai, base_url: http://127.0.0.1:9}}
"""


@pytest.fixture
def address(engine: Engine, tmp_path: Path) -> Iterator[str]:
    """A dashboard that takes everybody for ada: Chromium cannot type without a driver."""
    with engine.begin() as connection:
        ada = add_user(connection, "ada", "correct horse battery", "admin")
        add_policy(connection)
        put_in_force(connection)
        add_rollup(connection, "simple", 40, sampled=1)
        add_alert(connection)
        add_proposal(connection)
        add_pair(connection, 1, "alternative")
        for number in range(40):
            add_outcome(connection, number, float(number % 9 == 0))
    path = tmp_path / "tierwatch.yaml"
    path.write_text(_CONFIG)
    app = build_dashboard(
        config=load_config(path), engine=engine, secret_key="s" * 32, clock=time.time
    )

    def enter() -> None:
        session["name"], session["stamp"] = ada.name, ada.stamp

    app.before_request_funcs[None].insert(0, enter)
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.mark.parametrize("path", PATHS)
def test_chromium_shows_the_page_and_complains_of_nothing(
    address: str, tmp_path: Path, path: str
) -> None:
    shown = subprocess.run(
        [
            str(CHROMIUM),
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-background-networking",
            "--enable-logging=stderr",
            f"--user-data-dir={tmp_path / 'profile'}",
            "--window-size=390,844",
            "--dump-dom",
            address + path,
        ],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert "<h1>" in shown.stdout
    assert "Log out" in shown.stdout
    complaints = [line for line in shown.stderr.splitlines() if "CONSOLE" in line]
    assert complaints == []
