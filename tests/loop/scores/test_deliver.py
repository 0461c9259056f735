"""Every score reaches its place at least once, whatever happens between, within its time."""

import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest
from factories.evaluated import BY_CALLER, SPAN, TRACE, evaluated, verdict
from fakes.collaborators import rows, scalar
from fakes.score_tools import FakeLangfuse, FakePhoenix
from sqlalchemy import Engine, text

from tierwatch.loop.compare.scores import ScorePlace, queue_scores
from tierwatch.loop.scores.deliver import _MOST_ABSENT, deliver_scores
from tierwatch.notify.answer import Answer
from tierwatch.notify.scores.langfuse import LangfuseScores
from tierwatch.notify.scores.phoenix import PhoenixScores
from tierwatch.notify.scores.trace_score import Reply, ScoreDestination, TraceScore
from tierwatch.store.step_runs import last_runs
from tierwatch.store.traced.their_span import reported

SITE = "https://watch.example"


def queue(engine: Engine, number: int, *places: str, headers: dict[str, str] | None = None) -> None:
    of = evaluated(headers or BY_CALLER, exchange_id=uuid.UUID(int=number))
    with engine.begin() as connection:
        named = [ScorePlace(place, lambda _: True) for place in places or ("lf",)]
        queue_scores(connection, of.pair, verdict(), named)


def langfuse(tool: FakeLangfuse, give_up_s: float = 86_400.0) -> LangfuseScores:
    return LangfuseScores(
        "https://lf.example", tool.public_key, tool.secret_key, "lf", give_up_s, tool.transport
    )


def phoenix(tool: FakePhoenix) -> PhoenixScores:
    return PhoenixScores("https://px.example", None, "px", transport=tool.transport)


def deliver(engine: Engine, *destinations: ScoreDestination, **changes: Any) -> int:
    return deliver_scores(engine=engine, destinations=destinations, site=SITE, **changes)


def wait(engine: Engine, seconds: float) -> None:
    """Let time pass for all that waits."""
    with engine.begin() as connection:
        for table, columns in (
            ("score_deliveries", ("next_try_at", "queued_at")),
            ("destinations", ("paused_until", "leased_until")),
        ):
            for column in columns:
                connection.execute(
                    text(f"update {table} set {column} = {column} - make_interval(secs => :s)"),  # noqa: S608
                    {"s": seconds},
                )


def states(engine: Engine) -> list[tuple[str, str]]:
    found = rows(engine, "select destination, state from score_deliveries order by id")
    return [tuple(row) for row in found]


def test_a_score_reaches_both_tools_with_a_link_to_its_pair(engine: Engine) -> None:
    lf, px = FakeLangfuse(), FakePhoenix(traces={TRACE})
    queue(engine, 7, "lf", "px")
    assert deliver(engine, langfuse(lf), phoenix(px)) == 2
    assert deliver(engine, langfuse(lf), phoenix(px)) == 0
    link = f"{SITE}/pairs/{uuid.UUID(int=7)}"
    [score] = lf.scores.values()
    assert (score["traceId"], score["metadata"]["pair"]) == (TRACE, link)
    [annotation] = px.annotations.values()
    assert annotation["result"]["explanation"].endswith(link)
    assert {state for _, state in states(engine)} == {"delivered"}


def test_without_a_destination_nothing_is_asked(engine: Engine) -> None:
    assert deliver(engine) == 0
    with engine.connect() as connection:
        assert "deliver_scores" not in last_runs(connection)


def test_that_it_ran_is_written_down(engine: Engine) -> None:
    deliver(engine, langfuse(FakeLangfuse()))
    with engine.connect() as connection:
        assert "deliver_scores" in last_runs(connection)


def test_an_outage_is_outlived_with_growing_pauses(engine: Engine) -> None:
    tool = FakeLangfuse(answers=[503] * 99)
    queue(engine, 1)
    deliver(engine, langfuse(tool))
    assert deliver(engine, langfuse(tool)) == 0  # paused
    for _ in range(8):
        wait(engine, 1_081)
        deliver(engine, langfuse(tool))
    assert (tool.asked, scalar(engine, "select tries from score_deliveries")) == (9, 9)
    pause = scalar(engine, "select extract(epoch from next_try_at - now()) from score_deliveries")
    assert pause > 600
    tool.answers.clear()
    wait(engine, 1_081)
    assert deliver(engine, langfuse(tool)) == 1
    assert states(engine) == [("lf", "delivered")]
    assert scalar(engine, "select failures from destinations") == 0


def test_one_that_is_away_is_asked_for_one_score_and_holds_no_other_place(engine: Engine) -> None:
    lf, px = FakeLangfuse(answers=[httpx.ConnectError("no")] * 9), FakePhoenix(traces={TRACE})
    for number in (1, 2, 3):
        queue(engine, number, "lf", "px")
    deliver(engine, langfuse(lf), phoenix(px))
    assert (lf.asked, px.asked) == (1, 3)


def test_a_limit_is_kept(engine: Engine) -> None:
    tool = FakeLangfuse(answers=[httpx.Response(429, headers={"retry-after": "120"})])
    queue(engine, 1)
    queue(engine, 2)
    assert deliver(engine, langfuse(tool)) == 1
    wait(engine, 110)
    assert deliver(engine, langfuse(tool)) == 0
    wait(engine, 20)
    assert deliver(engine, langfuse(tool)) == 2


def test_one_that_is_refused_fails_alone(engine: Engine) -> None:
    tool = FakeLangfuse(answers=[400])
    queue(engine, 1)
    queue(engine, 2)
    assert deliver(engine, langfuse(tool)) == 2
    assert states(engine) == [("lf", "failed"), ("lf", "delivered")]
    assert scalar(engine, "select answer from score_deliveries order by id limit 1") == "HTTP 400"


