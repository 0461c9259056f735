"""From the wire a caller speaks to the one a provider speaks, and back."""

import copy
import json
from itertools import permutations, product
from typing import Any

import pytest
from factories.bodies import PLAIN_REPLIES, PLAIN_REQUESTS, REPLIES, REQUESTS
from hypothesis import given
from hypothesis import strategies as st

from tierwatch.errors import ProviderError
from tierwatch.wire.chat import ANTHROPIC, OPENAI, RESPONSES
from tierwatch.wire.first_choice import first_choice
from tierwatch.wire.form import AnswerTo
from tierwatch.wire.history.reader import Issuer, Reader
from tierwatch.wire.json_bytes import read_json, write_json
from tierwatch.wire.openai_chat.replies import said
from tierwatch.wire.translation import (
    caller_reply,
    fitted_request,
    library_request,
    provider_request,
    reported_usage,
)
from tierwatch.wire.wires import WIRES

every_wire = pytest.mark.parametrize("name", sorted(WIRES))
every_pair = pytest.mark.parametrize(("caller", "provider"), list(permutations(sorted(WIRES), 2)))
every_way = pytest.mark.parametrize(("caller", "provider"), list(product(sorted(WIRES), repeat=2)))


@every_wire
@given(data=st.data())
def test_on_one_wire_only_the_model_is_replaced(name: str, data: Any) -> None:
    request = data.draw(REQUESTS[name]) | {"a field of next year": [1, {"b": None}]}
    before = copy.deepcopy(request)
    sent, fitted = provider_request(name, name, request, "served-1")
    assert sent == {**request, "model": "served-1"}
    assert list(sent) == list(request)  # in the caller's order
    assert fitted == ()
    assert request == before


@every_pair
@given(data=st.data())
def test_on_another_wire_the_provider_gets_its_own_form(
    caller: str, provider: str, data: Any
) -> None:
    request = data.draw(PLAIN_REQUESTS[caller])
    sent = provider_request(caller, provider, request, "served-1")
    assert sent.request["model"] == "served-1"
    source, target = WIRES[caller], WIRES[provider]
    assert sent == target.write_request(source.read_request({**request, "model": "served-1"}))


@every_way
def test_words_of_ours_reach_no_provider(caller: str, provider: str) -> None:
    request = {"model": "auto", "max_tokens": 9, "messages": [{"role": "user", "content": "x"}]}
    ours = {"session_id": "s", "tierwatch_cache": "off"}

    def sent(metadata: Any) -> Any:
        given = {**request, "metadata": metadata}
        before = copy.deepcopy(given)
        said = provider_request(caller, provider, given, "m").request
        assert given == before
        return json.dumps(said)

    for metadata in (ours, {**ours, "team": "a"}, {**ours, "user_id": "u"}):
        assert "session_id" not in sent(metadata)
        assert "tierwatch_cache" not in sent(metadata)
    assert "metadata" not in sent(ours)
    assert "metadata" not in sent({})
    if caller == provider:
        assert '"metadata": {"team": "a"}' in sent({**ours, "team": "a"})
        assert '"metadata": "junk"' in sent("junk")  # the provider is the judge of it


def test_half_a_surrogate_pair_is_sent_as_it_came() -> None:
    request = {"model": "auto", "messages": [{"role": "user", "content": "\ud800"}]}
    for provider in WIRES:
        body = write_json(provider_request(OPENAI, provider, request, "m").request)
        [said] = WIRES[provider].messages_of(read_json(body))
        assert said["content"] == (
            "\ud800" if provider != RESPONSES else [{"type": "text", "text": "\ud800"}]
        )


def test_what_cannot_be_said_on_the_providers_wire_is_refused() -> None:
    part = {"type": "input_audio", "input_audio": {"data": "aGk=", "format": "wav"}}
    request = {"model": "auto", "messages": [{"role": "user", "content": [part]}]}
    with pytest.raises(ProviderError, match="input_audio") as caught:
        provider_request(OPENAI, ANTHROPIC, request, "m")
    assert caught.value.kind == "refused"


@every_wire
@given(data=st.data())
def test_the_library_gets_openais_messages(name: str, data: Any) -> None:
    request = data.draw(PLAIN_REQUESTS[name])
    chat = library_request(name, request)
    assert chat["messages"][-1]["role"] == "user"
    assert {message["role"] for message in chat["messages"]} <= {
        "system",
        "user",
        "assistant",
        "tool",
    }
    assert (chat is request) == (name == OPENAI)


@every_wire
@given(data=st.data())
def test_an_answer_on_one_wire_passes_as_it_came(name: str, data: Any) -> None:
    answer = data.draw(REPLIES[name])
    raw = b'  {"the bytes": "as they came"} '
    body, reply = caller_reply(name, name, raw, answer, 5)
    assert body is raw
    assert reply.usage.billed == reported_usage(name, answer).billed


