"""Candidates are asked what their tier has answered, once, and what becomes of it is written."""

import datetime as dt
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from factories.trials import NEW, add_sample, begin, clock
from fakes.collaborators import TIERS_BY_NAME, FakeClient, FakeJudge, rows, scalar
from sqlalchemy import Engine, text

from tierwatch.errors import ProviderError
from tierwatch.loop.capture.redact import redact
from tierwatch.loop.compare.retry import MAX_TRIES
from tierwatch.loop.improve.replace.try_pairs import Means, try_models
from tierwatch.routing.tiers import Price, Tier
from tierwatch.store.costs import evaluation_costs, spent_today
from tierwatch.store.trials.model_trials import load_trial

# As the stored exchanges have it.
FILE = {**TIERS_BY_NAME, "simple": Tier("simple", "simple-1", "lab", Price(0.25, 0.25))}
AWAY = ProviderError("it is down", kind="server", status=503)
REFUSED = ProviderError("no such model", kind="refused", status=404)
Try = Callable[..., int]


@pytest.fixture
def tried(engine: Engine) -> Try:
    def run(
        client: FakeClient | None = None, judge: FakeJudge | None = None, **changes: Any
    ) -> int:
        means = Means(
            engine=engine,
            client=client or FakeClient(),
            judge=judge or FakeJudge(),
            redact=redact,
            sealer=None,
            tiers=FILE,
            served=FILE,
            budget_usd_per_day=None,
            hold_s=300.0,
        )
        return try_models(replace(means, **changes), now=clock)

    return run


def started(engine: Engine, pairs: int = 60, **changes: Any) -> int:
    with engine.begin() as connection:
        return begin(connection, pairs, **changes)


def results(engine: Engine) -> dict[str, int]:
    found = rows(engine, "select result, count(*) from model_trial_pairs group by 1")
    return {row[0]: row[1] for row in found}


def ready(engine: Engine) -> None:
    """Let what was given back be claimed at once."""
    with engine.begin() as connection:
        connection.execute(text("update model_trial_pairs set until = null"))


def test_nothing_runs_and_nothing_is_asked(tried: Try) -> None:
    client = FakeClient()
    assert tried(client) == 0
    assert client.requests == []


def test_each_question_is_asked_once_of_the_candidate(engine: Engine, tried: Try) -> None:
    trial_id, client, judge = started(engine), FakeClient(content="4!"), FakeJudge("tie")
    tried(client, judge)
    with engine.connect() as connection:
        trial = load_trial(connection, trial_id)
    assert trial is not None
    assert trial.state == "certified"
    asked = len(client.requests)
    assert asked == judge.asked == results(engine)["tie"]
    assert {(provider, request["model"]) for provider, request in client.requests} == {
        ("lab", "small-2")
    }
    assert all(request["messages"] for _, request in client.requests)
    # 110 tokens at 0.1 USD per million, and what the judge takes.
    assert scalar(engine, "select sum(candidate_usd) from model_trial_pairs") == pytest.approx(
        asked * 110 * 0.1e-6
    )
    assert trial.judge_version == "fake/v1"


def test_a_text_is_kept_no_longer_than_until_its_verdict(engine: Engine, tried: Try) -> None:
    started(engine)
    tried(FakeClient(content="a private matter"))
    kept = "select count(*) from model_trial_pairs where answer is not null"
    assert scalar(engine, kept) == 0


def test_answers_are_redacted_before_they_wait_for_a_judge(engine: Engine, tried: Try) -> None:
    started(engine, pairs=1)
    away = FakeJudge("tie", AWAY)
    tried(FakeClient(content="write to ada@example.org"), away)
    (row,) = rows(engine, "select answer, result from model_trial_pairs")
    assert row.result is None
    assert "ada@" not in row.answer["content"]


def test_a_judge_that_was_away_costs_no_second_answer(engine: Engine, tried: Try) -> None:
    started(engine, pairs=1)
    client = FakeClient()
    tried(client, FakeJudge("tie", AWAY))
    ready(engine)
    tried(client, FakeJudge("alternative"))
    assert len(client.requests) == 1
    assert results(engine) == {"better": 1}


def test_a_judge_that_never_answers_leaves_the_pair_unscored(engine: Engine, tried: Try) -> None:
    started(engine, pairs=1)
    for _ in range(MAX_TRIES):
        tried(FakeClient(), FakeJudge("tie", AWAY))
        ready(engine)
    assert results(engine) == {"unscored": 1}


@pytest.mark.parametrize(
    ("said", "result"),
    [
        ("served", "worse"),
        ("alternative", "better"),
        ("tie", "tie"),
        ("inconclusive", "inconclusive"),
        (None, "unscored"),
    ],
)
def test_what_the_judge_says(engine: Engine, tried: Try, said: str | None, result: str) -> None:
    started(engine, pairs=3)
    tried(judge=FakeJudge(said))
    assert results(engine) == {result: 3}
    positions = rows(engine, "select position from model_trial_pairs order by 1")
    assert [row.position for row in positions] == [1, 2, 3]


