"""What is posted to a port of loopback: kept, answered, or passed on and kept if it was taken."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple

import httpx


class Post(NamedTuple):
    """A request as it came."""

    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


# Status and body of an answer.
Answer = Callable[[Post], tuple[int, bytes]]


@dataclass
class Posts:
    """Everything that came, with what was answered to it."""

    url: str = ""
    seen: list[tuple[Post, int]] = field(default_factory=list)

    def taken(self, path: str = "") -> list[Post]:
        """What was answered with a success, in its order."""
        return [post for post, status in list(self.seen) if status < 300 and path in post.path]


@contextmanager
def posts(answer: Answer) -> Iterator[Posts]:
    """A server that answers as it is told to, and keeps what came."""
    state = Posts()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            post = Post(self.path, {k.lower(): v for k, v in self.headers.items()}, body)
            status, said = answer(post)
            state.seen.append((post, status))
            self.send_response(status)
            self.send_header("content-length", str(len(said)))
            self.end_headers()
            self.wfile.write(said)

        def log_message(self, *_: object) -> None:
            """Nothing: a test's output is its own."""

    class Server(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, *_: Any) -> None:
            """The caller went away: no news here."""

    with Server(("127.0.0.1", 0), Handler) as server:
        state.url = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield state
        finally:
            server.shutdown()
            thread.join()


def vendors(post: Post) -> tuple[int, bytes]:
    """PagerDuty's and Slack's answer to what they take."""
    if post.path == "/v2/enqueue":
        return 202, json.dumps({"status": "success", "dedup_key": post.json["dedup_key"]}).encode()
    return 200, b"ok"


def passed_on(to: str) -> Answer:
    """Post it to another server, and answer what that does; 502 where it is away."""

    def answer(post: Post) -> tuple[int, bytes]:
        names = ("authorization", "content-type", "content-encoding")
        headers = {name: post.headers[name] for name in names if name in post.headers}
        try:
            with httpx.Client(trust_env=False, timeout=30) as client:
                reply = client.post(f"{to}{post.path}", content=post.body, headers=headers)
        except httpx.TransportError:
            return 502, b"{}"
        return reply.status_code, reply.content

    return answer
