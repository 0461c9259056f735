"""What of a prompt says which kind it is: the words at both its ends, and its punctuation.

Kinds of traffic differ in how their prompts begin, end and are set out more than in what they ask:
a program's template, a form with options, a question in a sentence. So the first and last 24 words
and 24 different runs between words are read, and a long prompt is no stranger than a short one.
"""

from tierwatch.routing.classify.features import FEATURE_VERSION, HashedWords

# Part of what is stored: groups mean nothing under other words. Change it with this module.
WORDS_VERSION = f"ends-1 of {FEATURE_VERSION}"
# "Thanks!" is two words and a sign. So little is like nothing, and unlike nothing.
FEWEST_WORDS = 4

_END = 24


def end_words(hashed: HashedWords) -> set[int]:
    """Different hashed words at the ends of a prompt, and what stands between, at most 72.

    >>> from tierwatch.routing.classify.features import hashed_words
    >>> len(end_words(hashed_words("Is it what it is?")))  # is, it, what, " ", "?"
    5
    """
    words, between = hashed.words, hashed.between
    return {*words[:_END], *words[-_END:], *between[:_END]}
