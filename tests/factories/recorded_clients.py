"""Requests of real agents, recorded, and varied into sessions of many turns."""

import json
import re
from collections.abc import Iterator
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest

_ROOT = Path(__file__).parents[2]
_HIDDEN = re.compile(r"\[(\d+) characters\]")
_WORDS = "This agent reads files, runs commands and reports what it has found to its user. "
TASKS = (
    "Find the race condition in this kernel module and fix it.",
    "hi",
    "Rename variable x to y in a.py",
    "What does ls do?",
    "Write tests for the parser; they must fail without the last commit.",
)


def recorded(name: str) -> Any:
    """A file of recorded requests; the test is skipped where the recordings are not there."""
    for beside in (_ROOT.parent, _ROOT.parent.parent):
        path = beside / "shared" / "data" / "intake" / name
        if path.exists():
            return json.loads(path.read_text())
    return pytest.skip(f"../shared/data/intake/{name} is absent")


def headers_of(request: Any) -> dict[bytes, bytes]:
    """The headers of a recorded request, as ASGI gives them."""
    return {
        name.lower().encode(): str(value).encode() for name, value in request["headers"].items()
    }


def filled(value: Any) -> Any:
    """The same with text of their length where the recording hides what a vendor wrote."""
    if isinstance(value, list):
        return [filled(item) for item in value]
    if isinstance(value, dict):
        return {name: filled(item) for name, item in value.items()}
    hidden = _HIDDEN.fullmatch(value) if isinstance(value, str) else None
    if hidden is None:
        return value
    return (_WORDS * (int(hidden[1]) // len(_WORDS) + 1))[: int(hidden[1])]


def reminder(day: int) -> dict[str, Any]:
    """What Claude Code writes before its user's words."""
    return _text(f"<system-reminder>\nThe date is 2026-11-{day:02d}. {_WORDS}\n</system-reminder>")


def claude_code_body(task: str, *, day: int = 30, results: int = 0) -> dict[str, Any]:
    """A request of Claude Code about a task, after so many results of tools."""
    first = recorded("anthropic_requests_claude_code.json")[0]
    body = filled(first["body"])
    body["model"] = "auto"
    asked, *rest = body["messages"]
    asked["content"] = [reminder(day), _text(task)]
    for number in range(results):
        call = {"type": "tool_use", "id": f"t{number}", "name": "Read", "input": {"n": number}}
        result = {"type": "tool_result", "tool_use_id": f"t{number}", "content": f"line {number}"}
        rest += [
            {"role": "assistant", "content": [call]},
            {"role": "user", "content": [result, reminder(day)]},
        ]
    body["messages"] = [asked, *rest]
    return dict(body)


def claude_code_turns(sessions: int, turns: int) -> Iterator[tuple[int, dict[bytes, bytes], Any]]:
    """(session, headers, body) of sessions that grow by the results of tools, over midnight."""
    first = recorded("anthropic_requests_claude_code.json")[0]
    zeros = "00000000-0000-4000-8000-000000000000"
    for session in range(sessions):
        name = f"{session:08d}-7a52-4c11-9d40-5be1a1f00d{session:02d}"
        headers = headers_of(first) | {b"x-claude-code-session-id": name.encode()}
        task = f"{TASKS[session % len(TASKS)]} It is about module {session}."
        for turn in range(turns):
            body = claude_code_body(task, day=29 + turn // 3, results=turn)
            billing = body["system"][0]
            billing["text"] = f"x-anthropic-billing-header: cc_version=2.1.{turn};"
            user_id = first["body"]["metadata"]["user_id"].replace(zeros, name)
            yield session, headers, {**body, "metadata": {"user_id": user_id}}


def codex_turns(sessions: int, turns: int) -> Iterator[tuple[int, dict[bytes, bytes], Any]]:
    """(session, headers, body) of Codex, on the Responses wire."""
    request = recorded("openai_responses_request_codex.json")
    request = request[0] if isinstance(request, list) else request
    body = filled(request["body"]) | {"model": "auto"}
    for session in range(sessions):
        name = f"{session:08d}-7a52-4c11-9d40-5be1a1f00d{session:02d}"
        named = {b"session-id": name.encode(), b"thread-id": name.encode()}
        items = deepcopy(body["input"])
        items[-2]["content"][0]["text"] = (
            f"<environment_context>\n<cwd>/{session}</cwd>\n{_WORDS}</environment_context>"
        )
        items[-1]["content"][0]["text"] = f"{TASKS[session % len(TASKS)]} Module {session}."
        for turn in range(turns):
            yield (
                session,
                headers_of(request) | named,
                {**body, "input": [*items], "prompt_cache_key": name},
            )
            call = {"type": "function_call", "call_id": f"c{turn}", "name": "exec_command"}
            output = {"type": "function_call_output", "call_id": f"c{turn}"}
            items += [{**call, "arguments": "{}"}, {**output, "output": f"line {turn}"}]


def _text(text: str) -> dict[str, Any]:
    return {"type": "text", "text": text}
