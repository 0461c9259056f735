"""Both wires' counts of tokens, as they are and as they may be broken."""

from typing import Any

import pytest
from factories.wires import reply_to_openai
from hypothesis import given
from hypothesis import strategies as st

from tierwatch.wire.anthropic_messages.stream_in import StreamIn
from tierwatch.wire.anthropic_messages.usage import read_usage as read_anthropic_usage
from tierwatch.wire.first_choice import first_choice
from tierwatch.wire.openai_chat.usage import read_usage
from tierwatch.wire.sse import SSEEvent
from tierwatch.wire.stream_answer import StreamAnswer
from tierwatch.wire.usage import (
    Usage,
    estimated_tokens,
    read_chunk_usage,
    request_characters,
    text_size,
)


def openai_usage(**details: Any) -> dict[str, Any]:
    usage = {"prompt_tokens": 1_000, "completion_tokens": 50, "prompt_tokens_details": details}
    return {"usage": usage}


def test_openai_counts_cached_tokens_within_the_prompt() -> None:
    assert read_usage(openai_usage(cached_tokens=768)) == Usage(1_000, 50, 768)
    assert read_usage(openai_usage(cached_tokens=768, cache_write_tokens=100)).billed == (
        1_000,
        50,
        768,
        100,
    )


def test_anthropic_counts_them_beside_the_input() -> None:
    usage = {
        "input_tokens": 132,
        "cache_read_input_tokens": 768,
        "cache_creation_input_tokens": 100,
        "output_tokens": 50,
    }
    assert read_anthropic_usage({"usage": usage}) == Usage(1_000, 50, 768, 100)
    # Without a cache the two mean the same.
    assert read_anthropic_usage({"usage": {"input_tokens": 7}}) == Usage(7, None)
    # A prompt that came from the cache whole.
    whole = {"cache_read_input_tokens": 9, "output_tokens": 1}
    assert read_anthropic_usage({"usage": whole}) == Usage(9, 1, 9)


@pytest.mark.parametrize(
    "reply",
    [None, [], "x", {}, {"usage": None}, {"usage": []}, {"usage": {"prompt_tokens": None}},
     {"usage": {"prompt_tokens": -1, "input_tokens": -1}},
     {"usage": {"prompt_tokens": True, "input_tokens": True}},
     {"usage": {"prompt_tokens": "12", "input_tokens": 1.5}}],
)  # fmt: skip
def test_what_is_not_counted_is_unknown_and_billed_as_nothing(reply: Any) -> None:
    assert read_usage(reply) == read_anthropic_usage(reply) == Usage()
    assert Usage().billed == (0, 0, 0, 0)


@pytest.mark.parametrize(
    ("details", "parts"),
    [
        ({"cached_tokens": 5_000}, (1_000, None)),  # more than there was
        ({"cached_tokens": 900, "cache_write_tokens": 900}, (900, 100)),
        ({"cached_tokens": 0}, (0, None)),
        ({"cached_tokens": None}, (None, None)),
        ({"cached_tokens": -5}, (None, None)),
        ({"cached_tokens": "768"}, (None, None)),
    ],
)
def test_parts_never_exceed_the_prompt(details: dict[str, Any], parts: tuple[Any, Any]) -> None:
    usage = read_usage(openai_usage(**details))
    assert (usage.cached_tokens, usage.cache_write_tokens) == parts


json = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5_000) | st.text(max_size=3),
    lambda inner: st.dictionaries(
        st.sampled_from(
            ["usage", "prompt_tokens", "completion_tokens", "prompt_tokens_details",
             "cached_tokens", "cache_write_tokens", "input_tokens", "output_tokens",
             "cache_read_input_tokens", "cache_creation_input_tokens"]
        ),
        inner,
        max_size=5,
    ),
    max_leaves=12,
)  # fmt: skip


@given(usage=json)
def test_any_usage_is_read_and_its_parts_are_within_the_prompt(usage: Any) -> None:
    for read in (read_usage, read_anthropic_usage):
        prompt, completion, cached, written = read({"usage": usage}).billed
        assert min(prompt, completion, cached, written) >= 0
        assert cached + written <= prompt


