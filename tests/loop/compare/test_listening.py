"""A listener is told of every call and of every stored verdict, once; nobody need listen."""

import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import pytest
from factories.evaluated import BY_CALLER, answered, call, evaluated, verdict
from fakes.collaborators import TIERS_BY_NAME, FakeClient, FakeJudge, rows
from sqlalchemy import Engine, text

from tierwatch.dispatch import KeptDispatch
from tierwatch.errors import ProviderError
from tierwatch.judges.verdict import Verdict
from tierwatch.loop.capture.direct.twins import TOP, twin_id
from tierwatch.loop.capture.redact import redact
from tierwatch.loop.compare.judge import judge_exchange
from tierwatch.loop.compare.listening import NOBODY, Call, Evaluated
from tierwatch.loop.compare.shadow import shadow_exchange
from tierwatch.providers.completion import Completion

Capture = Callable[..., uuid.UUID]
SLOW = ProviderError("slow down", kind="rate_limited", status=429)


@dataclass
class Ear:
    """Keeps what it is told, and names the trace of calls."""

    shadows: list[tuple[Evaluated, Call, Completion | None]] = field(default_factory=list)
    verdicts: list[tuple[Evaluated, Call, Verdict | None]] = field(default_factory=list)

    def headers(self, of: Evaluated, headers: Mapping[str, str] | None) -> Mapping[str, str] | None:
        return {**(headers or {}), "traceparent": f"ours of {of.served_id}"}

    def shadowed(self, of: Evaluated, call: Call, answer: Completion | None) -> None:
        self.shadows.append((of, call, answer))

    def judged(self, of: Evaluated, call: Call, verdict: Verdict | None) -> None:
        self.verdicts.append((of, call, verdict))


@pytest.fixture
def shadow(engine: Engine, dispatch: KeptDispatch) -> Callable[..., None]:
    def run(exchange_id: uuid.UUID, client: FakeClient, ear: Ear) -> None:
        shadow_exchange(
            exchange_id, engine=engine, client=client, tiers=TIERS_BY_NAME, dispatch=dispatch,
            redact=redact, hold_s=300, listener=ear,
        )  # fmt: skip

    return run


@pytest.fixture
def judge(engine: Engine, dispatch: KeptDispatch) -> Callable[..., None]:
    def run(exchange_id: uuid.UUID, by: FakeJudge, ear: Ear) -> None:
        judge_exchange(
            exchange_id, engine=engine, judge=by, dispatch=dispatch, hold_s=300, listener=ear
        )

    return run


def run_out(engine: Engine) -> None:
    with engine.begin() as connection:
        connection.execute(text("update claims set until = now()"))


def test_a_shadow_is_heard_with_what_it_cost_and_its_call_carries_the_trace(
    captured: Capture, shadow: Callable[..., None]
) -> None:
    exchange_id, ear, client = captured(headers=BY_CALLER), Ear(), FakeClient()
    shadow(exchange_id, client, ear)
    shadow(exchange_id, client, ear)
    [(of, heard, answer)] = ear.shadows
    assert (of.served_id, of.pair.exchange.id) == (exchange_id, exchange_id)
    assert (heard.model, heard.provider, heard.error) == ("medium-1", "lab", "")
    assert heard.cost_usd == pytest.approx(110 * 3e-6)
    assert heard.began_at <= heard.ended_at
    assert answer is not None
    assert client.said_on == [("openai", {"traceparent": f"ours of {exchange_id}"})]


def test_a_shadow_that_failed_is_heard_each_time(
    engine: Engine, captured: Capture, shadow: Callable[..., None]
) -> None:
    exchange_id, ear, client = captured(), Ear(), FakeClient(SLOW, SLOW)
    for _ in range(3):
        shadow(exchange_id, client, ear)
        run_out(engine)
    assert [(heard.error, answer is None) for _, heard, answer in ear.shadows] == [
        ("rate_limited", True), ("rate_limited", True), ("", False),
    ]  # fmt: skip


def test_a_verdict_is_heard_once_it_is_stored(
    engine: Engine, captured: Capture, shadow: Callable[..., None], judge: Callable[..., None]
) -> None:
    exchange_id, ear = captured(), Ear()
    shadow(exchange_id, FakeClient(), ear)
    judge(exchange_id, FakeJudge("alternative", SLOW), ear)
    run_out(engine)
    for _ in range(2):
        judge(exchange_id, FakeJudge("alternative"), ear)
    (_, failed, nothing), (of, heard, said) = ear.verdicts
    assert (failed.error, failed.model, nothing) == ("rate_limited", "fake/v1", None)
    assert (heard.error, heard.cost_usd, of.served_id) == ("", 0.002, exchange_id)
    assert said is not None
    assert said.preferred == "alternative"
    assert len(rows(engine, "select 1 from verdicts")) == 1


def test_a_twin_is_heard_as_the_exchange_that_it_repeats(
    engine: Engine, captured: Capture, shadow: Callable[..., None], judge: Callable[..., None]
) -> None:
    exchange_id, ear = captured(), Ear()
    twin = twin_id(exchange_id, "complex")
    with engine.begin() as connection:
        connection.execute(
            text(
                "insert into direct_pairs (exchange_id, tier, twin_id, share, pi)"
                " values (:of, 'complex', :id, 1, 1)"
            ),
            {"of": exchange_id, "id": twin},
        )
        connection.execute(
            text("update exchange_texts set id = :id where id = :of"),
            {"of": exchange_id, "id": twin},
        )
        connection.execute(
            text(
                "update exchanges set id = :id, direction = :top, alternative_tier = 'complex'"
                " where id = :of"
            ),
            {"of": exchange_id, "id": twin, "top": TOP},
        )
    shadow(twin, FakeClient(), ear)
    judge(twin, FakeJudge("served"), ear)
    for of in (ear.shadows[0][0], ear.verdicts[0][0]):
        assert (of.served_id, of.pair.exchange.id) == (exchange_id, twin)


def test_nobody_changes_nothing() -> None:
    headers = {"traceparent": "x"}
    assert NOBODY.headers(evaluated(), headers) is headers
    assert NOBODY.headers(evaluated(), None) is None
    NOBODY.shadowed(evaluated(), call(), answered())
    NOBODY.judged(evaluated(), call(), verdict())
