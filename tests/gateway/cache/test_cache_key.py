"""Which requests share an answer, without a gateway; test_response_cache.py asks over HTTP."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tierwatch.gateway.cache.cache_key import CacheKey, cache_key, read_wish, tenant_of

HELLO = [{"role": "user", "content": "How do I sort a list in Python?"}]


def key(
    messages: Any = None,
    *,
    wire: str = "openai",
    headers: Any = None,
    asked: str = "auto",
    tenant: str = "t",
    models: bytes = b"m",
    semantic: bool = False,
    tools_take_part: bool = False,
    any_temperature: bool = False,
    **fields: Any,
) -> CacheKey | None:
    request = {"model": asked, "messages": messages or HELLO, "temperature": 0, **fields}
    return cache_key(
        wire,
        headers or {},
        request,
        asked=asked,
        models=models,
        tenant=tenant,
        semantic=semantic,
        tools=tools_take_part,
        any_temperature=any_temperature,
    )


def place(found: CacheKey | None) -> str:
    assert found is not None
    return found.place


@pytest.mark.parametrize(
    ("headers", "metadata", "wish"),
    [
        ({}, None, "use"),
        ({}, {}, "use"),
        ({b"cache-control": b"no-cache"}, None, "refresh"),
        ({b"cache-control": b"max-age=0, private"}, None, "refresh"),
        ({b"cache-control": b"No-Store"}, None, "off"),
        ({b"cache-control": b"no-cache, no-store"}, None, "off"),
        ({b"cache-control": b"max-age=60"}, None, "use"),
        ({}, {"tierwatch_cache": "no-cache"}, "refresh"),
        ({}, {"tierwatch_cache": "no-store"}, "off"),
        ({b"cache-control": b"no-cache"}, {"tierwatch_cache": "no-store"}, "off"),
    ],
)
def test_what_a_caller_wants_of_the_cache(headers: Any, metadata: Any, wish: str) -> None:
    assert read_wish(headers, {"metadata": metadata}) == wish


@given(st.binary(), st.binary())
def test_a_tenant_is_a_digest_of_its_key(one: bytes, other: bytes) -> None:
    assert (tenant_of(one) == tenant_of(other)) is (one == other)
    assert len(tenant_of(one)) == 16


def test_the_name_says_whose_it_is_and_where() -> None:
    found = key()
    assert found is not None
    assert found.name == f"tierwatch:cache:1:t:{found.place}"
    assert (found.verbatim, found.marks) == (found.place, {})


@pytest.mark.parametrize(
    "other",
    [
        {"tenant": "u"},
        {"models": b"n"},
        {"wire": "anthropic"},
        {"asked": "simple"},
        {"max_tokens": 5},
        {"a_parameter_of_next_year": True},
        {"headers": {b"anthropic-beta": b"x"}},
        {"messages": [*HELLO, {"role": "assistant", "content": "So."}, *HELLO]},
    ],
)
def test_whatever_shapes_the_answer_is_part_of_it(other: dict[str, Any]) -> None:
    assert place(key(**other)) != place(key())


@pytest.mark.parametrize(
    "fields",
    [{"stream": True}, {"user": "u"}, {"metadata": {"a": "b"}}, {"prompt_cache_key": "k"}],
)
def test_bookkeeping_is_not(fields: dict[str, Any]) -> None:
    assert key(**fields) == key()


@pytest.mark.parametrize(
    "fields",
    [
        {"temperature": 1},
        {"temperature": None},
        {"temperature": False},
        {"n": 2},
        {"logprobs": True},
        {"modalities": ["text", "audio"]},
        {"tools": [{"type": "function"}]},
        {"tools": [{"type": "web_search"}], "tools_take_part": True},
        {"messages": [{"role": "user", "content": [{"type": "image_url"}]}]},
        {"messages": [{"role": "user", "content": "x" * 400_001}]},
        {"messages": [{"role": "user", "content": "\ud800"}]},
        {"wire": "anthropic", "stop_sequences": ["."]},
    ],
)
def test_requests_whose_answer_is_not_shared(fields: dict[str, Any]) -> None:
    assert key(**fields) is None


def test_tools_of_the_callers_take_part_where_that_is_configured() -> None:
    tools = [{"type": "function", "function": {"name": "f"}}]
    assert place(key(tools=tools, tools_take_part=True)) != place(key())
    assert place(key(temperature=1, any_temperature=True)) != place(key())


def test_a_rewording_shares_the_place_and_not_the_letter() -> None:
    one = key(semantic=True)
    other = key([{"role": "user", "content": "How can I sort a list in Python?"}], semantic=True)
    assert one is not None
    assert other is not None
    assert (one.place, one.marks) == (other.place, other.marks)
    assert one.verbatim != other.verbatim


@pytest.mark.parametrize(
    "last",
    [
        {"role": "user", "content": [{"type": "text", "text": "How do I sort a list?"}]},
        {"role": "user", "content": "How do I sort a list?", "name": "n"},
        {"role": "user", "content": "x " * 5_000},
    ],
)
def test_what_is_no_short_plain_text_is_matched_to_the_letter(last: dict[str, Any]) -> None:
    found = key([last], semantic=True)
    assert found is not None
    assert found.place == found.verbatim
