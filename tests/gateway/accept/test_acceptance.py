import asyncio
import json
from pathlib import Path
from typing import Any

import pytest
from prometheus_client import CollectorRegistry

from tierwatch.config import load_config
from tierwatch.gateway.accept.acceptance import Acceptance
from tierwatch.gateway.accept.conversations import Conversations
from tierwatch.gateway.accept.keys import Keys
from tierwatch.gateway.asked import Asked
from tierwatch.gateway.current_router import CurrentRouter
from tierwatch.gateway.memory.kept_responses import KeptResponses
from tierwatch.gateway.metrics import GatewayMetrics
from tierwatch.gateway.model_names import ModelNames
from tierwatch.routing import Router
from tierwatch.wire.refusal import Refusal

CONFIG = """
routing:
  classifier: {kind: static, label: simple}
  tiers:
    simple: {model: small-1, cost: 1, provider: lab}
    complex: {model: large-1, cost: 10, provider: lab}
providers: {lab: {kind: openai}}
gateway: {auto_models: [our-model]}
"""
MESSAGES = [{"role": "user", "content": "Hello"}]


@pytest.fixture
def acceptance(tmp_path: Path) -> Acceptance:
    path = tmp_path / "tierwatch.yaml"
    path.write_text(CONFIG)
    current = CurrentRouter(
        Router.from_config(path), lambda: None, GatewayMetrics(CollectorRegistry())
    )
    config, keys = load_config(path), Keys({"a-key": "team-a"})
    return Acceptance(
        config,
        current,
        names=ModelNames(config),
        keys=keys,
        conversations=Conversations(b"secret"),
        responses=KeptResponses(config.gateway.responses, None, lambda: 0.0),
        clock=lambda: 1_700_000_000.5,
    )


def accept(
    acceptance: Acceptance,
    body: Any,
    *,
    wire: str = "openai",
    headers: dict[bytes, bytes] | None = None,
) -> Asked | Refusal | None:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()

    async def receive() -> Any:
        return {"type": "http.request", "body": raw}

    shown = {b"x-api-key": b"a-key", **(headers or {})}
    return asyncio.run(acceptance.accept(wire, shown, receive))


def good(**fields: Any) -> dict[str, Any]:
    return {"model": "auto", "messages": MESSAGES, **fields}


def test_a_request_becomes_what_the_steps_read(acceptance: Acceptance) -> None:
    asked = accept(acceptance, good(stream=True), headers={b"x-session-id": b"s1"})
    assert isinstance(asked, Asked)
    assert (asked.wire, asked.key, asked.session) == ("openai", b"a-key", "s1")
    assert asked.in_session
    assert asked.pinned is None
    assert asked.request == asked.chat == good(stream=True)
    # The first 48 bits of the id are the milliseconds of the arrival.
    assert asked.exchange_id.int >> 80 == 1_700_000_000_500


def test_without_a_name_a_conversation_has_one_of_how_it_began(acceptance: Acceptance) -> None:
    first, other = accept(acceptance, good()), accept(acceptance, good(messages=[*MESSAGES] * 2))
    assert isinstance(first, Asked)
    assert isinstance(other, Asked)
    assert first.session == other.session
    assert first.session.startswith("opening:")
    assert not first.in_session


def test_what_a_program_asks_beside_its_conversation_is_said(acceptance: Acceptance) -> None:
    ping = good(max_tokens=1, messages=[{"role": "user", "content": "quota"}])
    asked = accept(acceptance, ping, headers={b"x-session-id": b"s1"})
    assert isinstance(asked, Asked)
    assert (asked.session, asked.side_call) == ("s1", "quota")
    turn = accept(acceptance, good())
    assert isinstance(turn, Asked)
    assert turn.side_call == ""


@pytest.mark.parametrize("model", ["auto", "tierwatch/auto", "our-model"])
def test_names_that_leave_it_to_the_router(acceptance: Acceptance, model: str) -> None:
    asked = accept(acceptance, good(model=model))
    assert isinstance(asked, Asked)
    assert asked.pinned is None


@pytest.mark.parametrize(
    ("model", "tier"), [("simple", "simple"), ("complex", "complex"), ("large-1", "complex")]
)
def test_a_tier_or_a_model_is_the_callers_decision(
    acceptance: Acceptance, model: str, tier: str
) -> None:
    asked = accept(acceptance, good(model=model))
    assert isinstance(asked, Asked)
    assert asked.pinned is not None
    assert (asked.pinned.tier, asked.pinned.reason) == (tier, "pinned")
    # A dated or prefixed name is the model's, and what is sent stays as the caller wrote it.
    assert asked.called == (tier if model == tier else "large-1")
    assert asked.request["model"] == model


def test_an_unknown_model_is_answered_with_the_known_ones(acceptance: Acceptance) -> None:
    refusal = accept(acceptance, good(model="gpt-0"))
    assert isinstance(refusal, Refusal)
    assert (refusal.status, refusal.code) == (404, "model_not_found")
    assert "Accepted: auto, simple, complex, small-1, large-1;" in refusal.message


def test_anthropics_wire_is_kept_beside_openais_form(acceptance: Acceptance) -> None:
    body = good(max_tokens=5, system="Be brief.")
    asked = accept(acceptance, body, wire="anthropic")
    assert isinstance(asked, Asked)
    assert asked.request == body
    assert asked.chat["messages"][0] == {"role": "system", "content": "Be brief."}


@pytest.mark.parametrize(
    ("body", "headers", "wire", "status"),
    [
        (good(), {b"x-api-key": b"another"}, "openai", 401),
        # A key is asked for before anything is read.
        (b"{", {b"x-api-key": b"another"}, "openai", 401),
        (b"{", {}, "openai", 400),
        (good(messages=[]), {}, "openai", 400),
        (good(), {b"content-length": b"999999999999"}, "openai", 413),
    ],
)
def test_what_is_refused(
    acceptance: Acceptance, body: Any, headers: Any, wire: str, status: int
) -> None:
    refusal = accept(acceptance, body, headers=headers, wire=wire)
    assert isinstance(refusal, Refusal)
    assert refusal.status == status


def test_what_openai_has_no_word_for_is_taken_and_shown_by_its_kind(
    acceptance: Acceptance,
) -> None:
    body = good(messages=[{"role": "user", "content": [{"type": "new", "name": "x"}]}])
    asked = accept(acceptance, body, wire="anthropic")
    assert isinstance(asked, Asked)
    assert asked.request == body
    assert asked.chat["messages"][0]["content"] == [{"type": "text", "text": "[new x]"}]


def test_a_caller_who_leaves_while_sending_asked_nothing(acceptance: Acceptance) -> None:
    async def receive() -> Any:
        return {"type": "http.disconnect"}

    assert asyncio.run(acceptance.accept("openai", {b"x-api-key": b"a-key"}, receive)) is None


def test_a_request_is_of_the_key_it_was_sent_with(acceptance: Acceptance) -> None:
    found = accept(acceptance, good())
    assert isinstance(found, Asked)
    assert found.caller == "team-a"
