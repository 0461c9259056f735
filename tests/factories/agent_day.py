"""A day of agents' traffic: sessions made from two recorded requests, and callers who name none.

The recorded requests of Claude Code and Codex have long texts replaced by their length
(``[580 characters]``); filler of that length stands for them here. A session goes on from what the
model answered, as an agent does: its calls are run and their results sent back.
"""

import base64
import json
import random
import re
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import httpx

INTAKE = Path(__file__).parents[3] / "shared" / "data" / "intake"
_LENGTH = re.compile(r"\[(\d+) characters\]")
_ZEROS = "00000000-0000-4000-8000-000000000000"
_WORDS = ["the", "file", "service", "when", "a", "value", "of", "each", "request", "is", "read"]

TASKS = (
    "Why does the retry in the payment client run twice after a time-out?",
    "Rename the variable total to total_cents in billing.py.",
    "Find the race condition in the session cache and mend it with a test.",
    "Write a migration that adds an index on orders by customer and day.",
    "What does the nightly job do when the bucket is empty?",
    "Make the parser accept a trailing comma and say where it found one.",
    "Move the rate limiter behind an interface, so that tests can do without Redis.",
    "Say hello.",
    "The build fails on Python 3.13 with an import error in setup. Find out why.",
    "Explain how a lock-free queue keeps its order, and prove that ours does.",
)
# 1 x 1 pixels; and the least that is a document.
IMAGE = base64.b64encode(
    bytes.fromhex(
        "89504e470d0a1a0a0000000d4948445200000001000000010802000000907753de"
        "0000000c49444154789c63f8cfc0000003010100c9fe92ef0000000049454e44ae426082"
    )
).decode()
DOCUMENT = base64.b64encode(
    b"%PDF-1.4\n1 0 obj<</Type/Catalog>>endobj\ntrailer<</Root 1 0 R>>"
).decode()


@dataclass(frozen=True, slots=True)
class Sent:
    """One request of the day and what became of it.

    Attributes:
        exchange_id: the gateway's.
        conversation: which it truly belongs to.
        side: whether it is a call beside the conversation.
        media: base64 of what it carries, its history included.
        status: of HTTP.
        wire: it was sent on.
        said: the body of a reply that was refused.
    """

    exchange_id: str
    conversation: str
    side: bool
    media: frozenset[str]
    status: int
    wire: str
    said: str = ""


@dataclass(slots=True)
class Day:
    """All that was sent."""

    sent: list[Sent] = field(default_factory=list)


def recorded(name: str) -> list[dict[str, Any]]:
    """The recorded requests of a file, with filler where a text was cut."""
    found: list[dict[str, Any]] = json.loads((INTAKE / name).read_text())
    return [{"headers": one["headers"], "body": _filled(one["body"])} for one in found]


def filler(characters: int, seed: str) -> str:
    """Plain words, always the same for a seed."""
    random_ = random.Random(seed)
    text = ""
    while len(text) < characters:
        text += " ".join(random_.choices(_WORDS, k=40)) + ".\n"
    return text[:characters]


def _filled(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _filled(one) for key, one in value.items()}
    if isinstance(value, list):
        return [_filled(one) for one in value]
    if isinstance(value, str) and (cut := _LENGTH.fullmatch(value)):
        return filler(int(cut[1]), value)
    return value


def _renamed(value: Any, session: str) -> Any:
    """The same request in a session of its own."""
    return json.loads(json.dumps(value).replace(_ZEROS, session))


