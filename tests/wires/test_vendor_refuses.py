"""The fake vendor refuses what vendors refuse, in their envelopes."""

import base64
from typing import Any

import httpx
import pytest
from fakes.vendor.server import Vendor

PNG = base64.b64encode(b"\x89PNG\r\n\x1a\n rest").decode()
OBJECT: dict[str, Any] = {"type": "object", "properties": {"city": {"type": "string"}}}
CHAT_TOOL = {"type": "function", "function": {"name": "weather", "parameters": OBJECT}}
TOOL = {"name": "weather", "input_schema": OBJECT}
HI = [{"role": "user", "content": "Hi"}]
CHAT_CALL = {"id": "c", "type": "function", "function": {"name": "weather", "arguments": "{}"}}
CALL = {"type": "tool_use", "id": "c", "name": "weather", "input": {}}
MARK = {"cache_control": {"type": "ephemeral"}}
STRICT = {"name": "x", "strict": True, "schema": {**OBJECT, "additionalProperties": False}}


def user(*blocks: Any) -> dict[str, Any]:
    return {"role": "user", "content": list(blocks)}


def image(url: str) -> dict[str, Any]:
    return {"type": "image_url", "image_url": {"url": url}}


def function(parameters: dict[str, Any]) -> dict[str, Any]:
    return {"type": "function", "function": {"name": "x", "parameters": parameters}}


def said(*blocks: Any) -> dict[str, Any]:
    return {"role": "assistant", "content": list(blocks)}


CHAT: dict[str, tuple[str, dict[str, Any], str]] = {
    "unknown field": ("gpt-4o", {"top_k": 4}, "Unknown parameter"),
    "unknown field of a message": ("gpt-4o", {"messages": [{**HI[0], "x": 1}]}, "Unknown param"),
    "mark of a cache": (
        "gpt-4o", {"messages": [user({"type": "text", "text": "x", **MARK})]}, "Unknown parameter",
    ),
    "max_tokens that reason": ("gpt-5", {"max_tokens": 9}, "max_completion_tokens"),
    "temperature that reasons": ("gpt-5-mini", {"temperature": 0}, "'temperature' does not"),
    "stop that reasons": ("o3", {"stop": ["x"]}, "Unsupported parameter: 'stop'"),
    "effort without reasoning": ("gpt-4o", {"reasoning_effort": "low"}, "reasoning_effort"),
    "effort nobody has": ("gpt-5", {"reasoning_effort": "max"}, "Unsupported value: 'max'"),
    "effort none": ("gpt-5", {"reasoning_effort": "none"}, "Unsupported value: 'none'"),
    "limit": ("gpt-4o-mini-2024-07-18", {"max_tokens": 20_000}, "at most 16384"),
    "user": ("gpt-4o", {"user": "u" * 65}, "maximum length 64"),
    "result alone": (
        "gpt-4o", {"messages": [*HI, {"role": "tool", "tool_call_id": "c", "content": "x"}]},
        "must be a response to a preceding",
    ),
    "call alone": (
        "gpt-4o", {"messages": [*HI, {"role": "assistant", "tool_calls": [CHAT_CALL]}, *HI]},
        "did not have response messages",
    ),
    "no answer": ("gpt-4o", {"messages": [*HI, {"role": "assistant"}]}, "got null"),
    "image": (
        "gpt-4o",
        {"messages": [user(image("[IMAGE sha256:1]"))]},
        "Expected a valid URL",
    ),
    "kind of image": (
        "gpt-4o",
        {"messages": [user(image("data:image/tiff;base64,AA=="))]},
        "unsupported image",
    ),
    "image that is none": (
        "gpt-4o",
        {"messages": [user(image("data:image/png;base64,AA=="))]},
        "does not look like",
    ),
    "block of the other wire": (
        "gpt-4o", {"messages": [user({"type": "document", "source": {}})]}, "Invalid value",
    ),
    "strict and optional": (
        "gpt-4o", {"response_format": {"type": "json_schema", "json_schema": STRICT}},
        "'required' is required",
    ),
    "no properties": (
        "gpt-4o",
        {"tools": [function({"type": "object"})]},
        "object schema missing properties",
    ),
    "choice without tools": ("gpt-4o", {"tool_choice": "auto"}, "only allowed when 'tools'"),
    "context": ("gpt-3.5-turbo", {"messages": [user({"type": "text", "text": "x" * 80_000})]},
                "maximum context length"),
    "metadata": ("gpt-4o", {"metadata": {"session_id": "s"}}, "only allowed when 'store'"),
    "stops": ("gpt-4o", {"stop": list("abcde")}, "maximum length 4"),
    "options without a stream": ("gpt-4o", {"stream_options": {}}, "when 'stream' is enabled"),
}  # fmt: skip

