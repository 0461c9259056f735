from collections.abc import Callable
from typing import Any

import pytest
from factories import evidence as stored
from factories.documents import (
    ANY_JSON,
    broken,
    places,
    read_back,
    reads_or_refuses,
    values_of,
)
from hypothesis import given
from hypothesis import strategies as st

from tierwatch.evaluation.evidence.document import Document, Unreadable
from tierwatch.evaluation.evidence.model_evidence import ModelEvidence
from tierwatch.evaluation.evidence.proposal_evidence import (
    Prediction,
    read_prediction,
    read_proposal_evidence,
)
from tierwatch.evaluation.evidence.threshold_evidence import ObjectiveEvidence, ThresholdEvidence

CLASSES: list[type[Document]] = [ThresholdEvidence, ObjectiveEvidence, ModelEvidence, Prediction]
RECORDED = [
    (ThresholdEvidence, stored.threshold),
    (ThresholdEvidence, lambda: stored.threshold(replay=stored.replay(), reason="the bound")),
    (ObjectiveEvidence, stored.objective),
    (ModelEvidence, stored.model),
    (Prediction, stored.predicted),
]


@pytest.mark.parametrize("of", CLASSES)
@given(data=st.data())
def test_what_is_written_is_read_back_as_it_was(of: type[Document], data: st.DataObject) -> None:
    evidence = data.draw(values_of(of))
    assert read_back(evidence) == evidence


@pytest.mark.parametrize(("of", "document"), RECORDED)
@given(data=st.data())
def test_a_document_broken_anywhere_is_read_or_refused(
    of: type[Document], document: Callable[[], dict[str, Any]], data: st.DataObject
) -> None:
    old = document()
    place = data.draw(st.sampled_from(places(old)))
    reads_or_refuses(of, broken(old, place, data.draw(ANY_JSON)))


@pytest.mark.parametrize(("of", "document"), RECORDED)
def test_every_recorded_document_is_read(
    of: type[Document], document: Callable[[], dict[str, Any]]
) -> None:
    assert reads_or_refuses(of, document())


@pytest.mark.parametrize(
    ("kind", "document", "of"),
    [
        ("threshold", stored.threshold(), ThresholdEvidence),
        ("threshold", stored.objective(), ObjectiveEvidence),
        ("model", stored.model(), ModelEvidence),
    ],
)
def test_the_class_follows_from_kind_and_document(kind: str, document: object, of: type) -> None:
    found = read_proposal_evidence(kind, document)
    assert type(found) is of
    assert found.kind == kind


@pytest.mark.parametrize(
    ("kind", "document", "said"),
    [
        ("threshold", {}, "evidence of a threshold proposal of version 1"),
        (
            "threshold",
            {"objective": None},
            "evidence of a proposal under an objective of ver",
        ),
        ("threshold", stored.objective(version=2), "found version 2; this release reads version 1"),
        ("model", stored.threshold(), "held_out: missing"),
        ("threshold", ["objective"], "found a list; accepted is an object"),
        (
            "prompt",
            stored.threshold(),
            "proposals of kind 'prompt': not known; known are",
        ),
    ],
)
def test_what_cannot_be_read_stands_as_it_is_stored(kind: str, document: object, said: str) -> None:
    found = read_proposal_evidence(kind, document)
    assert isinstance(found, Unreadable)
    assert said in found.reason
    assert found.to_json() is document


def test_a_prediction_of_nothing_is_open_on_both_ends() -> None:
    nothing = {"value": None, "low": None, "high": None, "n": 0, "method": "no pairs"}
    found = read_prediction(stored.predicted(misroute=nothing))
    assert isinstance(found, Prediction)
    assert found.misroute.low == float("-inf")
    assert found.to_json()["misroute"] == nothing


def test_a_prediction_without_a_cost_is_unreadable() -> None:
    document = stored.predicted()
    del document["cost_change"]
    found = read_prediction(document)
    assert isinstance(found, Unreadable)
    assert found.reason == (
        "what a proposal predicts of version 1 (this release reads version 1): cost_change: missing"
    )
