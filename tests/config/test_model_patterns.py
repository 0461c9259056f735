"""Which patterns of model names fit, cover each other, and decide nothing."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tierwatch.config.model_patterns import covers, name_pattern, unused_patterns

PATTERNS = st.text("ab*", max_size=5)
NAMES = st.text("ab", max_size=6)
FIXED = ("auto", "tierwatch/auto", "simple")


@pytest.mark.parametrize(
    ("pattern", "name", "fits"),
    [
        ("gpt-*", "GPT-5", True),
        ("gpt-*", "gpt-", True),
        ("gpt-*", "my-gpt-5", False),
        ("*", "", True),
        ("a.c", "abc", False),
        ("a*", "a\nb", True),
    ],
)
def test_a_star_is_any_text_and_nothing_else_is_a_sign(
    pattern: str, name: str, *, fits: bool
) -> None:
    assert (name_pattern(pattern)(name) is not None) == fits


@given(PATTERNS, PATTERNS, st.lists(NAMES, max_size=20))
def test_what_covers_a_pattern_fits_whatever_that_fits(
    wide: str, narrow: str, names: list[str]
) -> None:
    if covers(wide, narrow):
        fits, also = name_pattern(narrow), name_pattern(wide)
        assert all(also(name) for name in names if fits(name))


@given(PATTERNS)
def test_every_pattern_is_covered_by_itself_and_by_a_star(pattern: str) -> None:
    assert covers(pattern, pattern)
    assert covers("*", pattern)


@pytest.mark.parametrize(
    ("patterns", "unused"),
    [
        (["claude-haiku-*", "*haiku*", "*"], {}),
        (["*", "gpt-5"], {"gpt-5": "'*' stands before it and fits all that it fits"}),
        (
            ["*haiku*", "claude-haiku-4"],
            {"claude-haiku-4": "'*haiku*' stands before it and fits all that it fits"},
        ),
        (["GPT-5", "gpt-5"], {"gpt-5": "'GPT-5' stands before it and fits all that it fits"}),
        (["Simple"], {}),  # decides about all other ways to write it
        (["simple"], {"simple": "simple, written so, is a tier or routed before any pattern"}),
        (["auto"], {"auto": "auto, written so, is a tier or routed before any pattern"}),
        (["simple*"], {}),
    ],
)
def test_patterns_that_decide_nothing(patterns: list[str], unused: dict[str, str]) -> None:
    assert unused_patterns(dict.fromkeys(patterns, "simple"), FIXED) == unused
