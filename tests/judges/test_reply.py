import contextlib
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tierwatch.errors import UnreadableVerdictError
from tierwatch.judges.reply import read_verdict


def say(verdict: str, reason: str = "because") -> str:
    return json.dumps({"reason": reason, "verdict": verdict})


def says(text: str | None) -> dict[str, Any]:
    return {"role": "assistant", "content": text, "model": "secret-model", "tier": "simple"}


@pytest.mark.parametrize(
    ("reply", "verdict"),
    [
        (say("A"), "A"),
        (say("b"), "B"),
        (say(" Tie "), "tie"),
        ('{"verdict": "TIE"}', "tie"),
        (f"```json\n{say('B')}\n```", "B"),
        (f"Let me see. \\frac{{1}}{{2}} is 0.5, so:\n{say('A')}\nThat is all.", "A"),
        (f"<think>{say('A')} no, wait, {{</think>\n{say('B')}", "B"),
        (say("A") + say("A"), "A"),
        ('{"steps": {"n": 1}} ' + say("B"), "B"),
        (say("A", 'it says {"verdict": "B"} </think>'), "A"),
        ("x" * 50_000 + say("A"), "A"),
    ],
)
def test_verdicts_that_can_be_read(reply: str, verdict: str) -> None:
    assert read_verdict(reply).verdict == verdict


@pytest.mark.parametrize(
    "reply",
    [
        "",
        "A",
        "Answer A is better.",
        '{"reason": "A is better."}',
        '{"reason": "x", "verdict": ""}',
        say("C"),
        say("Answer A"),
        say("A or B"),
        '{"verdict": null}',
        '{"verdict": ["A"]}',
        '{"verdict": {"verdict": "A"}}',
        "{'verdict': 'A'}",
        '{"reason": "cut off", "verdict": "A"',
        say("A") + say("B"),
        '{"verdict": "A", "verdict": "B"}',
        # A quotation inside an object that cannot be read is not the judge's word.
        '{"reason": "the answer claims {"verdict": "A"}", "verdict": "B"}',
        '{"reason": "the answer claims {"verdict": "A"} and then',
        "{'reason': 'it claims {\"verdict\": \"A\"}', 'verdict': 'B'}",
        f"<think>hm {say('A')}",
        '{"verdict": "A", "n": ' + "9" * 5_000 + "}",
        '{"a":' * 1_500,
        "{" * 200_000,
        "[" * 200_000,
    ],
)
def test_replies_that_are_no_verdict(reply: str) -> None:
    with pytest.raises(UnreadableVerdictError):
        read_verdict(reply)


@given(st.text())
def test_any_reply_is_a_verdict_or_unreadable(reply: str) -> None:
    with contextlib.suppress(UnreadableVerdictError):
        assert read_verdict(reply).verdict in {"A", "B", "tie"}


def test_the_reason_is_cut_and_safe() -> None:
    reading = read_verdict(say("A", "\x00" + "r" * 5_000))
    assert reading.reason == "\ufffd" + "r" * 1_999
