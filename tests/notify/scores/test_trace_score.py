"""Each tool is a destination of scores, under the kind that the configuration names it by."""

from dataclasses import FrozenInstanceError, fields
from typing import get_args

import pytest

from tierwatch.config.outgoing.scores import ScoresKind
from tierwatch.notify.answer import Answer
from tierwatch.notify.scores.langfuse import LangfuseScores
from tierwatch.notify.scores.phoenix import PhoenixScores
from tierwatch.notify.scores.trace_score import Reply, ScoreDestination, TraceScore
from tierwatch.store.traced.scores import SCORE_KINDS, ScoreDocument

TOOLS: tuple[ScoreDestination, ...] = (
    LangfuseScores("https://lf.example", "p", "s"),
    PhoenixScores("https://px.example"),
)


def test_there_is_a_tool_for_each_kind() -> None:
    kinds = {tool.kind for tool in TOOLS}
    assert kinds == set(get_args(ScoresKind)) == set(SCORE_KINDS)


def test_what_is_stored_is_what_is_sent_but_for_the_link() -> None:
    sent = {field.name for field in fields(TraceScore)}
    assert sent == {*ScoreDocument.__annotations__, "link"}


def test_a_score_does_not_change() -> None:
    score = TraceScore("i", "t", "", "n", 1.0, "fail", "c", "j", "l")
    with pytest.raises(FrozenInstanceError):
        score.value = 0.0  # type: ignore[misc]


def test_a_reply_is_about_a_span_that_is_there_unless_it_says_otherwise() -> None:
    assert not Reply(Answer("taken", "HTTP 200")).absent
