"""What routing saves a coding agent: sessions of 100 calls, with prompt caching, against one model.

    python benchmarks/agent_session.py --traffic FILE [--sessions N] [--json]

Sessions shaped like the recorded requests of Claude Code and Codex (../shared/data/intake: their
system prompts, tool definitions, reminders and cache marks by size; texts are filler) run through
the real gateway to a provider that counts cached tokens as vendors do. A session is a row of tasks;
a task is a question of recorded, graded traffic inside the agent's harness, then a loop of tool
calls, then an answer. Beside them go the agent's side calls (titles, suggestions). Each way of
routing sees the same sessions:

- everything at the top tier, which is what is compared with;
- naive: each call by itself, no conversation kept anywhere;
- sticky: tool exchanges and short replies stay, warm caches are not counted;
- cache-aware: as shipped;

with the shipped heuristic, and with a classifier learned from the first half of the traffic, of
which no session has a question. Quality is the recorded score of the tier that wrote each task's
answer, as a share of the top tier's; which tier ran the tools has no recorded effect. Time runs 150
times faster: a cache of five minutes ends after two seconds.

Prints a line a way, then JSON: USD for 100 calls, saving, quality kept, and where the money went.
"""

import argparse
import datetime as dt
import gzip
import json
import math
import random
import subprocess
import sys
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
from gateway import ROOT, running_gateway
from speed import process

from tierwatch.providers.recorded.traffic_file import RecordedExchange, read_traffic
from tierwatch.routing.config.list_prices import packaged_price
from tierwatch.routing.tiers import Price

MODELS = {
    "simple": "claude-haiku-4-5",
    "standard": "claude-sonnet-4-6",
    "complex": "claude-opus-4-6",
}
TOP = "complex"
CALLS = 100
FASTER = 150
CACHE_S = 300 / FASTER
IDLE_S = 1_800 / FASTER
PORT, VENDOR = 8571, 8579
HALF = 0.5
# A task's tool calls: geometric. Agents' loops vary from none to dozens.
STEPS_MEAN, MOST_STEPS = 6.0, 25
# Characters of a tool result: lognormal, a screenful in the middle, a long file at the end.
RESULT_MEDIAN, RESULT_SIGMA, RESULT_MOST = 1_200, 1.2, 20_000
# A person reads and thinks between tasks: lognormal seconds, a fifth of them above five minutes.
PAUSE_MEDIAN_S, PAUSE_SIGMA = 90.0, 1.4
SIDE_CALLS = 0.15  # of tasks are followed by one, and each session begins with one
TITLE_SYSTEM = 1_500
WORDS = "the file service when a value of each request is read before its test and then"


@dataclass(frozen=True, slots=True)
class Shape:
    """An agent's own part of each request, in characters, by the recorded requests.

    Attributes:
        system: blocks of the system prompt; marks stand on the last two.
        tools: descriptions of the tools.
        reminder: before each task.
        first: further text before the first task.
    """

    system: tuple[int, ...]
    tools: tuple[int, ...]
    reminder: int
    first: int


CLAUDE_CODE = Shape(
    (75, 62, 5_798),
    (3_225, 2_110, 360, 1_433, 790, 574, 3_396, 1_417, 952, 3_496, 83, 240),
    580,
    9_205,
)
CODEX = Shape((16_979, 2_124, 341), (82, 80, 120, 124, 43, 122, 265, 1_541), 409, 0)
# A tool's schema is not in the recording; this is the size of Claude Code's larger ones.
SCHEMA = {
    "type": "object",
    "properties": {
        name: {"type": "string", "description": "What the tool needs to know of it. " * 4}
        for name in ("command", "description", "path", "timeout")
    },
}


@dataclass(frozen=True, slots=True)
class Task:
    """One thing a person asks of the agent."""

    item: RecordedExchange
    results: tuple[int, ...]
    pause_s: float
    side: bool


@dataclass(frozen=True, slots=True)
class Session:
    """What a person does with an agent, whatever answers."""

    name: str
    shape: Shape
    tasks: tuple[Task, ...]


