"""Another model for a tier: approved, tried on a share, watched, taken over or back."""

from typing import Any

import factories.rows as put
import pytest
from factories import evidence as stored
from fakes.collaborators import rows, scalar
from sqlalchemy import Connection, Engine, text

from tierwatch.errors import ConflictError
from tierwatch.evaluation.evidence.replacement_evidence import ReplacementEvidence
from tierwatch.loop.decide.approve import approve_proposal
from tierwatch.loop.decide.end import withdraw_loosening
from tierwatch.loop.decide.reload import current_policies
from tierwatch.loop.decide.replacement import replaced_policy, replaces_another
from tierwatch.loop.decide.roll_back import roll_back_to
from tierwatch.loop.decide.rollout import RolloutRules, rollout
from tierwatch.routing.policy import Policy
from tierwatch.routing.served.tier_model import TierModel
from tierwatch.routing.tiers import Price
from tierwatch.store.policies import add_policy, load_policy, set_active, tier_models
from tierwatch.store.proposals import load_proposal

RULES = RolloutRules(share=0.2, min_pairs=40, tolerance={"simple": 0.05}, max_weight=1.5)
NEW = TierModel("small-2", "lab", Price(0.1, 0.2), "", instead_of="simple-1")


@pytest.fixture
def proposal_id(engine: Engine) -> int:
    """Of another model for simple, at most 20 % of whose pairs were promised bad."""
    with engine.begin() as connection:
        put.add_policy(connection)
        put.put_in_force(connection)
        return put.add_proposal(connection, kind="replacement")


def approve(engine: Engine, proposal_id: int) -> int | None:
    with engine.begin() as connection:
        return approve_proposal(connection, proposal_id, actor="ada", why="cheaper")


def state(engine: Engine) -> tuple[str, int, int | None]:
    row = rows(engine, "select stable_version, candidate_version from active_policy")[0]
    return scalar(engine, "select state from proposals order by id limit 1"), row[0], row[1]


def pour(engine: Engine, losses: list[float], **changes: Any) -> None:
    with engine.begin() as connection:
        for number, loss in enumerate(losses, 1):
            put.add_outcome(connection, number, loss, **{"policy_version": 2, **changes})


def test_approval_gives_a_share_of_sessions_the_model(engine: Engine, proposal_id: int) -> None:
    assert approve(engine, proposal_id) == 2
    with engine.connect() as connection:
        candidate = load_policy(connection, 2)
        stable = load_policy(connection, 1)
        assert tier_models(connection, 1) == {}
    assert candidate is not None
    assert stable is not None
    assert candidate.models == {"simple": NEW}
    assert candidate.thresholds == stable.thresholds
    assert state(engine) == ("rolling_out", 1, 2)


def test_it_serves_everybody_after_its_pairs(engine: Engine, proposal_id: int) -> None:
    approve(engine, proposal_id)
    pour(engine, [0.0] * 39)
    assert rollout(engine=engine, rules=RULES) is None
    pour(engine, [1.0])
    assert rollout(engine=engine, rules=RULES) == "completed"
    assert state(engine) == ("active", 2, None)
    why = scalar(engine, "select ended_why from proposals")
    assert why == "40 pairs within the promised 20.0 %"


def test_it_is_taken_back_when_it_is_worse_than_was_promised(
    engine: Engine, proposal_id: int
) -> None:
    approve(engine, proposal_id)
    pour(engine, [1.0] * 30)
    assert rollout(engine=engine, rules=RULES) == "rolled_back"
    assert state(engine) == ("rolled_back", 1, None)


def test_pairs_of_every_type_are_its_own(engine: Engine, proposal_id: int) -> None:
    approve(engine, proposal_id)
    pour(engine, [0.0] * 20, task_type="code")
    pour(engine, [0.0] * 20, task_type="prose")
    assert rollout(engine=engine, rules=RULES) == "completed"


