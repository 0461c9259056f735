import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tierwatch.errors import ProviderError
from tierwatch.gateway.accept.request import read_request
from tierwatch.wire.chat import OPENAI
from tierwatch.wire.json_bytes import write_json
from tierwatch.wire.refusal import Refusal
from tierwatch.wire.translation import library_request, provider_request

MESSAGES = [{"role": "user", "content": "Hello"}]
GOOD: dict[str, Any] = {"model": "auto", "messages": MESSAGES}


@pytest.mark.parametrize(
    ("body", "param"),
    [
        (b"", None),
        (b"{", None),
        (b"[]", None),
        (b'"text"', None),
        (b"\xff\xfe{}", None),
        (b'{"model": "auto", "messages": [{"role": "user", "content": NaN}]}', None),
        (b"[" * 100_000, None),
        (b'{"a": "\\ud800", ' + b"[" * 100_000, None),
        (json.dumps({"messages": MESSAGES}).encode(), "model"),
        (json.dumps({**GOOD, "model": 7}).encode(), "model"),
        (json.dumps({**GOOD, "model": ""}).encode(), "model"),
        (json.dumps({"model": "auto"}).encode(), "messages"),
        (json.dumps({**GOOD, "messages": []}).encode(), "messages"),
        (json.dumps({**GOOD, "messages": "hi"}).encode(), "messages"),
        (json.dumps({**GOOD, "messages": ["hi"]}).encode(), "messages[0]"),
        (json.dumps({**GOOD, "messages": [{"content": "hi"}]}).encode(), "messages[0].role"),
        (
            json.dumps({**GOOD, "messages": [*MESSAGES, {"role": "user", "content": 7}]}).encode(),
            "messages[1].content",
        ),
        (
            json.dumps({**GOOD, "messages": [{"role": "user", "content": [1]}]}).encode(),
            "messages[0].content",
        ),
        (json.dumps({**GOOD, "stream": "yes"}).encode(), "stream"),
        (json.dumps({**GOOD, "tools": [1]}).encode(), "tools"),
        (json.dumps({**GOOD, "stop": [1]}).encode(), "stop"),
        (json.dumps({**GOOD, "temperature": "hot"}).encode(), "temperature"),
        (json.dumps({**GOOD, "metadata": []}).encode(), "metadata"),
    ],
)
def test_what_the_gateway_reads_must_have_the_right_type(body: bytes, param: str | None) -> None:
    refusal = read_request(body, OPENAI)
    assert isinstance(refusal, Refusal)
    assert (refusal.status, refusal.param) == (400, param)


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"stream": None, "tools": None, "user": None, "metadata": None},
        {"messages": [{"role": "assistant", "content": None, "tool_calls": []}]},
        {"messages": [{"role": "user", "content": [{"type": "text", "text": "a"}]}]},
        {"temperature": 0, "stop": ["a"], "tools": [{}], "x_anything": [{"a": 1}]},
    ],
)
def test_everything_else_is_the_providers_to_judge(fields: dict[str, Any]) -> None:
    request = {**GOOD, **fields}
    assert read_request(json.dumps(request).encode(), OPENAI) == request


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
FIELDS = (
    "messages", "stream", "tools", "tool_choice", "response_format", "metadata", "user", "stop",
    "temperature", "top_p", "max_tokens", "max_completion_tokens", "parallel_tool_calls",
    "service_tier", "stream_options", "content", "role", "tool_calls",
)  # fmt: skip


@given(
    fields=st.dictionaries(st.sampled_from(FIELDS), json_values),
    message=st.dictionaries(st.sampled_from(FIELDS), json_values),
)
def test_no_request_breaks_the_gateway(fields: dict[str, Any], message: dict[str, Any]) -> None:
    request = read_request(
        json.dumps({**GOOD, **fields, "messages": [{**MESSAGES[0], **message}]}).encode(), OPENAI
    )
    if isinstance(request, Refusal):
        return
    assert json.loads(write_json(library_request("anthropic", request)))["messages"] is not None
    # Refused in a sentence, or said on the other wire; nothing else.
    with suppress(ProviderError):
        said = provider_request("openai", "anthropic", request, "m").request
        assert json.loads(write_json(said))["messages"] is not None
