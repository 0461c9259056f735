from dataclasses import fields
from typing import Any

import factories.evidence as stored
import pytest
from factories.rows import add_proposal
from sqlalchemy import Connection

from tierwatch.dashboard.pages.proposals.proposal_figures import (
    ProposalFigures,
    prediction_figures,
    proposal_figures,
)
from tierwatch.evaluation.calibration.judge_errors import JudgeErrors
from tierwatch.evaluation.evidence.document import Unreadable
from tierwatch.evaluation.evidence.proposal_evidence import Prediction
from tierwatch.store.proposals import load_proposal


def _shown(connection: Connection, **columns: Any) -> ProposalFigures:
    proposal = load_proposal(connection, add_proposal(connection, **columns))
    assert proposal is not None
    assert not isinstance(proposal.evidence, Unreadable), proposal.evidence.reason
    return proposal_figures(proposal, proposal.evidence)


def test_a_prediction_is_three_figures() -> None:
    shown = prediction_figures(Prediction.from_json(stored.predicted()))
    assert (shown.misroute.value, shown.cost_change.value, shown.kept.value) == (0.031, 0.125, 0.4)


def test_a_bound_passes_up_to_what_is_to_be_held(connection: Connection) -> None:
    bounds = [
        {"threshold": 0.8, "bound": 0.048, "pairs": 300},
        {"threshold": 0.75, "bound": 0.05, "pairs": 310},
        {"threshold": 0.7, "bound": 0.0501, "pairs": 320},
    ]
    shown = _shown(connection, evidence={"alpha": 0.05, "bounds": bounds})
    assert [line.passed for line in shown.bounds] == [True, True, False]
    assert [line.proposed for line in shown.bounds] == [True, False, False]
    assert [line.current for line in shown.bounds] == [False, False, True]
    assert [line.pairs for line in shown.bounds] == [300, 310, 320]


def test_what_the_new_tier_makes_of_the_traffic(connection: Connection) -> None:
    without = _shown(connection)
    assert (without.moved, without.moving) == (None, None)
    connection.exec_driver_sql("delete from proposals")
    moved = {
        "to": "simple",
        "requests": 20,
        "changed": 12,
        "fitted": {"-seed": 2, "-stop": 12},
        "lacking": {},
        "not_taken": 0.0,
    }
    shown = _shown(connection, evidence={"moved": moved}).moved
    assert shown is not None
    assert (shown.to, shown.requests, shown.changed) == ("simple", 20, 12)
    assert (shown.fitted, shown.lacking, shown.not_taken) == (
        (("-stop", 12), ("-seed", 2)),
        (),
        0.0,
    )


def test_labels_that_corrected_the_judge_are_said(connection: Connection) -> None:
    # 3 of 4 worse pairs caught, 8 of 9 others cleared.
    errors = dict(zip((one.name for one in fields(JudgeErrors)), (3.0, 4.0, 8.0, 9.0), strict=True))
    for counts in (None, errors):
        shown = _shown(connection, state="expired", evidence={"judge_errors": counts})
        assert shown.judge_corrected is (counts is not None)


def test_a_replay_is_of_the_proposals_own_tier(connection: Connection) -> None:
    shown = _shown(connection, evidence={"replay": stored.replay("simple")})
    assert shown.replay is not None
    assert shown.replay.misroute.n == 100
    other = _shown(connection, tier="standard", evidence={"replay": stored.replay("simple")})
    assert other.replay is None


def test_without_a_replay_there_is_none(connection: Connection) -> None:
    assert _shown(connection, evidence={"replay": None}).replay is None


def test_an_objective_shows_what_each_tier_keeps(connection: Connection) -> None:
    together = {
        "allowed": 0.05, "saved_usd_per_request": 0.0021,
        "kept_now": {"simple": 0.5, "standard": 0.9}, "kept_then": {"simple": 0.6, "standard": 0.9},
    }  # fmt: skip
    shown = _shown(connection, evidence={"objective": together, "promised": {"simple": 0.07}})
    objective = shown.objective
    assert objective is not None
    assert objective.saved_usd_per_thousand == pytest.approx(2.1)
    assert [(line.tier, line.now, line.then, line.promised) for line in objective.kept] == [
        ("simple", 0.5, 0.6, 0.07), ("standard", 0.9, 0.9, None),
    ]  # fmt: skip
    # Its bounds are held against the total loss that is allowed: no tier has a rate of its own.
    assert shown.alpha is None
    assert all(line.passed is (line.bound <= 0.05) for line in shown.bounds)


def test_a_tier_that_is_missing_then_is_left_out_and_no_error(connection: Connection) -> None:
    together = {"kept_now": {"simple": 0.5, "gone": 0.9}, "kept_then": {"simple": 0.6}}
    shown = _shown(connection, evidence={"objective": together})
    assert shown.objective is not None
    assert [line.tier for line in shown.objective.kept] == ["simple"]


def test_a_model_is_beside_the_active_one_and_its_offsets_largest_first(
    connection: Connection,
) -> None:
    offsets = {"a": [0.1, 0.0], "b": [-0.9, 0.2], "c": [0.5, 0.0]}
    shown = _shown(
        connection, kind="model", artefact_id=1,
        evidence={"type_offsets": {"types_version": 2, "by_type": offsets}},
    )  # fmt: skip
    model = shown.model
    assert model is not None
    assert [name for name, _, _ in model.offsets] == ["b", "c", "a"]
    assert model.learned > 0
    assert shown.replay is None
    assert shown.objective is None
    assert not shown.judge_corrected