@dataclass(slots=True)
class Spent:
    """What a way of routing took. USD by kind of call and kind of token, calls by tier."""

    usd: dict[str, float] = field(default_factory=lambda: defaultdict(float))
    by_call: dict[str, float] = field(default_factory=lambda: defaultdict(float))
    calls: Counter[str] = field(default_factory=Counter)
    scores: list[tuple[float, float]] = field(default_factory=list)
    moves: int = 0

    @property
    def total(self) -> float:
        """USD."""
        return sum(self.usd.values())


def graded(path: Path) -> list[RecordedExchange]:
    """The questions whose answers all have a score, each once, in the order of the traffic."""
    found = {
        one.messages[-1]["content"]: one
        for one in read_traffic(path)
        if isinstance(one, RecordedExchange)
        and len(one.messages) == 1
        and all(a.score is not None for a in one.answers.values())
    }
    return list(found.values())


def made_sessions(items: Sequence[RecordedExchange], count: int, seed: int) -> list[Session]:
    """Sessions of 100 calls, half of each agent's shape."""
    random_ = random.Random(seed)
    sessions = []
    for number in range(count):
        tasks, calls = [], 1  # the title
        while calls < CALLS:
            steps = min(MOST_STEPS, int(math.log(random_.random()) / math.log(1 - 1 / STEPS_MEAN)))
            steps = min(steps, CALLS - calls - 1)
            results = tuple(
                min(RESULT_MOST, int(random_.lognormvariate(math.log(RESULT_MEDIAN), RESULT_SIGMA)))
                for _ in range(steps)
            )
            calls += steps + 1
            side = random_.random() < SIDE_CALLS and calls < CALLS
            calls += side
            pause_s = random_.lognormvariate(math.log(PAUSE_MEDIAN_S), PAUSE_SIGMA)
            pause_s = min(pause_s, 1_500.0)  # a longer one is another session
            tasks.append(Task(random_.choice(items), results, pause_s, side))
        shape = CLAUDE_CODE if number % 2 == 0 else CODEX
        sessions.append(Session(f"session-{number}", shape, tuple(tasks)))
    return sessions


def filler(characters: int, seed: str) -> str:
    """Plain words, always the same for a seed."""
    random_ = random.Random(seed)
    words = WORDS.split()
    text = ""
    while len(text) < characters:
        text += " ".join(random_.choices(words, k=60)) + ".\n"
    return text[:characters]


def harness(session: Session) -> dict[str, Any]:
    """What every request of a session has: system prompt and tools, with their marks."""
    mark = {"cache_control": {"type": "ephemeral"}}
    shape = session.shape
    system = [
        {"type": "text", "text": filler(length, f"system {shape.system} {place}")}
        | (mark if place >= len(shape.system) - 2 else {})
        for place, length in enumerate(shape.system)
    ]
    tools = [
        {
            "name": "Bash" if place == 1 else f"Tool{place}",
            "description": filler(length, f"tool {shape.tools} {place}"),
            "input_schema": SCHEMA,
        }
        for place, length in enumerate(shape.tools)
    ]
    return {"max_tokens": 32_000, "system": system, "tools": tools}


