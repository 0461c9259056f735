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
from factories.wire_answers import (
    ANSWERS,
    AnswerCell,
    Heard,
    as_stream,
    chunks_heard,
    completion_heard,
    message_events_heard,
    message_heard,
)
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


class Provider(ThreadingHTTPServer):
    """Speaks either wire, says what it is told to, and keeps what it was asked."""

    daemon_threads = True
    asked: list[dict[str, Any]]
    says: Any = None


class Answer(BaseHTTPRequestHandler):
    server: Provider

    def do_POST(self) -> None:
        raw = self.rfile.read(int(self.headers["content-length"]))
        self.server.asked.append(json.loads(raw))
        usual = MESSAGE if "messages" in self.path else COMPLETION
        says = self.server.says or usual
        streams = isinstance(says, list)
        body = as_stream(says) if streams else json.dumps(says).encode()
        kind = "text/event-stream" if streams else "application/json"
        self.send_response(200)
        self.send_header("content-type", kind)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_args: object) -> None:
        pass


@pytest.fixture(scope="module")
def provider() -> Iterator[Provider]:
    server = Provider(("127.0.0.1", 0), Answer)
    server.asked = []
    Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


def ask(provider: Provider, provider_wire: str, **fields: Any) -> Any:
    """LiteLLM's call for a caller on the other wire than its provider's."""
    address = f"http://127.0.0.1:{provider.server_port}"
    litellm.suppress_debug_info = True
    litellm.use_chat_completions_url_for_anthropic_messages = True
    if provider_wire == "chat":
        return litellm.anthropic.messages.acreate(
            model="openai/gpt-4.1", api_base=f"{address}/v1", api_key="k", **fields
        )
    model = "anthropic/claude-sonnet-4-5"
    return litellm.acompletion(model=model, api_base=address, api_key="k", num_retries=0, **fields)


def sent(provider: Provider, cell: Cell) -> dict[str, Any] | None:
    """What LiteLLM asks for a cell; None where it refuses, or fails."""
    provider.asked.clear()
    provider.says = None
    fields = {name: said for name, said in cell.said.items() if name != "model"}
    try:
        asyncio.run(ask(provider, "chat" if cell.way == TO_CHAT else "messages", **fields))
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
def test_litellm_does_the_same_or_it_is_said_why_not(provider: Provider, cell: Cell) -> None:
    out = sent(provider, cell)
    same = out is None if cell.refused else out is not None and is_right(out, cell)
    assert same is (not cell.litellm), (cell.litellm, out)


async def told(provider: Provider, cell: AnswerCell) -> Heard:
    """What a caller hears from LiteLLM."""
    provider.says = cell.said
    streams = isinstance(cell.said, list)
    asked = {"messages": [{"role": "user", "content": "?"}], "max_tokens": 99, "stream": streams}
    if cell.way == TO_CHAT:
        counts = {"stream_options": {"include_usage": True}} if streams else {}
        answer = await ask(provider, "messages", **asked, **counts)
        if not streams:
            return completion_heard(answer.model_dump(mode="json"))
        chunks: list[dict[str, Any]] = []
        try:
            async for chunk in answer:
                chunks += [chunk.model_dump(mode="json")]
        except Exception:  # noqa: BLE001 - that is how it tells of an error
            chunks.append({"error": {"message": "raised"}})
        return chunks_heard(chunks)
    answer = await ask(provider, "chat", **asked)
    if not streams:
        return message_heard(dict(answer))
    raw = b""
    failed = False
    try:
        async for piece in answer:
            raw += piece if isinstance(piece, bytes) else str(piece).encode()
    except Exception:  # noqa: BLE001 - that is how it tells of an error
        failed = True
    lines = [line[6:] for line in raw.decode().splitlines() if line.startswith("data: {")]
    heard = message_events_heard(json.loads(line) for line in lines)
    return heard._replace(failed=failed or heard.failed)


@pytest.mark.parametrize("cell", ANSWERS, ids=lambda cell: f"{cell.way}: {cell.name}")
def test_litellm_is_heard_as_ours_or_it_is_said_why_not(
    provider: Provider, cell: AnswerCell
) -> None:
    try:
        heard = asyncio.run(told(provider, cell))
    except Exception as error:  # noqa: BLE001 - whatever it raises, nothing was heard
        heard = Heard(f"{type(error).__name__}: {error}", failed=True)
    same = {name: getattr(heard, name) for name in cell.heard} == cell.heard
    assert same is (not cell.litellm), (cell.litellm, heard)
