"""One call to a provider that says what a test wants."""

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest
from factories.deployments import balancer
from factories.gateway_values import COMPLEX, SIMPLE, TIERS, asked, current, decision, route
from fakes.provider import ANTHROPIC_REPLY, OPENAI_REPLY, openai_chunks
from fakes.upstream import Reply, ScriptedUpstream
from prometheus_client import CollectorRegistry

from tierwatch.errors import ProviderError
from tierwatch.fit.memory import Memory
from tierwatch.gateway.answer.answer import Whole
from tierwatch.gateway.answer.ask import Answer, Asker, Errand, UselessAnswerError
from tierwatch.gateway.answer.begun import Begun
from tierwatch.gateway.answer.fitting import Fitting
from tierwatch.gateway.answer.histories import Histories
from tierwatch.gateway.answer.ledger import Ledger
from tierwatch.gateway.answer.question import Question
from tierwatch.gateway.asked import Asked
from tierwatch.gateway.metrics import GatewayMetrics
from tierwatch.routing.tiers import Tier
from tierwatch.wire.wires import WIRES

DOWN = ProviderError("down", kind="server", status=500)


class Asking:
    """A call, and all that is known of it afterwards."""

    def __init__(
        self,
        *replies: Reply,
        kind: str = "openai",
        tier: Tier = SIMPLE,
        patience_s: float | None = None,
    ) -> None:
        self.metrics = GatewayMetrics(CollectorRegistry())
        self.upstream = ScriptedUpstream(*replies, kinds={"lab": kind})
        self.ledger = Ledger()
        spoken = {("lab", wire): self.upstream.spoken("lab", wire) for wire in WIRES}
        histories = Histories(current(), spoken, self.metrics)
        self._asker = Asker(
            self.upstream,  # type: ignore[arg-type]
            spoken,
            histories,
            Fitting(Memory(TIERS), self.metrics),
            self.metrics,
            most=1_000,
        )
        patience = {} if patience_s is None else {"lab": patience_s}
        self._balancer = balancer(*TIERS, metrics=self.metrics, patience_s=patience)
        self._tier = tier

    async def once(self, by: Asked) -> Answer:
        call = self._balancer.pick(self._tier)
        assert call is not None
        errand = Errand(by, route(), self.ledger)
        question = Question(by.request, by.chat, by.streaming)
        return await self._asker.ask(errand, call, question, decision(self._tier))

    def ask(self, by: Asked) -> Answer:
        return asyncio.run(self.once(by))

    @property
    def attempts(self) -> list[tuple[str, int | None, str]]:
        return [(one.tier, one.status, one.error) for one in self.ledger.attempts]


def test_on_one_wire_bytes_pass_with_the_model_alone_replaced() -> None:
    asking = Asking(OPENAI_REPLY, tier=COMPLEX)
    answer = asking.ask(asked(a_parameter_of_next_year=1))
    assert isinstance(answer, Whole)
    assert (answer.reply.message["content"], answer.tier.name) == ("Paris.", "complex")
    ((_, body, headers),) = asking.upstream.asked
    assert body == {**asked(a_parameter_of_next_year=1).request, "model": "large-1"}
    assert headers is None
    assert asking.attempts == [("complex", 200, "")]
    assert not asking.ledger.reasoned


@pytest.mark.parametrize(
    ("caller", "kind", "sent"),
    [
        ("anthropic", "anthropic", {"anthropic-beta": "b"}),
        ("openai", "anthropic", None),
        ("anthropic", "openai", None),
    ],
)
def test_what_a_caller_says_of_its_wire_reaches_that_wire_only(
    caller: str, kind: str, sent: dict[str, str] | None
) -> None:
    asking = Asking(ANTHROPIC_REPLY if kind == "anthropic" else OPENAI_REPLY, kind=kind)
    by = asked(wire=caller, headers={b"anthropic-beta": b"b", b"x-other": b"c"}, max_tokens=5)
    asking.ask(by)
    assert [headers for _, _, headers in asking.upstream.asked] == [sent]


def test_an_answer_that_holds_reasoning_is_noticed() -> None:
    message = {"role": "assistant", "content": "42", "reasoning_content": "hm"}
    asking = Asking({**OPENAI_REPLY, "choices": [{"index": 0, "message": message}]})
    asking.ask(asked())
    assert asking.ledger.reasoned


def test_a_failure_is_entered_and_passed_on() -> None:
    asking = Asking(DOWN)
    with pytest.raises(ProviderError) as caught:
        asking.ask(asked())
    assert caught.value is DOWN
    assert asking.attempts == [("simple", 500, "server")]


