"""LiteLLM's records: each of the recorded ones by field, and what else its proxy may send."""

import json
from pathlib import Path
from typing import Any

import pytest
from factories.sources import STARTED, body, litellm_failure, litellm_record
from hypothesis import given
from hypothesis import strategies as st

from tierwatch.intake.calls import Call
from tierwatch.intake.json_sources.litellm import read_litellm
from tierwatch.intake.unreadable import UnreadableError

RECORDED = Path(__file__).parents[4] / "shared" / "data" / "intake"
needs_recorded = pytest.mark.skipif(
    not RECORDED.is_dir(), reason="the recorded payloads are not here (../shared/data/intake)"
)

HELLO = "Hello there."
# By file: asked, model, provider, finish reason, whole, status; tokens of prompt, answer, cache
# read and cache written, whether they are estimated; cost; fallbacks; why outside; attempts.
TABLE: dict[str, tuple[Any, ...]] = {
    "success": ("gpt-4o-mini", "gpt-4o-mini", "openai", "stop", True, 200,
                11, 7, 4, 0, False, 5.55e-06, 0, "", 0),
    "sync_success": ("gpt-4o-mini", "gpt-4o-mini", "openai", "stop", True, 200,
                     11, 7, 4, 0, False, 5.55e-06, 0, "", 0),
    "success_stream": ("gpt-4o-mini", "gpt-4o-mini", "openai", "stop", True, 200,
                       17, 3, 0, 0, True, 4.35e-06, 0, "", 0),
    "success_stream_usage": ("gpt-4o-mini", "gpt-4o-mini", "openai", "stop", True, 200,
                             11, 7, 4, 0, False, 5.55e-06, 0, "", 0),
    "tool_call": ("gpt-4o-mini", "gpt-4o-mini", "openai", "tool_calls", True, 200,
                  11, 7, 4, 0, False, 5.55e-06, 0, "", 0),
    "tool_call_stream": ("gpt-4o-mini", "gpt-4o-mini", "openai", "tool_calls", True, 200,
                         17, 28, 0, 0, True, 1.935e-05, 0, "", 0),
    "failure_429": ("status-429", "", "openai", None, False, 429,
                    0, 0, 0, 0, False, 0.0, 0, "", 0),
    "failure_mid_stream": ("mid-error", "", "openai", None, False, 502,
                           17, 1, 0, 0, False, 0.0, 0, "", 0),
    "router_alias": ("auto", "gpt-4o", "openai", "stop", True, 200,
                     11, 7, 4, 0, False, 9.25e-05, 0, "", 0),
    "router_group_alias": ("smart", "gpt-4o", "openai", "stop", True, 200,
                           11, 7, 4, 0, False, 9.25e-05, 0, "", 0),
    "router_fallback": ("A", "gpt-4o", "openai", "stop", True, 200,
                        11, 7, 4, 0, False, 9.25e-05, 1, "", 1),
    "router_fallback_retry": ("A", "gpt-4o", "openai", "stop", True, 200,
                              11, 7, 4, 0, False, 9.25e-05, 1, "", 2),
    "router_fallback_allfail": ("A", "", "openai", None, False, 500,
                                0, 0, 0, 0, False, 0.0, 1, "", 1),
    "anthropic_tool_call": ("claude-sonnet-4-5", "claude-sonnet-4-5", "anthropic", "tool_calls",
                            True, 200, 18, 7, 4, 3, False, 0.00015045, 0, "", 0),
    "responses_api": ("gpt-4o-mini", "gpt-4o-mini", "openai", "stop", True, 200,
                      11, 7, 4, 0, False, 5.55e-06, 0, "", 0),
    "unknown_model_cost": ("my-local-llm", "my-local-llm", "openai", "stop", True, 200,
                           11, 7, 4, 0, False, None, 0, "", 0),
    "inline_image": ("gpt-4o-mini", "gpt-4o-mini", "openai", "stop", True, 200,
                     11, 7, 4, 0, False, 5.55e-06, 0, "intake_truncated", 0),
}  # fmt: skip


def one_call(*records: object) -> Call:
    (call,) = read_litellm(body(*records)).calls
    return call


