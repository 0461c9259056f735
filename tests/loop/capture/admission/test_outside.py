"""Why an exchange cannot be evidence: known at once, counted once, and its chance is 0."""

import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from fakes.collaborators import build_recorder, decided, rows, scalar, served
from sqlalchemy import Engine

from tierwatch.dispatch import KeptDispatch
from tierwatch.evaluation.sampling.plan import SamplingPlan
from tierwatch.loop.capture.admission.outside import (
    ERROR,
    FALLBACK,
    FITS_NOT,
    MEDIA,
    NO_ANSWER,
    NO_QUESTION,
    NOT_SAMPLED,
    PROVIDER_TOOLS,
    REASONS,
    SIDE_CALL,
    TOO_LARGE,
    UNFINISHED,
    outside_at_once,
)
from tierwatch.loop.capture.counts import Sampled
from tierwatch.loop.capture.exchange import ServedExchange
from tierwatch.loop.capture.recorder import CaptureRecorder
from tierwatch.routing.decision import _NOT_CHOSEN
from tierwatch.store.traffic.outside_counts import outside

NotChosen = pytest.mark.parametrize(
    ("decision", "reason"),
    [
        ("pinned", "pinned"),
        ("classifier_failed:timeout", "classifier_failed"),
        ("cascade:refused", "cascade"),
        ("sticky:tool_exchange", "held"),
    ],
)


def test_an_answer_that_the_router_chose_can_be_evidence() -> None:
    assert outside_at_once(served()) == ""


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"answer": None, "finished": False}, ERROR),
        ({"answer": None}, ERROR),
        # Servers that give an answer up say so of a whole one, too.
        ({"finish_reason": "error"}, ERROR),
        ({"finish_reason": "network_error"}, ERROR),
        ({"finish_reason": "length"}, ""),
        ({"finished": False}, UNFINISHED),
        ({"finished": False, "kept": False}, UNFINISHED),
        ({"kept": False}, TOO_LARGE),
        ({"outside": SIDE_CALL}, SIDE_CALL),
        ({"outside": SIDE_CALL, "finished": False}, UNFINISHED),
        # What another router's report does not have is no error of that router's.
        ({"outside": NO_ANSWER, "answer": None, "finished": False}, NO_ANSWER),
        ({"outside": NO_QUESTION, "answer": None, "status": 502}, ERROR),
        ({"served_tier": "complex"}, FALLBACK),
        ({"served_tier": "cache"}, ""),
    ],
)
def test_each_reason_is_known_of_the_exchange_alone(changes: dict[str, Any], reason: str) -> None:
    assert outside_at_once(served(**changes)) == reason


@NotChosen
def test_what_the_router_did_not_choose(decision: str, reason: str) -> None:
    assert outside_at_once(served(decision=decided(reason=decision))) == reason
    # Whether a cached answer fits its request is asked whoever chose the tier.
    cached = served(decision=decided(reason=decision), served_tier="cache")
    assert outside_at_once(cached) == ""


def test_every_reason_of_a_decision_has_a_name() -> None:
    for kind in _NOT_CHOSEN:
        assert outside_at_once(served(decision=decided(reason=f"{kind}:why"))) in REASONS
    assert len(set(REASONS)) == len(REASONS)
    assert {FITS_NOT, MEDIA, PROVIDER_TOOLS, NOT_SAMPLED} < set(REASONS)


@pytest.fixture
def make_recorder(
    engine: Engine, dispatch: KeptDispatch, tmp_path: Path
) -> Callable[..., CaptureRecorder]:
    """Recorders that draw at a rate."""

    def make(rate: float = 1.0, **changes: Any) -> CaptureRecorder:
        plan = SamplingPlan(rate)
        return build_recorder(engine, dispatch, tmp_path / str(uuid.uuid4()), plan=plan, **changes)

    return make