class ClaudeCode:
    """Sessions on the Messages wire."""

    wire = "anthropic"
    path = "/v1/messages"

    def __init__(self, random_: random.Random) -> None:
        self.session = str(uuid.UUID(int=random_.getrandbits(128), version=4))
        one = _renamed(recorded("anthropic_requests_claude_code.json")[0], self.session)
        self.headers = _own_headers(one["headers"])
        self._random = random_
        self._body = {**one["body"], "model": "auto", "stream": False}
        first, system = one["body"]["messages"]
        self._opening = [{**first, "content": first["content"][:1]}, system]
        self._history: list[dict[str, Any]] = []
        self._media: set[str] = set()

    def side_call(self) -> dict[str, Any]:
        """The call that names a session, as earlier releases make it."""
        schema = {"type": "object", "properties": {"title": {"type": "string"}}}
        schema |= {"required": ["title"], "additionalProperties": False}
        return {
            **{key: self._body[key] for key in ("model", "metadata")},
            "max_tokens": 32_000,
            "system": [
                {"type": "text", "text": "x-anthropic-billing-header: cc_version=2.1.197.1;"},
                {
                    "type": "text",
                    "text": "You are Claude Code, Anthropic's official CLI for Claude.",
                },
                {
                    "type": "text",
                    "text": "Generate a concise, sentence-case title (3-7 words) that captures"
                    " the main topic or goal of this coding session. " + filler(1_200, "title"),
                },
            ],
            "messages": [{"role": "user", "content": [{"type": "text", "text": TASKS[0]}]}],
            "output_config": {
                "effort": "high",
                "format": {"type": "json_schema", "schema": schema},
            },
            "tools": [],
        }

    def asks(self, task: str, steps: int, *, media: str) -> None:
        """A person's next words."""
        parts: list[dict[str, Any]] = []
        if media:
            kind = "image" if media == IMAGE else "document"
            of = "image/png" if media == IMAGE else "application/pdf"
            source = {"type": "base64", "media_type": of, "data": media}
            parts.append({"type": kind, "source": source})
            self._media.add(media)
        words = f"{task} [[loop {steps} Bash]]" if steps else task
        parts.append({"type": "text", "text": words})
        if not self._history:
            first = {**self._opening[0], "content": [*self._opening[0]["content"], *parts]}
            self._history = [first, self._opening[1]]
        else:
            reminder = "<system-reminder>\n" + filler(580, task) + "\n</system-reminder>"
            parts.insert(0, {"type": "text", "text": reminder})
            self._history.append({"role": "user", "content": parts})

    def body(self) -> dict[str, Any]:
        """The next request."""
        return {**self._body, "messages": self._history}

    def media(self) -> frozenset[str]:
        """What it carries."""
        return frozenset(self._media)

    def goes_on(self, reply: Mapping[str, Any]) -> bool:
        """Take the answer; whether results of its calls are to be sent."""
        self._history.append({"role": "assistant", "content": reply["content"]})
        calls = [part for part in reply["content"] if part["type"] == "tool_use"]
        size = min(20_000, int(self._random.lognormvariate(6.5, 1.2)))
        if calls:
            results = [
                {"type": "tool_result", "tool_use_id": c["id"], "content": filler(size, c["id"])}
                for c in calls
            ]
            self._history.append({"role": "user", "content": results})
        return bool(calls)


class Codex:
    """Sessions on the Responses wire. Nothing is kept at the provider."""

    wire = "responses"
    path = "/v1/responses"

    def __init__(self, random_: random.Random) -> None:
        self.session = str(uuid.UUID(int=random_.getrandbits(128), version=4))
        one = _renamed(recorded("openai_responses_request_codex.json")[0], self.session)
        self.headers = _own_headers(one["headers"])
        self._random = random_
        self._body = {**one["body"], "model": "auto", "stream": False}
        self._body["tools"] = [
            tool | _PARAMETERS if tool["type"] == "function" else tool
            for tool in self._body["tools"]
        ]
        self._input: list[dict[str, Any]] = self._body["input"][:-1]

    def side_call(self) -> None:
        """Codex makes none."""
        return

    def asks(self, task: str, steps: int, *, media: str) -> None:
        """A person's next words."""
        del media
        words = f"{task} [[loop {steps} exec_command]]" if steps else task
        content = [{"type": "input_text", "text": words}]
        self._input.append({"type": "message", "role": "user", "content": content})

    def body(self) -> dict[str, Any]:
        """The next request."""
        return {**self._body, "input": self._input}

    def media(self) -> frozenset[str]:
        """Codex's sessions here carry none."""
        return frozenset()

    def goes_on(self, reply: Mapping[str, Any]) -> bool:
        """Take the answer; whether results of its calls are to be sent."""
        self._input += reply["output"]
        calls = [item for item in reply["output"] if item["type"] == "function_call"]
        size = min(20_000, int(self._random.lognormvariate(6.5, 1.2)))
        for one in calls:
            output = {"type": "function_call_output", "call_id": one["call_id"]}
            self._input.append({**output, "output": filler(size, one["call_id"])})
        return bool(calls)


