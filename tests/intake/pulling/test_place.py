"""The place of a pull: what is remembered, and for how long."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tierwatch.intake.pulling import place as module
from tierwatch.intake.pulling.place import PullPlace, PullPlaceFile

PLACE = PullPlace(1000.5, 2000.25, "cursor+/=", {}).with_taken({"a": 1500.0, "\ud800": 1600.0})


def test_a_place_is_kept_and_read(tmp_path: Path) -> None:
    file = PullPlaceFile(tmp_path / "pulls", "chat", "openai", "http://x")
    assert file.read() is None
    file.keep(PLACE)
    assert file.read() == PLACE
    assert [one.name for one in file.path.parent.iterdir()] == [file.path.name]
    assert file.read().has("\ud800")  # type: ignore[union-attr]


@pytest.mark.parametrize(
    "other",
    [
        ("chat", "langfuse", "http://x"),
        ("chat", "openai", "http://y"),
        ("talk", "openai", "http://x"),
    ],
)
def test_another_pull_has_another_place(tmp_path: Path, other: tuple[str, ...]) -> None:
    PullPlaceFile(tmp_path, "chat", "openai", "http://x").keep(PLACE)
    assert PullPlaceFile(tmp_path, *other).read() is None


def test_sources_that_differ_by_a_dot_have_places_of_their_own(tmp_path: Path) -> None:
    PullPlaceFile(tmp_path, "team.a", "openai", "http://x").keep(PLACE)
    assert PullPlaceFile(tmp_path, "team_a", "openai", "http://x").read() is None


@pytest.mark.parametrize(
    "broken",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b'{"since": "x"}',
        b'{"since": 1, "until": 2, "cursor": "", "seen": []}',
    ],
)
def test_a_broken_file_is_none(tmp_path: Path, broken: bytes) -> None:
    file = PullPlaceFile(tmp_path, "chat", "openai", "")
    file.keep(PLACE)
    file.path.write_bytes(broken)
    assert file.read() is None


def test_a_source_cannot_name_a_file_elsewhere(tmp_path: Path) -> None:
    assert PullPlaceFile(tmp_path, "..", "openai", "").path.parent == tmp_path
    assert not PullPlaceFile(tmp_path, "..", "openai", "").path.name.startswith(".")


@given(st.dictionaries(st.text(max_size=8), st.floats(0, 100), max_size=40), st.floats(0, 100))
def test_what_is_after_the_begin_stays_known(taken: dict[str, float], before: float) -> None:
    place = PullPlace(0).with_taken(taken).trimmed(before=before)
    assert all(place.has(one) == (at >= before) for one, at in taken.items())


@given(
    st.dictionaries(st.text(max_size=8), st.floats(0, 100), max_size=40),
    st.floats(0, 100),
    st.floats(0, 100),
)
def test_half_way_what_is_ahead_stays_known_too(
    taken: dict[str, float], before: float, ahead: float
) -> None:
    place = PullPlace(0).with_taken(taken).trimmed(before=before, ahead=ahead)
    assert all(place.has(one) == (at >= before or at <= ahead) for one, at in taken.items())


def test_of_too_many_the_oldest_are_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_SEEN", 3)
    place = PullPlace(0).with_taken({str(n): float(n) for n in range(9)}).trimmed(before=0)
    assert [n for n in range(9) if place.has(str(n))] == [6, 7, 8]
