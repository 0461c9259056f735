"""What a trial found is kept, and proposed where it is worth it."""

from dataclasses import replace

import factories.rows as put
from factories.documents import read_back
from factories.pairs import add_judged, prompts
from sqlalchemy import Connection

from tierwatch.evaluation.evidence.model_evidence import ModelEvidence
from tierwatch.loop.improve.conclude import Contest, conclude, models_above, trial_document
from tierwatch.loop.improve.refit_rules import RefitRules
from tierwatch.routing.classify.local import LocalClassifier
from tierwatch.routing.policy import Policy
from tierwatch.store.learned.artefacts import add_artefact, add_model, load_artefact
from tierwatch.store.learned.judged_pairs import judged_pairs
from tierwatch.store.learned.refits import last_refit
from tierwatch.store.proposals import load_proposal

RULES = RefitRules(
    mode="propose",
    alpha={"simple": 0.3},
    delta=0.05,
    min_pairs=150,
    judge_version=put.JUDGE,
    configured={"simple": LocalClassifier(), "standard": LocalClassifier()},
)
STABLE = Policy(1, {"simple": 0.7, "standard": 0.7})


def contest(connection: Connection, *, learned: int, held_out: int) -> Contest:
    """A candidate that learned some pairs against one that learned none."""
    put.add_policy(connection)
    put.put_in_force(connection)
    model = LocalClassifier()
    for text, verdict in prompts(learned):
        model.learn(text, verdict)
    if held_out:
        add_judged(connection, list(prompts(held_out, seed=2)))
    made = add_artefact(
        connection,
        "simple",
        artefact=model.to_bytes(),
        pairs=learned,
        position=0,
        author="tierwatch",
    )
    candidate = load_artefact(connection, made)
    assert candidate is not None
    pairs = judged_pairs(
        connection, "simple", judge_version=put.JUDGE, after=0, until=10**9, limit=10**6
    )
    return Contest("simple", STABLE, candidate, model, LocalClassifier(), [], pairs)


def test_a_better_model_is_proposed_with_evidence_that_can_be_read(connection: Connection) -> None:
    made = contest(connection, learned=600, held_out=300)
    trial, proposal = conclude(connection, made, rules=RULES)
    assert proposal is not None
    assert proposal.certified is trial.certified
    found = load_proposal(connection, proposal.id)
    assert found is not None
    evidence = found.evidence
    assert isinstance(evidence, ModelEvidence)
    assert read_back(evidence) == evidence
    assert (evidence.held_out.pairs, evidence.candidate_pairs) == (300, 600)
    assert (evidence.first_position, evidence.last_position) == made.window
    # The first of the comparisons spends delta / (1 * 2).
    assert (evidence.k, evidence.delta) == (0, 0.025)
    assert (found.kind, found.artefact_id, found.pairs) == ("model", made.candidate.id, 300)


def test_candidates_chosen_with_the_same_pairs_share_delta(connection: Connection) -> None:
    made = contest(connection, learned=600, held_out=300)
    _, proposal = conclude(connection, made, rules=RULES, tried=2)
    assert proposal is not None
    found = load_proposal(connection, proposal.id)
    assert found is not None
    assert isinstance(found.evidence, ModelEvidence)
    assert found.evidence.delta == 0.0125


def test_what_is_no_better_is_on_record_and_not_proposed(connection: Connection) -> None:
    made = contest(connection, learned=600, held_out=300)
    same = replace(made, incumbent=made.candidate_model)
    trial, proposal = conclude(connection, same, rules=RULES)
    assert proposal is None
    last = last_refit(connection, "simple")
    assert last is not None
    assert last.k == 0
    found = connection.exec_driver_sql("select result, pairs from refits").one()
    assert found.result == trial_document(trial) | {"proposed": False}
    assert found.pairs == 300


def test_without_pairs_the_window_is_empty(connection: Connection) -> None:
    made = contest(connection, learned=10, held_out=0)
    assert made.window == (0, 0)
    trial, proposal = conclude(connection, made, rules=RULES)
    assert proposal is None
    assert trial_document(trial)["log_loss"]["incumbent"] is None


def test_the_models_above_are_the_stored_ones_where_there_are_any(connection: Connection) -> None:
    model = LocalClassifier()
    model.learn("Prove the theorem", "worse")
    made = add_artefact(
        connection, "standard", artefact=model.to_bytes(), pairs=1, position=1, author="ada"
    )
    version = add_model(connection, 0, "standard", made)
    assert models_above(connection, "simple", 0, RULES) == [RULES.configured["standard"]]
    [above] = models_above(connection, "simple", version, RULES)
    assert above.pairs == 1
    assert models_above(connection, "standard", version, RULES) == []
