"""A dashboard on a filled database, served over HTTP, and the machine's Chromium in front of it."""

import importlib.util
import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from browser import stage
from browser.stage import PASSWORD
from factories.evidence import attribution, estimate
from factories.rows import (
    NOW,
    add_alert,
    add_audit_line,
    add_exchange,
    add_failure,
    add_outcome,
    add_pair,
    add_policy,
    add_proposal,
    add_rollup,
    add_shadow,
    add_verdict,
    put_in_force,
)
from sqlalchemy import Connection, Engine, insert

from tierwatch.config import load_config
from tierwatch.dashboard import build_dashboard
from tierwatch.loop.capture.redact import storable
from tierwatch.store.people.roles import Role
from tierwatch.store.people.users import add_user
from tierwatch.store.schema.work import AttemptRow

LONG = 200_000
RIGHT_TO_LEFT = "\u0634\u0643\u0631\u0627 \u062c\u0632\u064a\u0644\u0627, 42 \u202eevil"
HOSTILE = """</pre><script>alert("x")</script>'"><img src=x onerror=alert(1)>"""
# As capture stores them: Postgres holds neither NUL nor half a surrogate pair.
UNPRINTABLE = storable("a\x00b\ud800c")

CONFIG = """
routing:
  classifier: {kind: heuristic}
  tiers:
    simple: {model: small-1, cost: 0.25}
    standard: {model: medium-1, cost: 3}
    complex: {model: large-1, cost: 15}
providers: {lab: {kind: openai, base_url: http://127.0.0.1:9}}
evaluation: {budget_usd_per_day: 25, tolerance: {simple: 0.05, standard: 0.1}}
"""


@dataclass
class Night:
    """What a night's traffic left behind, by the ids that the tests open."""

    alert: int = 0
    certified: int = 0
    uncertified: int = 0
    pairs: dict[str, uuid.UUID] = field(default_factory=dict)


@dataclass
class Served:
    """A dashboard that is served: where, on which database, and what is in it."""

    address: str
    engine: Engine
    night: Night

    def add_user(self, name: str, role: Role, **how: Any) -> None:
        with self.engine.begin() as connection:
            add_user(connection, name, PASSWORD, role, **how)


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    if importlib.util.find_spec("playwright") is None:
        pytest.skip("needs the extra `browser`: playwright is not installed")
    if stage.CHROMIUM is None:
        pytest.skip("needs Chromium, and none is on PATH")
    with stage.chromium() as browser:
        yield browser


@pytest.fixture
def configuration() -> str:
    """The file of the dashboard; tests of another one replace it."""
    return CONFIG


@pytest.fixture
def served(engine: Engine, tmp_path: Path, configuration: str) -> Iterator[Served]:
    with engine.begin() as connection:
        night = fill(connection)
    path = tmp_path / "tierwatch.yaml"
    path.write_text(configuration)
    app = build_dashboard(
        config=load_config(path), engine=engine, secret_key="s" * 32, clock=time.time
    )
    with stage.serve(app) as address:
        yield Served(address, engine, night)


@pytest.fixture
def open_browser(chromium: Any, served: Served) -> Iterator[Callable[..., Any]]:
    """Opens a window of a given width; whatever any of them complained of fails the test."""
    complaints: list[str] = []
    contexts = []

    def note(message: Any) -> None:
        # What the server refuses on purpose is logged too; the tests look at those pages.
        if "Failed to load resource: the server responded with a status of 4" not in message.text:
            complaints.append(f"{message.type}: {message.text}")

    def failed(request: Any) -> None:
        # Aborted is what becomes of an icon when the next page is asked for before it came.
        if request.failure != "net::ERR_ABORTED":
            complaints.append(f"request: {request.url}: {request.failure}")

    def dismiss(dialog: Any) -> None:
        complaints.append(f"dialog: {dialog.message}")
        dialog.dismiss()

    def open_one(*, javascript: bool = True, width: int = 1280) -> Any:
        context = chromium.new_context(
            base_url=served.address,
            java_script_enabled=javascript,
            viewport={"width": width, "height": 844},
        )
        contexts.append(context)
        context.set_default_timeout(10_000)
        page = context.new_page()
        page.on("console", note)
        page.on("pageerror", lambda error: complaints.append(f"error: {error}"))
        page.on("requestfailed", failed)
        page.on("dialog", dismiss)
        return page

    yield open_one
    for context in contexts:
        context.close()
    assert complaints == []


