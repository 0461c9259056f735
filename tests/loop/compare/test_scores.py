"""A verdict on what stands in somebody's traces is queued to go back, in one transaction."""

import uuid
from collections.abc import Callable, Mapping
from typing import Any

import pytest
from factories.evaluated import BY_CALLER, SECRET, TRACE, evaluated, verdict
from fakes.collaborators import TIERS_BY_NAME, FakeClient, FakeJudge, decided, rows, scalar
from sqlalchemy import Connection, Engine, text

from tierwatch.dispatch import KeptDispatch
from tierwatch.loop.capture.redact import redact
from tierwatch.loop.compare.judge import judge_exchange
from tierwatch.loop.compare.scores import ScorePlace, comment_of, queue_scores, score_id
from tierwatch.loop.compare.shadow import shadow_exchange
from tierwatch.store.traced.their_span import reported

LF = ScorePlace("lf", lambda _: True)
CHAT = ScorePlace("px", lambda source: source == "chat")
Capture = Callable[..., uuid.UUID]


def queued(connection: Connection) -> list[Any]:
    found = connection.execute(
        text("select destination, exchange_id, body from score_deliveries order by destination")
    )
    return list(found)


def test_an_exchange_of_a_caller_with_a_trace_scores_the_whole_trace(
    connection: Connection,
) -> None:
    of = evaluated(BY_CALLER)
    assert queue_scores(connection, of.pair, verdict(), [LF, CHAT]) == 1
    [row] = queued(connection)
    assert (row.destination, row.exchange_id) == ("lf", of.served_id)
    assert row.body == {
        "id": f"tierwatch-{of.served_id}",
        "trace_id": TRACE,
        "span_id": "",
        "name": "tierwatch.misroute",
        "value": 1.0,
        "label": "fail",
        "comment": "small-1 (simple) against standard: the answer was materially worse.",
        "judge": "pairwise/v2/judge-1",
    }


def test_what_a_source_reported_is_scored_itself_under_its_own_ids(
    connection: Connection,
) -> None:
    headers = dict(reported("chat", "trace-1", "gen-7"))
    assert queue_scores(connection, evaluated(headers).pair, verdict("tie"), [LF, CHAT]) == 2
    lf, px = queued(connection)
    assert lf.body == px.body
    assert (lf.body["trace_id"], lf.body["span_id"]) == ("trace-1", "gen-7")
    assert (lf.body["value"], lf.body["label"]) == (0.0, "pass")


@pytest.mark.parametrize("headers", [None, {}, {"traceparent": "x"}, {"tierwatch-source": "chat"}])
def test_what_stands_in_nobodys_traces_has_nowhere_to_go(
    connection: Connection, headers: dict[str, str] | None
) -> None:
    assert queue_scores(connection, evaluated(headers).pair, verdict(), [LF]) == 0
    assert queued(connection) == []


def test_an_unscored_verdict_has_no_score(connection: Connection) -> None:
    unscored = verdict(None, unscored_why="unreadable: nonsense")
    assert queue_scores(connection, evaluated(BY_CALLER).pair, unscored, [LF]) == 0


def test_nothing_of_what_was_said_goes_along(connection: Connection) -> None:
    queue_scores(connection, evaluated(BY_CALLER).pair, verdict(), [LF])
    assert SECRET not in str(queued(connection)[0].body)


@pytest.mark.parametrize(
    ("direction", "preferred", "said"),
    [
        ("up", "alternative", "materially worse."),
        ("up", "tie", "no worse."),
        ("down", "served", "materially better."),
        ("down", "tie", "no better."),
        ("top", "alternative", "materially worse."),
        ("top", "inconclusive", "contradict each other."),
    ],
)
def test_the_comment_says_what_was_found(
    connection: Connection, direction: str, preferred: str, said: str
) -> None:
    of = evaluated(BY_CALLER, direction=direction)
    queue_scores(connection, of.pair, verdict(preferred), [LF])
    [row] = queued(connection)
    assert row.body["comment"].endswith(said)
    assert row.body["comment"].startswith("small-1 (simple) against standard")


def test_an_id_is_of_the_exchange_alone() -> None:
    assert score_id(uuid.UUID(int=1)) != score_id(uuid.UUID(int=2))
    assert comment_of.__doc__


@pytest.fixture
def judged(
    engine: Engine, dispatch: KeptDispatch, captured: Capture
) -> Callable[[FakeJudge, Mapping[str, str]], uuid.UUID]:
    """Capture, shadow and judge an exchange."""

    def run(by: FakeJudge, headers: Mapping[str, str]) -> uuid.UUID:
        exchange_id = captured(decided(), headers=headers)
        shadow_exchange(
            exchange_id, engine=engine, client=FakeClient(), tiers=TIERS_BY_NAME,
            dispatch=dispatch, redact=redact, hold_s=300,
        )  # fmt: skip
        for _ in range(2):
            judge_exchange(
                exchange_id, engine=engine, judge=by, dispatch=dispatch, hold_s=300, places=[LF]
            )
        return exchange_id

    return run


def test_a_verdict_and_its_score_are_stored_together_and_once(
    engine: Engine, judged: Callable[[FakeJudge, Mapping[str, str]], uuid.UUID]
) -> None:
    exchange_id = judged(FakeJudge("alternative"), BY_CALLER)
    [row] = rows(engine, "select exchange_id, state, body from score_deliveries")
    assert (row.exchange_id, row.state, row.body["value"]) == (exchange_id, "waiting", 1.0)
    assert scalar(engine, "select count(*) from verdicts") == 1


def test_a_verdict_on_an_exchange_without_a_trace_is_stored_alone(
    engine: Engine, judged: Callable[[FakeJudge, Mapping[str, str]], uuid.UUID]
) -> None:
    judged(FakeJudge("alternative"), {})
    assert scalar(engine, "select count(*) from score_deliveries") == 0
    assert scalar(engine, "select count(*) from verdicts") == 1
