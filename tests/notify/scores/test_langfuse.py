"""A score reaches Langfuse in the form that its API has, and once however often it is sent."""

import httpx
import pytest
from fakes.score_tools import FakeLangfuse, langfuse_problem

from tierwatch.notify.scores.langfuse import CLOUD, LangfuseScores
from tierwatch.notify.scores.trace_score import TraceScore

SCORE = TraceScore(
    id="tierwatch-0190",
    trace_id="0af7651916cd43dd8448eb211c80319c",
    span_id="b7ad6b7169203331",
    name="tierwatch.misroute",
    value=1.0,
    label="fail",
    comment="small-1 (simple) against standard: the answer was materially worse.",
    judge="pairwise/v2/judge-1",
    link="https://watch.example/pairs/0190",
)
TRACE_SCORE = TraceScore(
    id="tierwatch-0191", trace_id="t", span_id="", name="tierwatch.overspend", value=0.0,
    label="pass", comment="c", judge="j", link="l",
)  # fmt: skip


def to(tool: FakeLangfuse, **changes: str) -> LangfuseScores:
    keys = {"public_key": tool.public_key, "secret_key": tool.secret_key} | changes
    return LangfuseScores("https://lf.example", **keys, transport=tool.transport)


def test_a_score_of_an_observation() -> None:
    tool = FakeLangfuse()
    reply = to(tool).send(SCORE)
    assert (reply.answer.fate, reply.absent) == ("taken", False)
    assert tool.scores["tierwatch-0190"] == {
        "id": "tierwatch-0190",
        "traceId": "0af7651916cd43dd8448eb211c80319c",
        "observationId": "b7ad6b7169203331",
        "name": "tierwatch.misroute",
        "value": 1.0,
        "dataType": "NUMERIC",
        "comment": f"{SCORE.comment} {SCORE.link}",
        "metadata": {"label": "fail", "judge": "pairwise/v2/judge-1", "pair": SCORE.link},
    }


def test_a_score_of_a_whole_trace_names_no_observation() -> None:
    tool = FakeLangfuse()
    to(tool).send(TRACE_SCORE)
    assert "observationId" not in tool.scores["tierwatch-0191"]


def test_sending_it_again_makes_no_second_one() -> None:
    tool = FakeLangfuse()
    for _ in range(3):
        to(tool).send(SCORE)
    assert (tool.asked, len(tool.scores)) == (3, 1)


@pytest.mark.parametrize(
    ("answer", "fate"),
    [
        (200, "taken"),
        (201, "taken"),
        (400, "never"),
        (401, "away"),
        (404, "away"),
        (429, "away"),
        (500, "later"),
        (503, "away"),
        (301, "away"),
        (httpx.ConnectError("no"), "away"),
        (httpx.ReadTimeout("slow"), "away"),
    ],
)
def test_what_follows_from_each_answer(answer: int | Exception, fate: str) -> None:
    reply = to(FakeLangfuse(answers=[answer])).send(SCORE)
    assert (reply.answer.fate, reply.absent) == (fate, False)


def test_how_long_it_asks_to_wait() -> None:
    limited = httpx.Response(429, headers={"retry-after": "40"})
    assert to(FakeLangfuse(answers=[limited])).send(SCORE).answer.wait_s == 40


def test_a_wrong_key_is_away_and_not_for_ever() -> None:
    tool = FakeLangfuse()
    assert to(tool, secret_key="old").send(SCORE).answer.fate == "away"
    assert not tool.scores


def test_the_secret_key_is_not_shown() -> None:
    tool = FakeLangfuse()
    assert tool.secret_key not in repr(to(tool))
    assert LangfuseScores(CLOUD, "p", "s").kind == "langfuse"


def test_the_fake_refuses_what_langfuse_does() -> None:
    assert langfuse_problem({"name": "n", "traceId": "t", "value": "x", "dataType": "NUMERIC"})
    assert langfuse_problem({"name": "n", "value": 1})
    assert langfuse_problem({"name": "n", "traceId": "t", "value": 1, "trace_id": "t"})
