"""Single values of other people's records."""

from hypothesis import given
from hypothesis import strategies as st

from tierwatch.intake.json_sources.values import (
    assistant_message,
    failure_status,
    finish_of,
    money,
    seconds,
    share,
    texts,
)

ANYTHING = st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.lists(st.text())


@given(ANYTHING)
def test_numbers_are_finite_and_never_negative(value: object) -> None:
    assert 0 <= seconds(value) < float("inf")
    found = money(value)
    assert found is None or 0 <= found < float("inf")
    part = share(value)
    assert part is None or 0 <= part <= 1
    assert 400 <= failure_status(value) < 600
    assert all(isinstance(one, str) for one in texts(value))


def test_true_is_no_number() -> None:
    yes: object = True
    assert (seconds(yes), money(yes), share(yes)) == (0.0, None, None)


def test_a_status_in_other_digits_is_none() -> None:
    assert failure_status("٤٢٩") == 502
    assert failure_status("0429") == 502
    assert failure_status(503) == 503


def test_an_answer_keeps_what_it_says_and_nothing_of_its_library() -> None:
    call = {"id": "c", "type": "function", "function": {"name": "f"}, "index": 0}
    message = {
        "role": "model",
        "content": None,
        "tool_calls": [call],
        "function_call": None,
        "annotations": [],
        "provider_specific_fields": {"x": 1},
    }
    kept = {"id": "c", "type": "function", "function": {"name": "f"}}
    assert assistant_message(message) == {
        "role": "assistant",
        "content": None,
        "tool_calls": [kept],
    }


def test_an_empty_text_is_an_answer_and_nothing_is_none() -> None:
    assert assistant_message({"content": ""}) == {"role": "assistant", "content": ""}
    assert assistant_message({"content": None, "reasoning_content": "Hm."}) is None
    assert assistant_message({}) is None


def test_a_call_counts_for_more_than_the_word() -> None:
    assert finish_of("stop", {"tool_calls": [{}]}) == "tool_calls"
    assert finish_of("tool-calls", {"content": "x"}) == "tool-calls"
    assert finish_of("", {"content": "x"}) is None
    assert finish_of(3, None) is None
