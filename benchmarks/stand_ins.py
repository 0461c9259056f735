"""What the speed benchmark puts around a gateway: providers, a bare relay, and other gateways.

    python benchmarks/stand_ins.py stream PORT EVENTS PAUSE_S [CERTIFICATE KEY]
    python benchmarks/stand_ins.py relay PORT PROVIDER_URL

``stream`` is a provider that says EVENTS words, one each PAUSE_S seconds, over TLS where it is
given a certificate. ``relay`` passes bodies and bytes through and reads nothing: uvicorn and
aiohttp, the floor for a gateway of this make. `speed.py` starts both.
"""

import asyncio
import json
import ssl
import subprocess
import sys
from pathlib import Path
from typing import Any

PATH = "/v1/chat/completions"
ANSWER = {
    "id": "chatcmpl-1",
    "object": "chat.completion",
    "created": 1_700_000_000,
    "model": "gpt-4o-mini",
    "choices": [
        {
            "index": 0,
            "message": {"role": "assistant", "content": "Paris, on the Seine, since 987. " * 3},
            "finish_reason": "stop",
        }
    ],
    "usage": {"prompt_tokens": 21, "completion_tokens": 24, "total_tokens": 45},
}
_HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"


def nginx_config(port: int, certificate: tuple[Path, Path] | None) -> str:
    """A provider that answers at once: what is left to measure is what stands before it."""
    tls = ""
    if certificate is not None:
        tls = f"ssl_certificate {certificate[0]}; ssl_certificate_key {certificate[1]};"
    kind = " ssl" if certificate is not None else ""
    return f"""
worker_processes 1; daemon off; pid nginx.pid; error_log stderr crit;
events {{ worker_connections 4096; }}
http {{
  access_log off; keepalive_requests 100000000;
  client_body_temp_path body; proxy_temp_path proxy; fastcgi_temp_path fcgi;
  uwsgi_temp_path uwsgi; scgi_temp_path scgi;
  server {{
    listen 127.0.0.1:{port}{kind}; {tls}
    location / {{ default_type application/json; return 200 '{json.dumps(ANSWER)}'; }}
  }}
}}
"""


def make_certificate(folder: Path) -> tuple[Path, tuple[Path, Path]]:
    """An authority's certificate, and one it signed for 127.0.0.1 with its key."""
    folder.mkdir()
    names = folder / "names"
    names.write_text("subjectAltName=IP:127.0.0.1\n")
    for command in (
        "req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=benchmark -keyout ca.key -out ca.pem",
        "req -newkey rsa:2048 -nodes -subj /CN=127.0.0.1 -keyout leaf.key -out leaf.csr",
        "x509 -req -in leaf.csr -CA ca.pem -CAkey ca.key -extfile names -days 2 -out leaf.pem",
    ):
        subprocess.run(["openssl", *command.split()], cwd=folder, check=True, capture_output=True)  # noqa: S607 - the machine's own
    return folder / "ca.pem", (folder / "leaf.pem", folder / "leaf.key")


def _event(delta: dict[str, str], finish: str | None = None, usage: Any = None) -> bytes:
    choices = [{"index": 0, "delta": delta, "finish_reason": finish}]
    head = {key: ANSWER[key] for key in ("id", "created", "model")}
    said = {**head, "object": "chat.completion.chunk", "choices": [] if usage else choices}
    if usage:
        said["usage"] = usage
    data = b"data: " + json.dumps(said).encode() + b"\n\n"
    return b"%x\r\n%b\r\n" % (len(data), data)


async def stream(port: int, events: int, pause_s: float, *certificate: str) -> None:
    """Serve streams until the process is ended."""
    first, word = _event({"role": "assistant", "content": ""}), _event({"content": " capital"})
    usage = {"prompt_tokens": 21, "completion_tokens": events, "total_tokens": 21 + events}
    done = b"data: [DONE]\n\n"
    last = _event({}, "stop") + _event({}, usage=usage)
    last += b"%x\r\n%b\r\n0\r\n\r\n" % (len(done), done)

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).lower()
                if b"content-length:" in head:
                    size = int(head.split(b"content-length:")[1].split(b"\r\n")[0])
                    await reader.readexactly(size)
                else:
                    while size := int(await reader.readline(), 16):
                        await reader.readexactly(size + 2)
                    await reader.readexactly(2)
                writer.write(_HEAD + first)
                for _ in range(events):
                    await asyncio.sleep(pause_s)
                    writer.write(word)
                writer.write(last)
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()

    tls = None
    if certificate:
        tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        tls.load_cert_chain(*certificate)
    server = await asyncio.start_server(serve, "127.0.0.1", port, backlog=4096, ssl=tls)
    await server.serve_forever()


def relay(port: int, provider: str) -> None:
    """Serve the bare relay until the process is ended."""
    import aiohttp  # noqa: PLC0415 - of this stand-in alone
    import uvicorn  # noqa: PLC0415 - as above

    sessions: list[aiohttp.ClientSession] = []

    async def live(receive: Any, send: Any) -> None:
        await receive()
        connector = aiohttp.TCPConnector(limit=0)
        async with aiohttp.ClientSession(
            connector=connector, cookie_jar=aiohttp.DummyCookieJar()
        ) as session:
            sessions.append(session)
            await send({"type": "lifespan.startup.complete"})
            await receive()
        await send({"type": "lifespan.shutdown.complete"})

    async def app(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "lifespan":
            await live(receive, send)
            return
        body, more = b"", True
        while more:
            message = await receive()
            body += message.get("body", b"")
            more = message.get("more_body", False)
        headers = {"content-type": "application/json"}
        async with sessions[0].post(provider, data=body, headers=headers) as reply:
            kind = reply.headers["content-type"].encode()
            head = [(b"content-type", kind)]
            if length := reply.headers.get("content-length"):
                head.append((b"content-length", length.encode()))
            await send({"type": "http.response.start", "status": reply.status, "headers": head})
            while chunk := await reply.content.readany():
                await send({"type": "http.response.body", "body": chunk, "more_body": True})
            await send({"type": "http.response.body", "body": b""})

    uvicorn.run(
        app,
        host="127.0.0.1",
        port=port,
        loop="uvloop",
        http="httptools",
        access_log=False,
        log_level="error",
    )


def main() -> None:
    """Serve as the arguments say."""
    kind, port, *rest = sys.argv[1:]
    if kind == "relay":
        relay(int(port), rest[0])
        return
    import uvloop  # noqa: PLC0415 - as above

    uvloop.run(stream(int(port), int(rest[0]), float(rest[1]), *rest[2:]))


if __name__ == "__main__":
    main()
