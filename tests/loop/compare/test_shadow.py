"""A shadow answer is asked for once, is redacted, and its failures end somewhere."""

import json
import re
import threading
import uuid
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import pytest
from fakes.collaborators import TIERS, TIERS_BY_NAME, FakeClient, rows, scalar
from sqlalchemy import Engine, text

from tierwatch.dispatch import JUDGE, SHADOW, KeptDispatch
from tierwatch.errors import ProviderError
from tierwatch.loop.capture.redact import redact
from tierwatch.loop.capture.redaction.media import place_of
from tierwatch.loop.capture.redaction.sealing import Sealer
from tierwatch.loop.compare.retry import MAX_TRIES
from tierwatch.loop.compare.shadow import shadow_exchange
from tierwatch.providers.completion import Completion
from tierwatch.routing.tiers import Deployment, Price, Tier
from tierwatch.store.traffic.media import add_media

Capture = Callable[..., uuid.UUID]
RATE_LIMITED = ProviderError("slow down", kind="rate_limited", status=429, retry_after_s=90.0)


class SlowClient(FakeClient):
    """Answers once it is told to."""

    def __init__(self) -> None:
        super().__init__()
        self.asked = threading.Event()
        self.may_answer = threading.Event()

    def complete(self, provider: str, request: Mapping[str, Any], **said: Any) -> Completion:
        self.asked.set()
        assert self.may_answer.wait(20)
        return super().complete(provider, request, **said)


@pytest.fixture
def shadow(engine: Engine, dispatch: KeptDispatch) -> Callable[..., None]:
    def run(
        exchange_id: uuid.UUID,
        client: FakeClient,
        *,
        tiers: Mapping[str, Tier] = TIERS_BY_NAME,
        hold_s: float = 300.0,
        sealer: Sealer | None = None,
    ) -> None:
        shadow_exchange(
            exchange_id,
            engine=engine,
            client=client,
            tiers=tiers,
            dispatch=dispatch,
            redact=redact,
            hold_s=hold_s,
            sealer=sealer,
        )

    return run


def run_out(engine: Engine) -> None:
    """Let every claim end, as after its wait."""
    with engine.begin() as connection:
        connection.execute(text("update claims set until = now()"))


def ended(engine: Engine) -> bool:
    return bool(scalar(engine, "select ended_at is not null from exchanges"))


def test_a_shadow_answer_is_kept_with_its_cost_and_sent_to_the_judge(
    engine: Engine, dispatch: KeptDispatch, captured: Capture, shadow: Callable[..., None]
) -> None:
    exchange_id = captured()
    client = FakeClient(content="4")
    shadow(exchange_id, client)
    [(provider, request)] = client.requests
    assert (provider, request["model"]) == ("lab", "medium-1")
    row = rows(engine, "select * from alternatives")[0]
    assert (row.exchange_id, row.tier, row.model) == (exchange_id, "standard", "medium-1")
    # 110 tokens at 3 USD a million.
    assert row.cost_usd == pytest.approx(110 * 3e-6)
    assert scalar(engine, "select answer->>'content' from alternative_texts") == "4"
    assert tuple(rows(engine, "select step, error from attempts")[0]) == ("shadow", "")
    assert dispatch.sent[1:] == [(JUDGE, exchange_id, 0)]
    assert not ended(engine)


def test_the_question_is_asked_on_the_wire_it_came_on(
    captured: Capture, shadow: Callable[..., None]
) -> None:
    asked = {
        "thinking": {"type": "adaptive"},
        "messages": [{"role": "user", "content": "2 + 2?"}],
        "stream": True,
    }
    headers = {"anthropic-beta": "effort-2025-11-24"}
    exchange_id = captured(request=asked, wire="anthropic", headers=headers)
    client = FakeClient()
    shadow(exchange_id, client)
    [(_, request)] = client.requests
    assert request == {
        "model": "medium-1", "thinking": asked["thinking"], "messages": asked["messages"],
    }  # fmt: skip
    assert client.said_on == [("anthropic", headers)]