@every_way
@given(data=st.data())
def test_what_is_recorded_of_an_answer_is_the_same_for_every_caller(
    caller: str, provider: str, data: Any
) -> None:
    answer = data.draw(PLAIN_REPLIES[provider])
    body, reply = caller_reply(caller, provider, b"raw", answer, 5)
    _, same = caller_reply(provider, provider, b"raw", answer, 5)
    assert reply == same
    assert reply.message["role"] == "assistant"
    if caller != provider:
        told = WIRES[caller].read_reply(json.loads(body))
        assert told.finish_reason == reply.finish_reason
        assert told.model == reply.model


def test_openais_message_is_recorded_with_everything_that_was_said() -> None:
    message = {"role": "assistant", "content": "x", "reasoning_content": "Hm.", "audio": None}
    answer = {"model": "m", "choices": [{"message": message, "finish_reason": "stop"}]}
    for caller in WIRES:
        _, reply = caller_reply(caller, OPENAI, b"", answer, 5)
        assert reply.message == message


def test_a_message_of_anthropics_gets_the_time_it_was_asked() -> None:
    answer = {"content": [{"type": "text", "text": "x"}], "stop_reason": "end_turn"}
    body, _ = caller_reply(OPENAI, ANTHROPIC, b"", answer, 5)
    assert json.loads(body)["created"] == 5


@every_way
@pytest.mark.parametrize("answer", [{}, {"error": {"message": "out of credit"}}, {"choices": []}])
def test_an_answer_that_is_none_is_unreadable(
    caller: str, provider: str, answer: dict[str, Any]
) -> None:
    with pytest.raises(ProviderError) as caught:
        caller_reply(caller, provider, b"", answer, 5)
    assert caught.value.kind == "unreadable"


@pytest.mark.parametrize(
    ("provider", "answer", "billed"),
    [
        (OPENAI, {"usage": {"prompt_tokens": 9, "completion_tokens": 2}}, (9, 2, 0, 0)),
        (ANTHROPIC, {"usage": {"input_tokens": 9, "output_tokens": 2}}, (9, 2, 0, 0)),
        (ANTHROPIC, {"usage": {"prompt_tokens": 9}}, (0, 0, 0, 0)),
        (OPENAI, {}, (0, 0, 0, 0)),
    ],
)
def test_usage_is_reported_of_answers_that_cannot_be_used(
    provider: str, answer: dict[str, Any], billed: tuple[int, ...]
) -> None:
    assert reported_usage(provider, answer).billed == billed


@every_way
@given(data=st.data())
def test_a_history_for_who_wrote_it_stays_the_request_it_was(
    caller: str, provider: str, data: Any
) -> None:
    request = data.draw(PLAIN_REQUESTS[caller])
    own = Reader("lab", "large", issuer_of=lambda _: Issuer("lab", "large"))
    fitted = fitted_request(request, wire=caller, to=provider, reader=own)
    assert fitted.request is request
    assert not fitted.changes


def test_the_first_choice_of_a_translation_is_what_it_says() -> None:
    answer = {"content": [{"type": "text", "text": "x"}], "stop_reason": "max_tokens"}
    body, reply = caller_reply(OPENAI, ANTHROPIC, b"", answer, 5)
    assert first_choice(json.loads(body)) == reply
    assert (reply.message["content"], reply.finish_reason) == ("x", "length")


FENCED = '```json\n{"a": 1}\n```'


@every_way
def test_json_that_was_asked_for_comes_without_its_fence(caller: str, provider: str) -> None:
    answers = {
        OPENAI: {"choices": [{"message": {"role": "assistant", "content": FENCED}}]},
        ANTHROPIC: {"content": [{"type": "text", "text": FENCED}], "stop_reason": "end_turn"},
    }
    if provider not in answers:
        pytest.skip("its structured output is the provider's own")
    to = AnswerTo({"response_format": {"type": "json_object"}})
    body, reply = caller_reply(caller, provider, b"raw", answers[provider], 5, to=to)
    assert reply.message["content"] == '{"a": 1}'
    assert b"```" not in body
    body, reply = caller_reply(caller, provider, b"raw", answers[provider], 5)
    assert reply.message["content"] == FENCED
    assert (body == b"raw") is (caller == provider)


@pytest.mark.parametrize("name", sorted(set(WIRES) - {OPENAI}))
@given(data=st.data())
def test_what_an_answer_says_is_what_its_chat_completion_would(name: str, data: Any) -> None:
    """On one wire that is not OpenAI's no completion is made; what it would say is the same."""
    typed = WIRES[name].read_reply(data.draw(REPLIES[name]))
    assert said(typed) == first_choice(WIRES[OPENAI].write_reply(typed))
