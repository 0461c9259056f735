"""Lines of ours and of recorded traffic."""

import gzip
import json
from typing import Any

import pytest
from conftest import SHARED
from factories.otlp import call_in, gen_ai, span
from hypothesis import given
from hypothesis import strategies as st

from tierwatch.intake.calls import Call
from tierwatch.intake.files.lines import NotThisKindError
from tierwatch.intake.files.own import read
from tierwatch.wire.json_bytes import read_json, write_json

SHORTEST = {"source_id": "1", "started_at": 1_795_000_000, "request": {"messages": []}}
TEXTS = st.text(max_size=8)


def as_line(call: Call) -> Any:
    """The call as a line says it, once it has been JSON."""
    return read_json(write_json(call._asdict() | {"boundaries": dict(call.boundaries)}))


@given(
    st.builds(
        Call,
        source_id=st.text(min_size=1, max_size=8), trace=TEXTS, session=TEXTS, asked=TEXTS,
        model=TEXTS, provider=TEXTS, started_at=st.floats(1, 4e9), user=TEXTS,
        request=st.dictionaries(TEXTS, TEXTS | st.integers(0, 9), max_size=3),
        answer=st.none() | st.just({"role": "assistant", "content": "Hi"}),
        finish_reason=st.none() | st.sampled_from(["stop", "length"]),
        finished=st.just(value=False), status=st.sampled_from([200, 429, 502]),
        first_byte_ms=st.floats(0, 1e6), completion_tokens=st.none() | st.integers(0, 10**6),
        cache_write_tokens=st.integers(0, 10**6), error=TEXTS, outside=TEXTS,
        wire=st.sampled_from(["openai", "anthropic", "responses"]),
        prompt_tokens=st.none() | st.integers(0, 10**6),
        cached_tokens=st.integers(0, 10**6), fallbacks=st.integers(0, 9),
        cost_usd=st.none() | st.floats(0, 100), latency_ms=st.floats(0, 1e6),
        confidence=st.none() | st.floats(0, 1), tags=st.tuples() | st.tuples(TEXTS, TEXTS),
        tokens_estimated=st.booleans(), prompt_version=TEXTS,
        # What a line of ours cannot say: whose trace it is, and what another router decided by.
        boundaries=st.just({}), by_rule=st.just(""),
        their_trace=st.just(""), their_span=st.just(""),
    )
)  # fmt: skip
def test_what_is_written_is_read_back(call: Call) -> None:
    assert read(as_line(call)).calls == (call,)


def test_a_whole_call_stays_whole() -> None:
    call = call_in(span(gen_ai()))._replace(their_trace="", their_span="")
    assert call.finished
    assert read(as_line(call)).calls == (call,)


def test_three_fields_are_enough() -> None:
    (call,) = read(SHORTEST).calls
    assert (call.finished, call.status, call.wire) == (False, 200, "openai")


@pytest.mark.parametrize("name", SHORTEST)
def test_none_of_them_can_be_left_out(name: str) -> None:
    with pytest.raises(NotThisKindError, match="no source_id, started_at or request"):
        read({key: value for key, value in SHORTEST.items() if key != name})


@pytest.mark.parametrize(
    ("change", "problem"),
    [({"wire": "morse"}, "none of openai"), ({"status": 302}, "302"), ({"status": []}, "neither")],
)
def test_a_value_that_cannot_be_is_refused(change: dict[str, Any], problem: str) -> None:
    with pytest.raises(NotThisKindError, match=problem):
        read(SHORTEST | change)


@pytest.mark.parametrize(
    "change", [{"answer": None}, {"status": 500}, {"error": "no"}, {"finish_reason": "error"}]
)
def test_nobody_can_say_that_no_answer_is_finished(change: dict[str, Any]) -> None:
    whole = SHORTEST | {"finished": True, "answer": {"role": "assistant", "content": "Hi"}}
    assert read(whole).calls[0].finished
    assert not read(whole | change).calls[0].finished


RECORDED = {
    "id": "t1",
    "at_s": 59.1,
    "session": "s1",
    "messages": [{"role": "user", "content": "Which shelf?"}],
    "answers": {"simple": {"text": "Four.", "cost_usd": 7e-05}, "complex": {"text": "4"}},
}


def test_recorded_traffic_is_a_call_of_the_tier_that_served() -> None:
    (call,) = read(RECORDED | {"served": "simple"}).calls
    assert (call.asked, call.answer) == ("simple", {"role": "assistant", "content": "Four."})
    assert (call.cost_usd, call.session, call.finished) == (7e-05, "s1", True)


@pytest.mark.parametrize("served", [None, "standard", ""])
def test_recorded_traffic_does_not_say_who_served(served: str | None) -> None:
    with pytest.raises(NotThisKindError, match="served"):
        read(RECORDED | {"served": served})


@pytest.mark.skipif(not SHARED.exists(), reason=f"no recorded traffic in {SHARED}")
def test_recorded_traffic_of_the_shared_folder_is_read() -> None:
    with gzip.open(SHARED / "data" / "traffic_dev.jsonl.gz") as file:
        for _ in range(50):
            line = json.loads(file.readline())
            (call,) = read(line | {"served": "standard"}).calls
            assert call.request["messages"] == line["messages"]
