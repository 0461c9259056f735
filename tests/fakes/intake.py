"""An intake without a server: its application, called as a server would call it."""

import asyncio
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, NamedTuple, Self

from factories.sources import CONFIG, ENVIRON
from fakes.waiting import until
from sqlalchemy import Engine, text

from tierwatch.config import load_config
from tierwatch.dispatch import KeptDispatch
from tierwatch.intake.build import build_intake
from tierwatch.settings import Settings, read_settings
from tierwatch.wire.json_bytes import read_json


class Replied(NamedTuple):
    """A reply as its sender got it."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return read_json(self.body)


def asked(
    app: Any,
    method: str,
    path: str,
    *,
    body: bytes = b"",
    headers: Mapping[str, str] | None = None,
    query: bytes = b"",
) -> Replied:
    """What an ASGI application answers to one request."""
    sent: list[Any] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {
        "type": "http",
        "method": method,
        "path": path,
        "query_string": query,
        "headers": [(k.lower().encode(), v.encode()) for k, v in (headers or {}).items()],
    }
    asyncio.run(app(scope, receive, send))
    begun, *parts = sent
    return Replied(
        begun["status"],
        {name.decode(): value.decode() for name, value in begun["headers"]},
        b"".join(part.get("body", b"") for part in parts),
    )


class RunningIntake:
    """An intake whose threads run, on a database of its test's own."""

    def __init__(
        self,
        engine: Engine,
        folder: Path,
        config: str = CONFIG,
        environ: Mapping[str, str] | None = None,
        **options: Any,
    ) -> None:
        folder.mkdir(exist_ok=True)
        (folder / "tierwatch.yaml").write_text(config)
        self.engine = engine
        self.dispatch = KeptDispatch()
        self.settings: Settings = replace(
            read_settings({}),
            config=folder / "tierwatch.yaml",
            data_dir=folder / "data",
            **options,
        )
        self.app = build_intake(
            self.settings,
            load_config(self.settings.config),
            engine=engine,
            dispatch=self.dispatch,
            environ={**ENVIRON, **(environ or {})},
            policies=lambda: None,
        )

    def __enter__(self) -> Self:
        self.app.begin()
        return self

    def __exit__(self, *_: object) -> None:
        self.app.end()

    def post(self, path: str, body: bytes, *, key: str = "sk-app-1", **headers: str) -> Replied:
        """Send a batch."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        shown = {"authorization": f"Bearer {key}"} | named
        return asked(self.app, "POST", path, body=body, headers=shown)

    def stored(self, calls: int) -> None:
        """Wait until so many calls were stored, repeats included."""

        def is_so() -> bool:
            state = self.app.state()
            return state.stored + state.repeats >= calls and state.journal_bytes == 0

        until(is_so, 60.0)

    def counts(self) -> dict[tuple[str, str], int]:
        """What became of everything, by source and kind."""
        with self.engine.connect() as connection:
            rows = connection.execute(
                text("select source, what, sum(calls)::int from source_counts group by 1, 2")
            )
            return {(source, what): calls for source, what, calls in rows}

    def rows(self, statement: str) -> list[Any]:
        """What a query gives."""
        with self.engine.connect() as connection:
            return list(connection.execute(text(statement)))


def now() -> float:
    """A moment that is within what a clock may say."""
    return time.time() - 5


class Served:
    """Where an intake is served, and what it answered.

    Attributes:
        first: what the first batches are answered without being looked at.
    """

    def __init__(self, url: str) -> None:
        self.url = url
        self.first: list[int] = []
        self.statuses: list[int] = []


@contextmanager
def served(intake: RunningIntake) -> Iterator[Served]:
    """The intake on a port of loopback, one thread a request."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            if address.first:
                replied = Replied(address.first.pop(0), {}, b"{}")
            else:
                replied = asked(
                    intake.app, "POST", self.path, body=body, headers=dict(self.headers)
                )
            address.statuses.append(replied.status)
            self.send_response(replied.status)
            self.send_header("content-length", str(len(replied.body)))
            self.end_headers()
            self.wfile.write(replied.body)

        def log_message(self, *_: Any) -> None:
            """Nothing: a test's output is its own."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        address = Served(f"http://127.0.0.1:{server.server_port}")
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield address
        finally:
            server.shutdown()
            thread.join()
