"""A change of a router's settings as a unified diff, both ways."""

import difflib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

_CONTEXT: Final = 3
# A line that may hold a secret in plain text is no context for others to read.
_SECRET: Final = re.compile(
    r"(?i)(key|token|secret|passw|authori[sz]ation|credential|bearer)[\w\"' -]*[:=]"
    r"(?!\s*[\"']?(os\.environ/|\$|env:))"
)
_URL: Final = re.compile(r"://[^\s/]*@")


@dataclass(frozen=True, slots=True)
class Change:
    """A change of a watched router's thresholds, in the router's own words.

    Attributes:
        file: the name of what changes.
        before: thresholds by tier, as they are.
        after: as they would be.
        diff: unified; ``patch -p1`` takes it.
        undo: the way back.
    """

    file: str
    before: Mapping[str, float]
    after: Mapping[str, float]
    diff: str
    undo: str


def unified(file: str, before: str, after: str) -> str:
    r"""The unified diff of two texts, with as much context as holds no secret.

    >>> print(unified("c.yaml", "a: 1\n", "a: 2\n"), end="")
    --- a/c.yaml
    +++ b/c.yaml
    @@ -1 +1 @@
    -a: 1
    +a: 2
    """
    for context in range(_CONTEXT, 0, -1):
        lines = _diff(file, before, after, context)
        if not any(_SECRET.search(line) or _URL.search(line) for line in lines):
            return "".join(lines)
    return "".join(_diff(file, before, after, 0))


def _diff(file: str, before: str, after: str, context: int) -> list[str]:
    found = difflib.unified_diff(_lines(before), _lines(after), f"a/{file}", f"b/{file}", n=context)
    return [
        line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n" for line in found
    ]


def _lines(text: str) -> list[str]:
    lines = text.split("\n")
    return [f"{line}\n" for line in lines[:-1]] + [line for line in lines[-1:] if line]
