"""Histories in Anthropic's form, for the same model, another one, another wire."""

import copy
from typing import Any

import pytest
from factories.histories import (
    ASKED,
    CITED,
    FOUND,
    GIVEN,
    HERE,
    REDACTED,
    SEARCH,
    SIBLING,
    STRANGER,
    THINKING,
    USE,
    reader,
)
from factories.wires import request_to_openai

from tierwatch.wire.history.reader import Issuer
from tierwatch.wire.history.turns import without_orphaned_thinking
from tierwatch.wire.translation import fitted_request


def blocks(*content: Any, issuer: Issuer | None, to: str = "anthropic", **fields: Any) -> Any:
    request = {"messages": [ASKED, {"role": "assistant", "content": list(content)}, GIVEN]}
    before = copy.deepcopy(request | fields)
    fitted = fitted_request(request | fields, wire="anthropic", to=to, reader=reader(issuer))
    assert request | fields == before  # what the caller sent is never changed
    return fitted


def test_the_same_model_gets_its_own_unchanged() -> None:
    fitted = blocks(THINKING, REDACTED, SEARCH, FOUND, CITED, USE, issuer=HERE)
    assert fitted.request["messages"][1]["content"] == [
        THINKING, REDACTED, SEARCH, FOUND, CITED, USE,
    ]  # fmt: skip
    assert not fitted.changes


def test_another_model_of_the_provider_gets_no_thinking_but_the_provider_keeps_its_tools() -> None:
    fitted = blocks(THINKING, REDACTED, SEARCH, FOUND, CITED, USE, issuer=SIBLING)
    assert fitted.request["messages"][1]["content"] == [SEARCH, FOUND, CITED, USE]
    assert fitted.changes == {"thinking": 1, "redacted_thinking": 1}


@pytest.mark.parametrize("issuer", [STRANGER, None])
def test_another_provider_gets_text_and_calls(issuer: Issuer | None) -> None:
    fitted = blocks(THINKING, REDACTED, SEARCH, FOUND, CITED, USE, issuer=issuer)
    plain = {"type": "text", "text": "It rains."}
    assert fitted.request["messages"][1]["content"] == [plain, USE]
    assert fitted.changes == {
        "thinking": 1,
        "redacted_thinking": 1,
        "server_tool": 2,
        "citations": 1,
    }


def test_what_nobody_knows_is_kept_for_who_is_trusted() -> None:
    request = {"messages": [ASKED, {"role": "assistant", "content": [THINKING, USE]}, GIVEN]}
    trusting = reader(None, trusts_unknown=True)
    fitted = fitted_request(request, wire="anthropic", to="anthropic", reader=trusting)
    assert fitted.request is request


def test_another_wire_gets_words_for_a_summary_and_counts_the_rest() -> None:
    summary = {"type": "compaction", "content": "They spoke of Rome."}
    fitted = blocks(summary, THINKING, SEARCH, FOUND, USE, issuer=HERE, to="openai")
    assert fitted.changes == {"compaction": 1, "thinking": 1, "server_tool": 2}
    chat = request_to_openai(fitted.request)
    assert chat["messages"][1]["content"] == "They spoke of Rome."
    assert chat["messages"][1]["tool_calls"][0]["id"] == "toolu_1"
    assert chat["messages"][2] == {"role": "tool", "tool_call_id": "toolu_1", "content": "sunny"}


def test_a_turn_of_thinking_alone_is_left_out_and_roles_alternate() -> None:
    request = {
        "messages": [
            ASKED,
            {"role": "assistant", "content": [THINKING]},
            {"role": "user", "content": "Well?"},
        ]
    }
    fitted = fitted_request(request, wire="anthropic", to="anthropic", reader=reader(STRANGER))
    assert fitted.request["messages"] == [
        {
            "role": "user",
            "content": [{"type": "text", "text": "Weather?"}, {"type": "text", "text": "Well?"}],
        }
    ]


def test_thinking_is_off_for_the_turn_that_cannot_begin_with_any() -> None:
    enabled = {"type": "enabled", "budget_tokens": 1_024}
    fitted = blocks(THINKING, USE, issuer=SIBLING, thinking=enabled)
    assert "thinking" not in fitted.request
    assert fitted.changes == {"thinking": 1, "thinking_off": 1}
    # Its own thinking, an adaptive model, and a turn that answers no tool stay as they are.
    assert blocks(THINKING, USE, issuer=HERE, thinking=enabled).request["thinking"] == enabled
    adaptive = {"type": "adaptive"}
    assert blocks(THINKING, USE, issuer=SIBLING, thinking=adaptive).request["thinking"] == adaptive
    chat = {"messages": [ASKED, {"role": "assistant", "content": "Yes?"}, ASKED]}
    assert not without_orphaned_thinking({**chat, "thinking": enabled})


@pytest.mark.parametrize("issuer", [HERE, STRANGER, None])
def test_blank_text_beside_calls_is_taken_out_whoever_wrote_it(issuer: Issuer | None) -> None:
    blank = {"type": "text", "text": "\n\n"}
    fitted = blocks(blank, USE, issuer=issuer)
    assert fitted.request["messages"][1]["content"] == [USE]
    assert fitted.changes == {"blank_text": 1}
    assert blocks({"type": "text", "text": "x"}, USE, issuer=issuer).changes == {}
    assert blocks({"type": "text", "text": 3}, USE, issuer=issuer).changes == {}


def test_a_turn_of_blank_text_alone_is_none() -> None:
    fitted = blocks({"type": "text", "text": " "}, issuer=HERE)
    assert [message["role"] for message in fitted.request["messages"]] == ["user"]
    assert fitted.changes == {"blank_text": 1}
