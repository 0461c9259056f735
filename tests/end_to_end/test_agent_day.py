"""A day of agents through gateway and workers, before a vendor that refuses what vendors refuse."""

import base64
import json
import os
import random
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import httpx
import pytest
from factories.agent_day import (
    INTAKE,
    Agent,
    ClaudeCode,
    Codex,
    Framework,
    Sent,
    right_turns,
    run_session,
)
from factories.processes import process, until_ready, url_of
from fakes.provider import FakeProvider, json_reply
from fakes.vendor.server import Vendor
from fakes.waiting import until
from sqlalchemy import Engine, text

from tierwatch.local import free_port
from tierwatch.providers.recorded.traffic_file import RecordedExchange, read_traffic
from tierwatch.settings import read_settings

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not INTAKE.is_dir(), reason="recorded requests (../shared/data) are absent"),
]

CONFIG = """
routing:
  classifier: {{kind: heuristic}}
  tiers:
    simple:   {{model: gpt-4o-mini, provider: openai, cost: {{input: 0.15, output: 0.6}}}}
    standard: {{model: claude-sonnet-4-6, provider: anthropic, cost: {{input: 3, output: 15}}}}
    complex:  {{model: gpt-5.2, provider: openai, cost: {{input: 5, output: 25}}}}
providers:
  openai: {{kind: openai, base_url: "{openai}", api_key: env:PROVIDER_KEY, responses: true}}
  anthropic: {{kind: anthropic, base_url: "{anthropic}", api_key: env:PROVIDER_KEY}}
  judge: {{kind: openai, base_url: "{judge}", api_key: env:PROVIDER_KEY}}
evaluation:
  sample_rate: 1
  probe_down_rate: 1
  judge: {{kind: pairwise, model: judge-1, provider: judge, orders: one}}
"""
VERDICT = {
    "id": "chatcmpl-1",
    "object": "chat.completion",
    "created": 1,
    "model": "judge-1",
    "choices": [
        {
            "index": 0,
            "message": {"role": "assistant", "content": '{"reason": "Alike.", "verdict": "tie"}'},
            "finish_reason": "stop",
        }
    ],
    "usage": {"prompt_tokens": 9, "completion_tokens": 9, "total_tokens": 18},
}
# Sessions of each kind and calls of each session: 300 exchanges.
MIX: tuple[tuple[type[Agent], int, int], ...] = (
    (ClaudeCode, 14, 12),
    (Codex, 6, 12),
    (Framework, 10, 6),
)
TRAFFIC = 300
RIGHT = 0.95
KEY = base64.b64encode(bytes(range(32))).decode()
BOTH_ARMS = 2
STEPS_TO_END_S = 240
OUTSIDE = """
    select reason, sum(requests) as requests from outside_counts where reason <> '' group by 1
"""
# That a shadow cannot be asked is known before the draw.
REFUSED = """
    select model, error, left(detail, 300), count(*) from attempts
    where step = 'shadow' and error = 'refused' group by 1, 2, 3
"""


@dataclass
class Day:
    """What was sent, and where it went."""

    sent: list[Sent]
    engine: Engine
    vendor: Vendor
    keeps_media: bool

    def rows(self, query: str) -> list[Any]:
        with self.engine.connect() as connection:
            return list(connection.execute(text(query)))


@pytest.fixture
def vendor() -> Iterator[Vendor]:
    with Vendor().running() as running:
        yield running


@pytest.fixture(params=["", KEY], ids=["without_a_media_key", "with_a_media_key"])
def day(
    request: pytest.FixtureRequest,
    engine: Engine,
    redis_url: str,
    tmp_path: Path,
    vendor: Vendor,
) -> Iterator[Day]:
    folder = tmp_path
    vendor.heard.clear()
    with ExitStack() as opened:
        judge = opened.enter_context(FakeProvider("openai", json_reply(VERDICT)).running())
        file = folder / "tierwatch.yaml"
        file.write_text(
            CONFIG.format(openai=vendor.openai_url, anthropic=vendor.url, judge=judge.base_url)
        )
        settings = replace(
            read_settings({}),
            config=file,
            data_dir=folder / "data",
            database_url=url_of(engine),
            redis_url=redis_url,
            gateway_port=free_port(),
            media_key=request.param,
        )
        log = folder / "gateway.log"
        gateway = opened.enter_context(process("gateway", settings=settings, log=log))
        opened.enter_context(process("worker", settings=settings, log=folder / "worker.log"))
        url = f"http://127.0.0.1:{settings.gateway_port}"
        until_ready(gateway, f"{url}/readyz", log)
        found = Day(replayed(url), engine, vendor, bool(request.param))
        counted = "select coalesce(sum(requests), 0) from rollups"
        until(lambda: found.rows(counted)[0][0] >= len(found.sent), STEPS_TO_END_S)
        ended = "select count(*) from exchanges where ended_at is null"
        until(lambda: not found.rows(ended)[0][0], STEPS_TO_END_S)
        yield found


