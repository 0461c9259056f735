import pytest
from factories import evidence as stored
from factories.documents import (
    ANY_JSON,
    broken,
    places,
    read_back,
    reads_or_refuses,
    through_database,
    values_of,
)
from hypothesis import given
from hypothesis import strategies as st

from tierwatch.evaluation.evidence.alert_evidence import (
    ALERT_KINDS,
    BudgetEvidence,
    read_alert_evidence,
)
from tierwatch.evaluation.evidence.document import Unreadable

KINDS = sorted(ALERT_KINDS)


def test_there_is_a_recorded_document_of_every_kind() -> None:
    assert stored.ALERTS.keys() == ALERT_KINDS.keys()


@pytest.mark.parametrize("kind", KINDS)
@given(data=st.data())
def test_what_is_written_is_read_back_as_it_was(kind: str, data: st.DataObject) -> None:
    evidence = data.draw(values_of(ALERT_KINDS[kind]))
    assert read_back(evidence) == evidence
    assert read_alert_evidence(kind, through_database(evidence.to_json())) == evidence


@pytest.mark.parametrize("kind", KINDS)
def test_a_document_of_the_first_version_keeps_its_keys_and_gains_a_number(kind: str) -> None:
    old = stored.ALERTS[kind]()
    found = read_alert_evidence(kind, old)
    assert not isinstance(found, Unreadable), found
    later: dict[str, dict[str, object]] = {
        "misroute": {"conversations": None, "relative": None, "path": []},
        "input_drift": {"by_hour": False},
    }
    assert found.to_json() == old | {"version": 1} | later.get(kind, {})


@pytest.mark.parametrize("kind", KINDS)
@given(data=st.data())
def test_a_document_broken_anywhere_is_read_or_refused(kind: str, data: st.DataObject) -> None:
    old = stored.ALERTS[kind]()
    place = data.draw(st.sampled_from(places(old)))
    reads_or_refuses(ALERT_KINDS[kind], broken(old, place, data.draw(ANY_JSON)))


@pytest.mark.parametrize("kind", KINDS)
def test_a_document_without_one_of_its_first_keys_is_refused(kind: str) -> None:
    old = stored.ALERTS[kind]()
    for name in old:
        assert not reads_or_refuses(ALERT_KINDS[kind], broken(old, (name,), ...)), name


@pytest.mark.parametrize("kind", KINDS)
def test_a_newer_document_is_unreadable_and_keeps_its_json(kind: str) -> None:
    newer = stored.ALERTS[kind](version=2)
    found = read_alert_evidence(kind, newer)
    assert isinstance(found, Unreadable)
    assert found.to_json() == newer
    assert "found version 2; this release reads version 1" in found.reason


def test_a_kind_that_is_not_known_is_unreadable() -> None:
    found = read_alert_evidence("latency", {"p99_ms": 1})
    assert isinstance(found, Unreadable)
    assert found.reason.startswith("alerts of kind 'latency': not known; known are misroute,")
    assert found.to_json() == {"p99_ms": 1}


def test_a_budget_alert_says_what_was_spent() -> None:
    # 25 was written as a whole number: JSON has one kind of number.
    assert read_alert_evidence("budget", stored.budget()) == BudgetEvidence(25.01, 25.0)
