"""How many tokens a text takes, estimated from its signs; and the part of it that so many buy.

The weights are fitted to the larger count of three tokenizers (o200k_base, cl100k_base, and that of
Claude 2, the last one published) over prose, code, JSON, listings and 12 languages. Measured, of
that count: English, code, JSON and Markdown 1.0 to 1.2, other languages .8 to 1.4; vocabularies of
today take down to a third of it for Greek, Hindi, Arabic and Hebrew. See decision 0057.
"""

import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple


class _Rate(NamedTuple):
    """Tokens of a run of signs of one kind: for the run itself, and for each of its signs."""

    run: float
    sign: float


# In the order in which they are tried.
_KINDS = {
    "solid": (r"[A-Za-z0-9+/]{32,}", _Rate(0.0, 0.7)),  # base64, digests
    "word": (r"[A-Za-z]+", _Rate(0.9, 0.13)),
    "digits": (r"[0-9]+", _Rate(0.0, 0.47)),
    "space": (r"\s+", _Rate(0.0, 0.05)),
    "points": (r"[!-/:-@\[-`{-~]+", _Rate(0.8, 0.05)),
    "latin": (r"[\u00a1-\u024f\u1e00-\u1eff]+", _Rate(0.2, 0.6)),
    "cyrillic": (r"[\u0400-\u052f]+", _Rate(0.5, 0.48)),
    "astral": ("[\U00010000-\U0010ffff]+", _Rate(0.0, 2.2)),
    "other": (r"[^\x00-\u024f\u0400-\u052f\u1e00-\u1eff\s\U00010000-\U0010ffff]+", _Rate(0.0, 1.1)),
    "control": (r".", _Rate(1.0, 0.0)),
}
_RUNS = re.compile(
    "|".join(f"(?P<{kind}>{pattern})" for kind, (pattern, _) in _KINDS.items()), re.DOTALL
)
_RATES = {kind: rate for kind, (_, rate) in _KINDS.items()}
# No sign takes less, so more of a text than this for each token wanted need not be read.
_SIGNS_PER_TOKEN = 20


def estimated_tokens(text: str, most: int | None = None) -> int:
    """Tokens that a text takes, rounded up.

    Args:
        text: counted.
        most: where counting stops: the exact excess does not matter to who has only so many.

    >>> estimated_tokens(""), estimated_tokens("What is six?"), estimated_tokens("日本語")
    (0, 5, 4)
    """
    total = 0.0
    for run in _runs(text):
        total += _cost(run)
        if most is not None and total > most:
            break
    return -int(-total // 1)


def head_of(text: str, tokens: int) -> str:
    """The longest beginning of a text that takes at most so many tokens."""
    return text[: _signs_for(_runs(text), tokens)]


def tail_of(text: str, tokens: int) -> str:
    """The longest end of a text that takes at most so many tokens."""
    end = text[-max(0, tokens) * _SIGNS_PER_TOKEN :] if tokens > 0 else ""
    kept = _signs_for(reversed(list(_runs(end))), tokens)
    return end[len(end) - kept :]


def _runs(text: str) -> Iterator[re.Match[str]]:
    return _RUNS.finditer(text)


def _cost(run: re.Match[str]) -> float:
    rate = _RATES[str(run.lastgroup)]
    return rate.run + rate.sign * (run.end() - run.start())


def _signs_for(runs: Iterable[re.Match[str]], tokens: int) -> int:
    """How many signs of these runs, one after another, so many tokens buy."""
    left, signs = float(tokens), 0
    for run in runs:
        cost = _cost(run)
        if cost > left:
            rate = _RATES[str(run.lastgroup)]
            return signs + (
                int((left - rate.run) / rate.sign) if left > rate.run and rate.sign else 0
            )
        left -= cost
        signs += run.end() - run.start()
    return signs