def replayed(url: str) -> list[Sent]:
    """Everything that is sent: agents' sessions side by side, and recorded questions."""
    with ThreadPoolExecutor(4) as pool, httpx.Client(base_url=url, timeout=60) as client:
        made = [
            pool.submit(run_session, client, agent(random.Random(seed)), calls=calls, seed=seed)
            for agent, sessions, calls in MIX
            for seed in range(sessions)
        ]
        questions = list(pool.map(lambda one: asked(client, *one), enumerate(recorded())))
        return [sent for one in made for sent in one.result()] + questions


def recorded() -> list[RecordedExchange]:
    """The first questions of the recorded traffic."""
    path = INTAKE.parent / "traffic_dev.jsonl.gz"
    lines = (one for one in read_traffic(path) if isinstance(one, RecordedExchange))
    return [one for one, _ in zip(lines, range(TRAFFIC), strict=False)]


def asked(client: httpx.Client, number: int, one: RecordedExchange) -> Sent:
    """A question of somebody who names no conversation."""
    body = {"model": "auto", "messages": list(one.messages)}
    got = client.post("/v1/chat/completions", json=body)
    named = got.headers.get("x-tierwatch-request-id", "")
    said = "" if got.status_code == httpx.codes.OK else got.text
    return Sent(
        exchange_id=named,
        conversation=f"question {number}",
        side=False,
        media=frozenset(),
        status=got.status_code,
        wire="openai",
        said=said,
    )


def test_a_day_of_agents_is_evidence(day: Day) -> None:
    """One day, since it takes a minute to make."""
    if place := os.environ.get("AGENT_DAY"):
        with Path(place).open("a") as lines:
            lines.write(json.dumps(summary(day), default=str) + "\n")
    every_call_is_served(day)
    no_shadow_is_refused(day)
    turns_stand_in_their_conversation(day)
    no_side_call_is_evidence(day)
    nothing_is_judged_without_its_documents(day)


def every_call_is_served(day: Day) -> None:
    refused = Counter(
        (one.wire, one.said[:300]) for one in day.sent if one.status != httpx.codes.OK
    )
    assert not refused
    assert len(day.sent) >= sum(sessions * calls for _, sessions, calls in MIX)


def no_shadow_is_refused(day: Day) -> None:
    assert day.rows(REFUSED) == []


def turns_stand_in_their_conversation(day: Day) -> None:
    assert share_right(day) >= RIGHT


def share_right(day: Day) -> float:
    sessions = {str(one.id): one.session for one in day.rows("select id, session from exchanges")}
    turns = [one for one in day.sent if not one.side and one.exchange_id in sessions]
    assert turns
    return sum(right_turns(turns, sessions)) / len(turns)


def no_side_call_is_evidence(day: Day) -> None:
    side = {one.exchange_id for one in day.sent if one.side}
    stored = {str(one.id) for one in day.rows("select id from exchanges")}
    assert side
    assert not side & stored


def nothing_is_judged_without_its_documents(day: Day) -> None:
    """What was judged and has media was asked with them twice: served, and in the shadow."""
    with_media = {one.exchange_id for one in day.sent if one.media}
    assert with_media
    assert judged_without(day) == []
    outside = {one.reason: one.requests for one in day.rows(OUTSIDE)}
    if day.keeps_media:
        assert "media" not in outside
        assert with_media & judged(day)
    else:
        assert outside["media"] == len(with_media)
        assert not with_media & judged(day)


def judged(day: Day) -> set[str]:
    return {str(one.exchange_id) for one in day.rows("select exchange_id from verdicts")}


def judged_without(day: Day) -> list[str]:
    known = judged(day)
    told = [one.body.decode() for one in day.vendor.posted()]
    return [
        one.exchange_id
        for one in day.sent
        if one.exchange_id in known
        and any(sum(media in body for body in told) < BOTH_ARMS for media in one.media)
    ]


def summary(day: Day) -> dict[str, Any]:
    """The figures, for whoever asks for them (``AGENT_DAY=FILE``)."""
    return {
        "sent": Counter(one.wire for one in day.sent),
        "stored": day.rows("select count(*) from exchanges")[0][0],
        "outside": {one.reason: one.requests for one in day.rows(OUTSIDE)},
        "failed": [
            tuple(one)
            for one in day.rows("select step, reason, count(*) from failures group by 1, 2")
        ],
        "shadows_refused": [tuple(one) for one in day.rows(REFUSED)],
        "in_the_right_conversation": share_right(day),
        "judged_without_documents": judged_without(day),
        "judged": len(judged(day)),
    }
