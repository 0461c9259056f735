"""The classifier that needs no model: length and structure of the prompt, in microseconds.

Its weights were set by hand on recorded traffic, where a prompt's form says a little about
difficulty: whether the answer is open (an essay, a design, a program) or closed (a choice, a
call, a number), how much mathematics stands in it, how many things it asks at once. They are a
starting point until a classifier has learned from the router's own judged pairs, and its
confidences are an ordering first and probabilities second.
"""

import math
from collections.abc import Mapping, Sequence
from operator import mul
from typing import Any, NamedTuple

from tierwatch.routing.classify.classification import Classification, Messages
from tierwatch.routing.languages import read_words
from tierwatch.routing.task import task_of


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


# What is asked stands at the start or the end of a prompt; the middle is material. Cutting
# before lower-casing keeps a prompt of 200,000 characters as cheap as one of 3,000.
_HEAD = _TAIL = 1_500

# Verbs that ask for a text, a design or a program: there is no one right answer to copy.
_OPEN_WORDS = _words(
    "act analyze brainstorm code compare compose create critique debug describe design develop"
    " discuss draft edit elaborate essay expand explain extract generate give implement improve"
    " itinerary optimize outline plan propose recommend refactor revise rewrite story suggest"
    " summarize summarise think tips translate write"
)
# A short question that starts so asks for a fact.
_FACT_STARTS = ("what", "who", "when", "where", "which", "is ", "are ", "does ", "did ", "how many")
_SHORT_QUESTION = 100
# A function or two are there to be called. A program that brings more is an agent, and says nothing
# of what its user wants.
_FEW_TOOLS = 3
# Of the distance from .5, where the words could not be read.
_UNREAD = 0.4
# "Thanks!" has no closed form either, and asks for nothing.
_WORDS_OF_A_TASK = 10
_HARD_WORDS = _words(
    "algorithm asymptotic calculate compute derive determine equilibrium equation evaluate"
    " integral maximize minimize optimal polynomial probability proof prove simplify solve"
    " theorem theoretical velocity"
)
_CONSTRAINT_WORDS = _words(
    "all always assume both each every exactly except least most must never not only should"
    " unless without"
)
_DIGITS = b"0123456789"
_OPTIONS = (("\na.", "\nb.", "\nc."), ("\na)", "\nb)", "\nc)"), ("\n(a)", "\n(b)", "\n(c)"))
_PARTS = (("\n2.", "(2)"), ("\n3.", "(3)"), ("\n4.", "(4)"))
_ANSWER_FORMS = ("<answer>", "select the correct", "available functions", '"parameters":')

# c_t = 1 / (1 + exp(demand - offset_t)). At the usual threshold of .7 a tier is kept up to a
# demand of its offset - .85.
_FIRST_OFFSET = 1.1
_OFFSET_STEP = 0.7


class Signals(NamedTuple):
    """What the form of a request says, each in its own unit; ``demand`` weighs them.

    Attributes:
        open_ended: 0 when the prompt says what form the answer has; else 1, less for a prompt of
            fewer than 10 different words.
        json_demanded: 1 when the answer must be JSON.
        open_words: kinds of words that ask for a text, a design or a program, at most 3.
        doublings: how often all that a person wrote doubles 500 characters, at most 8.
        maths: natural logarithm of 1 + formula signs, at most 20 of them.
        numbers: digits per 10 characters, at most 1.
        hard_words: kinds of words from exact sciences, at most 4.
        constraints: kinds of words that restrict the answer, at most 6.
        questions: question marks and numbered parts beyond the first, at most 5.
        code: 1 when code stands in the prompt.
        turns: user turns before this one, at most 5.
        tools: 1 when the request offers tools.
        images: 1 when the request carries images.
        history: how often answers and results of tools double 2,000 characters, at most 8.
        results: 1 when results of tools wait to be read.
        unread: 1 when no list of words fits the prompt's language: it asks for nothing, and says
            how little the other signals are worth.
    """

    open_ended: float
    json_demanded: float
    open_words: float
    doublings: float
    maths: float
    numbers: float
    hard_words: float
    constraints: float
    questions: float
    code: float
    turns: float
    tools: float
    images: float
    history: float = 0.0
    results: float = 0.0
    unread: float = 0.0

    @property
    def demand(self) -> float:
        """How much the request asks of a model, on the scale of the logistic curves."""
        return math.fsum(map(mul, _WEIGHTS, self))


_WEIGHTS = (
    1.4,  # open_ended: the cheap answer was worse in 59 % of open prompts against 26 % of closed
    -0.3,  # json_demanded: the form of the answer is given away; 22 % against 28 %
    0.2,  # open_words
    0.05,  # doublings: length says little once the form is known
    0.25,  # maths: worse in 25 % at the middle tier with many formula signs, 14 % with none
    0.3,  # numbers: 32 % against 27 % at the cheapest tier
    0.1,  # hard_words
    0.05,  # constraints
    0.12,  # questions
    0.15,  # code
    0.1,  # turns
    0.1,  # tools
    0.4,  # images
    0.05,  # history: as the length of all messages counted before the two were told apart
    0.1,  # results
    0.0,  # unread
)