def funnel(engine: Engine) -> dict[str, float]:
    sums = (
        "select sum(requests) as requests, sum(eligible) as eligible, sum(expected) as expected,"
        " sum(sampled) as sampled, sum(dropped) as dropped from rollups"
    )
    return {name: float(value) for name, value in rows(engine, sums)[0]._mapping.items()}


def counted(engine: Engine) -> dict[str, tuple[float, int]]:
    found = rows(engine, "select reason, requests, drawn from outside_counts")
    return {row.reason: (row.requests, row.drawn) for row in found}


def test_the_known_ones_are_counted_and_never_drawn(
    engine: Engine, recorder: CaptureRecorder
) -> None:
    for changes in ({"outside": SIDE_CALL}, {"finished": False}, {"answer": None}, {}):
        recorder.record(served(**changes))
    recorder.flush()
    assert counted(engine) == {
        SIDE_CALL: (1.0, 0), UNFINISHED: (1.0, 0), ERROR: (1.0, 0), "": (1.0, 1),
    }  # fmt: skip
    assert funnel(engine) == {
        "requests": 4, "eligible": 1, "expected": 1, "sampled": 1, "dropped": 0,
    }  # fmt: skip
    assert scalar(engine, "select count(*) from exchanges") == 1
    assert recorder.state().outside == {SIDE_CALL: 1.0, UNFINISHED: 1.0, ERROR: 1.0}


def test_without_a_rate_all_that_may_be_evidence_is_not_sampled(
    engine: Engine, make_recorder: Callable[..., CaptureRecorder]
) -> None:
    recorder = make_recorder(rate=0.0)
    recorder.record(served())
    recorder.flush()
    assert counted(engine) == {NOT_SAMPLED: (1.0, 0)}


def has_image(sampled: Sampled) -> str:
    return MEDIA if "image" in str(sampled.served.request) else ""


def image_of(number: int) -> ServedExchange:
    words = "image" if number % 4 == 0 else "words"
    request = {"messages": [{"role": "user", "content": words}]}
    return served(exchange_id=uuid.UUID(int=number << 80 | number), request=request)


def test_what_is_found_on_reading_is_taken_out_of_the_sample_and_stands_for_others(
    engine: Engine, make_recorder: Callable[..., CaptureRecorder]
) -> None:
    recorder = make_recorder(rate=0.5, read=has_image)
    for number in range(400):
        recorder.record(image_of(number))
    recorder.flush()
    stored = scalar(engine, "select count(*) from exchanges")
    sums, by_reason = funnel(engine), counted(engine)
    assert sums["requests"] == sums["eligible"] == 400
    assert sums["sampled"] == stored == by_reason[""][1]
    assert sums["expected"] == pytest.approx(200)
    assert by_reason[""][0] == 2 * by_reason[""][1]
    assert by_reason[MEDIA][0] == 2 * by_reason[MEDIA][1]
    with engine.connect() as connection:
        found = outside(connection)
    # 100 of 400 hold an image; some 50 were drawn: 4 standard deviations are .25 +- .12.
    assert found.share == pytest.approx(0.25, abs=0.12)
    assert found.estimated == {MEDIA}
    # The draw is the one of a recorder that does not read.
    blind = make_recorder(rate=0.5)
    for number in range(400):
        blind.record(image_of(number))
    blind.flush()
    drawn = funnel(engine)["sampled"] - sums["sampled"]
    assert drawn == by_reason[""][1] + by_reason[MEDIA][1]


def test_one_that_cannot_be_read_is_dropped_and_counted(
    engine: Engine, make_recorder: Callable[..., CaptureRecorder]
) -> None:
    def broken(_: Sampled) -> str:
        raise RuntimeError("no")

    recorder = make_recorder(read=broken)
    recorder.record(served())
    recorder.flush()
    sums = funnel(engine)
    assert (sums["sampled"], sums["dropped"]) == (1, 1)
    assert counted(engine) == {}