def test_what_was_fitted_for_each_arm_is_kept(
    engine: Engine, captured: Capture, shadow: Callable[..., None]
) -> None:
    exchange_id = captured(fitted=("-top_k",))
    client = FakeClient()
    client.fitted = ("thinking.enabled->adaptive", "-temperature")
    shadow(exchange_id, client)
    assert scalar(engine, "select fitted from exchanges") == ["-top_k"]
    assert scalar(engine, "select fitted from alternatives") == [*client.fitted]


MARK = "[IMAGE abcdefgh 2 bytes]"


def test_media_wait_for_a_worker_that_has_their_key(
    engine: Engine, captured: Capture, shadow: Callable[..., None]
) -> None:
    """A key that is missing at a worker says nothing of the exchange, which does not end by it."""
    image = {"type": "image_url", "image_url": {"url": MARK}}
    stored = json.dumps({"messages": [{"role": "user", "content": [image]}]})
    exchange_id = captured()
    with engine.begin() as connection:
        connection.execute(text("update exchange_texts set request = :it"), {"it": stored})
        sealed = Sealer([b"k" * 32]).seal(place_of(exchange_id, "a"), b"data:image/png;base64,aGk=")
        media = {"exchange_id": exchange_id, "name": "a", "mark": MARK, "media_type": "image/png"}
        add_media(connection, [{**media, "size": 2, "sealed": sealed}])
    client = FakeClient()
    for wrong in (None, Sealer([b"x" * 32])):
        for _ in range(MAX_TRIES + 5):  # no such try wears it out
            shadow(exchange_id, client, sealer=wrong)
            run_out(engine)
    assert (client.requests, ended(engine)) == ([], False)
    assert scalar(engine, "select count(*) from failures") == 0
    shadow(exchange_id, client, sealer=Sealer([b"n" * 32, b"k" * 32]))
    [(_, request)] = client.requests
    assert request["messages"][0]["content"][0]["image_url"]["url"].startswith("data:image/png")
    assert scalar(engine, "select count(*) from alternatives") == 1


def test_a_message_delivered_twice_asks_the_model_once_and_the_judge_again(
    engine: Engine, dispatch: KeptDispatch, captured: Capture, shadow: Callable[..., None]
) -> None:
    exchange_id = captured()
    client = FakeClient()
    shadow(exchange_id, client)
    shadow(exchange_id, client)  # the claim still holds
    assert dispatch.sent[1:] == [(JUDGE, exchange_id, 0)]
    run_out(engine)
    shadow(exchange_id, client)  # the message to the judge was lost
    assert dispatch.sent[1:] == [(JUDGE, exchange_id, 0)] * 2
    assert len(client.requests) == 1
    assert scalar(engine, "select count(*) from alternatives") == 1
    assert scalar(engine, "select count(*) from attempts") == 1


def test_an_exchange_that_ended_or_was_never_captured_is_left_alone(
    engine: Engine, captured: Capture, shadow: Callable[..., None]
) -> None:
    exchange_id = captured()
    with engine.begin() as connection:
        connection.execute(text("update exchanges set ended_at = now()"))
    client = FakeClient()
    shadow(exchange_id, client)
    shadow(uuid.uuid4(), client)
    assert client.requests == []
    assert scalar(engine, "select count(*) from claims") == 0


def test_two_workers_at_once_make_one_call(
    engine: Engine, captured: Capture, shadow: Callable[..., None]
) -> None:
    exchange_id = captured()
    client = SlowClient()
    first = threading.Thread(target=shadow, args=(exchange_id, client))
    first.start()
    assert client.asked.wait(20)
    second = FakeClient()
    shadow(exchange_id, second)  # the first one holds the claim while it waits
    client.may_answer.set()
    first.join(20)
    assert second.requests == []
    assert len(client.requests) == 1
    assert scalar(engine, "select count(*) from alternatives") == 1


