"""Patterns of the names that callers use for models, and which of them decide nothing."""

import re
from collections.abc import Callable, Iterable, Mapping

# Names of routing itself.
AUTO = ("auto", "tierwatch/auto")
# Stands for whatever a pattern's `*` stands for: no name and no other pattern has it.
_ANYTHING = "\0"


def name_pattern(text: str) -> Callable[[str], re.Match[str] | None]:
    """Whether a name fits a pattern, whose only sign is ``*``: any text, also none."""
    return re.compile(re.escape(text).replace(r"\*", ".*"), re.IGNORECASE | re.DOTALL).fullmatch


def covers(wide: str, narrow: str) -> bool:
    """Whether each name that fits one pattern fits another.

    Never wrongly True. Two patterns of the same names that are written with stars in other places,
    as ``a**`` and ``a*``, are also found.

    >>> covers("*haiku*", "claude-haiku-*"), covers("claude-haiku-*", "*haiku*")
    (True, False)
    """
    return name_pattern(wide)(narrow.replace("*", _ANYTHING)) is not None


def unused_patterns(patterns: Mapping[str, str], fixed: Iterable[str]) -> dict[str, str]:
    """Patterns that decide nothing, each with what decides before it.

    Args:
        patterns: in their order: the first that fits a name decides.
        fixed: names that mean something before any pattern is read.
    """
    names = set(fixed)
    seen: list[str] = []
    unused = {}
    for pattern in patterns:
        if pattern in names:
            unused[pattern] = f"{pattern}, written so, is a tier or routed before any pattern"
        else:
            wide = next((one for one in seen if covers(one, pattern)), None)
            if wide is not None:
                unused[pattern] = f"{wide!r} stands before it and fits all that it fits"
        seen.append(pattern)
    return unused
