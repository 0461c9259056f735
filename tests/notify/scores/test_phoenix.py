"""A score reaches Phoenix as an annotation; what it does not know yet is said to be absent."""

from dataclasses import replace

import httpx
import pytest
from fakes.score_tools import FakePhoenix

from tierwatch.notify.scores.phoenix import PhoenixScores
from tierwatch.notify.scores.trace_score import TraceScore

TRACE, SPAN = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
SCORE = TraceScore(
    id="tierwatch-0190",
    trace_id=TRACE,
    span_id=SPAN,
    name="tierwatch.misroute",
    value=1.0,
    label="fail",
    comment="small-1 (simple) against standard: the answer was materially worse.",
    judge="pairwise/v2/judge-1",
    link="https://watch.example/pairs/0190",
)


def to(tool: FakePhoenix, key: str | None = None) -> PhoenixScores:
    return PhoenixScores("https://px.example", key, transport=tool.transport)


def test_an_annotation_of_a_span() -> None:
    tool = FakePhoenix(spans={SPAN})
    reply = to(tool).send(SCORE)
    assert (reply.answer.fate, reply.absent) == ("taken", False)
    [annotation] = tool.annotations.values()
    assert annotation == {
        "span_id": SPAN,
        "name": "tierwatch.misroute",
        "annotator_kind": "LLM",
        "identifier": "tierwatch-0190",
        "result": {
            "label": "fail",
            "score": 1.0,
            "explanation": f"{SCORE.comment} {SCORE.link}",
        },
        "metadata": {"judge": "pairwise/v2/judge-1", "pair": SCORE.link},
    }


def test_an_annotation_of_a_trace_where_no_span_is_the_exchange() -> None:
    tool = FakePhoenix(traces={TRACE})
    assert to(tool).send(replace(SCORE, span_id="")).answer.fate == "taken"
    assert list(tool.annotations) == [(TRACE, "tierwatch.misroute", "tierwatch-0190")]


def test_sending_it_again_makes_no_second_one_and_another_exchange_another() -> None:
    tool = FakePhoenix(traces={TRACE})
    for number in (1, 2, 2, 1):
        to(tool).send(replace(SCORE, span_id="", id=f"tierwatch-{number}"))
    assert len(tool.annotations) == 2


def test_a_span_that_has_not_arrived_is_absent_and_the_tool_is_well() -> None:
    tool = FakePhoenix()
    reply = to(tool).send(SCORE)
    assert (reply.answer.fate, reply.absent) == ("later", True)
    assert reply.answer.detail == "no such span yet"
    tool.spans.add(SPAN)
    assert to(tool).send(SCORE).answer.fate == "taken"


@pytest.mark.parametrize(
    ("answer", "fate"),
    [
        (404, "away"),
        (httpx.Response(404, json={"detail": "Not Found"}), "away"),
        (401, "away"),
        (422, "never"),
        (429, "away"),
        (500, "later"),
        (httpx.Response(500, text=f"an error about {SPAN}"), "later"),
        (httpx.ConnectError("no"), "away"),
    ],
)
def test_any_other_answer_is_not_about_the_span(
    answer: int | Exception | httpx.Response, fate: str
) -> None:
    reply = to(FakePhoenix(answers=[answer])).send(SCORE)
    assert (reply.answer.fate, reply.absent) == (fate, False)


def test_a_key_is_shown_where_there_is_one_and_not_in_print() -> None:
    tool = FakePhoenix(spans={SPAN}, key="px-made-up")
    assert to(tool).send(SCORE).answer.fate == "away"
    assert to(tool, "px-made-up").send(SCORE).answer.fate == "taken"
    assert "made-up" not in repr(to(tool, "px-made-up"))
