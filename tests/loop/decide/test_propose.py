"""A proposal is written down, open for a week, with a line in the audit."""

import datetime as dt
from dataclasses import replace

from factories import evidence as stored
from factories.decided import audit
from sqlalchemy import Connection, text

from tierwatch.evaluation.evidence.model_evidence import ModelEvidence
from tierwatch.evaluation.evidence.proposal_evidence import Prediction
from tierwatch.evaluation.evidence.threshold_evidence import ThresholdEvidence
from tierwatch.loop.decide.propose import propose
from tierwatch.store.proposals import NewProposal, load_proposal

NEW = NewProposal(
    tier="simple",
    from_threshold=0.7,
    to_threshold=0.8,
    certified=True,
    base_version=1,
    pairs=400,
    predicted=Prediction.from_json(stored.predicted()),
    evidence=ThresholdEvidence.from_json(stored.threshold()),
)


def detail(connection: Connection) -> dict[str, object]:
    found: dict[str, object] = connection.execute(text("select detail from audit")).scalar_one()
    return found


def test_a_proposal_is_open_for_a_week(connection: Connection) -> None:
    made = propose(connection, NEW)
    assert made is not None
    assert made.certified
    found = load_proposal(connection, made.id)
    assert found is not None
    left = found.expires_at - dt.datetime.now(dt.UTC)
    assert dt.timedelta(days=6, hours=23) < left <= dt.timedelta(days=7)
    assert audit(connection) == [("tierwatch", "proposal.made", f"proposal/{made.id}")]
    assert detail(connection) == {
        "tier": "simple",
        "task_type": "all",
        "certified": True,
        "from": 0.7,
        "to": 0.8,
    }


def test_the_audit_says_which_artefact_is_proposed(connection: Connection) -> None:
    evidence = ModelEvidence.from_json(stored.model())
    made = propose(connection, replace(NEW, evidence=evidence, artefact_id=12, certified=False))
    assert made is not None
    assert not made.certified
    assert detail(connection).items() >= {"kind": "model", "artefact": 12}.items()


def test_a_segment_with_one_that_is_not_finished_gets_no_other(connection: Connection) -> None:
    assert propose(connection, NEW) is not None
    assert propose(connection, replace(NEW, to_threshold=0.9)) is None
    assert len(audit(connection)) == 1
