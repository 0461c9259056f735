import pytest
from factories import evidence as stored

from tierwatch.errors import UnreadableEvidenceError
from tierwatch.evaluation.evidence.misroute_evidence import (
    MisrouteEvidence,
    RelativeChange,
    RelativeEvidence,
    WorstPair,
)
from tierwatch.evaluation.rates.estimate import Estimate

RISE = {"at": 512, "before": 0.01, "after": 0.2, "method": "ADWIN"}


def test_an_alert_of_the_first_day_counts_no_conversations_and_has_no_second_opinion() -> None:
    found = MisrouteEvidence.from_json(stored.misroute())
    assert (found.conversations, found.relative) == (None, None)
    assert found.first_outcome == 361
    assert found.estimate == Estimate(0.12, 0.02, 0.2, 40, "judge rate")


def test_the_second_opinion_is_read_with_its_method() -> None:
    found = MisrouteEvidence.from_json(stored.misroute(conversations=380, relative=RISE))
    assert found.relative == RelativeChange(512, 0.01, 0.2, "ADWIN")
    assert found.conversations == 380


def test_an_excursion_without_a_worse_pair_has_no_worst() -> None:
    assert MisrouteEvidence.from_json(stored.misroute(worst=[])).worst == ()


def test_the_worst_pairs_keep_their_order() -> None:
    pairs = [{"pair": name, "confidence": 0.9, "request": 1} for name in "ba"]
    found = MisrouteEvidence.from_json(stored.misroute(worst=pairs))
    assert found.worst == (WorstPair("b", 0.9, 1), WorstPair("a", 0.9, 1))
    assert found.to_json()["worst"] == pairs


def test_a_worst_pair_without_its_request_is_named_in_the_error() -> None:
    worst = [{"pair": "a", "confidence": 0.9, "request": 1}, {"pair": "b", "confidence": 0.9}]
    with pytest.raises(UnreadableEvidenceError, match=r"worst\[1\]\.request: missing"):
        MisrouteEvidence.from_json(stored.misroute(worst=worst))


def test_a_relative_alert_has_the_keys_of_its_change_beside_its_own() -> None:
    found = RelativeEvidence.from_json(stored.relative(**RISE))
    assert found.to_json() == stored.relative(**RISE) | {"version": 1}
    assert (found.at, found.observations) == (512, 600)
