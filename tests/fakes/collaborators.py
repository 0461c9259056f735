"""Stand-ins and builders for tests of the loop: exchanges, a client, a judge, queries."""

import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, text

from tierwatch.dispatch import KeptDispatch
from tierwatch.errors import ProviderError
from tierwatch.evaluation.sampling.plan import SamplingPlan
from tierwatch.judges.verdict import Verdict
from tierwatch.loop.capture.backlog.dead_letters import DeadLetters
from tierwatch.loop.capture.backlog.folder import SpoolFolder
from tierwatch.loop.capture.exchange import Attempt, ServedExchange, new_exchange_id
from tierwatch.loop.capture.recorder import CaptureRecorder
from tierwatch.providers.completion import Completion
from tierwatch.routing.decision import Decision
from tierwatch.routing.tiers import Price, Tier

TIERS = (
    Tier("simple", "small-1", "lab", Price(0.25, 0.25)),
    Tier("standard", "medium-1", "lab", Price(3.0, 3.0)),
    Tier("complex", "large-1", "lab", Price(15.0, 15.0)),
)
TIERS_BY_NAME = {tier.name: tier for tier in TIERS}


def decided(tier: str = "simple", confidence: float = 0.9, **changes: Any) -> Decision:
    decision = Decision(
        tier=tier,
        model=TIERS_BY_NAME[tier].model,
        confidence=confidence,
        threshold=0.7,
        label="simple",
        escalated=tier != "simple",
        task_type="all",
        policy_version=1,
        reason="kept" if tier == "simple" else "escalated",
        confidences=(("simple", confidence), ("standard", min(1.0, confidence + 0.1))),
    )
    return replace(decision, **changes)


def served(decision: Decision | None = None, **changes: Any) -> ServedExchange:
    decision = decision or decided()
    now = time.time()
    exchange_id = new_exchange_id(now)
    exchange = ServedExchange(
        exchange_id=exchange_id,
        arrived_at=now,
        session=str(exchange_id),
        request={"model": "auto", "messages": [{"role": "user", "content": "What is 2 + 2?"}]},
        decision=decision,
        served_tier=decision.tier,
        served_model=decision.model,
        provider="lab",
        attempts=(),
        status=200,
        answer={"role": "assistant", "content": "It is 4."},
        finish_reason="stop",
        finished=True,
        prompt_tokens=100,
        completion_tokens=20,
        tokens_estimated=False,
        cost_usd=TIERS_BY_NAME[decision.tier].price.cost_usd(100, 20),
        latency_ms=12.0,
        first_byte_ms=8.0,
        overhead_ms=0.3,
    )
    return exchange._replace(**changes)


class FakeClient:
    """Answers, or fails as often as it was told to."""

    def __init__(self, *problems: ProviderError, content: str = "4") -> None:
        self.problems = list(problems)
        self.content = content
        self.requests: list[tuple[str, Mapping[str, Any]]] = []
        self.fitted: tuple[str, ...] = ()
        self.said_on: list[tuple[str, Mapping[str, str] | None]] = []

    def wire(self, _provider: str, _caller: str) -> str:
        return "openai"

    def complete(
        self,
        provider: str,
        request: Mapping[str, Any],
        *,
        wire: str = "openai",
        headers: Mapping[str, str] | None = None,
        timeout_s: float | None = None,
    ) -> Completion:
        self.requests.append((provider, request))
        self.said_on.append((wire, headers))
        if self.problems:
            raise self.problems.pop(0)
        return Completion(
            message={"role": "assistant", "content": self.content},
            finish_reason="stop",
            model=str(request["model"]),
            prompt_tokens=100,
            completion_tokens=10,
            latency_ms=5.0,
            raw={},
            fitted=self.fitted,
        )


class FakeJudge:
    """Says what it was told to say, and counts how often it was asked."""

    version = "fake/v1"

    def __init__(self, preferred: str | None = "tie", *problems: ProviderError) -> None:
        self.preferred = preferred
        self.problems = list(problems)
        self.asked = 0

    def judge(self, *_pair: object) -> Verdict:
        self.asked += 1
        if self.problems:
            raise self.problems.pop(0)
        return Verdict(
            preferred=self.preferred,  # type: ignore[arg-type]
            basis="pairwise",
            reason="because",
            orders=(),
            judge_version=self.version,
            unscored_why="" if self.preferred else "nonsense",
            cost_usd=0.002,
            calls=2,
            latency_ms=9.0,
            scores=None,
        )


def build_recorder(
    engine: Engine, dispatch: KeptDispatch, folder: Path, **changes: Any
) -> CaptureRecorder:
    """A recorder with its spool and its dead letters below a folder."""
    most = changes.pop("spool_max_bytes", 1_000_000)
    options: dict[str, Any] = {
        "engine": engine,
        "dispatch": dispatch,
        "tiers": TIERS,
        "plan": SamplingPlan(1.0),
        "budget_usd_per_day": None,
        "redact": lambda words: words.replace("secret", "[KEY]"),
        "spools": SpoolFolder(folder / "spool", name="test", max_bytes=most),
        "letters": DeadLetters(folder / "spool", max_bytes=1_000_000),
    }
    return CaptureRecorder(**(options | changes))


def scalar(engine: Engine, query: str, **given: Any) -> Any:
    with engine.connect() as connection:
        return connection.execute(text(query), given).scalar()


def rows(engine: Engine, query: str, **given: Any) -> list[Any]:
    with engine.connect() as connection:
        return list(connection.execute(text(query), given))


def failed_attempt() -> Attempt:
    return Attempt("simple", "small-1", "lab", 500, "server", 3.0)


def counts(engine: Engine) -> tuple[int, int, int]:
    """Requests counted, exchanges chosen, and those of them that were dropped."""
    row = rows(engine, "select sum(requests), sum(sampled), sum(dropped) from rollups")[0]
    return int(row[0] or 0), int(row[1] or 0), int(row[2] or 0)
