"""The vendors' own SDKs, straight at the fake vendor: what it writes is what they read."""

import json
from collections.abc import Iterator
from typing import Any

import anthropic
import openai
import pytest
from fakes.vendor.fields import CHAT, MESSAGES, MESSAGES_BETA, RESPONSES
from fakes.vendor.server import Vendor
from pydantic import BaseModel

SCHEMA: dict[str, Any] = {"type": "object", "properties": {"city": {"type": "string"}},
                          "required": ["city"], "additionalProperties": False}  # fmt: skip
CHAT_TOOLS: Any = [{"type": "function", "function": {"name": "weather", "parameters": SCHEMA}}]
TOOLS: Any = [{"name": "weather", "input_schema": SCHEMA}]
ITEM_TOOLS: Any = [{"type": "function", "name": "weather", "parameters": SCHEMA, "strict": True}]


class City(BaseModel):
    city: str


@pytest.fixture
def gpt(vendor: Vendor) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(base_url=vendor.openai_url, api_key="k", max_retries=0) as client:
        yield client


@pytest.fixture
def claude(vendor: Vendor) -> Iterator[anthropic.Anthropic]:
    with anthropic.Anthropic(base_url=vendor.url, api_key="k", max_retries=0) as client:
        yield client


def ask(text: str) -> Any:
    return [{"role": "user", "content": text}]


def test_chat_loops_through_tools_whole_and_streamed(gpt: openai.OpenAI) -> None:
    turns = ask("[[loop 5 weather]]")
    for step in range(5):
        answer = gpt.chat.completions.create(model="gpt-4o", messages=turns, tools=CHAT_TOOLS)
        (call,) = answer.choices[0].message.tool_calls or ()
        with gpt.chat.completions.stream(model="gpt-4o", messages=turns, tools=CHAT_TOOLS) as s:
            streamed = s.get_final_completion().choices[0]
        assert streamed.message.tool_calls[0].id == call.id
        assert (streamed.finish_reason, answer.choices[0].finish_reason) == ("tool_calls",) * 2
        result = {"role": "tool", "tool_call_id": call.id, "content": f"sunny {step}"}
        turns = [*turns, answer.choices[0].message, result]
    answer = gpt.chat.completions.create(model="gpt-4o", messages=turns, tools=CHAT_TOOLS)
    assert answer.choices[0].message.content == "Done after 5 results, the last: sunny 4"


def test_messages_loop_with_thinking_that_must_come_back(claude: anthropic.Anthropic) -> None:
    turns = ask("[[loop 2]]")
    thinking: Any = {"type": "adaptive"}
    options = {"model": "claude-sonnet-4-6", "max_tokens": 5_000, "tools": TOOLS}
    for _ in range(2):
        with claude.messages.stream(messages=turns, thinking=thinking, **options) as stream:
            answer = stream.get_final_message()
        assert [block.type for block in answer.content] == ["thinking", "tool_use"]
        assert answer.stop_reason == "tool_use"
        result = {"type": "tool_result", "tool_use_id": answer.content[1].id, "content": "rain"}
        turns = [*turns, {"role": "assistant", "content": answer.content}]
        turns.append({"role": "user", "content": [result]})
    whole = claude.messages.create(messages=turns, thinking=thinking, **options)
    assert whole.content[-1].text == "Done after 2 results, the last: rain"
    turns[1]["content"][0] = {**turns[1]["content"][0].to_dict(), "signature": "sigX"}
    with pytest.raises(anthropic.BadRequestError, match="Invalid `signature`"):
        claude.messages.create(messages=turns, thinking=thinking, **options)


def test_responses_go_on_by_id_and_by_items(gpt: openai.OpenAI) -> None:
    asked = {"model": "gpt-5", "tools": ITEM_TOOLS, "include": ["reasoning.encrypted_content"]}
    items: Any = ask("[[loop 1]]")
    with gpt.responses.stream(input=items, **asked) as stream:
        answer = stream.get_final_response()
    assert [item.type for item in answer.output] == ["reasoning", "function_call"]
    output: Any = {"type": "function_call_output", "call_id": answer.output[1].call_id,
                   "output": "snow"}  # fmt: skip
    by_id = gpt.responses.create(input=[output], previous_response_id=answer.id, **asked)
    assert by_id.output_text == "Done after 1 results, the last: snow"
    given = [item.to_dict() for item in answer.output]
    by_items = gpt.responses.create(input=[*items, *given, output], store=False, **asked)
    assert by_items.output_text == by_id.output_text
    assert gpt.responses.retrieve(answer.id).id == answer.id
    gpt.responses.delete(answer.id)
    with pytest.raises(openai.NotFoundError):
        gpt.responses.retrieve(answer.id)


