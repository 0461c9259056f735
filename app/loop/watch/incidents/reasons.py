"""Reasons: why a person resolves an alert, from a closed list, so that it can be counted."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from tierwatch.errors import UsageError

FALSE_ALARM: Final = "false_alarm"

# The word that is stored, and what it says on a page.
REASONS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "fixed": "It was real, and is mended",
        "accepted": "It was real, and is accepted as it is now",
        FALSE_ALARM: "False alarm: nothing was wrong",
        "expected": "It came of a planned change or a test",
        "duplicate": "Another alert says the same",
    }
)


def resolution_of(reason: str, why: str) -> Mapping[str, object]:
    """What is stored of a person's resolution; ``why`` is the reason in words where it is empty.

    Args:
        reason: a key of `REASONS`; empty where none was chosen, which earlier versions knew only.
        why: the person's own words.

    Raises:
        UsageError: another reason, or neither of the two.

    >>> resolution_of("fixed", " ")
    {'why': 'It was real, and is mended', 'reason': 'fixed'}
    """
    words = why.strip()
    if reason and reason not in REASONS:
        raise UsageError(f"reason: found {reason[:40]!r}; accepted: {', '.join(REASONS)}")
    if not reason and not words:
        raise UsageError("a reason is required")
    return {"why": words or REASONS[reason]} | ({"reason": reason} if reason else {})