def test_a_provider_that_is_away_is_asked_again(engine: Engine, tried: Try) -> None:
    started(engine, pairs=1)
    tried(FakeClient(AWAY))
    assert results(engine) == {None: 1}
    ready(engine)
    tried(FakeClient())
    assert results(engine) == {"tie": 1}


def test_a_request_that_is_refused_was_not_answered(engine: Engine, tried: Try) -> None:
    started(engine, pairs=2)
    tried(FakeClient(REFUSED))
    assert results(engine) == {"unanswered": 1, "tie": 1}
    assert "no such model" in scalar(
        engine, "select detail from model_trial_pairs where result = 'unanswered'"
    )


def test_a_text_that_is_gone_is_left_out(engine: Engine, tried: Try) -> None:
    started(engine, pairs=2)
    with engine.begin() as connection:
        connection.execute(text("update model_trials set sample = 1"))
    client = FakeClient()
    tried(client, stopping=lambda: True)
    assert client.requests == []
    # Drawn, and then retention took its text.
    with engine.begin() as connection:
        connection.execute(
            text(
                "insert into model_trial_pairs (trial_id, exchange_id, session, task_type, weight,"
                " served_usd) select 1, id, session, task_type, 1, 0 from exchanges limit 1"
            )
        )
        connection.execute(text("delete from exchange_texts"))
    tried(client)
    assert results(engine) == {"left_out": 1}
    assert client.requests == []


def test_the_money_of_the_trial_is_its_own(engine: Engine, tried: Try) -> None:
    trial_id = started(engine, pairs=60, budget_usd=0.01, worse_by=0.01)
    tried()  # five pairs' judging would spend it; a batch is begun
    spent = sum(results(engine).values())
    tried()
    assert sum(results(engine).values()) == spent
    with engine.connect() as connection:
        trial = load_trial(connection, trial_id)
    assert trial is not None
    assert trial.state == "undecided"
    assert "USD are spent" in trial.why


def test_the_day_s_money_bounds_it_too(engine: Engine, tried: Try) -> None:
    started(engine)
    client = FakeClient()
    assert tried(client, budget_usd_per_day=0.0) == 0
    assert client.requests == []


def test_what_it_costs_is_a_part_of_the_evaluation_s_cost(engine: Engine, tried: Try) -> None:
    started(engine, pairs=4)
    tried()
    with engine.connect() as connection:
        costs, today = evaluation_costs(connection), spent_today(connection)
    assert costs.judge_usd == pytest.approx(4 * 0.002)
    assert costs.shadow_usd == pytest.approx(4 * 110 * 0.1e-6)
    assert today == pytest.approx(costs.total_usd)


def test_a_conversation_is_drawn_from_once(engine: Engine, tried: Try) -> None:
    started(engine, pairs=2)
    with engine.begin() as connection:
        add_sample(connection, 5, first=10, session="one talk")
    tried()
    assert sum(results(engine).values()) == 3


@pytest.mark.parametrize(
    "other",
    [{"tier": "standard"}, {"model": "simple-0"}, {"direction": "down", "tier": "standard"}],
)
def test_other_exchanges_are_not_drawn(engine: Engine, tried: Try, other: dict[str, Any]) -> None:
    started(engine, pairs=1)
    with engine.begin() as connection:
        add_sample(connection, 3, first=10, **other)
    tried()
    assert sum(results(engine).values()) == 1


def test_a_weight_above_the_cap_is_not_drawn(engine: Engine, tried: Try) -> None:
    started(engine, pairs=1)
    with engine.begin() as connection:
        add_sample(connection, 2, first=10, rate=1.0, pi=0.5)
    tried()
    assert sum(results(engine).values()) == 1


def test_traffic_that_comes_later_is_drawn_as_well(engine: Engine, tried: Try) -> None:
    started(engine, pairs=1)
    tried()
    with engine.begin() as connection:
        add_sample(connection, 2, first=10)
    tried()
    assert sum(results(engine).values()) == 3


def test_old_traffic_is_other_traffic(engine: Engine, tried: Try) -> None:
    started(engine, pairs=3)
    means_later = clock() + dt.timedelta(days=30)
    client = FakeClient()
    means = Means(engine, client, FakeJudge(), redact, None, FILE, FILE, None, 300.0)
    assert try_models(means, now=lambda: means_later) == 0
    assert client.requests == []


def test_an_effort_is_asked_for(engine: Engine, tried: Try) -> None:
    candidate = replace(NEW, model="simple-1", price=Price(0.25, 0.25), effort="high")
    started(engine, pairs=1, candidate=candidate)
    client = FakeClient()
    tried(client)
    ((_, request),) = client.requests
    assert request["model"] == "simple-1"
    assert request["reasoning_effort"] == "high"


def test_a_worker_that_is_asked_to_end_gives_its_pairs_back(engine: Engine, tried: Try) -> None:
    started(engine, pairs=3)
    calls = iter([False, False, False])
    tried(stopping=lambda: next(calls, True))
    assert sum(results(engine).values()) == results(engine).get(None, 0) + results(engine).get(
        "tie", 0
    )
    ready(engine)
    tried()
    assert results(engine) == {"tie": 3}
