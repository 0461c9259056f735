"""Histories in OpenAI's form, for the same model, another one, another wire."""

import copy
from typing import Any

import pytest
from factories.histories import ASKED, CALL, HERE, SIBLING, STRANGER, THINKING, reader
from factories.wires import request_to_anthropic

from tierwatch.wire.history.bound import bound_messages
from tierwatch.wire.history.reader import Issuer
from tierwatch.wire.translation import fitted_request


def message(issuer: Issuer | None, to: str = "openai", **fields: Any) -> Any:
    said = {"role": "assistant", "content": "It rains.", **fields}
    request = {"messages": [ASKED, said, {"role": "user", "content": "And now?"}]}
    before = copy.deepcopy(request)
    fitted = fitted_request(request, wire="openai", to=to, reader=reader(issuer))
    assert request == before
    return fitted


REASONING = {
    "reasoning_content": "Hm.",
    "reasoning_details": [{"type": "reasoning.encrypted", "data": "eA=="}],
    "thinking_blocks": [THINKING],
}


SIGNED = {**CALL, "extra_content": {"google": {"thought_signature": "c2ln"}}}


def test_thinking_is_off_for_a_tool_exchange_that_comes_from_openai() -> None:
    chat = {
        "model": "m",
        "thinking": {"type": "enabled", "budget_tokens": 1_024},
        "messages": [
            ASKED,
            {"role": "assistant", "content": None, "tool_calls": [CALL]},
            {"role": "tool", "tool_call_id": "call_1", "content": "sunny"},
        ],
    }
    fitted = fitted_request(chat, wire="openai", to="anthropic", reader=reader(None))
    assert fitted.changes == {"thinking_off": 1}
    assert "thinking" not in request_to_anthropic(fitted.request)
    assert "thinking" not in request_to_anthropic(chat)  # the shadow's way has no gateway before it


def test_an_openai_compatible_server_gets_its_own_reasoning_and_nobody_elses() -> None:
    assert not message(HERE, **REASONING, tool_calls=[SIGNED]).changes
    for issuer in (SIBLING, STRANGER, None):
        fitted = message(issuer, **REASONING, tool_calls=[SIGNED])
        assert fitted.request["messages"][1] == {
            "role": "assistant",
            "content": "It rains.",
            "tool_calls": [CALL],
        }
        assert fitted.changes == {"reasoning": 3, "signature": 1}


def test_what_a_provider_stores_is_said_in_words_elsewhere() -> None:
    stored = {
        "content": None,
        "audio": {"id": "audio_1", "transcript": "It rains."},
        "annotations": [{"type": "url_citation"}],
    }
    assert not message(SIBLING, **stored).changes  # the same provider has it still
    fitted = message(STRANGER, **stored)
    assert fitted.request["messages"][1] == {"role": "assistant", "content": "It rains."}
    assert fitted.changes == {"audio": 1, "annotations": 1}


@pytest.mark.parametrize("to", ["openai", "anthropic"])
def test_a_refusal_stays_a_sentence(to: str) -> None:
    fitted = message(STRANGER, to, content=None, refusal="I cannot.")
    assert fitted.request["messages"][1] == {"role": "assistant", "content": "I cannot."}
    assert fitted.changes == {"refusal": 1}
    parts = message(STRANGER, to, content=[{"type": "text", "text": "No."}], refusal="I cannot.")
    assert [p["text"] for p in parts.request["messages"][1]["content"]] == ["No.", "I cannot."]
    both = message(STRANGER, to, content="No.", refusal="I cannot.")
    assert both.request["messages"][1]["content"] == "No.\n\nI cannot."


def test_parts_of_reasoning_are_left_out_and_their_text_stays() -> None:
    content = [{"type": "thinking", "thinking": []}, {"type": "text", "text": "It rains."}]
    fitted = message(STRANGER, "anthropic", content=content)
    assert fitted.request["messages"][1]["content"] == content[1:]
    # Translating alone refuses the part, in a sentence; with the history fitted it goes through.
    assert request_to_anthropic({"model": "m", **fitted.request})["messages"][1] == {
        "role": "assistant",
        "content": [{"type": "text", "text": "It rains."}],
    }


def test_empty_fields_as_the_vendors_clients_send_them_bind_nobody() -> None:
    said = {"role": "assistant", "content": "Hi", "refusal": None, "annotations": [], "audio": None}
    cited = {"role": "assistant", "content": [{"type": "text", "text": "Hi", "citations": None}]}
    assert bound_messages([ASKED, said, cited]) == []
    # Servers that do not know the fields refuse them, empty or not; nothing is lost without them.
    fitted = message(None, refusal=None, annotations=[], audio=None)
    assert not fitted.changes
    assert fitted.request["messages"][1] == {"role": "assistant", "content": "It rains."}
    request = {"messages": [ASKED, said]}
    trusting = reader(None, trusts_unknown=True)
    assert fitted_request(request, wire="openai", to="openai", reader=trusting).request is request


def test_marks_for_a_cache_stay_away_from_openai_where_the_tiers_are_mixed() -> None:
    mark = {"cache_control": {"type": "ephemeral"}}
    request = {
        "messages": [{"role": "user", "content": [{"type": "text", "text": "Hi", **mark}]}],
        "tools": [{"type": "function", "function": {"name": "f"}, **mark}],
    }
    kept = fitted_request(request, wire="openai", to="openai", reader=reader(None))
    assert kept.request is request
    plain = fitted_request(request, wire="openai", to="openai", reader=reader(None, mixed=True))
    assert plain.changes == {"cache_control": 2}
    assert "cache_control" not in str(plain.request)
    there = fitted_request(request, wire="openai", to="anthropic", reader=reader(None, mixed=True))
    assert str(request_to_anthropic({"model": "m", **there.request})).count("cache_control") == 2


@pytest.mark.parametrize("role", ["user", "system", "tool", "developer"])
@pytest.mark.parametrize("known", [None, HERE, STRANGER])
def test_what_nobody_has_answered_is_passed_on_as_it_stands(
    role: str, known: Issuer | None
) -> None:
    request = {"messages": [{"role": role, "content": "Hi", "reasoning": "none of an answer's"}]}
    fitted = fitted_request(request, wire="openai", to="openai", reader=reader(known))
    assert fitted.request is request
    assert not fitted.changes


def test_one_answer_among_many_messages_is_read() -> None:
    asked: dict[str, Any] = {"role": "user", "content": "Hi"}
    answer = {"role": "assistant", "content": "Hello", "reasoning_content": "secret"}
    request = {"messages": [asked, answer, asked]}
    fitted = fitted_request(request, wire="openai", to="openai", reader=reader(STRANGER))
    assert fitted.changes
    assert "secret" not in str(fitted.request)
