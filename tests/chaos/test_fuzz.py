"""Hostile callers, hostile providers, and Postgres away half of the time.

None of it is our own 5xx, the writer lives, and each exchange is stored, counted as dropped or a
dead letter. A failure names its seed; `request` and `replier` give the same bytes for it again.
"""

import asyncio
import json
import random
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from factories.gateway_config import three_tiers
from fakes.collaborators import build_recorder, counts, rows
from fakes.gateway import RunningGateway
from fakes.hostile import replier, request
from fakes.outage import Outage
from fakes.provider import FakeProvider
from sqlalchemy import Engine

from tierwatch.dispatch import KeptDispatch
from tierwatch.loop.capture.backlog.dead_letters import DeadLetters
from tierwatch.loop.capture.exchange import ServedExchange
from tierwatch.loop.capture.recorder import CaptureRecorder

OURS = "The gateway failed"
AT_ONCE = 16
# Postgres goes and comes back this often in a run.
TURNS = 10


@dataclass
class Seen:
    """What a run came to."""

    statuses: Counter[int] = field(default_factory=Counter)
    ours: list[int] = field(default_factory=list)
    unanswered: list[int] = field(default_factory=list)
    escaped: list[str] = field(default_factory=list)
    recorded: int = 0


class Watched:
    """The gateway's application, with what escapes from it kept."""

    def __init__(self, app: Any, seen: Seen) -> None:
        self._app, self._seen = app, seen

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        try:
            await self._app(scope, receive, send)
        except Exception as error:
            trace = error.__traceback__
            while trace is not None and trace.tb_next is not None:
                trace = trace.tb_next
            place = (
                "" if trace is None else f"{trace.tb_frame.f_code.co_filename}:{trace.tb_lineno}"
            )
            self._seen.escaped.append(f"{type(error).__name__} at {place}")
            raise


class Recorder:
    """Counts what is handed to the real one."""

    def __init__(self, real: CaptureRecorder, seen: Seen) -> None:
        self._real, self._seen = real, seen

    def record(self, served: ServedExchange) -> None:
        self._seen.recorded += 1
        self._real.record(served)


@pytest.fixture
def providers() -> Iterator[list[FakeProvider]]:
    with ExitStack() as stack:
        yield [
            stack.enter_context(FakeProvider(kind, replier(kind, seed)).running())
            for seed, kind in enumerate(("openai", "anthropic", "responses"))
        ]


async def _drive(url: str, cases: int, seen: Seen, outage: Outage) -> None:
    todo = iter(range(cases))

    async def work(session: aiohttp.ClientSession) -> None:
        for number in todo:
            if number % max(1, cases // TURNS) == 0:
                away = number // max(1, cases // TURNS) % 2 == 0
                (outage.begin if away else outage.end)()
            path, body, headers = request(random.Random(number))
            try:
                async with session.post(url + path, data=body, headers=headers) as reply:
                    text = await reply.read()
            except aiohttp.ClientPayloadError:
                continue  # a stream that its provider broke
            except aiohttp.ClientError:
                seen.unanswered.append(number)
                continue
            seen.statuses[reply.status] += 1
            if reply.status == 500 or OURS.encode() in text:
                seen.ours.append(number)

    headers = {"content-type": "application/json"}
    async with aiohttp.ClientSession(headers=headers) as session, asyncio.TaskGroup() as group:
        for _ in range(AT_ONCE):
            group.create_task(work(session))


def fuzz(cases: int, engine: Engine, providers: list[FakeProvider], folder: Path) -> Seen:
    """Drive so many cases, then let everything come to rest and see where it is."""
    seen, outage = Seen(), Outage(engine)
    recorder = build_recorder(
        outage.engine,
        KeptDispatch(),
        folder,
        spool_max_bytes=2_000_000_000,
        flush_every_s=0.1,
    )
    gateway = RunningGateway(
        three_tiers(
            *providers,
            # Nothing is left alone for failing, nor waited for: each case is to meet a provider.
            retry="{wait: 0.001}",
            balance="{breaker: {failures: 1000, calls: 100000}}",
            timeout_s=5,
        ),
        folder / "tierwatch.yaml",
        environ={"PROVIDER_KEY": "k"},
        recorder=Recorder(recorder, seen),
        around=lambda app: Watched(app, seen),
    )
    gateway.start()
    recorder.start()
    try:
        asyncio.run(_drive(gateway.url, cases, seen, outage))
    finally:
        gateway.stop()
    assert recorder.state().writer_alive
    outage.end()
    until = time.monotonic() + 120
    while recorder.state().spool_bytes and time.monotonic() < until:
        time.sleep(0.1)
    recorder.stop()
    _assert_each_is_somewhere(recorder, engine, folder, seen)
    return seen


def _assert_each_is_somewhere(
    recorder: CaptureRecorder, engine: Engine, folder: Path, seen: Seen
) -> None:
    letters = [one for one in DeadLetters(folder / "spool", max_bytes=1).letters() if one]
    requests, sampled, dropped = counts(engine)
    stored = len(rows(engine, "select id from exchanges"))
    said = {
        "statuses": dict(sorted(seen.statuses.items())),
        "ours": seen.ours[:20],
        "escaped": Counter(seen.escaped).most_common(10),
        "unanswered": seen.unanswered[:20],
        "recorded": seen.recorded,
        "requests": requests,
        "sampled": sampled,
        "stored": stored,
        "dropped": dropped,
        "dead_letters": Counter(one.what for one in letters),
        "faults": dict(recorder.state().faults),
    }
    print(json.dumps({key: str(value) for key, value in said.items()}, indent=1))  # noqa: T201 - the figures of the run
    assert requests == seen.recorded
    assert stored + dropped == sampled
    assert dropped == recorder.dropped_total
    assert [one for one in letters if one.what in {"batch", "line"}] == []


def test_some_hundred_hostile_requests(
    engine: Engine, providers: list[FakeProvider], tmp_path: Path
) -> None:
    seen = fuzz(150, engine, providers, tmp_path)
    assert (seen.ours, seen.escaped, seen.unanswered) == ([], [], [])
    assert seen.statuses[200] > 50


@pytest.mark.slow
@pytest.mark.timeout(1_800)
def test_twenty_thousand_hostile_requests_and_replies(
    engine: Engine, providers: list[FakeProvider], tmp_path: Path
) -> None:
    seen = fuzz(20_000, engine, providers, tmp_path)
    assert (seen.ours, seen.escaped, seen.unanswered) == ([], [], [])