def test_a_few_errors_pause_nobody_and_many_do(engine: Engine) -> None:
    for number in range(1, 9):
        queue(engine, number)
    tool = FakeLangfuse(answers=[500] * 8)
    deliver(engine, langfuse(tool))
    assert tool.asked == 5


def test_a_span_that_comes_later_gets_its_score(engine: Engine) -> None:
    tool = FakePhoenix()
    queue(engine, 1, "px", headers=dict(reported("chat", TRACE, SPAN)))
    deliver(engine, phoenix(tool))
    assert scalar(engine, "select failing_since from destinations") is None
    tool.spans.add(SPAN)
    wait(engine, 30)
    deliver(engine, phoenix(tool))
    assert list(tool.annotations) == [(SPAN, "tierwatch.misroute", f"tierwatch-{uuid.UUID(int=1)}")]


def test_spans_that_never_come_are_asked_for_a_few_times_and_hold_nobody(engine: Engine) -> None:
    tool = FakePhoenix(spans={SPAN})
    for number in range(1, 21):
        gone = reported("chat", TRACE, f"{number:016x}")
        queue(engine, number, "px", headers=dict(gone))
    queue(engine, 99, "px", headers=dict(reported("chat", TRACE, SPAN)))
    deliver(engine, phoenix(tool))
    assert (tool.asked, len(tool.annotations)) == (21, 1)
    for _ in range(_MOST_ABSENT + 2):
        wait(engine, 1_081)
        deliver(engine, phoenix(tool))
    assert tool.asked == 21 + 20 * (_MOST_ABSENT - 1)
    assert {state for _, state in states(engine)} == {"failed", "delivered"}


def test_what_is_too_old_is_given_up_and_not_sent(engine: Engine) -> None:
    tool = FakeLangfuse()
    queue(engine, 1)
    wait(engine, 61)
    assert deliver(engine, langfuse(tool, give_up_s=60)) == 0
    assert states(engine) == [("lf", "failed")]


@dataclass
class Broken:
    """A destination with a fault of ours."""

    kind: str = "phoenix"
    name: str = "px"
    give_up_s: float = 60.0
    seen: list[str] = field(default_factory=list)

    def send(self, score: TraceScore) -> Reply:
        self.seen.append(score.id)
        raise RuntimeError("ours")


def test_a_fault_of_ours_is_tried_again_and_holds_no_other(engine: Engine) -> None:
    queue(engine, 1, "lf", "px")
    broken, lf = Broken(), FakeLangfuse()
    deliver(engine, broken, langfuse(lf))
    assert dict(states(engine)) == {"lf": "delivered", "px": "waiting"}
    wait(engine, 30)
    deliver(engine, broken, langfuse(lf))
    assert len(broken.seen) == 2


@dataclass
class Dying:
    """Takes a score, and then its worker dies before that is written down."""

    tool: FakeLangfuse
    kind: str = "langfuse"
    name: str = "lf"
    give_up_s: float = 86_400.0

    def send(self, score: TraceScore) -> Reply:
        assert langfuse(self.tool).send(score).answer.fate == "taken"
        raise SystemExit


def test_a_worker_that_dies_after_sending_leaves_one_score_there(engine: Engine) -> None:
    tool = FakeLangfuse()
    queue(engine, 1)
    with pytest.raises(SystemExit):
        deliver(engine, Dying(tool))
    assert deliver(engine, langfuse(tool)) == 0  # under the dead one's lease
    wait(engine, 61)
    assert deliver(engine, langfuse(tool)) == 1
    assert (tool.asked, len(tool.scores)) == (2, 1)


def test_time_is_bounded_and_the_next_turn_goes_on(engine: Engine) -> None:
    for number in (1, 2, 3):
        queue(engine, number)
    tool = FakeLangfuse()
    assert deliver(engine, langfuse(tool), budget_s=0.0) == 0
    assert deliver(engine, langfuse(tool)) == 3


def test_two_workers_send_each_score_once(engine: Engine) -> None:
    tool = FakeLangfuse()
    for number in range(1, 6):
        queue(engine, number)
    inner = langfuse(tool)

    @dataclass
    class Meeting:
        kind: str = "langfuse"
        name: str = "lf"
        give_up_s: float = 60.0
        meet: Callable[[], int] = lambda: deliver(engine, inner)

        def send(self, score: TraceScore) -> Reply:
            assert self.meet() == 0  # another worker's turn, in the middle of ours
            return inner.send(score)

    assert deliver(engine, Meeting()) == 5
    assert tool.asked == 5


def test_an_answer_says_when_the_next_try_is(engine: Engine) -> None:
    queue(engine, 1)

    @dataclass
    class Asking:
        kind: str = "langfuse"
        name: str = "lf"
        give_up_s: float = 86_400.0

        def send(self, score: TraceScore) -> Reply:
            del score
            return Reply(Answer("later", "HTTP 500", 77.0))

    deliver(engine, Asking())
    wait_s = scalar(engine, "select extract(epoch from next_try_at - now()) from score_deliveries")
    assert 60 < wait_s <= 77


def test_a_row_of_another_version_holds_no_other(engine: Engine) -> None:
    tool = FakeLangfuse()
    queue(engine, 1)
    with engine.begin() as connection:
        connection.execute(text("update score_deliveries set body = body - 'label'"))
    queue(engine, 2)
    assert deliver(engine, langfuse(tool)) == 2
    assert [state for _, state in states(engine)] == ["waiting", "delivered"]
    assert list(tool.scores) == [f"tierwatch-{uuid.UUID(int=2)}"]
