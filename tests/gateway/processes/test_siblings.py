"""Whichever process is asked, the answer is of all of them."""

import asyncio
import gc
import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.parser import text_string_to_metric_families
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from tierwatch.gateway.processes import siblings
from tierwatch.gateway.processes.siblings import Siblings


def gateway(requests: int, *, token: str = "") -> ASGIApp:
    """One process's gateway, after so many requests."""
    registry = CollectorRegistry()
    Counter("requests", 'With "quotes" and a \\ in its help.', ["tier"], registry=registry).labels(
        'odd "tier"\n'
    ).inc(requests)
    Gauge("in_flight", "Now.", registry=registry).set(requests / 10)
    seconds = Histogram("seconds", "Took.", buckets=(1, 2), registry=registry)
    for _ in range(requests):
        seconds.observe(1.5)

    def metrics(request: Request) -> Response:
        if token and request.headers.get("authorization") != f"Bearer {token}":
            return JSONResponse({"error": "a token is wanted"}, 401)
        return Response(generate_latest(registry), media_type="text/plain")

    def ready(_: Request) -> Response:
        return JSONResponse({"status": "ready", "policy_version": requests})

    def other(_: Request) -> Response:
        return Response("served here")

    routes = [Route("/metrics", metrics), Route("/readyz", ready), Route("/other", other)]
    return Starlette(routes=routes)


@asynccontextmanager
async def running(folder: Path, *apps: ASGIApp) -> AsyncIterator[list[Siblings]]:
    """Processes that serve."""
    made = [Siblings(app, folder, str(number), 100 + number) for number, app in enumerate(apps)]
    async with AsyncExitStack() as stack:
        for one in made:
            await stack.enter_async_context(one.listening())
        yield made


async def get(app: ASGIApp, path: str, **headers: str) -> tuple[int, bytes]:
    messages: list[Any] = []
    scope = siblings._scope(
        path, [(name.encode(), text.encode()) for name, text in headers.items()]
    )

    async def receive() -> Any:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Any) -> None:
        messages.append(message)

    await app(scope, receive, send)
    body = b"".join(message.get("body", b"") for message in messages)
    assert dict(messages[0]["headers"])[b"content-length"] == b"%d" % len(body)
    return messages[0]["status"], body


def values(page: bytes, name: str) -> dict[str, float]:
    """By process."""
    found: dict[str, float] = {}
    for family in text_string_to_metric_families(page.decode()):
        for sample in family.samples:
            if sample.name == name:
                assert sample.labels["process"] not in found
                found[sample.labels["process"]] = sample.value
    return found


def test_a_scrape_of_any_shows_all(tmp_path: Path) -> None:
    async def story() -> None:
        async with running(tmp_path, gateway(3), gateway(5), gateway(0)) as processes:
            for process in processes:
                status, page = await get(process, "/metrics")
                assert status == 200
                assert values(page, "requests_total") == {"0": 3, "1": 5, "2": 0}
                assert values(page, "in_flight") == {"0": 0.3, "1": 0.5, "2": 0}
                assert values(page, "seconds_sum") == {"0": 4.5, "1": 7.5, "2": 0}
                assert page.count(b"# TYPE requests_total counter") == 1

    asyncio.run(story())


def test_readiness_is_one_s_own_with_that_of_all(tmp_path: Path) -> None:
    async def story() -> None:
        async with running(tmp_path, gateway(3), gateway(5)) as processes:
            _, body = await get(processes[1], "/readyz")
        ready = json.loads(body)
        assert (ready["status"], ready["policy_version"]) == ("ready", 5)
        assert {name: one["policy_version"] for name, one in ready["processes"].items()} == {
            "0": 3,
            "1": 5,
        }

    asyncio.run(story())


def test_everything_else_is_served_as_it_is(tmp_path: Path) -> None:
    async def story() -> None:
        async with running(tmp_path, gateway(1), gateway(2)) as (first, _):
            assert await get(first, "/other") == (200, b"served here")

    asyncio.run(story())


def test_who_may_not_see_one_sees_none_and_who_may_sees_all(tmp_path: Path) -> None:
    async def story() -> None:
        processes = (gateway(1, token="secret"), gateway(2, token="secret"))
        async with running(tmp_path, *processes) as (first, _):
            assert (await get(first, "/metrics"))[0] == 401
            status, page = await get(first, "/metrics", authorization="Bearer secret")
            assert status == 200
            assert set(values(page, "requests_total")) == {"0", "1"}

    asyncio.run(story())


def test_a_process_that_is_gone_or_says_nothing_is_left_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(siblings, "_ANSWER_S", 0.2)

    async def hang(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(0.4)
        writer.close()

    async def story() -> None:
        (tmp_path / "7.1.sock").write_bytes(b"")  # what a killed process leaves
        silent = await asyncio.start_unix_server(hang, tmp_path / "8.1.sock")
        async with running(tmp_path, gateway(1)) as (first,):
            _, page = await get(first, "/metrics")
            assert set(values(page, "requests_total")) == {"0"}
        await asyncio.sleep(0.4)
        silent.close()
        await silent.wait_closed()

    asyncio.run(story())


@pytest.mark.parametrize(
    "question",
    [
        *(b"", b"\n", b"no json\n", b"{}\n", b'{"path": 7}\n', b"[1]\n"),
        *(b'{"path": "/metrics", "headers": [[1, 2]]}\n', b'{"path": 7, "headers": []}\n'),
    ],
)
def test_a_question_of_another_shape_gets_nothing(
    tmp_path: Path, question: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    async def story() -> bytes:
        async with running(tmp_path, gateway(1)):
            return await siblings._ask(tmp_path / "0.100.sock", question)

    assert asyncio.run(story()) == b""
    gc.collect()  # what was not closed would be found here, and not in another test
    assert caplog.records == []


def test_one_that_leaves_shows_its_successor_in_its_place(tmp_path: Path) -> None:
    """Twice the same series would make Prometheus refuse the page."""

    async def story() -> None:
        leaving = Siblings(gateway(9), tmp_path, "0", 50)
        async with leaving.listening():
            pass
        async with running(tmp_path, gateway(3), gateway(5)):
            _, page = await get(leaving, "/metrics")
            assert values(page, "requests_total") == {"0": 3, "1": 5}

    asyncio.run(story())


def names(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir()]


def test_the_socket_is_there_while_it_serves(tmp_path: Path) -> None:
    async def story() -> None:
        async with running(tmp_path, gateway(1)):
            assert names(tmp_path) == ["0.100.sock"]
        assert names(tmp_path) == []

    asyncio.run(story())