MESSAGES: dict[str, tuple[str, dict[str, Any], str]] = {
    "unknown field": ("claude-haiku-4-5", {"n": 2}, "n: Extra inputs are not permitted"),
    "thread": ("claude-opus-5-5", {"thread": {"type": "create"}}, "thread_unsupported_request"),
    "metadata": ("claude-haiku-4-5", {"metadata": {"session_id": "x"}}, "metadata.session_id"),
    "adaptive": (
        "claude-haiku-4-5-20251001", {"thinking": {"type": "adaptive"}},
        "adaptive thinking is not supported",
    ),
    "budget of the newest": (
        "claude-opus-4-8", {"thinking": {"type": "enabled", "budget_tokens": 2_000}},
        "thinking.type.enabled",
    ),
    "budget above the limit": (
        "claude-haiku-4-5", {"thinking": {"type": "enabled", "budget_tokens": 2_000}},
        "greater than `thinking.budget_tokens`",
    ),
    "effort": ("claude-haiku-4-5", {"output_config": {"effort": "low"}}, "the effort parameter"),
    "prefill": (
        "claude-opus-4-6", {"messages": [*HI, {"role": "assistant", "content": "So"}]}, "prefill",
    ),
    "space at the end of a prefill": (
        "claude-haiku-4-5", {"messages": [*HI, {"role": "assistant", "content": "So "}]},
        "trailing whitespace",
    ),
    "limit": ("claude-haiku-4-5", {"max_tokens": 64_001}, "64001 > 64000"),
    "no limit": ("claude-haiku-4-5", {"max_tokens": None}, "max_tokens: Field required"),
    "sampling of the newest": ("claude-opus-4-7", {"temperature": 0.5}, "deprecated"),
    "temperature and top_p": ("claude-haiku-4-5", {"temperature": 1, "top_p": 1}, "cannot both"),
    "temperature": ("claude-haiku-4-5", {"temperature": 1.5}, "less than or equal to 1"),
    "empty text": ("claude-haiku-4-5", {"messages": [user({"type": "text", "text": ""})]},
                   "must be non-empty"),
    "white space": ("claude-haiku-4-5", {"messages": [user({"type": "text", "text": "\n "})]},
                    "non-whitespace"),
    "empty turn": ("claude-haiku-4-5", {"messages": [user()]}, "non-empty content"),
    "foreign thinking": (
        "claude-sonnet-4-6",
        {"messages": [*HI, said({"type": "thinking", "thinking": "x", "signature": "sigX"}), *HI]},
        "Invalid `signature`",
    ),
    "result alone": (
        "claude-haiku-4-5",
        {"messages": [user({"type": "tool_result", "tool_use_id": "c", "content": "x"})]},
        "unexpected `tool_use_id`",
    ),
    "call alone": ("claude-haiku-4-5", {"messages": [*HI, said(CALL), *HI]}, "immediately after"),
    "text before its results": (
        "claude-haiku-4-5",
        {"messages": [*HI, said(CALL), user({"type": "text", "text": "x"},
                                            {"type": "tool_result", "tool_use_id": "c"})]},
        "must come first",
    ),
    "five marks": (
        "claude-haiku-4-5",
        {"messages": [user(*({"type": "text", "text": str(n), **MARK} for n in range(5)))]},
        "A maximum of 4 blocks",
    ),
    "image": (
        "claude-haiku-4-5",
        {"messages": [user({"type": "image", "source": {"type": "url", "url": "[IMAGE]"}})]},
        "Only HTTPS",
    ),
    "kind of image": (
        "claude-haiku-4-5",
        {"messages": [user({"type": "image", "source": {
            "type": "base64", "media_type": "image/jpg", "data": PNG}})]},
        "media_type",
    ),
    "block of the other wire": (
        "claude-haiku-4-5", {"messages": [user({"type": "image_url"})]}, "does not match any",
    ),
    "system turn": (
        "claude-opus-4-6", {"messages": [*HI, {"role": "system", "content": "x"}]},
        "messages.1.role: Input should be",
    ),
    "tool without schema": ("claude-haiku-4-5", {"tools": [{"name": "x"}]}, "input_schema"),
    "tool without type": (
        "claude-haiku-4-5", {"tools": [{"name": "x", "input_schema": {}}]}, "to be 'object'",
    ),
    "schema open to more": (
        "claude-haiku-4-5",
        {"output_config": {"format": {"type": "json_schema", "schema": OBJECT}}},
        "must be explicitly set to false",
    ),
    "white stop": ("claude-haiku-4-5", {"stop_sequences": ["\n"]}, "non-whitespace"),
    "context": ("claude-haiku-4-5", {"messages": [user({"type": "text", "text": "x" * 900_000})]},
                "prompt is too long"),
}  # fmt: skip

