"""What a closed exchange says, with its arithmetic; test_costs.py asks over HTTP.

Prices as in `gateway_values`: the cheap tier 1e-6 USD a token read and 2e-6 written, the dear one
ten times that.
"""

import time
from typing import Any

import pytest
from factories.gateway_values import COMPLEX, SIMPLE, asked, decision, whole

from tierwatch.errors import ProviderError
from tierwatch.gateway.answer.answer import Said, Whole
from tierwatch.gateway.answer.ledger import Ledger
from tierwatch.gateway.asked import Asked
from tierwatch.gateway.record.served import served_exchange
from tierwatch.gateway.reply.sent import CALLER_LEFT, Sent
from tierwatch.loop.capture.exchange import ServedExchange
from tierwatch.routing.tiers import Tier
from tierwatch.wire.chat import ANTHROPIC, OPENAI, RESPONSES
from tierwatch.wire.usage import Usage


def closed(
    said: Said | None = None,
    *,
    ledger: Ledger | None = None,
    tier: Tier = SIMPLE,
    status: int = 0,
    request: Asked | None = None,
) -> ServedExchange:
    sent = Sent(0.0)
    if status:
        sent.begins(status, waited_s=0.0)
    if said is not None:
        sent.says(said)
    return served_exchange(
        request or asked(),
        decision(tier),
        tier,
        ledger=ledger or Ledger(),
        sent=sent,
        classifier_cost_usd=0.004,
    )


def answered(*tokens: int | None, content: str = "Paris.") -> Said:
    message = {"role": "assistant", "content": content}
    return Said(message, "stop", Usage(*tokens), finished=True)


def test_a_caller_who_left_before_anything_was_asked() -> None:
    served = closed()
    assert (served.status, served.answer, served.finished) == (CALLER_LEFT, None, False)
    assert (served.prompt_tokens, served.completion_tokens, served.cost_usd) == (0, 0, 0.0)
    assert served.first_byte_ms == served.latency_ms > 0
    assert served.overhead_ms == 0.0
    assert served.classifier_cost_usd == 0.004


def test_an_answer_costs_what_was_counted() -> None:
    served = closed(answered(1_000, 500), status=200)
    # 1,000 x 1e-6 + 500 x 2e-6 = 0.002
    assert served.cost_usd == pytest.approx(0.002)
    assert (served.prompt_tokens, served.completion_tokens) == (1_000, 500)
    assert not served.tokens_estimated
    assert served.first_byte_ms <= served.latency_ms


def test_what_nobody_counted_is_estimated_from_the_text() -> None:
    served = closed(answered(None, None, content="x" * 10), status=200)
    # "What is the capital of France?" has 30 characters, 4 a token: 8; the answer's 10 are 3.
    assert (served.prompt_tokens, served.completion_tokens) == (8, 3)
    assert served.tokens_estimated


def test_what_was_thought_and_what_was_not_kept_is_estimated_too() -> None:
    served = closed(answered(9, None)._replace(characters=8_006), status=200)
    assert (served.completion_tokens, served.tokens_estimated) == (2_002, True)


@pytest.mark.parametrize("tokens", [(1_000, None), (None, 500)])
def test_half_a_count_is_an_estimate(tokens: Any) -> None:
    served = closed(answered(*tokens), status=200)
    assert served.tokens_estimated
    assert (served.prompt_tokens, served.completion_tokens) in {(1_000, 2), (8, 500)}


def test_cached_tokens_are_part_of_the_prompt() -> None:
    served = closed(answered(1_000, 0, 600, 200), status=200)
    assert (served.cached_tokens, served.cache_write_tokens) == (600, 200)
    # A tier without prices of its own for the cache reads it at its prompt's: 1,000 x 1e-6.
    assert served.cost_usd == pytest.approx(SIMPLE.price.cost_usd(1_000, 0, 600, 200))