@needs_recorded
@pytest.mark.parametrize("name", TABLE)
def test_each_recorded_payload_becomes_the_right_call(name: str) -> None:
    readings = read_litellm((RECORDED / f"litellm_{name}.json").read_bytes())
    (call,) = readings.calls
    found = (call.asked, call.model, call.provider, call.finish_reason, call.finished, call.status)
    found += (call.prompt_tokens, call.completion_tokens, call.cached_tokens)
    found += (call.cache_write_tokens, call.tokens_estimated, call.cost_usd, call.fallbacks)
    found += (call.outside, readings.counted.get("attempt", 0))
    assert [one if one is None else pytest.approx(one) for one in TABLE[name]] == list(found)
    assert set(readings.counted) <= {"attempt"}
    if call.finished and "tool" not in name:
        assert call.answer == {"role": "assistant", "content": HELLO}
    if "tool" in name:
        assert call.answer is not None
        (tool,) = call.answer["tool_calls"]
        assert tool["function"]["name"] == "weather"
        assert json.loads(tool["function"]["arguments"]) == {"city": "Oslo"}
        assert call.request["tools"][0]["function"]["name"] == "weather"
    if call.error:
        assert call.answer is None


@needs_recorded
def test_the_table_has_every_recorded_payload() -> None:
    files = {one.stem.removeprefix("litellm_") for one in RECORDED.glob("litellm_*.json")}
    assert files == set(TABLE)


@needs_recorded
def test_recorded_texts_sessions_and_times() -> None:
    (call,) = read_litellm((RECORDED / "litellm_success.json").read_bytes()).calls
    assert [one["role"] for one in call.request["messages"]] == ["system", "user"]
    assert (call.user, call.tags, call.trace, call.session) == ("user-7", ("a",), "s1", "")
    assert call.latency_ms == pytest.approx(1900.035, abs=0.01)
    (call,) = read_litellm((RECORDED / "litellm_responses_api.json").read_bytes()).calls
    assert (call.wire, call.request["instructions"]) == ("responses", "Be brief.")
    assert call.request["input"] == [{"role": "user", "content": "Say hello."}]
    (call,) = read_litellm((RECORDED / "litellm_router_fallback.json").read_bytes()).calls
    assert call.latency_ms == pytest.approx(186.7, abs=0.1)


def test_the_proxy_s_three_formats_are_read_alike() -> None:
    one, two = litellm_record(), litellm_record()
    array = read_litellm(body(one, two)).calls
    lines = read_litellm(b"\n".join(json.dumps(each).encode() for each in (one, two))).calls
    single = read_litellm(json.dumps(one).encode()).calls
    logged = read_litellm(body({"hook": "x", "standard_logging_object": one}, two)).calls
    assert array == lines == logged
    assert single == array[:1]


def test_the_prefix_of_a_provider_is_taken_off() -> None:
    assert one_call(litellm_record()).model == "small-1"
    assert one_call(litellm_record(model="small-1")).model == "small-1"
    assert one_call(litellm_record(model="azure/openai/x")).model == "azure/openai/x"


def test_a_direct_call_is_asked_for_by_its_model() -> None:
    assert one_call(litellm_record(model_group="")).asked == "small-1"


def test_a_retry_is_one_request_with_what_it_took() -> None:
    failed = litellm_failure(trace_id="t", litellm_call_id="a", startTime=STARTED)
    served = litellm_record(
        trace_id="t", litellm_call_id="b", startTime=STARTED + 2, endTime=STARTED + 3
    )
    for batch in ([failed, served], [served, failed]):
        readings = read_litellm(body(*batch))
        (call,) = readings.calls
        assert (call.source_id, call.latency_ms, call.error) == ("b", 3000.0, "")
        assert readings.counted == {"attempt": 1}


def test_behind_the_proxy_an_attempt_has_the_id_of_the_answer() -> None:
    failed = litellm_failure(trace_id="t", litellm_call_id="a", model_group="shaky")
    served = litellm_record(trace_id="t", litellm_call_id="a", startTime=STARTED + 1)
    readings = read_litellm(body(failed, served))
    (call,) = readings.calls
    assert (call.source_id, call.asked, call.finished, call.fallbacks) == ("a", "shaky", True, 1)
    assert readings.counted == {"attempt": 1}
    alone = read_litellm(body(failed)).calls[0]
    assert alone.source_id != call.source_id  # in another batch neither takes the other's place


