"""Recorded traffic is sent in its order, held back and stopped when asked to, and shown."""

import io
import json
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from tierwatch.command.replaying.sender import Progress, exchanges, progress_shown, replay_traffic
from tierwatch.providers.recorded.traffic_file import RecordedExchange


def line(number: int, **changes: Any) -> str:
    answer = {"text": "4", "cost_usd": 0.001, "score": 0.5}
    found = {
        "id": f"r{number}", "at_s": number, "session": f"s{number}", "task": "t",
        "messages": [{"role": "user", "content": f"question {number}"}],
        "answers": {"simple": answer, "complex": answer | {"score": 1.0}}, "verdicts": {},
    }  # fmt: skip
    return json.dumps(found | changes)


@pytest.fixture
def recording(tmp_path: Path) -> Path:
    file = tmp_path / "traffic.jsonl"
    lines = [line(number) for number in range(20)]
    lines.insert(3, "no JSON")
    file.write_text("\n".join(lines) + "\n")
    return file


@contextmanager
def gateway(status: int = 200, tier: str = "complex") -> Iterator[tuple[str, list[Any]]]:
    """A gateway's stand-in: its address, and what it was sent."""
    seen: list[Any] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["content-length"])))
            seen.append((self.path, self.headers["x-session-id"], body))
            self.send_response(status)
            self.send_header("x-tierwatch-tier", tier)
            self.send_header("x-tierwatch-policy-version", "3")
            self.send_header("content-length", "2")
            self.end_headers()
            self.wfile.write(b"{}")

        def log_message(self, *_: object) -> None:
            """Silent."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    serving = threading.Thread(target=server.serve_forever)
    serving.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", seen
    finally:
        server.shutdown()
        serving.join()
        server.server_close()


def send(items: list[RecordedExchange], url: str, **changes: Any) -> Progress:
    progress = Progress()
    asked = {"hold": lambda: False, "stop": lambda: False} | changes
    replay_traffic(items, gateway_url=url, progress=progress, **asked)
    return progress


def test_bad_lines_are_set_aside_and_the_limit_counts_good_ones(recording: Path) -> None:
    progress = Progress()
    taken = list(exchanges(recording, progress, limit=5))
    assert [item.id for item in taken] == ["r0", "r1", "r2", "r3", "r4"]
    assert [(bad.number, bad.why.split(" (")[0]) for bad in progress.bad_lines] == [(4, "not JSON")]
    assert len(list(exchanges(recording, Progress(), limit=None))) == 20


def test_every_exchange_is_sent_as_a_caller_would_and_graded(recording: Path) -> None:
    items = list(exchanges(recording, Progress(), limit=None))
    with gateway() as (url, seen):
        progress = send(items, url)
    assert (progress.sent, progress.answered, progress.refused) == (20, 20, 0)
    # Each was answered by complex, which scored 1.
    assert (progress.scored, progress.score_sum) == (20, 20.0)
    assert progress.policy_versions == {"3"}
    assert progress.done
    path, session, body = min(seen, key=lambda one: one[2]["metadata"]["recorded_id"])
    assert (path, session) == ("/v1/chat/completions", "s0")
    assert body["model"] == "auto"
    assert body["messages"] == [{"role": "user", "content": "question 0"}]


def test_a_tier_without_a_recorded_answer_has_no_grade(recording: Path) -> None:
    items = list(exchanges(recording, Progress(), limit=2))
    with gateway(tier="cache") as (url, _):
        progress = send(items, url)
    assert (progress.answered, progress.scored) == (2, 0)


def test_refusals_are_counted_and_the_first_is_kept(recording: Path) -> None:
    items = list(exchanges(recording, Progress(), limit=3))
    with gateway(status=503) as (url, _):
        progress = send(items, url)
    assert (progress.answered, progress.refused) == (0, 3)
    assert ": HTTP 503 {}" in progress.first_refusal
    nobody = send(items[:1], "http://127.0.0.1:1")
    assert nobody.refused == 1
    assert nobody.first_refusal.startswith("r0: ClientConnectorError")


def test_it_stops_when_asked_to_also_while_held_back(recording: Path) -> None:
    items = list(exchanges(recording, Progress(), limit=None))
    with gateway() as (url, seen):
        progress = send(items, url, stop=lambda: len(seen) >= 4)
        assert progress.sent < 20
        # Held for ever: only stopping ends it.
        asked = iter([False, False, True])
        held = send(items, url, hold=lambda: True, stop=lambda: next(asked, True))
    assert held.sent == 0
    assert held.done


def test_without_a_terminal_there_is_a_line_for_each_tenth(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with progress_shown(50) as show:
        for answered in (0, 1, 4, 5, 5, 26, 50, 50):
            show(answered, answered // 2)
    assert capsys.readouterr().out.splitlines() == [
        "replayed 0 of 50 requests, 0 pairs in evaluation",
        "replayed 5 of 50 requests, 2 pairs in evaluation",
        "replayed 26 of 50 requests, 13 pairs in evaluation",
        "replayed 50 of 50 requests, 25 pairs in evaluation",
    ]


def test_a_recording_without_lines_divides_by_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    with progress_shown(0) as show:
        show(0, 0)
    assert capsys.readouterr().out == "replayed 0 of 0 requests, 0 pairs in evaluation\n"


def test_on_a_terminal_a_bar_moves(monkeypatch: pytest.MonkeyPatch) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    terminal = Terminal()
    monkeypatch.setattr(sys, "stdout", terminal)
    monkeypatch.setenv("TERM", "xterm")
    with progress_shown(10) as show:
        show(10, 3)
    shown = terminal.getvalue()
    assert "10/10" in shown
    assert "3 pairs in evaluation" in shown
    assert "replayed" not in shown