class Agent:
    """Runs sessions against a gateway, one thread each, and says what they took."""

    def __init__(self, url: str, model: str, prices: Mapping[str, Price]) -> None:
        self._url = url
        self._model = model
        self._prices = prices

    def run(self, session: Session) -> Spent:
        """Run a session from its first call to its last."""
        spent, history, last = Spent(), [], ""
        fixed = harness(session)
        headers = {"x-session-id": session.name, "anthropic-version": "2023-06-01"}
        with httpx.Client(base_url=self._url, headers=headers, timeout=60) as client:
            self._side_call(client, spent)
            for place, task in enumerate(session.tasks):
                history += [self._question(session, task, first=place == 0)]
                for size in (*task.results, None):
                    tier, reply = self._call(client, spent, fixed, history, size, first=last == "")
                    spent.moves += last not in ("", tier)
                    last = tier
                    history += [{"role": "assistant", "content": reply["content"]}]
                    if size is not None:
                        history += [self._result(reply, size)]
                answers = task.item.answers
                spent.scores += [(answers[tier].score or 0.0, answers[TOP].score or 0.0)]
                if task.side:
                    self._side_call(client, spent)
                time.sleep(task.pause_s / FASTER)
        return spent

    def _question(self, session: Session, task: Task, *, first: bool) -> dict[str, Any]:
        plan = f"steps={len(task.results)} answer={len(task.item.answers[TOP].text)}"
        length = session.shape.reminder + (session.shape.first if first else 0)
        reminder = f"<system-reminder>\n{filler(length, 'reminder')} {plan}\n</system-reminder>"
        said = task.item.messages[-1]["content"]
        texts = [{"type": "text", "text": text} for text in (reminder, said)]
        return {"role": "user", "content": texts}

    def _result(self, reply: Mapping[str, Any], size: int) -> dict[str, Any]:
        call = next(part for part in reply["content"] if part["type"] == "tool_use")
        said = {"type": "tool_result", "tool_use_id": call["id"]}
        return {"role": "user", "content": [{**said, "content": filler(size, call["id"])}]}

    def _side_call(self, client: httpx.Client, spent: Spent) -> None:
        body = {
            "model": self._model,
            "max_tokens": 200,
            "system": filler(TITLE_SYSTEM, "title"),
            "messages": [{"role": "user", "content": "Write a short title. steps=0 answer=60"}],
        }
        self._post(client, spent, body, "side call")

    def _call(
        self,
        client: httpx.Client,
        spent: Spent,
        fixed: Mapping[str, Any],
        history: list[dict[str, Any]],
        size: int | None,
        *,
        first: bool,
    ) -> tuple[str, Mapping[str, Any]]:
        newest = history[-1]
        marked = [*newest["content"]]
        marked[-1] = {**marked[-1], "cache_control": {"type": "ephemeral"}}
        messages = [*history[:-1], {**newest, "content": marked}]
        kind = "first call" if first else "tool call" if size is not None else "answer"
        return self._post(
            client, spent, {"model": self._model, **fixed, "messages": messages}, kind
        )

    def _post(
        self, client: httpx.Client, spent: Spent, body: Mapping[str, Any], kind: str
    ) -> tuple[str, Mapping[str, Any]]:
        got = client.post("/v1/messages", json=body)
        if got.status_code != httpx.codes.OK:
            sys.exit(f"{got.status_code}: {got.text}")
        tier, reply = got.headers["x-tierwatch-tier"], got.json()
        usage, price = reply["usage"], self._prices[tier]
        parts = {
            "input": usage["input_tokens"] * price.input_usd_per_mtok,
            "cache write": usage["cache_creation_input_tokens"] * price.written_usd_per_mtok,
            "cache read": usage["cache_read_input_tokens"] * price.cached_usd_per_mtok,
            "output": usage["output_tokens"] * price.output_usd_per_mtok,
        }
        for part, usd in parts.items():
            spent.usd[part] += usd / 1e6
            spent.by_call[kind] += usd / 1e6
        spent.calls[tier] += 1
        return tier, reply


def config(classifier: str, threshold: float, sessions: str) -> str:
    """The file of one way of routing."""
    tiers = "".join(f"    {tier}: {{model: {model}}}\n" for tier, model in MODELS.items())
    return f"""
routing:
  classifier: {classifier}
  tiers:
{tiers}  fallback: {{strategy: escalate, threshold: {threshold}}}
  sessions: {sessions}
providers: {{vendor: {{kind: anthropic, base_url: "PROVIDER"}}}}
evaluation: {{sample_rate: 0.05}}
"""


def learned(path: Path, seen: set[str], folder: Path) -> str:
    """A local classifier learned from the traffic that is seen, as configuration names it."""
    lines = [one for one in _lines(path) if one[0] in seen]
    half = folder / "seen.jsonl"
    half.write_text("".join(line for _, line in lines))
    command = [sys.executable, "-P", "-m", "tierwatch", "train", "--teacher", "words", "--json"]
    command += ["--from", str(half), "--out", str(folder / "models")]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    models = {name: str(folder / "models" / f"{name}.model") for name in ("simple", "standard")}
    return f"{{kind: local, models: {json.dumps(models)}}}"


def _lines(path: Path) -> Iterator[tuple[str, str]]:
    with gzip.open(path, "rt") if path.suffix == ".gz" else path.open() as lines:
        for line in lines:
            yield json.loads(line)["messages"][-1]["content"], line


