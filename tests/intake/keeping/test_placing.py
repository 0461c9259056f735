"""Where a call belongs: its tier, its confidence, its conversation and its moment."""

from pathlib import Path
from typing import Any

import pytest
from factories.sources import CONFIG, STARTED

from tierwatch.config import load_config
from tierwatch.gateway.accept.conversations import Conversations
from tierwatch.intake.calls import Call
from tierwatch.intake.keeping.placing import AHEAD_S, BEHIND_S, Placing
from tierwatch.loop.capture.admission.outside import outside_at_once
from tierwatch.loop.capture.exchange import ServedExchange, arrival_ms
from tierwatch.routing.router import Router
from tierwatch.store.traced.their_span import TheirSpan, source_of, their_span

ASKED = {"messages": [{"role": "user", "content": "What is the capital of France?"}]}
HARD = {"messages": [{"role": "user", "content": "Prove Fermat's last theorem. " * 60}]}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    (tmp_path / "tierwatch.yaml").write_text(CONFIG)
    return tmp_path / "tierwatch.yaml"


def placing(path: Path) -> Placing:
    config = load_config(path)
    router = Router.described(config)
    return Placing(config, lambda: router, Conversations(b"secret"))


def call(**changes: Any) -> Call:
    whole = Call(
        source_id="c-1",
        trace="",
        session="",
        started_at=STARTED,
        asked="fast",
        model="small-1",
        provider="openai",
        request=ASKED,
        answer={"role": "assistant", "content": "Paris."},
        finish_reason="stop",
        finished=True,
        prompt_tokens=10,
        completion_tokens=2,
        latency_ms=80.0,
    )
    return whole._replace(**changes)


def placed(path: Path, at: float = STARTED + 1, **changes: Any) -> ServedExchange:
    served = placing(path).place(call(**changes), "app", at).served
    assert served is not None
    return served


@pytest.mark.parametrize(
    ("asked", "model", "chosen", "served"),
    [
        ("fast", "small-1", "simple", "simple"),
        ("FAST", "", "simple", "simple"),
        ("simple", "small-1", "simple", "simple"),
        ("gpt-5-mini-2026", "gpt-5-mini-2026", "simple", "simple"),
        ("auto", "large-1", "complex", "complex"),  # its router's own choice
        ("fast", "large-1", "simple", "complex"),
        ("smart", "unheard-of", "complex", "complex"),
    ],
)
def test_the_alias_says_what_was_chosen_and_the_model_who_served(
    path: Path, asked: str, model: str, chosen: str, served: str
) -> None:
    found = placed(path, asked=asked, model=model)
    assert (found.decision.tier, found.served_tier) == (chosen, served)
    assert outside_at_once(found) == ("" if chosen == served else "fallback")


def test_what_no_tier_is_named_by_is_no_exchange(path: Path) -> None:
    assert placing(path).place(call(asked="auto", model="o9"), "app", STARTED).served is None


def test_the_confidences_are_those_of_the_own_classifier(path: Path) -> None:
    easy, hard = placed(path), placed(path, request=HARD)
    assert [tier for tier, _ in easy.decision.confidences] == ["simple", "standard"]
    assert easy.decision.confidence == dict(easy.decision.confidences)["simple"]
    assert hard.decision.confidence < easy.decision.confidence
    assert (easy.decision.reason, easy.decision.threshold) == ("watched", None)
    assert easy.decision.chosen


def test_a_tier_above_the_label_counts_as_escalated(path: Path) -> None:
    decision = placed(path, asked="smart", model="large-1").decision
    assert (decision.label, decision.tier, decision.escalated) == ("simple", "complex", True)
    assert decision.confidence == dict(decision.confidences)["simple"]


def test_a_logged_confidence_is_a_label_s(path: Path) -> None:
    path.write_text(CONFIG + "  confidence: logged\n")
    decision = placed(path, asked="standard", model="medium-1", confidence=0.8).decision
    assert decision.confidences == (("simple", 0.0), ("standard", 0.8))
    assert (decision.confidence, decision.escalated, decision.chosen) == (0.8, False, True)
    top = placed(path, asked="smart", model="large-1", confidence=0.6).decision
    assert (top.confidence, top.confidences) == (0.6, (("simple", 0.0), ("standard", 0.0)))