def test_requests_of_one_trace_that_ask_something_else_stay_two() -> None:
    other = [{"role": "user", "content": "Something else."}]
    calls = read_litellm(
        body(
            litellm_failure(trace_id="session", messages=other),
            litellm_record(trace_id="session", startTime=STARTED + 1),
        )
    ).calls
    assert len(calls) == 2


def test_two_answers_to_one_question_of_a_trace_stay_two() -> None:
    same = [litellm_record(trace_id="session", startTime=STARTED + n) for n in range(2)]
    assert len(read_litellm(body(*same)).calls) == 2


def test_an_attempt_that_comes_in_another_batch_says_that_it_was_one() -> None:
    headers = {"x-litellm-attempted-fallbacks": 2}
    hidden = {"response_cost": 0.1, "additional_headers": headers}
    assert one_call(litellm_record(hidden_params=hidden)).fallbacks == 2


@pytest.mark.parametrize(
    ("changes", "outside"),
    [
        ({"messages": None}, "intake_no_question"),
        ({"messages": []}, "intake_no_question"),
        ({"messages": [{"role": "user", "content": "redacted-by-litellm"}]}, "intake_no_question"),
        ({"response": {}}, "intake_no_answer"),
        ({"response": {"choices": []}}, "intake_no_answer"),
        ({"call_type": "atext_completion"}, "intake_other_kind"),
        ({"messages": "Say hello."}, ""),
    ],
)
def test_what_intake_cannot_know_is_outside_with_its_reason(
    changes: dict[str, Any], outside: str
) -> None:
    assert one_call(litellm_record(**changes)).outside == outside


def test_an_answer_without_a_finish_reason_is_not_whole() -> None:
    response = {"choices": [{"message": {"role": "assistant", "content": "Hel"}}]}
    call = one_call(litellm_record(response=response))
    assert (call.finish_reason, call.finished) == (None, False)


@pytest.mark.parametrize(
    ("record", "kind"),
    [
        ({"litellm_call_id": None}, "bad_line"),
        ({"status": "pending"}, "bad_line"),
        ({"call_type": "aembedding"}, "other"),
        ({"call_type": None}, "other"),
    ],
)
def test_what_is_no_call_is_counted_by_kind(record: dict[str, Any], kind: str) -> None:
    readings = read_litellm(body(litellm_record(**record)))
    assert (readings.calls, readings.counted) == ((), {kind: 1})


def test_the_same_call_twice_in_a_batch_is_a_repeat() -> None:
    one = litellm_record()
    assert read_litellm(body(one, one)).counted == {"repeat": 1}


def test_nothing_of_a_body_is_a_sentence() -> None:
    with pytest.raises(UnreadableError, match="accepted: a JSON array of objects"):
        read_litellm(b"no json")


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["choices", "message", "content", "role", "output", "usage", "x"]),
            inner,
            max_size=3,
        )
    ),
    max_leaves=6,
)


@given(st.dictionaries(st.sampled_from(sorted(litellm_record())), VALUES, max_size=6))
def test_odd_values_never_raise_and_never_make_an_answer(changes: dict[str, Any]) -> None:
    for call in read_litellm(json.dumps([litellm_record(**changes)]).encode()).calls:
        assert call.answer is not None or not call.finished
        assert call.latency_ms >= 0


@pytest.mark.parametrize(
    ("metadata", "version"),
    [
        ({"requester_metadata": {"prompt_version": "v12"}}, "v12"),
        ({"requester_custom_headers": {"x-prompt-version": " v13 "}}, "v13"),
        (
            {
                "requester_custom_headers": {"x-prompt-version": "v13"},
                "requester_metadata": {"prompt_version": "v12"},
            },
            "v13",
        ),
        ({"requester_metadata": {"prompt_version": 12}}, ""),
        ({"requester_metadata": None, "requester_custom_headers": None}, ""),
        (None, ""),
    ],
)
def test_the_version_of_a_prompt_is_what_the_caller_said(metadata: Any, version: str) -> None:
    (call,) = read_litellm(body(litellm_record(metadata=metadata))).calls
    assert call.prompt_version == version
