from pathlib import Path
from typing import Any

import pytest
from factories.config import load
from factories.gateway_values import COMPLEX, NOW, asked, current, decision, pin

from tierwatch.gateway.route.recall import Recalled
from tierwatch.gateway.route.turns import Turns, homes
from tierwatch.routing.stickiness import SessionRules, Turn

CONFIG = """
routing:
  tiers:
    simple: {model: small-1, cost: 1, provider: lab}
    complex: {model: large-1, cost: 10, provider: lab}
providers: {lab: {kind: openai}}
"""
PLAN = [
    {"role": "user", "content": "Plan the move of our database to another city, please."},
    {"role": "assistant", "content": "First a replica. Shall I go on?"},
]
CONSENT = [*PLAN, {"role": "user", "content": "Yes"}]
ANOTHER = [*PLAN, {"role": "user", "content": "And what does such a move usually cost us?"}]
TOOL = [
    PLAN[0],
    {
        "role": "assistant",
        "content": None,
        "tool_calls": [{"id": "c", "type": "function", "function": {"name": "f"}}],
    },
    {"role": "tool", "tool_call_id": "c", "content": "sunny"},
]
KNOWN = Recalled(b"t", "s", "key", answer_pin=pin(COMPLEX), pin=pin(COMPLEX))


@pytest.fixture
def turns(tmp_path: Path) -> Turns:
    return Turns(current(load(tmp_path, CONFIG).tiers), SessionRules(), lambda: NOW, lambda _: True)


def test_an_exchange_of_its_own_has_no_turn(turns: Turns) -> None:
    assert turns.turn(asked(ANOTHER), Recalled(b"t", "s"), decision()) is None


def test_the_first_turn_of_a_session_is_new(turns: Turns) -> None:
    turn = turns.turn(asked(ANOTHER, session="s"), Recalled(b"t", "s", "key"), decision())
    assert turn is not None
    assert (turn.move, turn.held) == ("new", False)


def test_what_is_known_without_a_session_counts_too(turns: Turns) -> None:
    turn = turns.turn(asked(TOOL), KNOWN._replace(session_key=None), decision())
    assert turn is not None
    assert (turn.move, turn.decision.tier) == ("tool_exchange", "complex")


@pytest.mark.parametrize(
    ("messages", "move"), [(CONSENT, "continuation"), (TOOL, "tool_exchange"), (ANOTHER, "down")]
)
def test_a_conversation_is_held_for_what_it_says(
    turns: Turns, messages: list[dict[str, Any]], move: str
) -> None:
    turn = turns.turn(asked(messages, session="s"), KNOWN, decision())
    assert turn is not None
    assert (turn.move, turn.held) == (move, move != "down")


@pytest.mark.parametrize(("healthy", "move"), [(True, "warm_cache"), (False, "down")])
def test_a_warm_cache_at_a_deployment_that_is_left_alone_is_worth_nothing(
    tmp_path: Path, *, healthy: bool, move: str
) -> None:
    asked_for: list[Any] = []

    def is_healthy(key: Any) -> bool:
        asked_for.append(key)
        return healthy

    cheap_when_read = CONFIG.replace(
        "cost: 10,", "cost: {input: 2, output: 2, cached_input: 0.01},"
    )
    turns = Turns(
        current(load(tmp_path, cheap_when_read).tiers), SessionRules(), lambda: NOW, is_healthy
    )
    # A million tokens: 0.01 USD to read them warm, 2 cold, 1 at the cheaper tier.
    warm = pin(COMPLEX, warm_tokens=1_000_000)
    long = [{**ANOTHER[0], "content": "x" * 4_000_000}, *ANOTHER[1:]]
    turn = turns.turn(
        asked(long, session="s"), KNOWN._replace(answer_pin=warm, pin=warm), decision()
    )
    assert turn is not None
    assert turn.move == move
    assert asked_for == [("lab", "large-1")]


@pytest.mark.parametrize(
    ("turn", "spare"),
    [
        (None, None),
        (Turn(decision(), "same", "simple"), None),
        (Turn(decision(COMPLEX), "continuation", "simple"), "simple"),
        # There an error that the caller sees beats a lower tier.
        (Turn(decision(COMPLEX), "tool_exchange", "simple"), None),
    ],
)
def test_the_routers_own_choice_stands_by_for_a_held_turn(
    turns: Turns, turn: Turn | None, spare: str | None
) -> None:
    found = turns.spare(turn)
    assert (None if found is None else found.name) == spare


HOME = {"complex": ("lab", "large-1")}


@pytest.mark.parametrize(
    ("messages", "recalled", "found"),
    [
        (ANOTHER, KNOWN._replace(warm=True), HOME),
        (ANOTHER, KNOWN, {}),
        (TOOL, KNOWN, HOME),  # however long the tool took
        (ANOTHER, KNOWN._replace(answer_pin=None, warm=True), {}),
    ],
)
def test_home_is_where_the_prompt_is_warm_or_a_tool_was_called(
    messages: list[dict[str, Any]], recalled: Recalled, found: Any
) -> None:
    assert homes(asked(messages, session="s"), recalled) == found