def test_an_answer_of_no_use_is_billed() -> None:
    asking = Asking({**OPENAI_REPLY, "choices": []})
    with pytest.raises(UselessAnswerError, match="no choices") as caught:
        asking.ask(asked())
    assert (caught.value.status, caught.value.billed) == (200, (21, 2, 0, 0))
    assert asking.attempts == [("simple", 200, "unreadable")]
    # 21 x 1e-6 + 2 x 2e-6 = 0.000025
    assert asking.ledger.attempts[0].cost_usd == pytest.approx(0.000025)


def test_a_stream_begins_with_its_first_word() -> None:
    chunks = openai_chunks("Paris.")
    answer = Asking(chunks).ask(asked(stream=True))
    assert isinstance(answer, Begun)
    assert answer.first == b"".join(chunks[:2])


@pytest.mark.parametrize(
    ("chunks", "kind", "usd"),
    [
        ([b'data: {"error": {"message": "overloaded"}}\n\n'], "server", 0.0),
        (
            [
                (
                    b'data: {"error": {"message": "overloaded"},'
                    b' "usage": {"prompt_tokens": 1000, "completion_tokens": 0}}\n\n'
                )
            ],
            "server",
            0.001,
        ),
    ],
)
def test_a_stream_that_begins_with_an_error_is_a_failure(
    chunks: Sequence[bytes], kind: str, usd: float
) -> None:
    asking = Asking(chunks)
    with pytest.raises(ProviderError, match="lab began its stream with an error"):
        asking.ask(asked(stream=True))
    assert asking.attempts == [("simple", 200, kind)]
    assert asking.ledger.attempts[0].cost_usd == pytest.approx(usd)


def test_a_stream_that_cannot_be_translated_from_the_start_is_a_failure() -> None:
    asking = Asking([b"data: {\n\n"])
    with pytest.raises(ProviderError) as caught:
        asking.ask(asked(wire="anthropic", stream=True))
    assert caught.value.kind == "unreadable"
    assert [error for _, _, error in asking.attempts] == ["unreadable"]


def test_a_call_that_is_given_up_is_entered_as_abandoned() -> None:
    async def leave(asking: Asking) -> None:
        task = asyncio.create_task(asking.once(asked()))
        await asyncio.sleep(0.01)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    async def left() -> Any:
        asking = Asking(asyncio.Event())
        await leave(asking)
        return asking.attempts

    assert asyncio.run(left()) == [("simple", None, "abandoned")]


def test_a_history_that_cannot_be_said_there_asks_nobody() -> None:
    asking = Asking(kind="anthropic")
    audio = {"type": "input_audio", "input_audio": {"data": "", "format": "wav"}}
    with pytest.raises(ProviderError) as caught:
        asking.ask(asked([{"role": "user", "content": [audio]}]))
    assert (caught.value.kind, caught.value.status) == ("refused", None)
    assert (asking.attempts, asking.upstream.asked) == ([], [])


def test_a_request_whose_time_is_over_asks_nobody() -> None:
    asking = Asking(OPENAI_REPLY)
    with pytest.raises(ProviderError) as caught:
        asking.ask(asked(within_s=-0.1))
    assert (caught.value.kind, caught.value.status) == ("timeout", None)
    assert (asking.upstream.asked, asking.attempts) == ([], [])


@pytest.mark.parametrize(
    ("fields", "most_s"),
    [
        ({}, 300.0),
        ({"max_tokens": 100}, 70.0),  # 60 s of silence, and 0.1 s a token
        ({"max_completion_tokens": 400, "max_tokens": 7}, 100.0),
        ({"max_tokens": 8_000}, 300.0),
        ({"max_tokens": 10**400}, 300.0),
        ({"max_tokens": -5}, 300.0),
        ({"max_tokens": 0}, 300.0),
        ({"max_tokens": None}, 300.0),
    ],
)
def test_a_whole_answer_has_the_requests_time_or_what_its_length_needs(
    fields: dict[str, Any], most_s: float
) -> None:
    asking = Asking(OPENAI_REPLY, patience_s=60.0)
    asking.ask(asked(within_s=300.0, **fields))
    assert asking.upstream.within_s == [pytest.approx(most_s, abs=5.0)]


def test_a_stream_has_the_requests_time_to_begin() -> None:
    asking = Asking(openai_chunks("Paris."), patience_s=60.0)
    asking.ask(asked(within_s=300.0, max_tokens=1, stream=True))
    assert asking.upstream.within_s == [pytest.approx(300.0, abs=5.0)]