def test_a_whole_answer_carries_them_on_both_wires() -> None:
    message = {"role": "assistant", "content": "x"}
    chat = {"choices": [{"message": message, "finish_reason": "stop"}]}
    assert first_choice(chat | openai_usage(cached_tokens=768)).usage == Usage(1_000, 50, 768)
    usage = {"input_tokens": 132, "cache_read_input_tokens": 868, "output_tokens": 50}
    translated = reply_to_openai({"content": [{"type": "text", "text": "x"}], "usage": usage})
    # A part that was not counted is not one of 0 tokens afterwards.
    assert first_choice(translated).usage == Usage(1_000, 50, 868, None)


def test_a_stream_carries_them_on_openais_wire() -> None:
    answer = StreamAnswer()
    answer.feed({"choices": [{"index": 0, "delta": {"content": "x"}}], "usage": None})
    assert answer.usage == Usage()
    answer.feed({"choices": []} | openai_usage(cached_tokens=768))
    answer.feed({"choices": [], "usage": None})  # some servers send one more chunk
    assert answer.usage == Usage(1_000, 50, 768)


def test_a_stream_carries_them_on_anthropics_wire_and_its_last_count_holds() -> None:
    stream, answer = StreamIn(), StreamAnswer()
    first = '{"input_tokens": 132, "cache_read_input_tokens": 868, "output_tokens": 1}'
    for kind, rest in (
        ("message_start", f'"message": {{"id": "m", "usage": {first}}}'),
        ("content_block_delta", '"index": 0, "delta": {"type": "text_delta", "text": "x"}'),
    ):
        for chunk in stream.feed(SSEEvent(event=kind, data=f'{{"type": "{kind}", {rest}}}')):
            answer.feed(chunk)
    # So far the output's count is a placeholder.
    assert (answer.usage, stream.usage) == (Usage(), Usage(1_000, None, 868))
    for kind, rest in (
        ("message_delta", '"delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": 50}'),
        ("message_stop", '"x": 0'),
    ):
        for chunk in stream.feed(SSEEvent(event=kind, data=f'{{"type": "{kind}", {rest}}}')):
            answer.feed(chunk)
    assert answer.usage == stream.usage == Usage(1_000, 50, 868)


def test_tokens_are_estimated_upwards() -> None:
    assert [estimated_tokens(n) for n in (0, 1, 4, 5)] == [0, 1, 1, 2]
    parts = [
        {"type": "text", "text": "abcd"},
        {"type": "image_url", "image_url": {"url": "x" * 99}},
    ]
    messages = [{"role": "user", "content": parts}, {"role": "user", "content": "ef"}, "junk"]
    assert request_characters({"messages": messages}) == 6
    assert request_characters({}) == 0


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        # As o200k counts them.
        ("Prove that the algorithm terminates, and compare two variants of it.", 15),
        ("证明该算法一定会终止，推导其时间复杂度，并详细比较它的两个变体。", 23),  # noqa: RUF001 - Chinese
        (
            "このアルゴリズムが必ず停止することを証明し、計算量を導出して、詳しく比較してください。",
            30,
        ),
        (
            "이 알고리즘이 종료됨을 증명하고 시간 복잡도를 계산한 뒤 두 변형을 자세히 비교하세요.",
            26,
        ),
    ],
)
def test_an_estimate_is_near_in_scripts_of_many_bytes_too(text: str, tokens: int) -> None:
    request = {"messages": [{"role": "user", "content": text}]}
    assert estimated_tokens(request_characters(request)) == pytest.approx(tokens, rel=0.25)
    assert estimated_tokens(text_size("half \ud83d of it")) == 4


@pytest.mark.parametrize("name", ["prompt_cache_hit_tokens", "cached_tokens"])
def test_cached_tokens_are_counted_beside_the_details_by_some_servers(name: str) -> None:
    assert read_chunk_usage({"prompt_tokens": 9, name: 8}) == Usage(9, None, 8)
    assert read_chunk_usage({"prompt_tokens": 9, name: 10}) == Usage(9, None, 9)
    details = {"prompt_tokens_details": {"cached_tokens": 3}, name: 8}
    assert read_chunk_usage({"prompt_tokens": 9, **details}).cached_tokens == 3


def test_counts_stand_in_the_choice_or_in_a_servers_own_field() -> None:
    counts = {"prompt_tokens": 9, "completion_tokens": 1}
    for reply in ({"choices": [{"usage": counts}]}, {"x_groq": {"usage": counts}}):
        assert read_usage(reply) == Usage(9, 1)
    junk = {"choices": [{"usage": "much"}, 3], "x_groq": 7, "usage": None}
    assert read_usage(junk) == Usage()