RESPONSES: dict[str, tuple[str, dict[str, Any], str]] = {
    "unknown field": ("gpt-5", {"stop": ["x"]}, "Unknown parameter: 'stop'"),
    "temperature": ("gpt-5", {"temperature": 0}, "'temperature' does not support"),
    "effort": ("gpt-4o", {"reasoning": {"effort": "low"}}, "reasoning.effort"),
    "limit": ("gpt-4o", {"max_output_tokens": 20_000}, "16384"),
    "small limit": ("gpt-4o", {"max_output_tokens": 9}, "below minimum"),
    "input of the other wire": (
        "gpt-4o", {"input": [user({"type": "text", "text": "x"})]}, "Invalid value: 'text'",
    ),
    "words of the assistant": (
        "gpt-4o", {"input": [*HI, said({"type": "input_text", "text": "x"})]}, "input_text",
    ),
    "id": (
        "gpt-4o",
        {"input": [{"type": "function_call", "id": "call_1", "call_id": "c", "name": "f",
                    "arguments": "{}"}]},
        "begins with 'fc'",
    ),
    "output alone": (
        "gpt-4o", {"input": [{"type": "function_call_output", "call_id": "c", "output": "x"}]},
        "No tool call found",
    ),
    "call alone": (
        "gpt-4o",
        {"input": [{"type": "function_call", "call_id": "c", "name": "f", "arguments": "{}"}]},
        "No tool output found",
    ),
    "foreign reasoning": (
        "gpt-5",
        {"input": [{"type": "reasoning", "summary": [], "encrypted_content": "gAAAfoo"}, *HI]},
        "could not be verified",
    ),
    "reasoning that was not kept": (
        "gpt-5", {"store": False, "input": [{"type": "reasoning", "id": "rs_1", "summary": []}]},
        "not persisted",
    ),
    "response that was not kept": (
        "gpt-5", {"previous_response_id": "resp_x"}, "previous_response_not_found",
    ),
    "strict and optional": (
        "gpt-5", {"text": {"format": {"type": "json_schema", **STRICT}}}, "'required' is required",
    ),
}  # fmt: skip

BASE = {
    "/v1/chat/completions": {"messages": HI},
    "/v1/messages": {"messages": HI, "max_tokens": 100},
    "/v1/responses": {"input": "Hi"},
}
CASES = [
    pytest.param(path, *case, id=f"{path.split('/')[2]}: {name}")
    for path, table in zip(BASE, (CHAT, MESSAGES, RESPONSES), strict=True)
    for name, case in table.items()
]
KEYS = {"x-api-key": "k", "anthropic-version": "2023-06-01"}


def post(vendor: Vendor, path: str, body: dict[str, Any], **headers: str) -> httpx.Response:
    return httpx.post(vendor.url + path, json=body, headers=KEYS | headers, trust_env=False)


@pytest.mark.parametrize(("path", "model", "fields", "sentence"), CASES)
def test_what_vendors_refuse_is_refused(
    vendor: Vendor, path: str, model: str, fields: dict[str, Any], sentence: str
) -> None:
    body = {name: value for name, value in {**BASE[path], **fields}.items() if value is not None}
    refused = post(vendor, path, {"model": model, **body})
    assert refused.status_code in {400, 404}
    assert sentence in refused.text
    error = refused.json()["error"]
    assert error["type"] == "invalid_request_error"
    assert ("param" in error) == (path != "/v1/messages")
    (heard,) = vendor.posted()
    assert heard.refusal == refused.text


@pytest.mark.parametrize("path", BASE)
def test_the_plain_question_is_taken_and_kept_byte_for_byte(vendor: Vendor, path: str) -> None:
    model = "claude-haiku-4-5" if path == "/v1/messages" else "gpt-4o"
    answer = post(vendor, path, {"model": model, **BASE[path]})
    assert answer.status_code == 200
    assert "The answer is 42" in answer.text
    (heard,) = vendor.posted()
    assert heard.body == answer.request.content
    assert heard.sent == answer.content


@pytest.mark.parametrize("path", BASE)
def test_a_model_of_the_other_vendor_is_not_there(vendor: Vendor, path: str) -> None:
    model = "claude-haiku-4-5" if path != "/v1/messages" else "gpt-4o"
    assert post(vendor, path, {"model": model, **BASE[path]}).status_code == 404


def test_a_request_without_a_key_or_version_is_refused(vendor: Vendor) -> None:
    body = {"model": "gpt-4o", "messages": HI}
    url = vendor.url + "/v1/chat/completions"
    assert httpx.post(url, json=body, trust_env=False).status_code == 401
    body = {"model": "claude-haiku-4-5", "messages": HI, "max_tokens": 9}
    url = vendor.url + "/v1/messages"
    assert (
        "anthropic-version"
        in httpx.post(url, json=body, headers={"x-api-key": "k"}, trust_env=False).text
    )
