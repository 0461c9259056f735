"""One exchange enters each room once, in the order of `gateway.serve`.

Rooms are the folders of the six steps, the providers' clients and the capture. `way` says what
counts as entering one: not a question to a value that was handed on, nor what lies below all steps.
"""

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fakes.collaborators import KeptDispatch, build_recorder
from fakes.provider import FakeProvider
from sqlalchemy import Engine
from tracing import way

from tierwatch.config import load_config

ASKED = [("serve", "accept"), ("serve", "cache"), ("serve", "route")]
ANSWERED = [("serve", "answer"), ("answer", "providers")]
CLOSED = [("serve", "reply"), ("serve", "record")]


@pytest.fixture
def provider() -> Iterator[FakeProvider]:
    with FakeProvider("openai", way.usual).running() as running:
        yield running


@pytest.mark.parametrize("kind", ["plain", "streamed", "translated", "translated, streamed"])
def test_each_room_is_entered_once_in_the_order_of_the_steps(
    provider: FakeProvider, kind: str
) -> None:
    entered = walked(way.KINDS[kind], provider)
    assert way.rooms(entered) == [*ASKED, *ANSWERED, *CLOSED]


def test_an_answer_from_the_cache_asks_nobody(provider: FakeProvider, redis_url: str) -> None:
    entered = walked(way.KINDS["from the cache"], provider, redis_url=redis_url)
    assert way.rooms(entered) == [*ASKED, *CLOSED]


def test_kept_traffic_is_handed_to_the_capture_at_the_end(
    provider: FakeProvider, engine: Engine, tmp_path: Path
) -> None:
    (tmp_path / "tierwatch.yaml").write_text(way.three_tiers(provider))
    tiers = load_config(tmp_path / "tierwatch.yaml").tiers
    recorder = build_recorder(engine, KeptDispatch(), tmp_path, tiers=tiers)
    entered = walked(way.KINDS["plain"], provider, recorder=recorder)
    assert way.rooms(entered) == [*ASKED, *ANSWERED, *CLOSED, ("record", "capture")]


@pytest.mark.parametrize("kind", ["plain", "streamed"])
def test_the_story_is_told_from_one_place(provider: FakeProvider, kind: str) -> None:
    """`gateway.serve` is called by the routes and by itself: no step calls back."""
    entered = walked(way.KINDS[kind], provider)
    callers = {one.caller for one in entered if one.module == "gateway.serve"}
    assert callers == {"gateway.routes", "gateway.serve"}


def test_nothing_is_written_after_the_answering_but_by_its_owner(provider: FakeProvider) -> None:
    """The ledger is written by the answering alone; a stream that broke off is its own value."""
    entered = walked(way.KINDS["streamed"], provider)
    writers = {one.caller for one in entered if one.module == "gateway.answer.ledger"}
    assert writers <= {"gateway.serve", *(m for m in writers if m.startswith("gateway.answer."))}


def walked(
    kind: way.Kind, provider: FakeProvider, *, recorder: Any = None, redis_url: str = ""
) -> list[way.Entered]:
    taker = way.Nobody() if recorder is None else recorder
    made = way.way(kind, "tierwatch", provider, recorder=taker, redis_url=redis_url)
    return asyncio.run(made)


def test_a_room_that_is_asked_again_counts_again() -> None:
    entered = [
        way.Entered("gateway.route.routes", "Routes.choose", "gateway.serve"),
        way.Entered("gateway.route.turns", "Turns.turn", "gateway.route.routes"),
        way.Entered("gateway.route.turns", "homes", "gateway.reply.replies"),
    ]
    assert way.rooms(entered) == [("serve", "route"), ("reply", "route")]


def test_asking_a_value_or_what_lies_below_all_steps_enters_no_room() -> None:
    entered = [
        way.Entered("gateway.answer.ledger", "Ledger.tried", "gateway.answer.ask"),
        way.Entered("gateway.answer.answer", "Whole.said", "gateway.reply.replies"),
        way.Entered("gateway.memory.pins", "Pins.keep", "gateway.record.places"),
        way.Entered("routing.router", "Router.route", "gateway.route.decide"),
        way.Entered("providers.upstream", "UpstreamReply.read", "gateway.answer.begun"),
    ]
    assert way.rooms(entered) == []
    assert way.stays(entered) == [one.module for one in entered]
