"""What two prompts must share to be one question, read from their raw text.

A second check beside `routing.same_question.wording`, and independent of it: should a rule there
ever take away a word that matters, the marks here still differ. A mark says what kind of thing
differs, so that refusals can be counted by reason.
"""

import re
import unicodedata

from tierwatch.routing.same_question.wording import SMALL_NUMBERS, words_of

_WORD = re.compile(r"[^\W\d_]+(?:['\u2019][^\W\d_]+)*")
_NUMBER = re.compile(r"[-+\u2212]?\d+(?:[.,:/\u2013-]\d+)*")
_SMALL_NUMBER = re.compile(rf"\b(?:{'|'.join(SMALL_NUMBERS)})\b")
# What stands right before and right after a number.
_UNIT = re.compile(
    r"([^\w\s,;:(]?)\s?(?<![\d.,])\d+(?:[.,:/\u2013-]\d+)*\s?(%|[^\W\d_]\S*)?(?=\W|$)"
)
_QUOTED = re.compile(r"\"([^\"]*)\"|\u201c([^\u201d]*)\u201d|`([^`]*)`|(?<!\w)'([^']*)'(?!\w)")
# A hyphen inside a word is spelling.
_SIGN = re.compile(r"(?<![^\W\d_])-|[^\w\s.,!?'\"\u2018\u2019\u201c\u201d:-]")
_FIRST = re.compile(r"(?:^|[.!?:]\s|\n)[\W_]*\Z")
_DIRECTION = re.compile(
    r"(?<!\bhow )(?<!\byou )\b(from|to|into|than|versus|vs)\s+((?:the |a |an )?[^\s,.?!]+)"
)
_PERCENT = re.compile(r"(?<=\d) (?:percent|per cent)\b")
_NEGATIONS = frozenset(
    words_of("""
    no not never none nobody nothing nowhere neither nor without cannot except excluding unless
    hardly barely scarcely lack lacks lacking avoid stop instead despite
    """)
)
_COMPARISONS = frozenset(
    words_of("""
    more less fewer most least better worse best worst larger largest smaller smallest bigger
    biggest higher highest lower lowest greater greatest longer longest shorter shortest older
    oldest younger youngest newer newest faster fastest slower slowest cheaper cheapest heavier
    lighter stronger weaker earlier later earliest latest before after above below over under
    first last next previous max min maximum minimum than only all any some every each both
    either always sometimes often inside outside up down increase decrease
    """)
)
_QUESTIONS = frozenset(words_of("what who whom whose which when where why how"))

Marks = dict[str, tuple[str, ...]]


def near_miss_marks(text: str) -> Marks:
    """What a prompt says of each kind of thing that near misses differ in.

    Two prompts may share an answer only if all of these are equal. Courtesies, the end mark and
    the capital of a first word leave them alone.

    >>> near_miss_marks("Don't convert 3 km to miles!")["negations"]
    ('not',)
    >>> near_miss_marks("What is -5 plus twelve?")["numbers"]
    ('-5', '12')
    """
    text = unicodedata.normalize("NFC", text)
    text = _PERCENT.sub("%", _SMALL_NUMBER.sub(lambda word: SMALL_NUMBERS[word[0]], text))
    words = [word.replace("\u2019", "'").lower() for word in _WORD.findall(text)]
    heads = [word.partition("'")[0] for word in words]
    return {
        "numbers": tuple(_NUMBER.findall(text)),
        "units": tuple(before + after for before, after in _UNIT.findall(text)),
        "negations": tuple(
            "not" if word.endswith("n't") or word == "cannot" else word
            for word in words
            if word in _NEGATIONS or word.endswith("n't")
        ),
        "names": tuple(_names(text)),
        "quotes": tuple("".join(parts) for parts in _QUOTED.findall(text)),
        "signs": tuple(_SIGN.findall(text)),
        "comparisons": tuple(sorted(word for word in words if word in _COMPARISONS)),
        "questions": tuple(word for word in heads if word in _QUESTIONS),
        "directions": tuple(sorted(map(" ".join, _DIRECTION.findall(text.lower())))),
    }


def _names(text: str) -> list[str]:
    """Words with a capital that is not the capital of a sentence's first word."""
    names = []
    for found in _WORD.finditer(text):
        word = found[0]
        shouted = len(word) > 1 and word.isupper()
        if word[:2] in {"I'", "I\u2019", "I"} or word == word.lower():
            continue
        if shouted or not _FIRST.search(text, max(0, found.start() - 8), found.start()):
            names.append(word)
    return names


def differing(one: Marks, other: Marks) -> str | None:
    """The first kind of mark in which two prompts differ; None when they agree in every kind.

    >>> differing(near_miss_marks("Is it safe?"), near_miss_marks("Is it not safe?"))
    'negations'
    """
    return next((kind for kind, marks in one.items() if marks != other.get(kind)), None)
