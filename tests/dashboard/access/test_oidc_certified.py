"""Logging in at a provider that other people have certified: npm's oidc-provider."""

import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest
from dashboard.conftest import Browser, Clock, OneConnection
from flask.testing import FlaskClient
from sqlalchemy import Connection, text

from tierwatch.config import load_config
from tierwatch.dashboard import build_dashboard
from tierwatch.local import free_port

pytestmark = pytest.mark.slow

SCRIPT = Path(__file__).with_name("oidc_provider.mjs")
VERSION = "9.13.3"
URL = "http://127.0.0.1:8421"
_CONFIG = """
routing:
  classifier: {{kind: heuristic}}
  tiers: {{simple: {{model: small-1, cost: 1}}, complex: {{model: large-1, cost: 9}}}}
people:
  oidc:
    issuer: {issuer}
    client_id: tierwatch
    client_secret: env:OIDC_SECRET
    scopes: [openid, profile, groups]
    roles: {{approver: [staff]}}
"""


@dataclass(frozen=True, slots=True)
class Node:
    """The provider, running."""

    issuer: str


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Node]:
    found, npm = shutil.which("node"), shutil.which("npm")
    if found is None or npm is None:
        pytest.skip("node and npm run the certified provider")
    folder = tmp_path_factory.mktemp("oidc")
    install = [npm, "install", "--no-audit", "--no-fund", f"oidc-provider@{VERSION}"]
    installed = subprocess.run(install, cwd=folder, capture_output=True, text=True, check=False)
    if installed.returncode:
        pytest.skip(f"npm could not install oidc-provider: {installed.stderr[-200:]}")
    port = free_port()
    running = subprocess.Popen(
        [found, str(SCRIPT), str(port), f"{URL}/login/oidc/callback"],
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    try:
        assert running.stdout is not None
        assert any("listening" in line for line in running.stdout)
        yield Node(f"http://127.0.0.1:{port}")
    finally:
        running.terminate()
        running.wait(10)
        if running.stdout is not None:
            running.stdout.close()


@pytest.fixture
def client(node: Node, one_connection: OneConnection, clock: Clock, tmp_path: Path) -> FlaskClient:
    path = tmp_path / "oidc.yaml"
    path.write_text(_CONFIG.format(issuer=node.issuer))
    app = build_dashboard(
        config=load_config(path),
        engine=one_connection,
        secret_key="s" * 32,
        clock=clock,
        dashboard_url=URL,
        environ={"OIDC_SECRET": "a-secret-of-the-client"},
    )
    return app.test_client()


def way_back(url: str) -> str:
    """What a browser does at the provider, until that sends it home."""
    with httpx.Client(follow_redirects=False, timeout=10) as browser:
        while not url.startswith(URL):
            answer = browser.get(url)
            assert answer.is_redirect, answer.text
            url = str(httpx.URL(url).join(answer.headers["location"]))
    return url


def test_a_whole_login(client: FlaskClient, connection: Connection) -> None:
    sent = client.get("/login/oidc?next=/proposals")
    parts = urlsplit(way_back(sent.headers["Location"]))
    entered = client.get(f"{parts.path}?{parts.query}")
    assert (entered.status_code, entered.headers["Location"]) == (302, "/proposals"), entered.text
    assert Browser(client).get("/proposals").status_code == 200
    found = connection.execute(text("select name, role from users")).all()
    assert found == [("ada", "approver")]


def test_a_code_is_worth_nothing_to_a_browser_that_did_not_begin(
    client: FlaskClient, connection: Connection
) -> None:
    """The provider demands the verifier, which only the browser that began has."""
    first = client.get("/login/oidc")
    parts = urlsplit(way_back(first.headers["Location"]))
    stranger = client.application.test_client()
    stranger.get("/login/oidc")
    assert stranger.get(f"{parts.path}?{parts.query}").status_code == 401
    assert connection.execute(text("select count(*) from users")).scalar_one() == 0