class Framework:
    """Sessions of a program on chat completions that names no conversation."""

    wire = "openai"
    path = "/v1/chat/completions"

    def __init__(self, random_: random.Random) -> None:
        self.session = f"unnamed-{random_.getrandbits(32)}"
        self.headers: dict[str, str] = {"user-agent": "OpenAI/Python 3.57.0"}
        self._random = random_
        self._messages: list[dict[str, Any]] = [
            {
                "role": "system",
                "content": "You answer questions on our shop's orders in a sentence.",
            }
        ]
        self._media: set[str] = set()

    def side_call(self) -> None:
        """It makes none."""
        return

    def asks(self, task: str, steps: int, *, media: str) -> None:
        """A person's next words; a number makes two persons' first words differ, as theirs do."""
        words = f"Order {self._random.getrandbits(20)}: {task}" + (
            f" [[loop {steps} lookup]]" if steps else ""
        )
        content: Any = words
        if media == IMAGE:
            url = {"url": f"data:image/png;base64,{media}"}
            content = [{"type": "text", "text": words}, {"type": "image_url", "image_url": url}]
            self._media.add(media)
        self._messages.append({"role": "user", "content": content})

    def body(self) -> dict[str, Any]:
        """The next request."""
        function = {"name": "lookup", "parameters": _PARAMETERS["parameters"]}
        tools = [{"type": "function", "function": function}]
        body = {"model": "auto", "temperature": 0.1, "max_tokens": 400, "tools": tools}
        return {**body, "messages": self._messages}

    def media(self) -> frozenset[str]:
        """What it carries."""
        return frozenset(self._media)

    def goes_on(self, reply: Mapping[str, Any]) -> bool:
        """Take the answer; whether results of its calls are to be sent."""
        message = reply["choices"][0]["message"]
        self._messages.append(message)
        calls = message.get("tool_calls") or []
        for one in calls:
            result = {"role": "tool", "tool_call_id": one["id"]}
            self._messages.append({**result, "content": filler(300, one["id"])})
        return bool(calls)


_PARAMETERS = {
    "parameters": {
        "type": "object",
        "properties": {"cmd": {"type": "string"}},
        "required": ["cmd"],
        "additionalProperties": False,
    }
}
Agent = ClaudeCode | Codex | Framework


def run_session(client: httpx.Client, agent: Agent, *, calls: int, seed: int) -> list[Sent]:
    """Run a session until so many calls were made."""
    random_, sent = random.Random(seed), list[Sent]()
    side = agent.side_call()
    if side is not None:
        sent.append(_post(client, agent, side, side=True)[0])
    while len(sent) < calls:
        media = random_.choice((IMAGE, DOCUMENT)) if random_.random() < 0.1 else ""
        agent.asks(random_.choice(TASKS), random_.choice((0, 1, 2, 4)), media=media)
        goes_on = True
        while goes_on and len(sent) < calls:
            one, reply = _post(client, agent, agent.body(), side=False)
            sent.append(one)
            if one.status != httpx.codes.OK:
                return sent
            goes_on = agent.goes_on(reply)
    return sent


def _post(
    client: httpx.Client, agent: Agent, body: Mapping[str, Any], *, side: bool
) -> tuple[Sent, dict[str, Any]]:
    got = client.post(agent.path, json=body, headers=agent.headers)
    one = Sent(
        exchange_id=got.headers.get("x-tierwatch-request-id", ""),
        conversation=agent.session,
        side=side,
        media=frozenset() if side else agent.media(),
        status=got.status_code,
        wire=agent.wire,
    )
    if got.status_code != httpx.codes.OK:
        return replace(one, said=got.text), {}
    return one, got.json()


def _own_headers(headers: Mapping[str, str]) -> dict[str, str]:
    """A client's own headers, but for its key and what httpx writes itself."""
    left_out = {"x-api-key", "authorization", "accept-encoding", "content-type"}
    kept = {name: value for name, value in headers.items() if name.lower() not in left_out}
    return {name: value for name, value in kept.items() if not _LENGTH.fullmatch(value)}


def right_turns(day: list[Sent], sessions: Mapping[str, str]) -> Iterator[bool]:
    """For each turn, whether it stands in its own conversation and in nobody else's.

    Args:
        day: what was sent, side calls left out.
        sessions: exchange -> the conversation that the gateway put it in.
    """
    of_true: dict[str, dict[str, int]] = {}
    of_said: dict[str, dict[str, int]] = {}
    for one in day:
        said = sessions.get(one.exchange_id, "")
        for table, key, value in (
            (of_true, one.conversation, said),
            (of_said, said, one.conversation),
        ):
            counts = table.setdefault(key, {})
            counts[value] = counts.get(value, 0) + 1
    for one in day:
        said = sessions.get(one.exchange_id, "")
        own = max(of_true[one.conversation], key=of_true[one.conversation].__getitem__)
        owner = max(of_said[said], key=of_said[said].__getitem__)
        yield said != "" and said == own and owner == one.conversation