def test_eight_threads_let_go_together_make_one_call(
    engine: Engine, captured: Capture, shadow: Callable[..., None]
) -> None:
    exchange_id = captured()
    client = FakeClient()
    line = threading.Barrier(8)

    def run() -> None:
        line.wait(20)
        shadow(exchange_id, client)

    threads = [threading.Thread(target=run) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert len(client.requests) == 1
    assert scalar(engine, "select count(*) from alternatives") == 1
    assert scalar(engine, "select tries from claims") == 1


def test_each_try_asks_the_next_deployment_and_pays_its_price(
    engine: Engine, captured: Capture, shadow: Callable[..., None], dispatch: KeptDispatch
) -> None:
    exchange_id = captured()
    tier = TIERS_BY_NAME["standard"]
    here = Deployment("a", "name-at-a", Price(3.0, 3.0))
    there = Deployment("b", "name-at-b", Price(7.0, 7.0))
    tiers = TIERS_BY_NAME | {"standard": replace(tier, deployments=(here, there))}
    client = FakeClient(RATE_LIMITED)
    shadow(exchange_id, client, tiers=tiers)
    shadow(exchange_id, client, tiers=tiers)
    asked = [(provider, request["model"]) for provider, request in client.requests]
    # The other deployment is asked at once, although the first one wants 90 s of peace.
    assert asked == [("a", "name-at-a"), ("b", "name-at-b")]
    assert scalar(engine, "select cost_usd from alternatives") == pytest.approx(110 * 7 / 1e6)
    assert scalar(engine, "select tier from alternatives") == "standard"


def test_after_the_last_deployment_the_pause_is_kept(
    engine: Engine, captured: Capture, shadow: Callable[..., None]
) -> None:
    exchange_id = captured()
    places = tuple(Deployment(name, name, Price(3.0, 3.0)) for name in "ab")
    tiers = TIERS_BY_NAME | {"standard": replace(TIERS_BY_NAME["standard"], deployments=places)}
    client = FakeClient(RATE_LIMITED, RATE_LIMITED)
    for _ in range(3):
        shadow(exchange_id, client, tiers=tiers)
    assert [provider for provider, _ in client.requests] == ["a", "b"]
    run_out(engine)
    shadow(exchange_id, client, tiers=tiers)
    assert [provider for provider, _ in client.requests] == ["a", "b", "a"]


def test_the_claim_of_a_worker_that_died_is_taken_over_once_it_ran_out(
    engine: Engine, captured: Capture, shadow: Callable[..., None]
) -> None:
    exchange_id = captured()

    class Died(BaseException):
        pass

    class Dying(FakeClient):
        def complete(self, provider: str, request: Mapping[str, Any], **_: Any) -> Completion:
            raise Died

    with pytest.raises(Died):
        shadow(exchange_id, Dying(), hold_s=300.0)
    client = FakeClient()
    shadow(exchange_id, client)
    assert client.requests == []
    run_out(engine)
    shadow(exchange_id, client)
    assert len(client.requests) == 1
    assert scalar(engine, "select tries from claims") == 2


def test_an_exchange_whose_workers_die_time_and_again_ends(
    engine: Engine, captured: Capture, shadow: Callable[..., None]
) -> None:
    exchange_id = captured()
    with engine.begin() as connection:
        # Six tries and three lost claims are behind it; the tenth claim is one too many.
        connection.execute(
            text(
                "insert into claims (exchange_id, step, token, tries, until)"
                " values (:id, 'shadow', gen_random_uuid(), 9, now())"
            ),
            {"id": exchange_id},
        )
    client = FakeClient()
    shadow(exchange_id, client)
    assert client.requests == []
    assert scalar(engine, "select reason from failures") == "its workers died, time and again"
    assert ended(engine)


def test_the_shadow_answer_passes_redaction(
    engine: Engine, captured: Capture, shadow: Callable[..., None]
) -> None:
    shadow(captured(), FakeClient(content="Write to jo@example.org\x00 now"))
    kept = scalar(engine, "select answer->>'content' from alternative_texts")
    assert re.fullmatch("Write to \\[EMAIL [a-z]{8}\\]\u2400 now", kept)


def test_tools_are_offered_again_and_streaming_identity_and_metadata_are_not(
    captured: Capture, shadow: Callable[..., None]
) -> None:
    tools = [{"type": "function", "function": {"name": "add", "parameters": {}}}]
    question = [{"role": "user", "content": "What is 2 + 2?"}]
    request = {
        "model": "auto",
        "messages": question,
        "tools": tools,
        "temperature": 0.2,
        "stream": True,
        "stream_options": {"include_usage": True},
        "user": "u-1",
        "metadata": {"a": "b"},
        "store": True,
    }
    client = FakeClient()
    shadow(captured(request=request), client)
    assert client.requests[0][1] == {
        "model": "medium-1",
        "messages": question,
        "tools": tools,
        "temperature": 0.2,
    }


def test_a_failure_that_may_pass_is_recorded_and_tried_again_after_its_wait(
    engine: Engine, dispatch: KeptDispatch, captured: Capture, shadow: Callable[..., None]
) -> None:
    exchange_id = captured()
    client = FakeClient(ProviderError("no answer", kind="timeout"))
    shadow(exchange_id, client)
    row = rows(engine, "select step, model, error, detail from attempts")[0]
    assert tuple(row) == ("shadow", "medium-1", "timeout", "no answer")
    name, sent, wait_s = dispatch.sent[-1]
    assert (name, sent) == (SHADOW, exchange_id)
    # The first wait is 2 s with jitter over its upper half.
    assert 1.0 <= wait_s <= 2.0
    # Given back: held until then, not for the 300 s of the claim.
    held_s = "select extract(epoch from c.until - a.created_at) from claims c, attempts a"
    assert float(scalar(engine, held_s)) == pytest.approx(wait_s, abs=1e-5)
    run_out(engine)
    shadow(exchange_id, client)
    assert scalar(engine, "select count(*) from alternatives") == 1
    assert not ended(engine)


def test_the_wait_a_provider_asks_for_is_honoured(
    engine: Engine, dispatch: KeptDispatch, captured: Capture, shadow: Callable[..., None]
) -> None:
    exchange_id, client = captured(), FakeClient(RATE_LIMITED)
    shadow(exchange_id, client)
    shadow(exchange_id, client)
    assert len(client.requests) == 1  # the second message came too early
    assert 90.0 <= dispatch.sent[-1][2] <= 91.0
    left_s = scalar(engine, "select extract(epoch from until - now()) from claims")
    assert 80.0 < float(left_s) <= 91.0


def test_a_refusal_ends_the_exchange_with_its_reason(
    engine: Engine, dispatch: KeptDispatch, captured: Capture, shadow: Callable[..., None]
) -> None:
    problem = ProviderError("HTTP 400", kind="refused", status=400, body="too long")
    exchange_id = captured()
    shadow(exchange_id, FakeClient(problem))
    assert tuple(rows(engine, "select * from failures")[0])[:3] == (
        exchange_id,
        "shadow",
        "refused: HTTP 400",
    )
    assert scalar(engine, "select detail from attempts") == "HTTP 400 too long"
    assert ended(engine)
    assert len(dispatch.sent) == 1  # the capture's message and no other


def test_the_sixth_failure_ends_the_exchange(
    engine: Engine, dispatch: KeptDispatch, captured: Capture, shadow: Callable[..., None]
) -> None:
    exchange_id = captured()
    client = FakeClient(*[ProviderError("busy", kind="server", status=503)] * 7)
    for tried in range(1, MAX_TRIES + 2):
        shadow(exchange_id, client)
        assert ended(engine) == (tried >= 6)
        run_out(engine)
    assert len(client.requests) == 6
    assert scalar(engine, "select count(*) from attempts") == 6
    assert scalar(engine, "select reason from failures") == "server: busy (6 tries)"
    # The capture's message, and one after each of the first five failures.
    assert len(dispatch.sent) == 6


def test_text_that_retention_took_is_a_failure(
    engine: Engine, captured: Capture, shadow: Callable[..., None]
) -> None:
    exchange_id = captured()
    with engine.begin() as connection:
        connection.execute(text("delete from exchange_texts"))
    client = FakeClient()
    shadow(exchange_id, client)
    assert client.requests == []
    assert scalar(engine, "select reason from failures") == "text expired"
    assert ended(engine)


def test_a_tier_that_left_the_configuration_is_a_failure(
    engine: Engine, captured: Capture, shadow: Callable[..., None]
) -> None:
    client = FakeClient()
    shadow(captured(), client, tiers={"simple": TIERS[0]})
    assert client.requests == []
    why = scalar(engine, "select reason from failures")
    assert why == "the alternative tier left the configuration"
    assert ended(engine)