def run(
    text: str, model: str, sessions: Sequence[Session], prices: Mapping[str, Price], place: int
) -> Spent:
    """What all sessions took under one configuration."""
    with tempfile.TemporaryDirectory() as folder, ExitStack() as opened:
        # A gateway's port may be waiting for its last connections' end.
        url, _ = opened.enter_context(
            running_gateway(
                ROOT,
                PORT + place % 4,
                Path(folder) / "gateway",
                provider=f"http://127.0.0.1:{VENDOR}",
                config=text,
            )
        )
        agent, total = Agent(url, model, prices), Spent()
        with ThreadPoolExecutor(max_workers=10) as pool:
            for one in pool.map(agent.run, sessions):
                total.scores += one.scores
                total.calls += one.calls
                total.moves += one.moves
                for part, usd in one.usd.items():
                    total.usd[part] += usd
                for kind, usd in one.by_call.items():
                    total.by_call[kind] += usd
    return total


def line(name: str, spent: Spent, top: Spent) -> dict[str, Any]:
    """One row of the result."""
    per_100 = CALLS / spent.calls.total()
    served, best = (sum(one) for one in zip(*spent.scores, strict=True))
    return {
        "way": name,
        "usd_per_100_calls": round(spent.total * per_100, 3),
        "saving": round(1 - spent.total / top.total, 3),
        "quality_of_top": round(served / best, 3),
        "moves_per_100_calls": round(spent.moves * per_100, 1),
        "calls": {tier: round(n / spent.calls.total(), 3) for tier, n in spent.calls.items()},
        "share_of_usd": {
            part: round(usd / spent.total, 3) for part, usd in sorted(spent.usd.items())
        },
        "share_by_call": {
            kind: round(usd / spent.total, 3) for kind, usd in sorted(spent.by_call.items())
        },
    }


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--traffic", type=Path, required=True, help="recorded, graded traffic")
    parser.add_argument("--sessions", type=int, default=20)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--thresholds", type=float, nargs="+", default=[0.6, 0.7, 0.8])
    parser.add_argument("--json", action="store_true", help="JSON alone")
    options = parser.parse_args()
    items = graded(options.traffic)
    cut = int(len(items) * HALF)
    sessions = made_sessions(items[cut:], options.sessions, options.seed)
    prices = {
        tier: packaged_price(model, dt.datetime.now(dt.UTC).date())
        for tier, model in MODELS.items()
    }
    if None in prices.values():
        sys.exit(f"no list price: {prices}")
    known = {tier: price for tier, price in prices.items() if price is not None}
    ways = {
        "naive": "{sticky: false}",
        "sticky": f"{{cache: 1ms, idle: {IDLE_S:g}s}}",
        "cache-aware": f"{{cache: {CACHE_S:g}s, idle: {IDLE_S:g}s}}",
    }
    rows: list[dict[str, Any]] = []

    def add(name: str, spent: Spent, top: Spent) -> None:
        rows.append(line(name, spent, top))
        if not options.json:
            print(json.dumps(rows[-1]), file=sys.stderr)

    with tempfile.TemporaryDirectory() as folder, ExitStack() as opened:
        command = [sys.executable, str(Path(__file__).parent / "caching_vendor.py")]
        opened.enter_context(process([*command, str(VENDOR), str(CACHE_S)], VENDOR))
        seen = {item.messages[-1]["content"] for item in items[:cut]}
        classifiers = {
            "heuristic": "{kind: heuristic}",
            "learned": learned(options.traffic, seen, Path(folder)),
        }
        whole = config("{kind: heuristic}", 0.7, ways["cache-aware"])
        top = run(whole, TOP, sessions, known, 0)
        add("top tier alone", top, top)
        place = 0
        for named, classifier in classifiers.items():
            for threshold in options.thresholds:
                for way, kept in ways.items():
                    place += 1
                    text = config(classifier, threshold, kept)
                    spent = run(text, "auto", sessions, known, place)
                    add(f"{named} {threshold:g} {way}", spent, top)
    print(
        json.dumps({"sessions": len(sessions), "calls": top.calls.total(), "ways": rows}, indent=2)
    )


if __name__ == "__main__":
    main()
