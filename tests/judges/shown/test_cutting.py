import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tierwatch.judges.shown.cutting import cut_mark, cut_to
from tierwatch.judges.shown.token_estimate import estimated_tokens

MARK = re.compile(r"\n\[\.\.\. ([\d,]+) characters cut \.\.\.\]\n")


@given(st.text(max_size=600), st.integers(0, 100))
def test_a_cut_text_fits_and_says_how_much_is_missing(text: str, tokens: int) -> None:
    cut = cut_to(text, tokens)
    assert estimated_tokens(cut.text) <= max(tokens, 16) + 8
    if cut.left_out == 0:
        assert cut.text == text
    else:
        assert cut_mark(cut.left_out) in cut.text
        head, _, tail = cut.text.partition(cut_mark(cut.left_out))
        assert text.startswith(head)
        assert text.endswith(tail)
        assert len(head) + len(tail) + cut.left_out == len(text)


def test_the_middle_is_cut() -> None:
    cut = cut_to("a " * 10_000 + "b " * 10_000, 200)
    assert cut.text.startswith("a a a")
    assert cut.text.endswith("b b ")
    found = MARK.search(cut.text)
    assert found
    assert int(found[1].replace(",", "")) == cut.left_out


@pytest.mark.parametrize(("head", "first", "last"), [(1.0, True, False), (0.0, False, True)])
def test_the_share_of_the_beginning_can_be_chosen(head: float, first: bool, last: bool) -> None:  # noqa: FBT001 - cases
    text = cut_to("first " + "x " * 10_000 + " last", 100, head=head).text
    assert (text.startswith("first"), text.endswith("last")) == (first, last)


def test_in_no_room_there_is_only_the_mark() -> None:
    assert cut_to("word " * 100, 5) == (cut_mark(500), 500)
    assert cut_to("", 0) == ("", 0)
    assert cut_to("ab", 2) == ("ab", 0)
