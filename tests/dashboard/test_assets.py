import hashlib
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from flask import Flask, render_template_string

import tierwatch.dashboard
from tierwatch.dashboard.assets import digest

STATIC = Path(tierwatch.dashboard.__file__).parent / "static"
VENDOR = STATIC / "vendor"


def address(app: Flask, name: str) -> str:
    with app.test_request_context("/"):
        return render_template_string("{{ asset(name) }}", name=name)


def test_an_address_changes_with_the_content_and_is_kept_for_ever(app: Flask) -> None:
    path = address(app, "charts.js")
    assert path == f"/static/charts.js?v={digest(STATIC / 'charts.js')}"
    with app.test_client().get(path) as response:
        assert response.status_code == 200
        assert response.headers["Cache-Control"] == "public, max-age=31536000, immutable"
        assert response.headers["Content-Type"].startswith("text/javascript")
        assert response.headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize("query", ["", "?v=", "?v=0123456789ab", "?v=x&v=y"])
def test_another_address_is_checked_each_time(app: Flask, query: str) -> None:
    """A page of the version before must not put the new content into a cache for ever."""
    with app.test_client().get(f"/static/charts.js{query}") as response:
        assert response.headers["Cache-Control"] == "public, no-cache"
        tag = response.headers["ETag"]
    with app.test_client().get("/static/charts.js", headers={"If-None-Match": tag}) as again:
        assert again.status_code == 304


@pytest.mark.parametrize("name", ["nothing.js", "../application.py", "vendor/"])
def test_what_is_not_there(app: Flask, name: str) -> None:
    response = app.test_client().get(f"/static/{name}?v=1")
    assert response.status_code == 404
    assert "immutable" not in response.headers.get("Cache-Control", "")


def test_pages_may_run_our_scripts_and_no_others(app: Flask) -> None:
    policy = app.test_client().get("/login").headers["Content-Security-Policy"]
    parts = dict(part.strip().split(" ", 1) for part in policy.split(";"))
    assert parts["default-src"] == "'none'"
    assert parts["script-src"] == parts["style-src"] == parts["connect-src"] == "'self'"
    assert "unsafe" not in policy


def test_foreign_files_are_those_whose_digests_are_written_down() -> None:
    lines = (VENDOR / "DIGESTS.txt").read_text().splitlines()
    noted = {name: said for said, name in (line.split("  ") for line in lines)}
    found = {
        file.name: hashlib.sha256(file.read_bytes()).hexdigest()
        for file in VENDOR.iterdir()
        if file.name != "DIGESTS.txt"
    }
    assert found == noted
    assert "MIT License" in (VENDOR / "uplot-licence.txt").read_text()
    assert b"v1.6.32" in (VENDOR / "uplot.js").read_bytes()[:200]


@pytest.mark.parametrize("file", sorted(STATIC.glob("*.js")), ids=lambda file: file.name)
def test_our_scripts_are_scripts_and_ask_nobody_else(file: Path) -> None:
    words = file.read_text()
    assert '"use strict";' in words
    for forbidden in ("eval(", "innerHTML", "http://", "https://", "document.write"):
        assert forbidden not in words, forbidden
    node = shutil.which("node")
    if node is None:
        pytest.skip("node, which checks the syntax, is not on PATH")
    checked = subprocess.run([node, "--check", str(file)], capture_output=True, check=False)
    assert checked.returncode == 0, checked.stderr.decode()


def test_a_page_that_keeps_itself_up_to_date_keeps_no_login_alive(
    logged_in: Any, clock: Any
) -> None:
    """Left open on a screen, the dashboard still logs its reader out after two idle hours."""
    browser = logged_in("viewer")
    live = {"X-Tierwatch-Live": "1"}
    for _ in range(5):
        clock.now += 30 * 60
        response = browser.client.get("/audit", headers=live)
    assert response.status_code == 302
    assert response.headers["Location"].startswith("/login")
    browser.log_in("viewer")
    for _ in range(5):
        clock.now += 30 * 60
        assert browser.client.get("/audit").status_code == 200
