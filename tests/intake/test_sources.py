"""The contract of every source: the table's lines, held to the same."""

import contextlib
import json
from pathlib import Path

import pytest
from factories.sources import litellm_record, outcome
from hypothesis import given
from hypothesis import strategies as st

from tierwatch.intake.calls import OUTSIDE_WORDS, Readings
from tierwatch.intake.sources import SOURCES, Source
from tierwatch.intake.unreadable import UnreadableError

PAGES = Path(__file__).parents[2] / "docs" / "sources"
# A body with two calls for each kind, and its media type.
BODIES: dict[str, tuple[bytes, str]] = {
    "litellm": (json.dumps([litellm_record(), litellm_record()]).encode(), "application/json"),
    "outcomes": (json.dumps([outcome(1), outcome(2)]).encode(), "application/json"),
}
every_source = pytest.mark.parametrize("path", [one for one in SOURCES if SOURCES[one].read])


def read(path: str, body: bytes, media_type: str) -> Readings:
    reads = SOURCES[path].read
    assert reads is not None
    return reads(body, media_type)


def bodies_of(source: Source) -> tuple[bytes, str]:
    return BODIES[source.kind]


@every_source
def test_a_body_is_read_into_calls_that_say_who_they_are(path: str) -> None:
    body, media_type = bodies_of(SOURCES[path])
    readings = read(path, body, media_type)
    assert len({one.source_id for one in readings.calls}) == len(readings.calls) == 2
    for call in readings.calls:
        assert call.source_id
        assert call.asked or call.model
        assert call.started_at > 0
        assert call.outside in {"", *OUTSIDE_WORDS}
        assert call.answer is not None or not call.finished


@every_source
def test_reading_is_pure(path: str) -> None:
    body, media_type = bodies_of(SOURCES[path])
    assert read(path, body, media_type) == read(path, body, media_type)


@every_source
@given(body=st.binary(max_size=80))
def test_any_bytes_are_readings_or_a_sentence(path: str, body: bytes) -> None:
    with contextlib.suppress(UnreadableError):
        assert isinstance(read(path, body, "application/json"), Readings)


@pytest.mark.parametrize("path", SOURCES)
def test_its_page_says_where_to_send_it(path: str) -> None:
    pages = [page.read_text() for page in PAGES.glob("*.md")]
    assert any(path in page for page in pages)
