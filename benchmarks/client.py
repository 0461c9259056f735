"""What the gateway's client costs: a relay over the pool, beside the same over aiohttp, in one run.

    python benchmarks/client.py [--rounds 3] [--seconds 4] [--streams 200] [--events 100]

Each relay is uvicorn with uvloop and one client; nothing is read or routed. ``bare`` uses aiohttp
directly, ``aiohttp`` and ``pool`` the two clients of ``tierwatch.client``. Whole answers: nginx
answers at once, wrk asks over 32 connections; streams: so many callers read so many events 20 ms
apart from a server in asyncio. Both plain and over TLS, with a certificate made here. The relays
take turns in each round. Prints JSON: medians of requests/s and of CPU microseconds of the relay's
process a request and an event, and each as a ratio to ``bare``. Needs nginx and wrk.
"""

import argparse
import asyncio
import json
import os
import re
import ssl
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterator
from contextlib import AbstractAsyncContextManager, ExitStack, contextmanager
from pathlib import Path
from statistics import median
from typing import Any

import psutil
import trustme
import uvicorn
import uvloop

from tierwatch.client.address import read_address
from tierwatch.client.face import Client
from tierwatch.client.pool import Pool

CLIENTS = ("bare", "aiohttp", "pool")
NGINX, NGINX_TLS, EVENTS, EVENTS_TLS = 9931, 9932, 9933, 9934
FIRST_RELAY = 9940
BODY = json.dumps(
    {"model": "m", "messages": [{"role": "user", "content": "What is the capital of France?"}]}
)
ANSWER = json.dumps(
    {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "model": "gpt-4o-mini",
        "choices": [
            {
                "index": 0,
                "message": {"role": "assistant", "content": "Paris, on the Seine. " * 5},
                "finish_reason": "stop",
            }
        ],
        "usage": {"prompt_tokens": 21, "completion_tokens": 24, "total_tokens": 45},
    }
)
EVENT = b'data: {"choices":[{"index":0,"delta":{"content":" capital"},"finish_reason":null}]}\n\n'
HEADERS = {"content-type": "application/json", "authorization": "Bearer sk-1234"}
NGINX_CONF = f"""
worker_processes 1; daemon off; pid nginx.pid; error_log nginx.err;
events {{ worker_connections 4096; }}
http {{
  access_log off; keepalive_requests 100000000;
  client_body_temp_path body; proxy_temp_path proxy; fastcgi_temp_path fcgi;
  uwsgi_temp_path uwsgi; scgi_temp_path scgi;
  server {{
    listen 127.0.0.1:{NGINX};
    listen 127.0.0.1:{NGINX_TLS} ssl;
    ssl_certificate chain.pem; ssl_certificate_key key.pem;
    location / {{ default_type application/json; return 200 '{ANSWER}'; }}
  }}
}}
"""
POST_LUA = f"""
wrk.method = "POST"
wrk.body = '{BODY}'
wrk.headers["content-type"] = "application/json"
"""


async def events_server(count: int, folder: Path) -> None:
    """Streams ``count`` events to each request, 20 ms apart, on both ports."""
    head = (
        b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"
    )
    event = b"%x\r\n%s\r\n" % (len(EVENT), EVENT)

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                asked = (await reader.readuntil(b"\r\n\r\n")).lower()
                length = re.search(rb"content-length: (\d+)", asked)
                await reader.readexactly(int(length[1]) if length else 0)
                writer.write(head)
                for _ in range(count):
                    await asyncio.sleep(0.02)
                    writer.write(event)
                writer.write(b"0\r\n\r\n")
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()

    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(folder / "chain.pem", folder / "key.pem")
    await asyncio.start_server(serve, "127.0.0.1", EVENTS, backlog=4096)
    server = await asyncio.start_server(serve, "127.0.0.1", EVENTS_TLS, ssl=tls, backlog=4096)
    await server.serve_forever()


Scope = dict[str, Any]
Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]
Relay = Callable[[str, bytes, Send], Awaitable[None]]