def fill(connection: Connection) -> Night:
    """Two policies, traffic, an attributed alert, two proposals, and pairs of every kind."""
    night = Night()
    for version in (1, 2):
        add_policy(connection, version, simple=0.6 + version / 10)
    put_in_force(connection, 2)
    for tier, requests in (("simple", 41_234), ("standard", 12_345), ("complex", 6_789)):
        add_rollup(connection, tier, requests, sampled=60 if tier == "simple" else 0)
    for number in range(60):
        add_outcome(connection, number, float(number % 9 == 0))
        add_outcome(connection, number + 100, float(number % 2), tier="standard")
    worst = [add_pair(connection, number, "alternative") for number in range(50, 60)]
    night.alert = _alert(connection, worst)
    night.certified = add_proposal(connection, base_version=2, alert_id=night.alert)
    night.uncertified = _uncertified(connection)
    night.pairs = {
        "hostile": _pair(connection, 1, HOSTILE, HOSTILE),
        "right to left": _pair(connection, 2, RIGHT_TO_LEFT, "thank you very much, 42"),
        "unprintable": _pair(connection, 3, UNPRINTABLE, "abc"),
        # Without a blank in it: nothing but the page's own rules can break the line.
        "long": _pair(connection, 4, "x" * LONG, "word " * (LONG // 5)),
    }
    _odd_pairs(connection)
    add_audit_line(connection, "policy/" + "9" * 80, why="w" * 300)
    return night


def _alert(connection: Connection, worst: list[uuid.UUID]) -> int:
    ends = {"first_pair": str(worst[0]), "last_pair": str(worst[-1])}
    return add_alert(
        connection,
        segment="simple/" + "a_task_type_with_a_long_name_" * 2,
        summary="Answers of tier simple are materially worse than the next tier's in 31.0 % of 46"
        " pairs (19.0 % to 45.0 %); 5.0 % is tolerated.",
        attribution=attribution(
            cause="model", sentence="The tier fails 47 of 136 probes it passed."
        ),
        evidence={
            "estimate": estimate(0.31),
            "whole_stream": estimate(0.12),
            "tolerance": 0.05,
            "stream": "simple|all|p2|" + "m" * 200,
            "worst": [
                {"pair": str(pair), "confidence": 0.99 - place / 100, "request": 50 + place}
                for place, pair in enumerate(worst)
            ],
            "path": [
                {"conversations": one, "at": NOW.timestamp() + one, "statistic": 1.3**one}
                for one in range(70)
            ],
            **ends,
        },
        delivered=[
            {
                "type": "alert.opened",
                "deliveries": [{"destination": "webhook 1", "ok": False, "detail": "d" * 300}],
            }
        ],
    )


def _uncertified(connection: Connection) -> int:
    above = estimate(0.3) | {"low": 0.2, "high": 0.4}
    bounds = [
        {"threshold": round(0.8 - place / 100, 2), "bound": 0.2 + place / 50, "pairs": 90 + place}
        for place in range(12)
    ]
    return add_proposal(
        connection,
        tier="standard",
        certified=False,
        base_version=1,
        predicted={"misroute": above, "cost_change": estimate(0.2), "kept": estimate(0.4)},
        evidence={"alpha": 0.1, "judge_version": "pairwise/v2/judge-1", "bounds": bounds},
    )


def _pair(connection: Connection, number: int, served: str, alternative: str) -> uuid.UUID:
    answer = {"role": "assistant", "content": served}
    pair = add_exchange(connection, number, question=f"Asked: {served[:500]}", answer=answer)
    add_shadow(connection, pair, alternative)
    add_verdict(connection, pair, "alternative", reason=served[:500])
    return pair


def _odd_pairs(connection: Connection) -> None:
    """One of each that has no verdict, with names as long as vendors make them."""
    model = "us.anthropic.claude-sonnet-4-6-20250514-v1:0-" * 3
    failed = add_exchange(connection, 5, model=model, session="s" * 300)
    add_failure(connection, failed, "refused: " + "r" * 300)
    connection.execute(
        insert(AttemptRow).values(
            exchange_id=failed, step="shadow", model=model, error="refused", detail="d" * 900,
            latency_ms=3.0,
        )
    )  # fmt: skip
    unscored = add_exchange(connection, 6, tier="standard", direction="down")
    add_shadow(connection, unscored)
    add_verdict(connection, unscored, None, unscored_why="u" * 300)