def test_structured_answers_satisfy_their_schema(
    gpt: openai.OpenAI, claude: anthropic.Anthropic
) -> None:
    chat = gpt.chat.completions.parse(model="gpt-4o", messages=ask("Hi"), response_format=City)
    assert chat.choices[0].message.parsed == City(city="Bern")
    assert gpt.responses.parse(model="gpt-5", input="Hi", text_format=City).output_parsed == City(
        city="Bern"
    )
    message = claude.messages.parse(
        model="claude-haiku-4-5", max_tokens=99, messages=ask("Hi"), output_format=City
    )
    assert message.parsed_output == City(city="Bern")


def test_streams_end_in_every_scripted_way(gpt: openai.OpenAI, claude: anthropic.Anthropic) -> None:
    for mark, raised in (("within", openai.APIError), ("break", Exception)):
        with pytest.raises(raised):
            list(gpt.chat.completions.create(model="gpt-4o", messages=ask(f"[[{mark}]]"),
                                             stream=True))  # fmt: skip
        with pytest.raises(Exception, match=r"verload|peer closed|incomplete"):
            list(claude.messages.create(model="claude-haiku-4-5", max_tokens=9, stream=True,
                                        messages=ask(f"[[{mark}]]")))  # fmt: skip
    failed = list(gpt.responses.create(model="gpt-5", input="[[within]]", stream=True))[-1]
    assert failed.type == "response.failed"
    with pytest.raises(openai.RateLimitError):
        gpt.chat.completions.create(model="gpt-4o", messages=ask("[[error 429]]"))
    with pytest.raises(anthropic.APIStatusError) as loaded:
        claude.messages.create(model="claude-haiku-4-5", max_tokens=9,
                               messages=ask("[[error 529]]"))  # fmt: skip
    assert loaded.value.body["error"]["type"] == "overloaded_error"


def test_the_tables_of_fields_are_those_of_the_sdks() -> None:
    from anthropic.types.beta.message_create_params import MessageCreateParamsBase as Beta
    from anthropic.types.message_create_params import MessageCreateParamsBase as Messages
    from openai.types.chat.completion_create_params import CompletionCreateParamsBase as Chat
    from openai.types.responses.response_create_params import ResponseCreateParamsBase as Items

    assert set(Chat.__annotations__) == CHAT - {"stream"}
    # Codex sends `client_metadata` to the vendor, which takes it.
    assert set(Items.__annotations__) == RESPONSES - {"stream", "client_metadata"}
    # The SDK no longer lists what only its older models take.
    older = {"temperature", "top_k", "top_p"}
    assert set(Messages.__annotations__) == MESSAGES - {"stream"} - older
    more = set(Beta.__annotations__) - set(Messages.__annotations__) - {"betas", "thread"}
    assert more == MESSAGES_BETA


def test_odd_shapes_are_written(vendor: Vendor) -> None:
    import httpx

    def events(mark: str, **fields: Any) -> str:
        body = {"model": "gpt-4o", "messages": ask(mark), "stream": True, **fields}
        url = f"{vendor.openai_url}/chat/completions"
        shown = {"authorization": "Bearer k"}
        return httpx.post(url, json=body, headers=shown, trust_env=False).text

    assert '"finish_reason": ""' in events("[[odd finish-empty]]")
    calls = events("[[call 2]] [[odd calls-without-index]]", tools=CHAT_TOOLS)
    assert calls.count('"tool_calls": [{"type": "function"') == 2
    assert '"index": 1' not in calls
    assert ": still there" in events("[[odd heartbeats]]")
    assert "[DONE]" not in events("[[odd no-done]]")
    assert json.loads(events("[[odd json-for-stream]]"))["object"] == "chat.completion"
    counted = events("[[odd usage-in-choice]]", stream_options={"include_usage": True})
    assert '"choices": []' not in counted
    assert '"usage": {"prompt_tokens"' in counted