def relay(name: str, port: int) -> None:
    """Serve ``/<port of the provider>``: post the body there and pass the answer on."""
    asgi = _bare_app if name == "bare" else _face_app
    uvicorn.run(
        asgi(name),
        host="127.0.0.1",
        port=port,
        loop="uvloop",
        http="httptools",
        access_log=False,
        log_level="error",
    )


def _app(
    opened: AbstractAsyncContextManager[Any], pass_on: Relay
) -> Callable[[Scope, Receive, Send], Awaitable[None]]:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await receive()
            async with opened:
                await send({"type": "lifespan.startup.complete"})
                await receive()
            await send({"type": "lifespan.shutdown.complete"})
            return
        body = b""
        while True:
            message = await receive()
            body += message.get("body", b"")
            if not message.get("more_body"):
                break
        await pass_on(_provider(scope["path"]), body, send)

    return app


def _provider(path: str) -> str:
    port = int(path.strip("/"))
    scheme = "https" if port in {NGINX_TLS, EVENTS_TLS} else "http"
    return f"{scheme}://127.0.0.1:{port}/v1/chat/completions"


def _bare_app(_: str) -> Any:
    import aiohttp  # noqa: PLC0415 - only this relay pays for it

    tls = ssl.create_default_context()
    sessions: list[aiohttp.ClientSession] = []

    class Opened(AbstractAsyncContextManager[None]):
        async def __aenter__(self) -> None:
            connector = aiohttp.TCPConnector(limit=0, ssl=tls)
            jar = aiohttp.DummyCookieJar()
            sessions.append(aiohttp.ClientSession(connector=connector, cookie_jar=jar))

        async def __aexit__(self, *_: object) -> None:
            await sessions[0].close()

    async def pass_on(url: str, body: bytes, send: Send) -> None:
        async with sessions[0].post(url, data=body, headers=HEADERS) as reply:
            await send(_start(reply.status))
            while part := await reply.content.readany():
                await send({"type": "http.response.body", "body": part, "more_body": True})
            await send({"type": "http.response.body", "body": b""})

    return _app(Opened(), pass_on)


def _face_app(name: str) -> Any:
    client: Client = Pool() if name == "pool" else _aiohttp_client()
    addresses: dict[str, Any] = {}

    async def pass_on(url: str, body: bytes, send: Send) -> None:
        if url not in addresses:
            addresses[url] = read_address(url, HEADERS)
        deadline = asyncio.get_running_loop().time() + 60
        reply = await client.post(addresses[url], body, deadline=deadline)
        try:
            await send(_start(reply.status))
            while part := await reply.read():
                await send({"type": "http.response.body", "body": part, "more_body": True})
            await send({"type": "http.response.body", "body": b""})
        finally:
            reply.close()

    return _app(client, pass_on)


def _aiohttp_client() -> Client:
    from tierwatch.client.with_aiohttp import AiohttpClient  # noqa: PLC0415 - as above

    return AiohttpClient()


def _start(status: int) -> dict[str, Any]:
    return {"type": "http.response.start", "status": status, "headers": []}


async def read_streams(relay_port: int, provider: int, streams: int) -> tuple[int, int]:
    """Read so many streams at once; the events that came, and the streams that did not end."""
    request = f"POST /{provider} HTTP/1.1\r\nhost: a\r\ncontent-length: {len(BODY)}\r\n\r\n{BODY}"
    events = failed = 0

    async def one(number: int) -> None:
        nonlocal events, failed
        await asyncio.sleep(number * 0.002)
        reader, writer = await asyncio.open_connection("127.0.0.1", relay_port)
        writer.write(request.encode())
        tail = b""
        while not tail.endswith(b"0\r\n\r\n"):
            data = await reader.read(65536)
            if not data:
                failed += 1
                break
            events += data.count(b"data: ")
            tail = (tail + data)[-16:]
        writer.close()

    await asyncio.gather(*(one(number) for number in range(streams)))
    return events, failed


