"""What the local classifier and the task types read from a prompt: hashed words and form.

A prompt says what it is about in its words and how it is asked in its form. Both are read from its
first and last 450 characters, cut before anything else is done, so that a prompt of 200,000
characters costs what one of 900 does. Nothing here depends on the process: words are hashed with
CRC-32 and kept in the order of the text.
"""

import math
import re
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any, NamedTuple
from zlib import crc32

from tierwatch.routing.classify.classification import Messages
from tierwatch.routing.task import task_of

# Part of every artefact: weights mean nothing under other features. Change it with this module.
FEATURE_VERSION = "words-1"
BUCKETS = 2**15  # 2^16 gained nothing on 5,000 pairs, 2^14 lost .002 of the gap recovered
FORM = 7
_ENDS = 450
_MASK = BUCKETS - 1
# Bytes, not characters: half the time. A word is a run of ASCII letters and digits and of two-byte
# characters (accents, Greek, Cyrillic, Hebrew, Arabic). Scripts of three bytes are mostly written
# without spaces: two of their characters make a word.
_WORD = re.compile(rb"[a-z0-9_\x80-\xdf]+|(?:[\xe0-\xef][\x80-\xbf]{2}){1,2}")
# What stands between words: ".\n", ": $", "[[". With these recorded traffic saves .02 more.
_BETWEEN = re.compile(rb"[^a-z0-9_\x80-\xff]+")
_PAIR = 31  # tells "a b" from "b a"; a bucket for every two words without joining them
_DIGITS = b"0123456789"
# Characters of answers and results of tools: some 5,000 tokens.
_LONG_HISTORY = 20_000
# Below this a last message ("yes", "go on") means what the one before it asked.
_SHORT = 80


class Features(NamedTuple):
    """What is read from a prompt.

    Attributes:
        buckets: different hashed 1- and 2-grams of words and runs of other characters, each in
            [0, BUCKETS).
        unit: value of each of them, 1 / sqrt(count), so that a long prompt weighs as a short one.
        form: FORM numbers of order 1: a constant, length, questions, lines, share of digits,
            formula signs, words.
    """

    buckets: tuple[int, ...]
    unit: float
    form: tuple[float, ...]


class HashedWords(NamedTuple):
    """What is hashed of a prompt, once for the features and the task type alike.

    Attributes:
        raw: the lower-cased ends of the prompt, as bytes.
        words: bucket of each word, below `BUCKETS`, in the order of the text: its CRC-32's last
            bits.
        between: bucket of each different run of other characters.
    """

    raw: bytes
    words: list[int]
    between: list[int]


def hashed_words(text: str) -> HashedWords:
    """Read a prompt's first and last 450 characters."""
    if len(text) > 2 * _ENDS:
        text = f"{text[:_ENDS]} \n {text[-_ENDS:]}"
    raw = text.lower().encode("utf-8", "surrogatepass")
    words = [crc32(word) & _MASK for word in _WORD.findall(raw)]
    between = [crc32(run) & _MASK for run in dict.fromkeys(_BETWEEN.findall(raw))]
    return HashedWords(raw, words, between)


def prompt_features(text: str) -> Features:
    """The features of a prompt, in some 30 microseconds.

    >>> features = prompt_features("What is what?")
    >>> len(features.buckets), round(features.unit, 2)  # what, is, "what is", "is what", " ", "?"
    (6, 0.41)
    >>> prompt_features("").buckets
    ()
    """
    return features_of(hashed_words(text), len(text))


def features_of(hashed: HashedWords, length: int) -> Features:
    """The features of a prompt that was read already; ``length`` is its number of characters."""
    raw, words, between = hashed
    pairs = [_PAIR * first + second & _MASK for first, second in pairwise(words)]
    buckets = tuple(dict.fromkeys(words + pairs + between))
    read = len(raw) + 1
    # Scaled so that each moves a score about as much as the words together do.
    form = (
        1.0,
        0.4 * math.log1p(length),
        0.8 * min(raw.count(b"?"), 5),
        0.2 * min(raw.count(b"\n"), 20),
        12 * (len(raw) - len(raw.translate(None, _DIGITS))) / read,
        0.2 * min(raw.count(b"$") + raw.count(b"\\"), 20),
        0.02 * len(words),
    )
    return Features(buckets, 1 / math.sqrt(len(buckets)) if buckets else 0.0, form)


def routed_text(
    messages: Messages,
    *,
    tools: Sequence[Any] | None = None,
    response_format: Mapping[str, Any] | None = None,
) -> str:
    r"""The text of a chat that says how hard it is: what was asked last, and in what setting.

    What a person asked last, without what their program wrote around it; before it what they asked
    before, when the last is shorter than 80 characters; after it one word for each of tools, a
    demanded form, images, earlier turns, results of tools that wait to be read and a long history.
    The gateway decides by this text and workers learn from it, so it is made in one place. For a
    chat that no program wrote into it is what it always was, which models that were saved rely on.

    >>> routed_text([{"role": "user", "content": "Prove it."}], tools=[{}])
    'Prove it.\n_tools_'
    """
    task = task_of(messages)
    text = task.prompt
    if len(text) < _SHORT and task.turns > 1:
        text = f"{task.before}\n{text}"
    setting = [
        word
        for word, present in (
            ("_tools_", tools),
            ("_form_", response_format),
            ("_images_", task.images),
            ("_turns_", task.turns > 1),
            ("_results_", task.results),
            ("_long_", task.history > _LONG_HISTORY),
        )
        if present
    ]
    return "\n".join([text, *setting]) if setting else text
