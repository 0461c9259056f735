"""Chat completions as typed answers, and back."""

from dataclasses import replace
from typing import Any

import pytest

from tierwatch.errors import ProviderError
from tierwatch.wire.chat import Text
from tierwatch.wire.openai_chat.replies import read_reply, write_reply
from tierwatch.wire.usage import Usage

MESSAGE = {"role": "assistant", "content": "hi", "refusal": None}
CHOICE = {"index": 0, "message": MESSAGE, "finish_reason": "stop", "logprobs": None}
REPLY: dict[str, Any] = {
    "id": "c1",
    "object": "chat.completion",
    "created": 7,
    "model": "m",
    "choices": [CHOICE],
}


def with_choice(**fields: Any) -> dict[str, Any]:
    return {**REPLY, "choices": [{**CHOICE, **fields}]}


@pytest.mark.parametrize(
    "reply",
    [
        REPLY,
        {**REPLY, "choices": [CHOICE, {**CHOICE, "index": 1}]},
        with_choice(content_filter_results={"hate": {"filtered": False}}),
        with_choice(logprobs={"content": []}),
        with_choice(finish_reason="eos"),
        with_choice(message={**MESSAGE, "content": [{"type": "text", "text": "hi"}]}),
        with_choice(message={**MESSAGE, "content": [{"type": "thinking", "thinking": []}]}),
        {**REPLY, "usage": {"prompt_tokens": 3, "queue_time": 0.1}},
    ],
)
def test_what_is_not_typed_is_said_again(reply: dict[str, Any]) -> None:
    assert write_reply(read_reply(reply)) == reply


def test_an_answer_in_parts_is_its_text() -> None:
    content = [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]
    answer = read_reply(with_choice(message={**MESSAGE, "content": content}))
    [part] = answer.turn.parts
    assert isinstance(part, Text)
    assert part.text == "a\nb"
    # Once the text is another one, the caller gets that.
    changed = answer._replace(turn=replace(answer.turn, parts=(replace(part, text="c"),)))
    assert write_reply(changed)["choices"][0]["message"]["content"] == "c"


def test_changed_counts_are_written_and_not_those_that_were_read() -> None:
    usage = {"prompt_tokens": 3, "completion_tokens": 1, "queue_time": 0.1}
    answer = read_reply({**REPLY, "usage": usage})._replace(usage=Usage(9, 2))
    assert write_reply(answer)["usage"] == {
        "prompt_tokens": 9,
        "completion_tokens": 2,
        "total_tokens": 11,
        "prompt_tokens_details": {},
    }


def test_a_reply_without_a_time_gets_ours() -> None:
    timeless = {key: value for key, value in REPLY.items() if key != "created"}
    assert read_reply(timeless, created=5).created == 5
    assert read_reply(REPLY, created=5).created == 7


@pytest.mark.parametrize("reply", [None, {}, {"choices": []}, {"choices": [{"message": {}}]}])
def test_what_is_no_chat_completion_is_unreadable(reply: object) -> None:
    with pytest.raises(ProviderError) as caught:
        read_reply(reply)
    assert caught.value.kind == "unreadable"


@pytest.mark.parametrize(
    ("more", "sentence"),
    [
        ({"finish_reason": "error"}, "error"),
        ({"finish_reason": "insufficient_system_resource"}, "insufficient_system_resource"),
        ({"finish_reason": "stop", "error": {"code": 502, "message": "Too hot."}}, "Too hot"),
    ],
)
def test_what_the_provider_gave_up_is_no_answer(more: dict[str, Any], sentence: str) -> None:
    reply = {"choices": [{"message": {"role": "assistant", "content": "Half an"}, **more}]}
    with pytest.raises(ProviderError, match=f"gave up its answer: {sentence}"):
        read_reply(reply)


def test_thoughts_under_openrouters_name_are_read_and_written_again() -> None:
    message = {"role": "assistant", "content": "Hi", "reasoning": "Hm."}
    reply = {**REPLY, "choices": [{**REPLY["choices"][0], "message": message}]}
    answer = read_reply(reply)
    assert [part.text for part in answer.turn.parts] == ["Hm.", "Hi"]
    assert write_reply(answer)["choices"][0]["message"] == message
