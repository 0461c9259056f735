from dataclasses import replace

import pytest
from factories import evidence as stored
from factories.documents import ANY_JSON, broken, places, read_back, reads_or_refuses, values_of
from hypothesis import given
from hypothesis import strategies as st

from tierwatch.evaluation.attribution.attribute import attribute
from tierwatch.evaluation.attribution.cells import Cell
from tierwatch.evaluation.evidence.attribution_document import (
    AttributionDocument,
    read_attribution,
)
from tierwatch.evaluation.evidence.document import Unreadable


def cell(n: int, bad: float) -> Cell:
    return Cell(n, n, n, bad)


MIX = attribute(
    {"easy": cell(9_000, 180), "hard": cell(1_000, 200)},
    {"easy": cell(5_000, 100), "hard": cell(5_000, 1_000)},
)


def test_an_attribution_is_stored_with_its_sentence() -> None:
    document = AttributionDocument.of(MIX)
    assert document.sentence == MIX.sentence
    # The keys are those that were stored before there was a number.
    assert document.to_json() == MIX.to_json() | {"version": 1}
    assert read_back(document) == document


def test_one_without_pairs_is_stored_too() -> None:
    nothing = AttributionDocument.of(attribute({}, {"easy": cell(10, 1)}))
    assert nothing.cause == "undetermined"
    assert read_back(nothing) == nothing


@given(data=st.data())
def test_what_is_written_is_read_back_as_it_was(data: st.DataObject) -> None:
    document = data.draw(values_of(AttributionDocument))
    assert read_back(document) == document


def test_the_sentence_is_the_one_that_was_said_then() -> None:
    found = read_attribution(stored.attribution())
    assert isinstance(found, AttributionDocument)
    assert found.sentence.endswith("cause mix: other traffic.")
    assert found.evidence.segments[0].rate_after is None


@given(data=st.data())
def test_a_document_broken_anywhere_is_read_or_refused(data: st.DataObject) -> None:
    old = stored.attribution()
    place = data.draw(st.sampled_from(places(old)))
    reads_or_refuses(AttributionDocument, broken(old, place, data.draw(ANY_JSON)))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"cause": "weather"}, "cause: found 'weather'; accepted is mix or quality or judge or"),
        ({"parts": {}}, "parts.change: missing"),
        ({"version": 7}, "an attribution: found version 7; this release reads version 1"),
    ],
)
def test_what_cannot_be_read_says_why(change: dict[str, object], said: str) -> None:
    found = read_attribution(stored.attribution(**change))
    assert isinstance(found, Unreadable)
    assert said in found.reason


def test_documents_are_values() -> None:
    document = AttributionDocument.of(MIX)
    assert replace(document, cause="quality") != document
