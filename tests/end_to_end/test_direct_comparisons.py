"""Three tiers: a request is served by the cheapest, answered by the next and by the top one.

The gateway serves in front of fake providers and stores in a real database; what workers do asks
both alternatives over HTTP, an image with them, and has both pairs judged. The report speaks of one
exchange, and of quality against the top tier by the direct comparisons.
"""

import base64
import uuid
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from factories.gateway_config import three_tiers
from fakes import provider as wires
from fakes.collaborators import FakeJudge, build_recorder, rows, scalar
from fakes.gateway import RunningGateway
from fakes.provider import FakeProvider
from fakes.waiting import until
from sqlalchemy import Engine

from tierwatch.config import load_config
from tierwatch.dispatch import JUDGE, KeptDispatch
from tierwatch.loop.capture.redact import redact
from tierwatch.loop.capture.redaction.sealing import Sealer
from tierwatch.loop.compare.judge import judge_exchange
from tierwatch.loop.compare.shadow import shadow_exchange
from tierwatch.loop.report.build import build_report
from tierwatch.loop.watch.observe import MonitorRules, observe
from tierwatch.providers.completion import ChatClient
from tierwatch.runtime.sampling import sampling_plan

ENVIRON = {"PROVIDER_KEY": "key"}
REQUESTS = 32
IMAGE = base64.b64encode(b"\x89PNG\r\n\x1a\n and the rest of an image").decode()
EVALUATION = "\nevaluation: {sample_rate: 1, direct_share: 1, tolerance: 0.05}\n"


@pytest.fixture
def openai() -> Iterator[FakeProvider]:
    with FakeProvider("openai", wires.json_reply(wires.OPENAI_REPLY)).running() as provider:
        yield provider


def question(number: int) -> dict[str, object]:
    words: object = f"What is {number} + 2? Tell jo@example.org."
    if number == 0:
        url = {"url": f"data:image/png;base64,{IMAGE}"}
        image = {"type": "image_url", "image_url": url}
        words = [{"type": "text", "text": words}, image]
    return {"model": "auto", "messages": [{"role": "user", "content": words}]}


class World:
    """What the gateway recorded, and the workers' steps on it."""

    def __init__(self, engine: Engine, folder: Path, provider: FakeProvider) -> None:
        self.engine, self.dispatch = engine, KeptDispatch()
        self.sealer = Sealer([bytes(range(32))])
        text, path = three_tiers(provider) + EVALUATION, folder / "tierwatch.yaml"
        path.write_text(text)
        self.config = load_config(path)
        self.recorder = build_recorder(
            engine, self.dispatch, folder, tiers=self.config.tiers,
            plan=sampling_plan(self.config), redact=redact, sealer=self.sealer,
        )  # fmt: skip
        self.gateway = RunningGateway(text, path, environ=ENVIRON, recorder=self.recorder)

    def serve(self) -> None:
        """Ask every question, and wait until all is stored."""
        self.gateway.start()
        try:
            for number in range(REQUESTS):
                reply = self.gateway.client.post("/v1/chat/completions", json=question(number))
                assert reply.status_code == 200, reply.text
            until(self._all_stored)
        finally:
            self.gateway.stop()

    def _all_stored(self) -> bool:
        self.recorder.flush()
        return bool(scalar(self.engine, "select sum(requests) from rollups") == REQUESTS)

    def shadow(self) -> None:
        """Ask the alternative of every exchange that a worker was told of."""
        client = ChatClient(self.config.providers, ENVIRON)
        tiers = {tier.name: tier for tier in self.config.tiers}
        try:
            for _, exchange_id, _ in list(self.dispatch.sent):
                shadow_exchange(
                    exchange_id, engine=self.engine, client=client, tiers=tiers,
                    dispatch=self.dispatch, redact=redact, hold_s=60.0, sealer=self.sealer,
                )  # fmt: skip
        finally:
            client.close()

    def judge(self, worse: set[uuid.UUID]) -> None:
        """Have every pair judged: the alternatives of these are better, the others as good."""
        for step, exchange_id, _ in list(self.dispatch.sent):
            if step == JUDGE:
                judge_exchange(
                    exchange_id, engine=self.engine, dispatch=self.dispatch, hold_s=60.0,
                    judge=FakeJudge("alternative" if exchange_id in worse else "tie"),
                )  # fmt: skip


def test_what_simple_serves_is_compared_with_both_tiers_above(
    engine: Engine, tmp_path: Path, openai: FakeProvider
) -> None:
    world = World(engine, tmp_path, openai)
    world.serve()
    assert scalar(engine, "select count(*) from direct_pairs") == REQUESTS
    # Kept once, and shown to both.
    assert scalar(engine, "select count(*) from exchange_media") == 1
    world.shadow()
    asked = Counter(request.json["model"] for request in openai.received)
    assert asked == dict.fromkeys(("model-simple", "model-standard", "model-complex"), REQUESTS)
    shown = [one.json["model"] for one in openai.received if IMAGE in str(one.json)]
    assert sorted(shown) == ["model-complex", "model-simple", "model-standard"]
    # The neighbour does no better; the top tier does on every fourth.
    twins = [row.id for row in rows(engine, "select id from exchanges where direction = 'top'")]
    world.judge(set(sorted(twins)[::4]))
    assert scalar(engine, "select count(*) from exchanges where ended_at is null") == 0
    assert scalar(engine, "select count(*) from mark_keys") == 0
    stored = rows(engine, "select request::text as asked from exchange_texts")
    assert len(stored) == 2 * REQUESTS
    assert not [row for row in stored if "jo@example" in row.asked or IMAGE in row.asked]
    _require_figures(world)


def _require_figures(world: World) -> None:
    """Monitors and report speak of the exchanges, quality against the top tier of their twins."""
    engine, config = world.engine, world.config
    rules = MonitorRules(tolerance={"simple": 0.05}, level=1e7, max_weight=1.0, min_pairs=30)
    observe(engine=engine, rules=replace(rules, conversation_idle_s=0.0))
    assert scalar(engine, "select sum(pairs) from monitors where kind = 'misroute'") == REQUESTS
    assert scalar(engine, "select count(*) from alerts") == 0
    with engine.connect() as connection:
        report: dict[str, Any] = {**build_report(connection, config)}
    stages = ("captured", "shadowed", "judged", "failed", "pending", "dropped")
    assert [report[stage] for stage in stages] == [REQUESTS, REQUESTS, REQUESTS, 0, 0, 0]
    assert report["tiers"]["simple"]["pairs"] == REQUESTS
    assert report["tiers"]["simple"]["misroute"]["estimate"] == 0.0
    quality = report["quality_vs_top"]
    assert quality["estimate"] == pytest.approx(0.75)
    assert f"{REQUESTS} pairs compared with the top tier directly" in quality["method"]
    spent = scalar(engine, "select sum(cost_usd) from alternatives")
    top = scalar(engine, "select sum(cost_usd) from alternatives where tier = 'complex'")
    assert 0 < top < spent == pytest.approx(report["costs"]["shadow_usd"])