def whole_answers(
    relay_port: int, provider: int, seconds: float, folder: Path
) -> tuple[int, float]:
    """Requests that wrk had answered, and how many each second."""
    url = f"http://127.0.0.1:{relay_port}/{provider}"
    said = subprocess.run(
        ["/usr/bin/wrk", "-t1", "-c32", f"-d{seconds}s", "-s", str(folder / "post.lua"), url],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    count = re.search(r"(\d+) requests in", said)
    rate = re.search(r"Requests/sec:\s+([\d.]+)", said)
    if "Non-2xx" in said or count is None or rate is None:
        raise SystemExit(said)
    return int(count[1]), float(rate[1])


def cpu_s(pid: int) -> float:
    """CPU seconds of a process so far."""
    return sum(psutil.Process(pid).cpu_times()[:2])


@contextmanager
def servers(folder: Path, events: int) -> Iterator[dict[str, tuple[int, int]]]:
    """The providers and the relays; the relays' ports and processes."""
    for name in ("body", "proxy", "fcgi", "uwsgi", "scgi"):
        (folder / name).mkdir()
    authority = trustme.CA()
    certificate = authority.issue_cert("127.0.0.1")
    certificate.private_key_pem.write_to_path(str(folder / "key.pem"))
    certificate.cert_chain_pems[0].write_to_path(str(folder / "chain.pem"))
    authority.cert_pem.write_to_path(str(folder / "ca.pem"))
    (folder / "nginx.conf").write_text(NGINX_CONF)
    (folder / "post.lua").write_text(POST_LUA)
    environ = {**os.environ, "SSL_CERT_FILE": str(folder / "ca.pem")}
    again = [sys.executable, __file__, "--folder", str(folder), "--events", str(events)]
    with ExitStack() as running:

        def start(*command: str) -> int:
            process = subprocess.Popen(command, env=environ)
            running.callback(process.wait)
            running.callback(process.terminate)
            return process.pid

        start("/usr/sbin/nginx", "-p", str(folder), "-c", str(folder / "nginx.conf"))
        start(*again, "--serve", "events")
        relays = {}
        for port, name in enumerate(CLIENTS, FIRST_RELAY):
            relays[name] = port, start(*again, "--serve", name, "--port", str(port))
        time.sleep(4)
        yield relays


def measure(asked: argparse.Namespace, folder: Path) -> dict[str, dict[str, list[float]]]:
    """What each client gave in each round, by what was measured."""
    found: dict[str, dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
    with servers(folder, asked.events) as relays:
        for _ in range(asked.rounds):
            for kind, provider in (("plain", NGINX), ("tls", NGINX_TLS)):
                for name, (port, pid) in relays.items():
                    before = cpu_s(pid)
                    count, rate = whole_answers(port, provider, asked.seconds, folder)
                    spent = (cpu_s(pid) - before) * 1e6 / count
                    found[f"{kind}: requests/s"][name].append(rate)
                    found[f"{kind}: CPU us a request"][name].append(spent)
            for kind, provider in (("plain", EVENTS), ("tls", EVENTS_TLS)):
                for name, (port, pid) in relays.items():
                    before = cpu_s(pid)
                    events, failed = uvloop.run(read_streams(port, provider, asked.streams))
                    spent = (cpu_s(pid) - before) * 1e6 / max(1, events)
                    found[f"{kind}: CPU us an event"][name].append(spent)
                    found[f"{kind}: streams that failed"][name].append(failed)
    return found


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=int, default=4)
    parser.add_argument("--streams", type=int, default=200)
    parser.add_argument("--events", type=int, default=100)
    parser.add_argument("--serve", choices=["events", *CLIENTS], help=argparse.SUPPRESS)
    parser.add_argument("--port", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.serve == "events":
        uvloop.run(events_server(asked.events, asked.folder))
        return
    if asked.serve:
        relay(asked.serve, asked.port)
        return
    with tempfile.TemporaryDirectory() as folder:
        found = measure(asked, Path(folder))
    for what, by_client in found.items():
        middle = {name: median(values) for name, values in by_client.items()}
        shown: dict[str, Any] = {"what": what, **{n: round(v, 1) for n, v in middle.items()}}
        if middle["bare"]:
            over = {name: round(value / middle["bare"], 2) for name, value in middle.items()}
            shown["over bare"] = over
        print(json.dumps(shown))


if __name__ == "__main__":
    main()
