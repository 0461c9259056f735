"""Pages: what counts as one."""

import pytest

from tierwatch.intake.pulling.asking import AwayError
from tierwatch.intake.pulling.pages import Walk, listed
from tierwatch.intake.pulling.place import PullPlace


def test_what_is_no_record_is_passed_by() -> None:
    assert listed({"data": [{"id": "a"}, "b", None, {"id": "c"}]}) == [{"id": "a"}, {"id": "c"}]
    assert listed({"data": []}) == []


@pytest.mark.parametrize("page", [{}, {"data": None}, {"data": {"id": "a"}}, {"error": "later"}])
def test_a_page_has_a_list(page: dict[str, object]) -> None:
    with pytest.raises(AwayError, match="without a list of records"):
        listed(page)  # type: ignore[arg-type]


def test_what_is_older_than_the_overlap_is_settled() -> None:
    assert Walk(PullPlace(0), 1000.0, 300.0).settled == 700.0
