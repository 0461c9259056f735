"""Training fits to the older pairs, compares on the newest, and says what became of it."""

import factories.rows as put
import pytest
from factories.pairs import add_judged, prompts
from fakes.collaborators import rows
from sqlalchemy import Engine

from tierwatch.errors import ConflictError, UsageError
from tierwatch.loop.improve.refit_rules import RefitRules
from tierwatch.loop.improve.train import Training, train
from tierwatch.routing.classify.local import LocalClassifier

RULES = RefitRules(
    mode="propose",
    alpha={"simple": 0.3},
    delta=0.05,
    min_pairs=150,
    judge_version=put.JUDGE,
    configured={"simple": LocalClassifier()},
)


@pytest.fixture
def in_force(engine: Engine) -> Engine:
    """Policy 1 is active: 0.70 for both tiers."""
    with engine.begin() as connection:
        put.add_policy(connection)
        put.put_in_force(connection)
    return engine


def run(engine: Engine, rules: RefitRules = RULES) -> Training:
    [found] = train(
        engine=engine,
        rules=rules,
        base_rate=1.0,
        teacher="none",
        limit=10_000,
        said=lambda *_: None,
    )
    return found


def test_the_pairs_alone_make_a_proposal_of_the_newest_quarter(in_force: Engine) -> None:
    with in_force.begin() as connection:
        add_judged(connection, list(prompts(800)))
    found = run(in_force)
    # 800 pairs: 600 to learn, the newest 200 to compare on.
    assert (found.pairs, found.learned, found.teacher) == (800, 600, "none")
    assert found.trial is not None
    assert found.trial.comparison.pairs == 200
    [proposal] = rows(in_force, "select id, kind, evidence from proposals")
    assert (proposal.id, proposal.kind, found.why) == (found.proposal_id, "model", "")
    assert proposal.evidence["candidate_author"] == "tierwatch train, teacher none"
    # Two candidates, with and without a teacher, share the first delta: .05 / 2 / 2.
    assert proposal.evidence["delta"] == 0.0125


def test_too_few_pairs_say_how_many_are_needed(in_force: Engine) -> None:
    with in_force.begin() as connection:
        add_judged(connection, list(prompts(159)))
    found = run(in_force)
    assert (found.pairs, found.trial, found.proposal_id) == (159, None, None)
    assert found.why == "160 pairs are needed"


def test_while_a_proposal_waits_no_other_is_made(in_force: Engine) -> None:
    with in_force.begin() as connection:
        add_judged(connection, list(prompts(800)))
        put.add_proposal(connection)
    found = run(in_force)
    assert found.proposal_id is None
    assert found.why == "a proposal for this tier waits for a decision"


def test_before_a_gateway_ran_there_is_nothing_to_compare_with(engine: Engine) -> None:
    with engine.begin() as connection:
        add_judged(connection, list(prompts(200)))
    with pytest.raises(ConflictError, match="no policy is active yet: start a gateway once"):
        run(engine)


def test_another_kind_of_classifier_cannot_be_trained(engine: Engine) -> None:
    rules = RefitRules("propose", {}, 0.05, 150, put.JUDGE, {})
    with pytest.raises(UsageError, match="training needs local"):
        train(
            engine=engine,
            rules=rules,
            base_rate=1.0,
            teacher="none",
            limit=10,
            said=lambda *_: None,
        )