def test_without_the_confidence_that_is_asked_for_it_is_no_evidence(path: Path) -> None:
    path.write_text(CONFIG + "  confidence: logged\n")
    found = placed(path)
    assert (found.decision.tier, outside_at_once(found)) == ("simple", "classifier_failed")


def test_the_same_call_has_the_same_key_and_id_in_every_process(path: Path) -> None:
    one = placing(path).place(call(), "app", STARTED + 1)
    two = placing(path).place(call(), "app", STARTED + 90_000)
    other = placing(path).place(call(), "proxy", STARTED + 1)
    assert one.served is not None
    assert two.served is not None
    assert (one.key, one.served.exchange_id) == (two.key, two.served.exchange_id)
    assert one.key != other.key
    assert arrival_ms(one.served.exchange_id) == int(STARTED * 1000)
    assert one.served.exchange_id.version == 7


@pytest.mark.parametrize(
    ("ahead_s", "clock"),
    [(0.0, False), (AHEAD_S + 1, True), (86_400.0, True), (-86_400.0, False), (-BEHIND_S, True)],
)
def test_a_clock_that_cannot_be_right_is_counted_and_not_believed(
    path: Path, ahead_s: float, *, clock: bool
) -> None:
    received = STARTED + 50
    found = placing(path).place(call(started_at=received + ahead_s), "app", received)
    assert found.served is not None
    assert found.clock is clock
    assert found.served.arrived_at == (received if clock else received + ahead_s)


def test_sessions_stay_apart_and_those_without_a_name_get_one(path: Path) -> None:
    place = placing(path)

    def session(source: str, **changes: Any) -> str:
        served = place.place(call(**changes), source, STARTED).served
        assert served is not None
        return served.session

    assert session("app", session="chat-1") == "chat-1"
    assert session("app") == session("app", source_id="c-2")
    assert len({session("app"), session("proxy"), session("app", user="u")}) == 3


def test_tokens_that_nobody_counted_are_estimated_and_priced(path: Path) -> None:
    found = placed(path, prompt_tokens=None, completion_tokens=None)
    assert found.tokens_estimated
    assert found.prompt_tokens > 5
    assert found.cost_usd > 0
    assert placed(path, cost_usd=0.5).cost_usd == 0.5
    assert not placed(path).tokens_estimated


def test_a_failure_is_an_attempt_of_its_tier(path: Path) -> None:
    found = placed(path, answer=None, finished=False, status=429, error="RateLimitError", model="")
    ((tier, model, provider, status, error, _, _),) = found.attempts
    assert (tier, model, provider, status, error) == (
        "simple", "small-1", "openai", 429, "RateLimitError",
    )  # fmt: skip
    assert outside_at_once(found) == "error"


@pytest.mark.parametrize(
    ("changes", "outside"),
    [
        ({"fallbacks": 1}, "fallback"),
        ({"outside": "intake_truncated"}, "intake_truncated"),
        ({"request": {"messages": "Hello?"}}, "intake_no_question"),
        ({"request": {}}, "intake_no_question"),
        ({"request": {"messages": [1, {"role": "user"}]}}, "intake_no_question"),
        ({"request": {"input": "Hello?"}, "wire": "responses"}, ""),
        ({"finished": False}, "unfinished"),
    ],
)
def test_what_is_no_evidence_says_why(path: Path, changes: dict[str, Any], outside: str) -> None:
    assert outside_at_once(placed(path, **changes)) == outside


def test_what_its_tool_calls_it_is_kept_with_its_source(path: Path) -> None:
    headers = placed(path, their_trace="trace-1", their_span="gen-7").headers
    assert their_span(headers) == TheirSpan("trace-1", "gen-7", "app")
    assert their_span(placed(path).headers) is None
    assert source_of(placed(path).headers) == "app"


def test_the_version_of_its_prompt_is_kept(path: Path) -> None:
    assert placed(path, prompt_version="v12").prompt_version == "v12"
    assert placed(path).prompt_version == ""
