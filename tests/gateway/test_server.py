import asyncio
import socket
from typing import Any

import httpx
import pytest

from tierwatch.errors import StackError
from tierwatch.gateway import server
from tierwatch.gateway.server import gateway_server, run_server
from tierwatch.stop_signals import StopSignals


async def hello(scope: Any, receive: Any, send: Any) -> None:
    """An application that greets, whatever is asked."""
    if scope["type"] == "lifespan":
        while (message := await receive())["type"] != "lifespan.shutdown":
            await send({"type": message["type"] + ".complete"})
        await send({"type": "lifespan.shutdown.complete"})
        return
    head = [(b"content-type", b"text/plain")]
    await send({"type": "http.response.start", "status": 200, "headers": head})
    await send({"type": "http.response.body", "body": b"hello"})


def test_it_serves_and_does_not_say_what_it_is() -> None:
    async def ask() -> httpx.Response:
        running = gateway_server(hello, "127.0.0.1", 0)
        serving = asyncio.create_task(running.serve())
        while not running.started:  # noqa: ASYNC110 - uvicorn has no event for it
            await asyncio.sleep(0.01)
        port = running.servers[0].sockets[0].getsockname()[1]
        async with httpx.AsyncClient(trust_env=False) as client:
            response = await client.get(f"http://127.0.0.1:{port}/")
        running.should_exit = True
        await serving
        return response

    response = asyncio.run(ask())
    assert response.text == "hello"
    assert "server" not in response.headers


def test_connections_outlive_those_of_usual_load_balancers() -> None:
    config = gateway_server(hello, "127.0.0.1", 0).config
    assert config.timeout_keep_alive > 60
    assert not config.access_log


def test_what_the_imports_left_is_not_walked_by_each_collection(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    done: list[str] = []
    monkeypatch.setattr(server.gc, "collect", lambda: done.append("collect"))
    monkeypatch.setattr(server.gc, "freeze", lambda: done.append("freeze"))
    monkeypatch.setattr(server.gc, "set_threshold", lambda _: done.append("seldom"))

    class Server:
        async def serve(self) -> None:
            done.append("serve")

    monkeypatch.setattr(server, "gateway_server", lambda *_, **__: Server())
    run_server(hello, "127.0.0.1", 0, signals=StopSignals())
    assert done == ["collect", "freeze", "seldom", "serve"]


def test_a_port_that_is_taken_is_said() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(StackError, match=rf"cannot listen on 127\.0\.0\.1, port {port}"):
            run_server(hello, "127.0.0.1", port, signals=StopSignals())
