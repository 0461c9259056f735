"""A model provider on Anthropic's wire that counts tokens as one with a prompt cache does.

    python benchmarks/caching_vendor.py PORT TTL_S

Every model has a cache of its own, an entry ends TTL_S seconds after its last use. A request writes
an entry at each of its `cache_control` marks and reads the longest one that stands at a mark or up
to 20 blocks before it, when that is as long as the model's shortest (Anthropic's prompt caching
guide, 2026). A token is four characters. What it answers is written in the request: the newest
human turn says `steps=N` and `answer=C`; until N tool results have followed, it calls a tool,
then it writes C characters. `agent_session.py` starts it.
"""

import hashlib
import json
import re
import sys
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping
from typing import Any

import uvicorn

CHARACTERS = 4
LOOK_BACK = 20
SHORTEST = {"haiku": 4_096, "opus": 4_096}
SHORTEST_OF_OTHERS = 1_024
_PLAN = re.compile(r"steps=(\d+) answer=(\d+)")
# What an agent says beside a call: a sentence, and a command of a line.
CALL_TEXT = "I will check that with the next command before going on with the change. " * 2
COMMAND = "rg --line-number 'def handle' src | head -40 && sed -n '1,80p' src/service/handler.py"


def blocks(body: Mapping[str, Any]) -> Iterator[tuple[str, bool]]:
    """The prompt in the order the cache sees it: each block, and whether a mark stands on it."""
    for tool in body.get("tools") or []:
        yield json.dumps(tool), "cache_control" in tool
    system = body.get("system") or []
    for part in [{"type": "text", "text": system}] if isinstance(system, str) else system:
        yield str(part.get("text")), "cache_control" in part
    for message in body["messages"]:
        content = message["content"]
        parts = [{"type": "text", "text": content}] if isinstance(content, str) else content
        for part in parts:
            said = {key: value for key, value in part.items() if key != "cache_control"}
            yield message["role"] + json.dumps(said), "cache_control" in part


class Cache:
    """The prompt caches of all models."""

    def __init__(self, ttl_s: float) -> None:
        self._ttl_s = ttl_s
        self._ends: dict[tuple[str, bytes], float] = {}

    def counts(self, body: Mapping[str, Any]) -> tuple[int, int, int]:
        """Tokens that are read as input, written to the cache, and read from it."""
        model, now = body["model"], time.monotonic()
        seen = hashlib.blake2b(digest_size=16)
        prefixes: list[tuple[bytes, int]] = []
        marks: list[int] = []
        characters = 0
        for place, (text, marked) in enumerate(blocks(body)):
            seen.update(text.encode())
            characters += len(text)
            prefixes.append((seen.digest(), characters // CHARACTERS))
            if marked:
                marks.append(place)
        shortest = next((n for name, n in SHORTEST.items() if name in model), SHORTEST_OF_OTHERS)
        marks = [place for place in marks if prefixes[place][1] >= shortest]
        total = characters // CHARACTERS
        if not marks:
            return total, 0, 0
        read = max((self._found(model, prefixes, mark, now) for mark in marks), default=0)
        for mark in marks:
            self._ends[model, prefixes[mark][0]] = now + self._ttl_s
        written = max(0, prefixes[marks[-1]][1] - read)
        return total - read - written, written, read

    def _found(self, model: str, prefixes: list[tuple[bytes, int]], mark: int, now: float) -> int:
        for place in range(mark, max(-1, mark - LOOK_BACK), -1):
            digest, tokens = prefixes[place]
            if self._ends.get((model, digest), 0.0) > now:
                self._ends[model, digest] = now + self._ttl_s
                return tokens
        return 0


def answer(body: Mapping[str, Any]) -> tuple[list[dict[str, Any]], str]:
    """What the model says, and why it stopped."""
    steps, length, results = 0, 200, 0
    for message in reversed(body["messages"]):
        if message["role"] != "user":
            continue
        content = message["content"]
        parts = [{"type": "text", "text": content}] if isinstance(content, str) else content
        results += any(part["type"] == "tool_result" for part in parts)
        plan = _PLAN.search("".join(part.get("text") or "" for part in parts))
        if plan:
            steps, length = int(plan[1]), int(plan[2])
            break
    if results < steps:
        call = {"type": "tool_use", "id": f"toolu_{time.monotonic_ns()}", "name": "Bash"}
        said = {"type": "text", "text": CALL_TEXT}
        return [said, {**call, "input": {"command": COMMAND}}], "tool_use"
    return [{"type": "text", "text": ("so it is. " * (length // 10 + 1))[:length]}], "end_turn"


def application(
    cache: Cache,
) -> Callable[[Mapping[str, Any], Any, Any], Awaitable[None]]:
    """The ASGI application."""

    async def serve(scope: Mapping[str, Any], receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            return
        chunks, more = [], True
        while more:
            message = await receive()
            chunks.append(message.get("body", b""))
            more = message.get("more_body", False)
        body = json.loads(b"".join(chunks))
        fresh, written, read = cache.counts(body)
        content, why = answer(body)
        reply = {
            "id": "msg_1",
            "type": "message",
            "role": "assistant",
            "model": body["model"],
            "content": content,
            "stop_reason": why,
            "stop_sequence": None,
            "usage": {
                "input_tokens": fresh,
                "cache_creation_input_tokens": written,
                "cache_read_input_tokens": read,
                "output_tokens": len(json.dumps(content)) // CHARACTERS,
            },
        }
        headers = [(b"content-type", b"application/json")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": json.dumps(reply).encode()})

    return serve


if __name__ == "__main__":
    uvicorn.run(
        application(Cache(float(sys.argv[2]))),
        host="127.0.0.1",
        port=int(sys.argv[1]),
        log_level="warning",
    )
