"""A trial ends as soon as its pairs show enough: certified, refused, undecided, failed, over."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import factories.rows as put
import pytest
from factories.trials import add_sample, begin
from fakes.collaborators import rows, scalar
from sqlalchemy import Connection, Engine, text

from tierwatch.evaluation.evidence.replacement_evidence import ReplacementEvidence
from tierwatch.loop.compare.trust import weigh_judge
from tierwatch.loop.improve.replace.conclude import FEWEST, conclude_trial
from tierwatch.routing.tiers import Price, Tier
from tierwatch.store.proposals import load_proposal
from tierwatch.store.trials.model_trials import ModelTrial, load_trial

SERVED = {
    "simple": Tier("simple", "simple-1", "lab", Price(0.25, 0.25)),
    "standard": Tier("standard", "medium-1", "lab", Price(3, 3)),
}


def give(connection: Connection, trial_id: int, results: Sequence[str], first: int = 1) -> None:
    """Results of pairs that need no exchange."""
    for number, result in enumerate(results, first):
        connection.execute(
            text(
                "insert into model_trial_pairs (trial_id, exchange_id, session, task_type, weight,"
                " served_usd, candidate_usd, judge_usd, result, detail, position)"
                " values (:trial, :id, :session, :kind, 1, .002, .001, .0001, :result, 'said',"
                " :position)"
            ),
            {
                "trial": trial_id,
                "id": put.exchange_id_of(number),
                "session": f"talk {number}",
                "kind": "code" if number % 2 else "prose",
                "result": result,
                "position": number,
            },
        )


def ended(engine: Engine, results: Sequence[str], **changes: Any) -> tuple[bool, ModelTrial]:
    with engine.begin() as connection:
        trial_id = begin(connection, 0, **changes)
        give(connection, trial_id, results)
    return concluded(engine, trial_id)


def concluded(
    engine: Engine, trial_id: int, served: Any = SERVED, judge: str = put.JUDGE
) -> tuple[bool, ModelTrial]:
    done = conclude_trial(engine, trial_id, served=served, judge=judge)
    with engine.connect() as connection:
        trial = load_trial(connection, trial_id)
    assert trial is not None
    return done, trial


def test_an_equal_candidate_becomes_a_proposal(engine: Engine) -> None:
    done, trial = ended(engine, ["worse", "better"] * 3 + ["tie"] * 94)
    assert (done, trial.state) == (True, "certified")
    assert trial.proposal_id is not None
    with engine.connect() as connection:
        proposal = load_proposal(connection, trial.proposal_id)
    assert proposal is not None
    assert (proposal.kind, proposal.tier, proposal.state) == ("replacement", "simple", "open")
    assert (proposal.certified, proposal.direction, proposal.pairs) == (True, "keep", 100)
    assert proposal.from_threshold == proposal.to_threshold == 0.7
    evidence = proposal.evidence
    assert isinstance(evidence, ReplacementEvidence)
    assert (evidence.served, evidence.candidate) == ("simple-1", "small-2")
    assert evidence.net.value == 0.0
    assert evidence.net.high <= evidence.worse_by
    assert evidence.worse.value == evidence.better.value == pytest.approx(0.03)
    assert {name: (one.worse, one.better, one.ties) for name, one in evidence.by_type.items()} == {
        "code": (3, 0, 47),
        "prose": (0, 3, 47),
    }
    assert proposal.predicted is not None
    assert evidence.spent_usd == pytest.approx(100 * 0.0011)


def test_the_proposal_says_what_it_would_cost(engine: Engine) -> None:
    with engine.begin() as connection:
        trial_id = begin(connection, 0)
        give(connection, trial_id, ["tie"] * 60)
        connection.execute(
            text(
                "insert into rollups (minute, tier, task_type, bin, policy_version, requests,"
                " finished, errors, escalated, sampled, dropped, prompt_tokens, completion_tokens,"
                " cost_usd, cost_top_tier_usd, latency_ms) values (now() - interval '2 hours',"
                " 'simple', 'all', 0, 1, 9, 9, 0, 0, 0, 0, 0, 0, 4.0, 9.0, 1.0)"
            )
        )
    _, trial = concluded(engine, trial_id)
    evidence = scalar(engine, "select evidence from proposals")
    # 4 USD in two hours are 48 a day; on the same requests the candidate costs half.
    assert evidence["day"]["usd"] == pytest.approx(48.0, rel=0.01)
    assert evidence["day"]["change_usd"] == pytest.approx(-24.0, rel=0.01)
    predicted = scalar(engine, "select predicted from proposals")
    assert predicted["cost_change"]["value"] == pytest.approx(-0.5)
    assert trial.state == "certified"


def test_a_worse_candidate_is_refused_with_its_reason(engine: Engine) -> None:
    done, trial = ended(engine, ["worse"] * 60 + ["tie"] * 40)
    assert (done, trial.state) == (True, "refused")
    assert trial.why.startswith(
        "shown to be worse: small-2 was materially worse in 60.0 % and better in 0.0 % of 100 pairs"
    )
    assert "20.0 % is accepted" in trial.why
    assert scalar(engine, "select count(*) from proposals") == 0


def test_requests_that_it_did_not_answer_count_as_worse(engine: Engine) -> None:
    _, trial = ended(engine, ["unanswered"] * 60 + ["tie"] * 40)
    assert trial.state == "refused"
    assert "60 requests it did not answer at all" in trial.why


def test_a_candidate_that_answers_nothing_has_failed(engine: Engine) -> None:
    _, trial = ended(engine, ["unanswered"] * 10)
    assert trial.state == "failed"
    assert trial.why == "small-2 answered none of 10 requests: said"


def test_few_pairs_say_nothing_yet(engine: Engine) -> None:
    done, trial = ended(engine, ["tie"] * (FEWEST - 1), worse_by=0.9)
    assert (done, trial.state) == (False, "running")


def test_a_judge_that_contradicts_itself_shows_nothing(engine: Engine) -> None:
    done, trial = ended(engine, ["inconclusive"] * 150)
    assert (done, trial.state) == (False, "running")


def test_what_is_not_shown_within_the_sample_is_undecided(engine: Engine) -> None:
    done, trial = ended(engine, ["worse", "tie", "tie", "tie", "tie"] * 20, sample=100)
    assert (done, trial.state) == (True, "undecided")
    assert trial.why.startswith("not shown within its 100 pairs: small-2 was materially worse in")


def test_nothing_that_could_be_compared_is_said(engine: Engine) -> None:
    _, trial = ended(engine, ["left_out"] * 20, sample=20)
    assert trial.state == "undecided"
    assert trial.why.endswith("no pair of 20 could be compared")


@pytest.mark.parametrize(
    ("served", "judge", "why"),
    [
        ({}, put.JUDGE, "tier simple left the configuration"),
        (
            {"simple": replace(SERVED["simple"], model="simple-9")},
            put.JUDGE,
            "tier simple is served by simple-9 by now, and not by simple-1",
        ),
        (SERVED, "pairwise/v3/other", "the judge is pairwise/v3/other by now"),
    ],
)
def test_a_trial_of_what_is_over_is_cancelled(
    engine: Engine, served: dict[str, Tier], judge: str, why: str
) -> None:
    with engine.begin() as connection:
        trial_id = begin(connection, 0)
        give(connection, trial_id, ["tie"] * 100)
        connection.execute(text("update model_trials set judge_version = :one"), {"one": put.JUDGE})
    done, trial = concluded(engine, trial_id, served, judge)
    assert (done, trial.state) == (True, "cancelled")
    assert why in trial.why


def test_nothing_is_concluded_from_a_judge_that_is_not_trusted(engine: Engine) -> None:
    with engine.begin() as connection:
        trial_id = begin(connection, 0)
        give(connection, trial_id, ["tie"] * 100)
        put.add_anchors(connection, right=10, n=100)
        weigh_judge(connection, put.JUDGE)
        put.add_outcome(connection, 1, 0.0)
    done, trial = concluded(engine, trial_id)
    assert (done, trial.state) == (False, "running")
    assert trial.why.startswith("NOT TRUSTED")


def test_it_waits_for_the_tier_s_other_proposal(engine: Engine) -> None:
    with engine.begin() as connection:
        trial_id = begin(connection, 0)
        give(connection, trial_id, ["tie"] * 100)
        other = put.add_proposal(connection)
    done, trial = concluded(engine, trial_id)
    assert (done, trial.state) == (True, "running")
    assert trial.why == "certified; tier simple has a proposal that has to be decided first"
    with engine.begin() as connection:
        connection.execute(
            text("update proposals set state = 'rejected' where id = :id"), {"id": other}
        )
    _, trial = concluded(engine, trial_id)
    assert trial.state == "certified"


def test_an_ended_trial_stays_as_it_is(engine: Engine) -> None:
    _, trial = ended(engine, ["worse"] * 60)
    assert concluded(engine, trial.id) == (True, trial)
    assert len(rows(engine, "select 1 from audit where action = 'model_trial.refused'")) == 1


def test_a_trial_that_is_not_there_has_nothing_to_ask(engine: Engine) -> None:
    assert conclude_trial(engine, 7, served=SERVED, judge=put.JUDGE) is True


def test_the_promise_adds_what_it_may_be_worse_by(engine: Engine) -> None:
    with engine.begin() as connection:
        trial_id = begin(connection, 0)
        give(connection, trial_id, ["tie"] * 100)
        for number in range(1, 201):
            put.add_outcome(connection, 1_000 + number, float(number <= 10))
        add_sample(connection, 1)
    concluded(engine, trial_id)
    evidence = scalar(engine, "select evidence from proposals")
    assert evidence["misroute_now"]["value"] == pytest.approx(0.05)
    total = evidence["misroute_now"]["high"] + max(0.0, evidence["net"]["high"])
    assert evidence["promised"] == pytest.approx(total)