def signals(
    messages: Messages,
    *,
    tools: Sequence[Any] | None = None,
    response_format: Mapping[str, Any] | None = None,
) -> Signals:
    """The signals of a chat in OpenAI's form. Never raises: what cannot be read says nothing."""
    task = task_of(messages)
    prompt = task.prompt
    if len(prompt) > _HEAD + _TAIL:
        prompt = f"{prompt[:_HEAD]}\n{prompt[-_TAIL:]}"
    text = f"\n{prompt.lower().strip()}"
    read = read_words(text)
    words = read.words
    open_words, hard_words = len(words & _OPEN_WORDS), len(words & _HARD_WORDS)
    # One of our English words in it, and a formula's line is English too.
    known = read.known or bool(open_words or hard_words)
    if not read.english:
        open_words, hard_words = open_words + read.open_words, hard_words + read.hard_words
    code = "```" in text or "\ndef " in text or "\nclass " in text or "assert " in text
    json_demanded = bool(response_format) or ("json" in text and "answer" in text)
    called = _few(tools) and not open_words
    closed = called or json_demanded or read.fact or _closed(text)
    formula_signs = text.count("$") + 2 * text.count("\\") + text.count("^")
    digits = _digits(text)
    parts = text.count("?") + read.marks + (_numbered(text) if digits else 0)
    return Signals(  # in their order: names would take three times as long
        0.0 if closed else min(len(words) / _WORDS_OF_A_TASK, 1.0),
        1.0 if json_demanded else 0.0,
        0.0 if closed else min(open_words, 3),
        _doublings(task.asked, 500) if task.asked else 0.0,
        math.log1p(min(formula_signs, 20)) if formula_signs else 0.0,
        min(10 * digits / len(text), 1) if digits else 0.0,
        min(hard_words, 4),
        min(len(words & _CONSTRAINT_WORDS), 6),
        min(parts - 1, 5) if parts > 1 else 0,
        1.0 if code else 0.0,
        min(task.turns - 1, 5) if task.turns > 1 else 0,
        1.0 if tools else 0.0,
        1.0 if task.images > 0 else 0.0,
        _doublings(task.history, 2_000) if task.history else 0.0,
        1.0 if task.results else 0.0,
        0.0 if known else 1.0,
    )


def _few(tools: object) -> bool:
    """Whether there are tools, and no more than are there to be called."""
    return bool(tools) and not (isinstance(tools, Sequence) and len(tools) > _FEW_TOOLS)


def _digits(text: str) -> int:
    """How many of the ten there are."""
    coded = text.encode("utf-8", "surrogatepass")
    return len(coded) - len(coded.translate(None, _DIGITS))


def _doublings(characters: int, of: int) -> float:
    return min(math.log2(characters / of), 8) if characters > of else 0.0


def _numbered(text: str) -> int:
    """How many parts beyond the first have a number."""
    parts = 0
    for line, bracket in _PARTS:
        parts += line in text or bracket in text
    return parts


def _closed(text: str) -> bool:
    """Whether the prompt itself says what form the answer has, or asks for a single fact."""
    if len(text) <= _SHORT_QUESTION and text.startswith(_FACT_STARTS, 1):
        return True
    # Loops: a generator costs more than the searches in a prompt of usual length.
    for form in _ANSWER_FORMS:
        if form in text:
            return True
    if text.count("\n") < len(_OPTIONS[0]):  # one stands before the text
        return False
    for first, second, third in _OPTIONS:
        if first in text and second in text and third in text:
            return True
    return False


class HeuristicClassifier:
    """Scores every tier from the form of a prompt; needs no model, no training and no state.

    Args:
        tiers: names of two or more tiers, cheapest first.

    >>> classifier = HeuristicClassifier(["simple", "complex"])
    >>> classifier.classify([{"role": "user", "content": "Who wrote Hamlet?"}]).label
    'simple'
    >>> classifier.classify([{"role": "user", "content": "Design and implement a scheduler that "
    ...     "never starves a job, prove it, then compare two variants."}]).label
    'complex'
    """

    def __init__(self, tiers: Sequence[str]) -> None:
        self._below_top = tuple(
            (tier, _FIRST_OFFSET + _OFFSET_STEP * rank) for rank, tier in enumerate(tiers[:-1])
        )
        self._top = tiers[-1]

    def classify(
        self,
        messages: Messages,
        *,
        tools: Sequence[Any] | None = None,
        response_format: Mapping[str, Any] | None = None,
    ) -> Classification:
        """Score a chat in OpenAI's form.

        ``confidences`` never fall from a tier to the next; where no list of words fits the
        prompt's language they are nearer to .5, and an ordinary threshold keeps nothing. The label
        is the first tier with .5 or more, with that confidence; else the top tier, with 1 - the
        last tier's confidence.
        """
        seen = signals(messages, tools=tools, response_format=response_format)
        demand, belief = seen.demand, _UNREAD if seen.unread else 1.0
        confidences = {}
        label, confidence = "", 0.0
        for tier, offset in self._below_top:
            suffices = 0.5 + belief * (1 / (1 + math.exp(demand - offset)) - 0.5)
            confidences[tier] = suffices
            if not label and suffices >= 0.5:  # noqa: PLR2004 - more likely than not
                label, confidence = tier, suffices
        if not label:
            label, confidence = self._top, 1 - suffices
        return Classification(label, confidence, confidences=confidences)
