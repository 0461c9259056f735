"""What a problem's sentence may show of a file: paths, and values that cannot be a secret."""

import re
from collections.abc import Mapping

Loc = tuple[str | int, ...]

_LONGEST_FOUND = 60
# Keys that hold secrets or may carry one (user:password@host, a webhook's token in its path).
_SECRET_KEY = re.compile(r"key|secret|token$|password|url|proxy|authorization", re.IGNORECASE)
_HIDDEN = "(hidden)"
_SECRET_VALUE = re.compile(
    r"(?:\b(?:sk|pk|rk|xox[a-z]|gh[a-z]|glpat|AKIA|AIza|hf|Bearer)[-_ A-Z0-9]|[A-Za-z0-9+/_]{32}"
    r"|//[^/\s]*@)"  # an address with a user, and so perhaps with a password
)


def dotted(loc: Loc) -> str:
    """A path as people write it: ``routing.tiers.simple.model``, ``notify[0].url``."""
    text = "".join(
        f"[{part}]" if isinstance(part, int) else f".{_HIDDEN if may_be_secret(part) else part}"
        for part in loc
    )
    return text.removeprefix(".")


def may_be_secret(text: str) -> bool:
    """Whether a text looks like a key or token, wherever it stands."""
    return _SECRET_VALUE.search(text) is not None


def shown(value: object, loc: Loc) -> str:
    """What was found, fit for a message: short, and never a secret."""
    if value is None:
        return "nothing"
    if isinstance(value, Mapping):
        return "a mapping" if value else "an empty mapping"
    if isinstance(value, (list, tuple)):
        return "a list" if value else "an empty list"
    text = str(value)
    named_secret = any(isinstance(part, str) and _SECRET_KEY.search(part) for part in loc)
    if isinstance(value, str) and (named_secret or may_be_secret(text)):
        return "a value that is not shown, since it may be secret"
    if isinstance(value, bool):
        return text.lower()
    return repr(text[:_LONGEST_FOUND]) if isinstance(value, str) else text[:_LONGEST_FOUND]
