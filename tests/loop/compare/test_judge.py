"""A pair gets one verdict and one outcome, and the outcome speaks of the right boundary."""

import uuid
from collections.abc import Callable
from typing import Any

import pytest
from fakes.collaborators import TIERS_BY_NAME, FakeClient, FakeJudge, decided, rows, scalar
from sqlalchemy import Engine, text

from tierwatch.dispatch import JUDGE, KeptDispatch
from tierwatch.errors import ProviderError
from tierwatch.loop.capture.redact import redact
from tierwatch.loop.compare.judge import judge_exchange, stream_name
from tierwatch.loop.compare.shadow import shadow_exchange
from tierwatch.routing.decision import Decision
from tierwatch.store.traffic.exchanges import Exchange

Capture = Callable[..., uuid.UUID]


@pytest.fixture
def shadowed(engine: Engine, dispatch: KeptDispatch, captured: Capture) -> Capture:
    """Capture and shadow one exchange."""

    def run(decision: Decision | None = None, **changes: object) -> uuid.UUID:
        exchange_id = captured(decision, **changes)
        shadow_exchange(
            exchange_id,
            engine=engine,
            client=FakeClient(),
            tiers=TIERS_BY_NAME,
            dispatch=dispatch,
            redact=redact,
            hold_s=300,
        )
        return exchange_id

    return run


@pytest.fixture
def judge(engine: Engine, dispatch: KeptDispatch) -> Callable[[uuid.UUID, FakeJudge], None]:
    def run(exchange_id: uuid.UUID, by: FakeJudge) -> None:
        judge_exchange(exchange_id, engine=engine, judge=by, dispatch=dispatch, hold_s=300)

    return run


Judged = Callable[[uuid.UUID, FakeJudge], None]


def run_out(engine: Engine) -> None:
    """Let every claim end, as after its wait."""
    with engine.begin() as connection:
        connection.execute(text("update claims set until = now()"))


def ended(engine: Engine) -> bool:
    return bool(scalar(engine, "select ended_at is not null from exchanges"))


def escalated_down(engine: Engine, exchange_id: uuid.UUID) -> None:
    """Make the pair a probe of the tier below: drawn with probability 1/3 from a rate of 1/2."""
    with engine.begin() as connection:
        connection.execute(
            text(
                "update exchanges set direction = 'down', alternative_tier = 'simple',"
                " rate = 0.5, pi = 0.25 where id = :id"
            ),
            {"id": exchange_id},
        )


def test_a_pair_gets_one_verdict_and_one_outcome_whatever_is_redelivered(
    engine: Engine, shadowed: Capture, judge: Judged
) -> None:
    exchange_id = shadowed()
    by = FakeJudge("alternative")
    judge(exchange_id, by)
    judge(exchange_id, by)
    run_out(engine)
    judge(exchange_id, by)
    assert by.asked == 1
    row = rows(engine, "select * from verdicts")[0]
    assert (row.exchange_id, row.preferred, row.judge_version) == (
        exchange_id,
        "alternative",
        "fake/v1",
    )
    assert (row.calls, row.cost_usd, row.reason) == (2, 0.002, "because")
    assert scalar(engine, "select count(*) from verdicts") == 1
    assert scalar(engine, "select count(*) from outcomes") == 1
    assert ended(engine)


def test_an_outcome_carries_what_it_was_sampled_under(
    engine: Engine, shadowed: Capture, judge: Judged
) -> None:
    judge(shadowed(), FakeJudge("alternative"))
    row = rows(engine, "select * from outcomes")[0]
    assert (row.boundary, row.tier, row.direction, row.loss) == ("simple", "simple", "up", 1.0)
    assert (row.pi, row.weight, row.request_no, row.policy_version) == (1.0, 1.0, 1, 1)
    assert row.confidence == 0.9
    assert row.stream == "simple|all|p1|small-1|fake/v1"
    assert row.position is None


@pytest.mark.parametrize(
    ("preferred", "loss"), [("alternative", 1.0), ("served", 0.0), ("tie", 0.0)]
)
def test_up_pairs_lose_only_where_the_higher_tier_was_better(
    engine: Engine, shadowed: Capture, judge: Judged, preferred: str, loss: float
) -> None:
    judge(shadowed(), FakeJudge(preferred))
    assert scalar(engine, "select loss from outcomes") == loss


@pytest.mark.parametrize("preferred", ["alternative", "served", "tie", "inconclusive", None])
def test_a_twin_has_a_verdict_and_no_outcome(
    engine: Engine, shadowed: Capture, judge: Judged, preferred: str | None
) -> None:
    exchange_id = shadowed()
    with engine.begin() as connection:
        connection.execute(
            text("update exchanges set direction = 'top', alternative_tier = 'complex'")
        )
    judge(exchange_id, FakeJudge(preferred))
    assert scalar(engine, "select preferred from verdicts") == preferred
    assert scalar(engine, "select count(*) from outcomes") == 0
    assert ended(engine)


