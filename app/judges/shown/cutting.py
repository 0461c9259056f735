"""One text in so many tokens: its beginning, a mark that counts what is left out, its end."""

from typing import NamedTuple

from tierwatch.judges.shown.token_estimate import estimated_tokens, head_of, tail_of

# Recorded providers know a cut text by this mark; it counts signs, which can be counted exactly.
_MARK = "\n[... {:,} characters cut ...]\n"
# What the mark takes. In less room than twice that a text is its mark.
_MARK_TOKENS = 12


class Cut(NamedTuple):
    """A text that was cut, and how many of its signs were left out."""

    text: str
    left_out: int


def cut_mark(left_out: int) -> str:
    r"""What stands in place of so many signs.

    >>> cut_mark(1234)
    '\n[... 1,234 characters cut ...]\n'
    """
    return _MARK.format(left_out)


def cut_to(text: str, tokens: int, *, head: float = 0.5) -> Cut:
    """The text in at most so many tokens, or in its mark alone where there is no room for more.

    Args:
        text: cut where it takes more.
        tokens: the room it has.
        head: share of the room for the beginning. The end is kept because conclusions stand there.
    """
    if estimated_tokens(text, tokens) <= tokens:
        return Cut(text, 0)
    room = tokens - _MARK_TOKENS if tokens >= 2 * _MARK_TOKENS else 0
    first = head_of(text, int(room * head))
    last = tail_of(text[len(first) :], room - int(room * head))
    left_out = len(text) - len(first) - len(last)
    return Cut(first + cut_mark(left_out) + last, left_out)
