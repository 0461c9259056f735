import pytest

from tierwatch.errors import UsageError
from tierwatch.loop.watch.incidents.reasons import REASONS, resolution_of


@pytest.mark.parametrize("reason", REASONS)
def test_a_reason_of_the_list_is_kept_with_its_words(reason: str) -> None:
    assert resolution_of(reason, "") == {"why": REASONS[reason], "reason": reason}
    assert resolution_of(reason, " own words ") == {"why": "own words", "reason": reason}


def test_own_words_alone_do_where_no_reason_was_chosen() -> None:
    assert resolution_of("", "own words") == {"why": "own words"}


@pytest.mark.parametrize(
    ("reason", "why", "said"),
    [
        ("", " ", "a reason is required"),
        ("bored", "x", "found 'bored'; accepted: fixed, accepted, false_alarm"),
        ("x" * 500, "x", "found '" + "x" * 40 + "'"),
    ],
)
def test_others_are_refused(reason: str, why: str, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        resolution_of(reason, why)
