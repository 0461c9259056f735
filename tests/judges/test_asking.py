from dataclasses import dataclass, field
from typing import Any

import pytest

from tierwatch.errors import ProviderError
from tierwatch.judges.asking import Asker, Tally
from tierwatch.routing.tiers import Price


@dataclass
class Done:
    message: dict[str, Any]
    finish_reason: str | None = "stop"
    prompt_tokens: int = 1_000
    completion_tokens: int = 100
    latency_ms: float = 7.0
    cached_tokens: int = 0
    cache_write_tokens: int = 0


@dataclass
class Client:
    """Says its replies one after the other, the last one for ever; each with why it ended."""

    replies: tuple[tuple[Any, str], ...] = (("reply", "stop"),)
    requests: list[dict[str, Any]] = field(default_factory=list)

    def complete(self, provider: str, request: dict[str, Any], **_: object) -> Done:
        assert provider == "p"
        content, why = self.replies[min(len(self.requests), len(self.replies) - 1)]
        self.requests.append(request)
        return Done({"role": "assistant", "content": content}, finish_reason=why)


MESSAGES = [{"role": "user", "content": "q"}]


def test_one_call_at_temperature_0_is_counted_and_priced() -> None:
    client, tally = Client(), Tally()
    asker = Asker(client, "p", "m", Price(3.0, 15.0))
    assert asker.ask(MESSAGES, tally, max_tokens=50) == "reply"
    assert client.requests == [
        {"model": "m", "messages": MESSAGES, "temperature": 0, "max_tokens": 50}
    ]
    # 1,000 tokens x 3 USD/M + 100 tokens x 15 USD/M = 0.0045 USD
    assert tally == Tally(calls=1, cost_usd=pytest.approx(0.0045), latency_ms=7.0)


def test_cost_is_0_without_a_price() -> None:
    tally = Tally()
    Asker(Client(), "p", "m").ask(MESSAGES, tally, max_tokens=50)
    assert tally == Tally(calls=1, cost_usd=0.0, latency_ms=7.0)


@pytest.mark.parametrize(
    ("content", "text"),
    [
        (None, ""),
        (5, ""),
        ([{"type": "text", "text": "a"}, {"type": "text", "text": "b"}, {"x": 1}, "c"], "ab"),
    ],
)
def test_content_of_other_forms(content: Any, text: str) -> None:
    client = Client(((content, "stop"),))
    assert Asker(client, "p", "m").ask(MESSAGES, Tally(), max_tokens=5) == text


@pytest.mark.parametrize("thought", ["", None, "<think>\nLet me see", "  "])
def test_a_model_that_thinks_first_gets_room_for_it_from_then_on(thought: str | None) -> None:
    client, tally = Client(((thought, "length"), ("A", "stop"))), Tally()
    asker = Asker(client, "p", "m")
    assert asker.ask(MESSAGES, tally, max_tokens=400) == "A"
    assert asker.ask(MESSAGES, tally, max_tokens=400) == "A"
    assert [one["max_tokens"] for one in client.requests] == [400, 4_400, 4_400]
    assert tally.calls == 3


@pytest.mark.parametrize("reply", [("A long rea", "length"), ("", "stop"), ("A", "stop")])
def test_a_reply_that_is_merely_long_or_empty_changes_nothing(reply: tuple[str, str]) -> None:
    client = Client((reply,))
    asker = Asker(client, "p", "m")
    assert asker.ask(MESSAGES, Tally(), max_tokens=400) == reply[0]
    asker.ask(MESSAGES, Tally(), max_tokens=400)
    assert [one["max_tokens"] for one in client.requests] == [400, 400]


def test_thinking_has_an_end() -> None:
    client = Client((("", "length"),))
    assert Asker(client, "p", "m").ask(MESSAGES, Tally(), max_tokens=400) == ""
    assert len(client.requests) == 2


@pytest.mark.parametrize(
    "problem",
    [
        ProviderError("no", kind="rate_limited", status=429, retry_after_s=2.0),
        ProviderError("no", kind="refused", status=400, body="unknown model"),
        ProviderError("no", kind="timeout"),
    ],
)
def test_other_errors_are_the_callers(problem: ProviderError) -> None:
    class Broken:
        def complete(self, *_: object, **__: object) -> Done:
            raise problem

    tally = Tally()
    with pytest.raises(ProviderError) as raised:
        Asker(Broken(), "p", "m").ask(MESSAGES, tally, max_tokens=5)
    assert raised.value is problem
    assert tally == Tally()


def test_the_calls_for_one_pair_share_its_time() -> None:
    given = []

    class Slow:
        def complete(self, *_: object, timeout_s: float | None) -> Done:
            given.append(timeout_s)
            return Done({"content": "reply"})

    # Read at the start of each call: the calls took 4 s, 5 s and 3 s of the 12 s.
    times = iter([100.0, 104.0, 109.0, 112.0, 500.0])
    asker = Asker(Slow(), "p", "m", timeout_s=12.0, clock=lambda: next(times))
    tally = Tally()
    for _ in range(3):
        asker.ask(MESSAGES, tally, max_tokens=5)
    with pytest.raises(ProviderError, match=r"12 s \(evaluation\.judge\.timeout\)") as late:
        asker.ask(MESSAGES, tally, max_tokens=5)
    assert (late.value.kind, late.value.retryable) == ("timeout", True)
    assert given == [12.0, 8.0, 3.0]
    # Another pair has its own time.
    asker.ask(MESSAGES, Tally(), max_tokens=5)
    assert given[3:] == [12.0]


def test_a_form_is_asked_for_where_one_is_given() -> None:
    client = Client()
    asker = Asker(client, "p", "m")
    form = {"type": "json_object"}
    asker.ask(MESSAGES, Tally(), max_tokens=5, response_format=form)
    asker.ask(MESSAGES, Tally(), max_tokens=5)
    assert [request.get("response_format") for request in client.requests] == [form, None]
