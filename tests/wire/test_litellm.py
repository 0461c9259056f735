"""LiteLLM as an oracle: on each cell of the table it does what ours does, or why not is said.

For development alone, with `pip install litellm` (381 MB, 62 packages); skipped where it is not
there. Both translators get the same requests; LiteLLM sends its own to a server on loopback.
"""

import asyncio
import json
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import pytest
from factories.wire_cells import TO_CHAT, Cell
from factories.wire_cells_to_chat import TO_OPENAI
from factories.wire_cells_to_messages import TO_ANTHROPIC

litellm = pytest.importorskip(
    "litellm", reason="needs `pip install litellm`, which no extra brings"
)

MESSAGE = {
    "id": "msg_1", "type": "message", "role": "assistant", "model": "m", "stop_reason": "end_turn",
    "content": [{"type": "text", "text": "Sunny."}], "stop_sequence": None,
    "usage": {"input_tokens": 1, "output_tokens": 1},
}  # fmt: skip
COMPLETION = {
    "id": "c1", "object": "chat.completion", "created": 7, "model": "m",
    "choices": [{"index": 0, "finish_reason": "stop",
                 "message": {"role": "assistant", "content": "Sunny."}}],
    "usage": {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2},
}  # fmt: skip


class Heard(ThreadingHTTPServer):
    """A provider of either wire that keeps what it was asked."""

    daemon_threads = True
    asked: list[dict[str, Any]]


class Answer(BaseHTTPRequestHandler):
    server: Heard

    def do_POST(self) -> None:
        raw = self.rfile.read(int(self.headers["content-length"]))
        self.server.asked.append(json.loads(raw))
        body = json.dumps(MESSAGE if "messages" in self.path else COMPLETION).encode()
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_args: object) -> None:
        pass


@pytest.fixture(scope="module")
def provider() -> Iterator[Heard]:
    server = Heard(("127.0.0.1", 0), Answer)
    server.asked = []
    Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


def sent(provider: Heard, cell: Cell) -> dict[str, Any] | None:
    """What LiteLLM asks for a cell; None where it refuses, or fails."""
    provider.asked.clear()
    address = f"http://127.0.0.1:{provider.server_port}"
    fields = {name: said for name, said in cell.said.items() if name != "model"}
    litellm.suppress_debug_info = True
    litellm.use_chat_completions_url_for_anthropic_messages = True
    try:
        if cell.way == TO_CHAT:
            asked = litellm.anthropic.messages.acreate(
                model="openai/gpt-4.1", api_base=f"{address}/v1", api_key="k", **fields
            )
        else:
            asked = litellm.acompletion(
                model="anthropic/claude-sonnet-4-5", api_base=address, api_key="k", num_retries=0,
                **fields,
            )  # fmt: skip
        asyncio.run(asked)
    except Exception:  # noqa: BLE001 - whatever it raises, it has not asked
        return None
    return provider.asked[-1] if provider.asked else None


def is_right(out: dict[str, Any], cell: Cell) -> bool:
    try:
        return cell.right(out)
    except (LookupError, TypeError, AttributeError):
        return False


@pytest.mark.parametrize(
    "cell", [*TO_ANTHROPIC, *TO_OPENAI], ids=lambda cell: f"{cell.way}: {cell.name}"
)
def test_litellm_does_the_same_or_it_is_said_why_not(provider: Heard, cell: Cell) -> None:
    out = sent(provider, cell)
    same = out is None if cell.refused else out is not None and is_right(out, cell)
    assert same is (not cell.litellm), (cell.litellm, out)
