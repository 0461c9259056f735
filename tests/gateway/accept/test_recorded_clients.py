"""Conversations of real agents, recorded and varied; with their names for them and without."""

from collections import defaultdict
from typing import Any

import pytest
from factories.recorded_clients import claude_code_body, claude_code_turns, codex_turns

from tierwatch.gateway.accept.conversations import Conversation, Conversations
from tierwatch.wire.translation import library_request

HERE = Conversations(b"secret")
NAMES = (b"session", b"thread")


def in_the_right_one(found: list[tuple[int, Conversation]]) -> float:
    """Share of turns in the conversation that most turns of their session are in, and no other's.

    Four turns of a session under one name and one under another: .8. Two sessions under one name:
    0 for both.
    """
    sessions: dict[str, set[int]] = defaultdict(set)
    by_session: dict[int, list[str]] = defaultdict(list)
    for session, conversation in found:
        sessions[conversation.session].add(session)
        by_session[session].append(conversation.session)
    right = 0
    for names in by_session.values():
        most = max(set(names), key=names.count)
        right += names.count(most) if len(sessions[most]) == 1 else 0
    return right / len(found)


def unnamed(headers: dict[bytes, bytes], body: dict[str, Any]) -> tuple[Any, Any]:
    """The same request of a client that does not say which conversation it is of."""
    fields = {"metadata", "prompt_cache_key", "client_metadata"}
    return (
        {name: value for name, value in headers.items() if not any(n in name for n in NAMES)},
        {name: value for name, value in body.items() if name not in fields},
    )


@pytest.mark.parametrize("named", [True, False])
@pytest.mark.parametrize(
    ("wire", "turns_of"), [("anthropic", claude_code_turns), ("responses", codex_turns)]
)
def test_the_turns_of_150_exchanges_are_in_their_conversations(
    wire: str, turns_of: Any, *, named: bool
) -> None:
    found = []
    for session, headers, body in turns_of(sessions=25, turns=6):
        given = (headers, body) if named else unnamed(headers, body)
        chat = library_request(wire, given[1])
        found.append((session, HERE.conversation(*given, chat, b"key")))
    assert len(found) == 150
    assert in_the_right_one(found) == 1.0
    assert {one.named for _, one in found} == {named}
    assert {one.side_call for _, one in found} == {""}


def test_a_user_id_alone_names_claudes_conversation() -> None:
    for session, headers, body in claude_code_turns(sessions=2, turns=2):
        bare = {name: value for name, value in headers.items() if b"session" not in name}
        found = HERE.conversation(bare, body, library_request("anthropic", body), b"key")
        assert (found.named, found.session[:8]) == (True, f"{session:08d}")


def test_side_calls_of_a_recorded_agent_are_known() -> None:
    session, headers, body = next(iter(claude_code_turns(sessions=1, turns=1)))
    assert session == 0
    title = {
        **body,
        "system": [
            *body["system"][:2],
            {"type": "text", "text": "A sentence-case title of this coding session."},
        ],
        "tools": [],
    }
    ask = "Your task is to create a detailed summary of the conversation so far."
    summed = claude_code_body("hi", results=2)
    summed["messages"] = [*summed["messages"], {"role": "user", "content": ask}]
    agent = headers | {b"x-claude-code-agent-id": b"a1"}
    for given, request, kind in (
        (headers, title, "title"),
        (headers, summed, "compaction"),
        (agent, body, "subagent"),
        (headers, body, ""),
    ):
        chat = library_request("anthropic", request)
        assert HERE.conversation(given, request, chat, b"key").side_call == kind