@pytest.mark.parametrize(
    ("preferred", "loss"), [("served", 1.0), ("alternative", 0.0), ("tie", 0.0)]
)
def test_down_pairs_speak_of_the_alternative_tiers_boundary(
    engine: Engine, shadowed: Capture, judge: Judged, preferred: str, loss: float
) -> None:
    exchange_id = shadowed(decided("standard", 0.5))
    escalated_down(engine, exchange_id)
    judge(exchange_id, FakeJudge(preferred))
    row = rows(engine, "select * from outcomes")[0]
    assert (row.boundary, row.tier, row.direction) == ("simple", "standard", "down")
    assert row.loss == loss
    # The confidence that `simple` suffices; weight = rate / pi = 0.5 / 0.25.
    assert (row.confidence, row.pi, row.weight) == (0.5, 0.25, 2.0)


def test_an_unscored_pair_ends_without_an_outcome(
    engine: Engine, shadowed: Capture, judge: Judged
) -> None:
    judge(shadowed(), FakeJudge(None))
    row = rows(engine, "select preferred, unscored_why from verdicts")[0]
    assert tuple(row) == (None, "nonsense")
    assert scalar(engine, "select count(*) from outcomes") == 0
    assert ended(engine)


def test_a_judge_that_is_away_is_asked_again(
    engine: Engine, dispatch: KeptDispatch, shadowed: Capture, judge: Judged
) -> None:
    exchange_id = shadowed()
    by = FakeJudge("tie", ProviderError("away", kind="connection"))
    judge(exchange_id, by)
    name, sent, wait_s = dispatch.sent[-1]
    assert (name, sent) == (JUDGE, exchange_id)
    assert 1.0 <= wait_s <= 2.0
    assert scalar(engine, "select error from attempts where step = 'judge'") == "connection"
    assert not ended(engine)
    run_out(engine)
    judge(exchange_id, by)
    assert scalar(engine, "select preferred from verdicts") == "tie"
    assert ended(engine)


def test_a_judge_that_refuses_ends_the_exchange_with_its_reason(
    engine: Engine, shadowed: Capture, judge: Judged
) -> None:
    judge(shadowed(), FakeJudge("tie", ProviderError("HTTP 401", kind="refused", status=401)))
    assert tuple(rows(engine, "select step, reason from failures")[0]) == (
        "judge",
        "refused: HTTP 401",
    )
    assert scalar(engine, "select count(*) from verdicts") == 0
    assert ended(engine)


def test_text_that_expired_between_shadow_and_judge_is_a_failure(
    engine: Engine, shadowed: Capture, judge: Judged
) -> None:
    exchange_id = shadowed()
    with engine.begin() as connection:
        connection.execute(text("delete from alternative_texts"))
    by = FakeJudge()
    judge(exchange_id, by)
    assert by.asked == 0
    assert scalar(engine, "select reason from failures") == "text expired"
    assert ended(engine)


def test_an_exchange_without_a_shadow_answer_has_nothing_to_compare(
    engine: Engine, captured: Capture, judge: Judged
) -> None:
    judge(captured(), FakeJudge())
    why = scalar(engine, "select reason from failures")
    assert why == "nothing to compare: the shadow never ran"


def test_an_exchange_nobody_captured_is_left_alone(engine: Engine, judge: Judged) -> None:
    by = FakeJudge()
    judge(uuid.uuid4(), by)
    assert by.asked == 0
    assert scalar(engine, "select count(*) from claims") == 0


def exchange(**changes: Any) -> Exchange:
    columns: dict[str, Any] = {
        "id": uuid.UUID(int=1),
        "request_no": 1,
        "session": "talk",
        "tier": "simple",
        "model": "small-1",
        "task_type": "sql",
        "policy_version": 3,
        "confidence": 0.9,
        "confidences": {"simple": 0.9},
        "direction": "up",
        "alternative_tier": "standard",
        "rate": 1.0,
        "pi": 1.0,
        "density": 1.0,
        "tier_density": 1.0,
    }
    return Exchange(**(columns | changes))


def test_a_stream_is_a_segment_under_one_policy_model_and_judge() -> None:
    assert stream_name(exchange(), "judge/v1") == "simple|sql|p3|small-1|judge/v1"


@pytest.mark.parametrize(
    "change",
    [
        {"tier": "standard"},
        {"task_type": "all"},
        {"policy_version": 4},
        {"model": "small-2"},
    ],
    ids=lambda change: next(iter(change)),
)
def test_a_change_of_any_of_these_is_another_stream(change: dict[str, Any]) -> None:
    assert stream_name(exchange(**change), "j") != stream_name(exchange(), "j")
    assert stream_name(exchange(), "j2") != stream_name(exchange(), "j")


def test_the_caches_answers_are_one_stream_whoever_gave_them() -> None:
    names = {stream_name(exchange(tier="cache", model=model), "j") for model in ("small-1", "b")}
    assert names == {"cache|sql|p3|cache|j"}


def test_who_asked_and_how_sure_the_classifier_was_do_not_matter() -> None:
    other = exchange(session="another", confidence=0.1, request_no=99, pi=0.5)
    assert stream_name(other, "j") == stream_name(exchange(), "j")
