"""A watched router's change is posted, signed, until it is taken, and applied by that."""

from dataclasses import replace
from typing import Any

import factories.rows as put
import httpx
import pytest
from factories.watched import LITELLM, NOW, THEN
from fakes.collaborators import rows
from fakes.receiver import URL, Receiver
from sqlalchemy import Engine

from tierwatch.loop.decide.approve import approve_proposal
from tierwatch.loop.decide.foreign.hand_over import Watched
from tierwatch.loop.decide.foreign.mirror import apply_change
from tierwatch.loop.decide.rollout_by_hand import abort_rollout
from tierwatch.loop.notify.send_change import ChangeHook, send_change
from tierwatch.notify.webhook import EVENT_HEADER, SIGNATURE_HEADER, signature

HOOK = ChangeHook(url=URL, site="https://watch.example", secret="made-up")


@pytest.fixture
def approved(engine: Engine) -> int:
    with engine.begin() as connection:
        put.add_policy(connection)
        put.put_in_force(connection)
        made = put.add_proposal(connection)
        watched = Watched(LITELLM, webhook=True)
        approve_proposal(connection, made, actor="ada", why="good", watched=watched)
    return made


def send(engine: Engine, receiver: Receiver, **changes: Any) -> str | None:
    hook = replace(HOOK, transport=receiver.transport, **changes)
    return send_change(engine=engine, hook=hook, chance=lambda: 0.5)


def change(engine: Engine) -> tuple[Any, ...]:
    found = rows(engine, "select state, tries, answer, try_at is null from router_changes")
    return tuple(found[0])


def due(engine: Engine) -> None:
    with engine.begin() as connection:
        connection.exec_driver_sql("update router_changes set try_at = now()")


def test_it_is_signed_and_says_the_whole_change(engine: Engine, approved: int) -> None:
    receiver = Receiver(200)
    assert send(engine, receiver) == "applied"
    body, request = receiver.body(), receiver.requests[0]
    assert (body["type"], body["before"], body["after"]) == ("router.apply", NOW, THEN)
    assert body["permalink"] == f"https://watch.example/proposals/{approved}"
    assert "+  simple_medium: 0.2\n" in body["diff"]
    said = request.headers[SIGNATURE_HEADER]
    at = int(said.removeprefix("t=").split(",")[0])
    assert said == signature("made-up", at, request.content)
    assert request.headers[EVENT_HEADER] == f"proposal-{approved}-waiting"
    assert change(engine)[0] == "applied"
    assert rows(engine, "select candidate_version, share from active_policy") == [(2, 1.0)]
    assert send(engine, Receiver()) is None


def test_what_is_not_taken_is_tried_again(engine: Engine, approved: int) -> None:
    receiver = Receiver(500, httpx.ConnectError("no"), 200)
    assert send(engine, receiver) == "asked"
    assert change(engine) == ("waiting", 1, "HTTP 500", False)
    assert send(engine, receiver) is None  # not yet
    due(engine)
    assert send(engine, receiver) == "asked"
    assert change(engine)[1:3] == (2, "no connection (ConnectError)")
    due(engine)
    assert send(engine, receiver) == "applied"
    ids = {request.headers[EVENT_HEADER] for request in receiver.requests}
    assert len(ids) == 1


def test_what_is_refused_waits_for_a_person(engine: Engine, approved: int) -> None:
    assert send(engine, Receiver(422)) == "asked"
    assert change(engine) == ("waiting", 1, "HTTP 422", True)


def test_what_is_accepted_is_not_applied_yet(engine: Engine, approved: int) -> None:
    assert send(engine, Receiver(202)) == "asked"
    assert change(engine) == ("waiting", 1, "HTTP 202", True)


def test_the_way_back_is_asked_for_as_well(engine: Engine, approved: int) -> None:
    send(engine, Receiver(200))
    with engine.begin() as connection:
        abort_rollout(connection, 2, actor="ada", why="no")
    receiver = Receiver(204)
    assert send(engine, receiver) == "undone"
    body = receiver.body()
    assert (body["type"], body["before"], body["after"]) == ("router.undo", THEN, NOW)
    assert "+  simple_medium: 0.3\n" in body["diff"]
    assert change(engine)[0] == "undone"


def test_who_applied_it_meanwhile_is_right(engine: Engine, approved: int) -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        del request
        with engine.begin() as connection:
            apply_change(connection, approved, actor="ada")
        return httpx.Response(200)

    hook = replace(HOOK, transport=httpx.MockTransport(answer))
    assert send_change(engine=engine, hook=hook) is None
    assert rows(engine, "select state, applied_by from router_changes") == [("applied", "ada")]


def test_without_a_hook_nobody_is_asked(engine: Engine, approved: int) -> None:
    assert send_change(engine=engine, hook=None) is None
    assert change(engine)[1] == 0


def test_its_address_and_secret_are_not_printed() -> None:
    assert "secret" not in repr(HOOK)
    assert "made-up" not in repr(HOOK)