def test_the_other_answers_of_a_cascade_are_paid_for() -> None:
    ledger, cheap = Ledger(), whole(tokens=(100, 50))
    other: Whole = whole("x" * 8, tokens=(None, None))
    for answer in (cheap, other):
        ledger.pays(answer)
    ledger.takes(cheap, decision())
    served = closed(cheap.said, ledger=ledger, status=200)
    # 100 x 1e-6 + 50 x 2e-6 = 0.0002; the other: 8 x 1e-6 + 2 x 2e-6 = 0.000012
    assert served.cost_usd == pytest.approx(0.000212)


class BilledError(ProviderError):
    """An answer of no use: 1,000 tokens read."""

    def __init__(self) -> None:
        super().__init__("no answer", kind="unreadable", status=200)
        self.billed = (1_000, 0, 0, 0)


def test_failed_attempts_cost_what_they_were_billed() -> None:
    ledger = Ledger()
    ledger.tried(SIMPLE, time.perf_counter(), error=BilledError())
    ledger.tried(COMPLEX, time.perf_counter())
    served = closed(answered(10, 10), ledger=ledger, tier=COMPLEX, status=200)
    # 1,000 x 1e-6 + (10 x 1e-5 + 10 x 2e-5) = 0.0013
    assert served.cost_usd == pytest.approx(0.0013)
    assert [attempt.tier for attempt in served.attempts] == ["simple", "complex"]
    assert (served.served_tier, served.served_model, served.provider) == (
        "complex", "large-1", "lab",
    )  # fmt: skip


def test_the_exchange_is_who_asked_and_what() -> None:
    one = asked()
    served = closed(status=502)
    assert (served.exchange_id, served.arrived_at) == (one.exchange_id, one.arrived_at)
    assert (served.session, served.request) == (one.session, one.chat)
    assert served.status == 502


def test_the_request_is_the_callers_own_on_its_wire() -> None:
    one = asked(
        wire="anthropic",
        headers={
            b"anthropic-beta": b"effort-2025-11-24",
            b"anthropic-version": b"2023-06-01",
            b"authorization": b"Bearer of the caller",
            b"x-api-key": b"of the caller",
            b"cookie": b"and so on",
        },
        chat={"messages": []},
        thinking={"type": "adaptive"},
    )
    served = closed(answered(10, 10), status=200, request=one)
    assert (served.wire, served.request) == ("anthropic", one.request)
    assert served.request["thinking"] == {"type": "adaptive"}
    # Nothing by which the caller could be known, or paid for.
    assert served.headers == {
        "anthropic-beta": "effort-2025-11-24",
        "anthropic-version": "2023-06-01",
    }


def test_what_was_fitted_is_kept_with_the_exchange() -> None:
    ledger = Ledger()
    assert closed(ledger=ledger).fitted == ()
    ledger.fits(("-top_k", "max_tokens<=16384"))
    assert closed(answered(10, 10), ledger=ledger, status=200).fitted == (
        "-top_k", "max_tokens<=16384",
    )  # fmt: skip


@pytest.mark.parametrize("wire", [OPENAI, ANTHROPIC, RESPONSES])
def test_the_trace_of_a_request_is_kept_on_every_wire(wire: str) -> None:
    trace = {b"traceparent": b"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"}
    kept = closed(request=asked(headers=trace, wire=wire)).headers
    assert kept == {"traceparent": trace[b"traceparent"].decode()}


def test_openais_wire_has_no_other_headers_to_keep() -> None:
    assert closed(request=asked(headers={b"anthropic-beta": b"x"})).headers == {}


@pytest.mark.parametrize(
    ("header", "kept"),
    [(None, ""), (b"v12", "v12"), (b" v12 ", "v12"), (b"v" * 5_000, "v" * 100), (b"\xff", "\xff")],
)
def test_the_caller_names_the_version_of_its_prompt(header: bytes | None, kept: str) -> None:
    headers = {} if header is None else {b"x-prompt-version": header}
    assert closed(request=asked()._replace(headers=headers)).prompt_version == kept


def test_the_name_of_the_key_that_was_shown_goes_with_an_exchange() -> None:
    assert closed(request=asked()._replace(caller="team-a")).client == "team-a"
    assert closed(request=asked()).client == ""
