from dataclasses import dataclass
from typing import ClassVar

import pytest

from tierwatch.errors import UnreadableEvidenceError
from tierwatch.evaluation.evidence.document import Document, Unreadable, read_or_unreadable


@dataclass(frozen=True, slots=True)
class Share(Document):
    title: ClassVar[str] = "a share"
    version: ClassVar[int] = 3

    share: float


@dataclass(frozen=True, slots=True)
class First(Document):
    title: ClassVar[str] = "a first"

    share: float


def test_a_document_is_written_with_its_version() -> None:
    assert Share(0.5).to_json() == {"version": 3, "share": 0.5}
    assert First(0.5).to_json() == {"version": 1, "share": 0.5}


@pytest.mark.parametrize("version", [1, 2, 3])
def test_every_version_up_to_the_present_one_is_read(version: int) -> None:
    assert Share.from_json({"version": version, "share": 1}) == Share(1.0)


def test_a_document_without_a_number_is_of_version_1() -> None:
    assert Share.from_json({"share": 1}) == Share(1.0)
    with pytest.raises(
        UnreadableEvidenceError, match=r"a share of version 1 \(this release reads version"
    ):
        Share.from_json({})


@pytest.mark.parametrize(
    ("version", "shown"),
    [
        (4, "4"),
        (0, "0"),
        (-1, "-1"),
        (True, "True"),
        ("2", "2"),
        (2.5, "2.5"),
        (None, "NoneType"),
        ([], "list"),
        pytest.param(10**5_000, "of thousands of digits", id="huge"),
        ("x" * 500, "x" * 20),
    ],
)
def test_another_version_is_refused_with_the_version_found_and_those_read(
    version: object, shown: str
) -> None:
    with pytest.raises(UnreadableEvidenceError) as problem:
        Share.from_json({"version": version, "share": 1})
    assert (
        str(problem.value) == f"a share: found version {shown}; this release reads version 1 to 3"
    )


@pytest.mark.parametrize("document", [None, [], "share", 0.5, True])
def test_what_is_no_object_is_refused(document: object) -> None:
    with pytest.raises(UnreadableEvidenceError, match=r"the document: found .*; accepted is an"):
        First.from_json(document)


def test_a_reader_gives_a_document_or_what_stands_for_it() -> None:
    assert read_or_unreadable(First.from_json, {"share": 1}) == First(1.0)
    broken = {"share": "half", "secret": [1]}
    found = read_or_unreadable(First.from_json, broken)
    assert isinstance(found, Unreadable)
    assert found.reason == (
        "a first of version 1 (this release reads version 1): share: found 'half';"
        " accepted is a number"
    )
    # The API serves what is stored, whether or not it can be read.
    assert found.to_json() is broken


def test_an_error_of_ours_is_not_taken_for_a_broken_document() -> None:
    def wrong(_: object) -> First:
        raise KeyError("share")

    with pytest.raises(KeyError):
        read_or_unreadable(wrong, {})
