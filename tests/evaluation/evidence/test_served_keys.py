"""The API, webhooks and the report serve these keys: one that goes or changes is a new version."""

import pytest
from factories.documents import values_of
from hypothesis import given, settings
from hypothesis import strategies as st

from tierwatch.evaluation.evidence.alert_evidence import ALERT_KINDS, BudgetEvidence, NoDataEvidence
from tierwatch.evaluation.evidence.attribution_document import AttributionDocument
from tierwatch.evaluation.evidence.document import Document
from tierwatch.evaluation.evidence.drift_evidence import (
    CaptureEvidence,
    InputDriftEvidence,
    JudgeDriftEvidence,
    ModelDriftEvidence,
)
from tierwatch.evaluation.evidence.fleet_evidence import FleetEvidence
from tierwatch.evaluation.evidence.judge_evidence import JudgeOrdersEvidence, JudgeTrustEvidence
from tierwatch.evaluation.evidence.misroute_evidence import MisrouteEvidence, RelativeEvidence
from tierwatch.evaluation.evidence.model_evidence import ModelEvidence
from tierwatch.evaluation.evidence.past_evidence import PastEvidence
from tierwatch.evaluation.evidence.proposal_evidence import Prediction
from tierwatch.evaluation.evidence.stream_figures import StreamFigures
from tierwatch.evaluation.evidence.threshold_evidence import ObjectiveEvidence, ThresholdEvidence

FLIPS = "flips items statistic level tolerance"
KEYS: dict[type[Document], str] = {
    MisrouteEvidence: (
        "estimate whole_stream tolerance statistic level stream policy_version judge_version"
        " first_outcome first_pair first_request last_pair last_request worst conversations"
        " relative path"
    ),
    RelativeEvidence: "at before after method observations whole_stream",
    PastEvidence: "readings shifts statistic level conversations since judge_version model",
    InputDriftEvidence: "policy_version requests statistic level bins_before bins_after by_hour",
    JudgeTrustEvidence: "judge_version right anchors low high least",
    JudgeOrdersEvidence: "judge_version inconclusive verdicts statistic level tolerance",
    JudgeDriftEvidence: f"direction judge_version {FLIPS}",
    ModelDriftEvidence: f"model {FLIPS}",
    CaptureEvidence: "eligible expected captured statistic",
    BudgetEvidence: "spent_usd budget_usd",
    NoDataEvidence: "what last_at silent_s expected",
    FleetEvidence: "policy_version active_tiers file_tiers",
    ThresholdEvidence: (
        "alpha delta k judge_version first_outcome last_outcome kept_now mean_cost_usd bounds"
        " reason judge_errors replay moved moving"
    ),
    ObjectiveEvidence: (
        "alpha delta k judge_version first_outcome last_outcome kept_now mean_cost_usd bounds"
        " reason replay moved moving objective promised"
    ),
    ModelEvidence: (
        "held_out log_loss apgr kept_now misroute_change threshold candidate_pairs"
        " candidate_position candidate_author reason bounds judge_version alpha delta k"
        " incumbent_id incumbent_pairs first_position last_position type_offsets"
    ),
    Prediction: "misroute cost_change kept",
    AttributionDocument: "cause sentence parts evidence",
    StreamFigures: "value low high n method observations relative",
}


@pytest.mark.parametrize("of", KEYS, ids=lambda of: of.__name__)
@settings(max_examples=5)
@given(data=st.data())
def test_each_document_has_its_keys_and_the_version(
    of: type[Document], data: st.DataObject
) -> None:
    document = data.draw(values_of(of))
    assert set(document.to_json()) == {"version", *KEYS[of].split()}


def test_every_kind_of_alert_is_in_the_list() -> None:
    assert set(ALERT_KINDS.values()) <= set(KEYS)


@pytest.mark.parametrize("of", KEYS, ids=lambda of: of.__name__)
def test_each_document_is_named_in_errors(of: type[Document]) -> None:
    titles = [other.title for other in KEYS]
    assert titles.count(of.title) == 1
