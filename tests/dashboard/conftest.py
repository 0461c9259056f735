"""The dashboard on one connection whose work is taken back, and browsers that are logged in."""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from argon2 import PasswordHasher
from factories.rows import add_policy, put_in_force
from flask import Flask, template_rendered
from flask.testing import FlaskClient
from jinja2 import StrictUndefined
from sqlalchemy import Connection
from werkzeug.test import TestResponse

from tierwatch.config import Config, load_config
from tierwatch.dashboard import build_dashboard
from tierwatch.store.people import passwords
from tierwatch.store.people.tokens import add_token
from tierwatch.store.people.users import add_user

PASSWORD = "correct horse battery"

_CONFIG = """
routing:
  classifier: {kind: heuristic}
  tiers:
    simple: {model: small-1, cost: 0.25}
    standard: {model: medium-1, cost: 3}
    complex: {model: large-1, cost: 15}
providers: {lab: {kind: openai, base_url: http://127.0.0.1:9}}
evaluation:
  budget_usd_per_day: 25
  min_pairs: 30
  tolerance: {simple: 0.05, standard: 0.1}
"""


class OneConnection:
    """Stands in for an engine: every transaction is a savepoint of the test's connection."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection

    @contextmanager
    def begin(self) -> Iterator[Connection]:
        with self.connection.begin_nested():
            yield self.connection

    @contextmanager
    def connect(self) -> Iterator[Connection]:
        yield self.connection


class Clock:
    def __init__(self) -> None:
        self.now = 1_000_000.0

    def __call__(self) -> float:
        return self.now


class Browser:
    """A Flask client that fills in forms the way a page gives them, CSRF token included."""

    def __init__(self, client: FlaskClient) -> None:
        self.client = client

    def get(self, path: str) -> TestResponse:
        return self.client.get(path)

    def page(self, path: str) -> str:
        response = self.client.get(path)
        assert response.status_code == 200, response.text
        return response.text

    def send(self, path: str, *, form_on: str, **fields: str) -> TestResponse:
        token = re.search(r'name="csrf_token" value="([^"]+)"', self.client.get(form_on).text)
        assert token is not None
        return self.client.post(path, data=fields | {"csrf_token": token[1]})

    def log_in(self, name: str, password: str = PASSWORD, path: str = "/login") -> TestResponse:
        return self.send(path, form_on="/login", name=name, password=password)

    def log_in_again(self, name: str, password: str = PASSWORD) -> TestResponse:
        """Post the login with a CSRF token of the session that is open."""
        return self.send("/login", form_on="/sessions", name=name, password=password)


@pytest.fixture(autouse=True)
def _quick_hashes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hash in microseconds: what is tested here is who gets in, not how long it takes."""
    quick = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    monkeypatch.setattr(passwords, "_HASHER", quick)


@pytest.fixture
def config(tmp_path: Path) -> Config:
    path = tmp_path / "tierwatch.yaml"
    path.write_text(_CONFIG)
    return load_config(path)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def one_connection(connection: Connection) -> OneConnection:
    return OneConnection(connection)


@pytest.fixture
def app(one_connection: OneConnection, config: Config, clock: Clock) -> Flask:
    """The dashboard; unlike for users, a name that a template asks for in vain is an error."""
    built = build_dashboard(
        config=config,
        engine=one_connection,
        secret_key="s" * 32,
        clock=clock,
        gateway_url="http://gateway.example",
    )
    built.jinja_env.undefined = StrictUndefined
    return built


@pytest.fixture
def policy(connection: Connection) -> None:
    """Policy 1 is active."""
    add_policy(connection, 1)
    put_in_force(connection, 1)


@pytest.fixture
def stranger(app: Flask) -> Browser:
    return Browser(app.test_client())


@pytest.fixture
def logged_in(app: Flask, connection: Connection) -> Callable[[str], Browser]:
    """A browser of a new user with this role; the user is named after the role."""

    def log_in(role: str) -> Browser:
        add_user(connection, role, PASSWORD, role)
        browser = Browser(app.test_client())
        assert browser.log_in(role).status_code == 302
        return browser

    return log_in


@pytest.fixture
def viewer(logged_in: Callable[[str], Browser]) -> Browser:
    return logged_in("viewer")


@pytest.fixture
def approver(logged_in: Callable[[str], Browser]) -> Browser:
    return logged_in("approver")


@pytest.fixture
def bearer(connection: Connection) -> Callable[[str], dict[str, str]]:
    """Headers of a new token with this role; the token is named after the role."""

    def headers(role: str) -> dict[str, str]:
        return {"Authorization": f"Bearer {add_token(connection, role, role)}"}

    return headers


@pytest.fixture
def rendered(app: Flask) -> Iterator[list[tuple[str, dict[str, Any]]]]:
    """Names of the templates rendered, with what each received."""
    seen: list[tuple[str, dict[str, Any]]] = []

    def note(_app: Flask, template: Any, context: dict[str, Any], **_: Any) -> None:
        seen.append((template.name, context))

    with template_rendered.connected_to(note, app):
        yield seen