def top(connection: Connection) -> int:
    model = {"model": "large-2", "effort": "", "instead_of": "complex-1"}
    given = {"served": "complex-1", "candidate": "large-2", "model": model}
    return put.add_proposal(
        connection, kind="replacement", tier="complex", from_threshold=0.0, to_threshold=0.0,
        evidence=given,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("preferred", "end"), [("served", "active"), ("alternative", "rolled_back")]
)
def test_the_top_tier_is_held_against_the_one_below(
    engine: Engine, preferred: str, end: str
) -> None:
    with engine.begin() as connection:
        put.add_policy(connection)
        put.put_in_force(connection)
        made = top(connection)
    approve(engine, made)
    with engine.begin() as connection:
        for number in range(1, 41):
            pair = put.add_pair(connection, number, preferred, tier="complex", direction="down")
            put.add_outcome(
                connection, number, 0.0, tier="complex", direction="down", exchange_id=pair,
                policy_version=2,
            )  # fmt: skip
    rollout(engine=engine, rules=RULES)
    assert state(engine)[0] == end


def test_another_model_that_serves_since_ends_what_was_tried_against_the_old_one(
    engine: Engine, proposal_id: int
) -> None:
    other = TierModel("small-9", "lab", Price(0.1, 0.1), "", instead_of="simple-1")
    policy = Policy(2, {"simple": 0.7, "standard": 0.7}, models={"simple": other})
    with engine.begin() as connection:
        add_policy(connection, policy, author="ada", reason="")
        set_active(connection, stable=2, candidate=None, share=0.0, salt="s")
    with pytest.raises(ConflictError, match="a model that does not serve tier simple any more"):
        approve(engine, proposal_id)
    with engine.begin() as connection:
        connection.execute(text("update proposals set state = 'approved'"))
    assert rollout(engine=engine, rules=RULES) is None
    assert (
        scalar(engine, "select ended_why from proposals") == "another model serves the tier since"
    )


@pytest.mark.parametrize(
    ("instead_of", "model", "replaced"),
    [
        ("simple-1", "small-2", True),
        # Of another file's model: it is not used any more.
        ("simple-0", "small-2", False),
    ],
)
def test_whose_model_it_was_tried_against(
    engine: Engine, proposal_id: int, instead_of: str, model: str, *, replaced: bool
) -> None:
    with engine.connect() as connection:
        proposal = load_proposal(connection, proposal_id)
    assert proposal is not None
    here = TierModel(model, "lab", Price(1, 1), "", instead_of=instead_of)
    policy = Policy(3, {"simple": 0.7, "standard": 0.7}, models={"simple": here})
    assert replaces_another(proposal, policy) is replaced


def test_a_second_one_goes_on_from_the_first() -> None:
    first = Policy(2, {"simple": 0.7}, models={"simple": NEW}, promised={"simple": 0.1},
                   promised_for=0.95)  # fmt: skip
    model = {"model": "small-3", "effort": "high", "instead_of": "simple-1"}
    evidence = ReplacementEvidence.from_json(stored.replacement(served="small-2", model=model))
    second = replaced_policy(first, "simple", evidence, 3)
    assert second.models["simple"].variant == "small-3:high"
    assert (second.version, second.promised, second.promised_for) == (3, {"simple": 0.1}, 0.95)


def test_an_alert_on_the_tier_takes_it_back(engine: Engine, proposal_id: int) -> None:
    approve(engine, proposal_id)
    with engine.begin() as connection:
        withdraw_loosening(connection, "standard", why="alert 1")
    assert state(engine)[0] == "rolling_out"
    with engine.begin() as connection:
        withdraw_loosening(connection, "simple", why="alert 2")
    assert state(engine) == ("rolled_back", 1, None)


def test_roll_back_undoes_it(engine: Engine, proposal_id: int) -> None:
    approve(engine, proposal_id)
    pour(engine, [0.0] * 40)
    rollout(engine=engine, rules=RULES)
    with engine.begin() as connection:
        assert roll_back_to(connection, 1, actor="bob", why="it is slow") == 3
        restored = load_policy(connection, 3)
    assert restored is not None
    assert restored.models == {}
    assert state(engine) == ("rolled_back", 3, None)


def test_other_tiers_of_a_file_leave_models_of_tiers_that_stay(
    engine: Engine, proposal_id: int
) -> None:
    approve(engine, proposal_id)
    pour(engine, [0.0] * 40)
    rollout(engine=engine, rules=RULES)
    first = Policy(1, {"simple": 0.7, "medium": 0.6})
    active = current_policies(engine=engine, first=first, learned=False)
    assert active.stable.thresholds.keys() == {"simple", "medium"}
    assert active.stable.models == {"simple": NEW}
