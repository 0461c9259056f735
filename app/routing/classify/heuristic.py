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
from tierwatch.routing.content import role_text_images


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
_DIGITS = "0123456789"
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
        doublings: how often the text of all messages doubles 500 characters, at most 8.
        maths: natural logarithm of 1 + formula signs, at most 20 of them.
        numbers: digits per 10 characters, at most 1.
        hard_words: kinds of words from exact sciences, at most 4.
        constraints: kinds of words that restrict the answer, at most 6.
        questions: question marks and numbered parts beyond the first, at most 5.
        code: 1 when code stands in the prompt.
        turns: user turns before this one, at most 5.
        tools: 1 when the request offers tools.
        images: 1 when the request carries images.
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
)


def signals(
    messages: Messages,
    *,
    tools: Sequence[Any] | None = None,
    response_format: Mapping[str, Any] | None = None,
) -> Signals:
    """The signals of a chat in OpenAI's form. Never raises: what cannot be read says nothing."""
    prompt, length, turns, images = "", 0, 0, 0
    for message in messages:
        role, text, shown = role_text_images(message)
        length += len(text)
        images += shown
        if role == "user":
            turns += 1
            prompt = text
        elif not turns:
            prompt = text
    if len(prompt) > _HEAD + _TAIL:
        prompt = f"{prompt[:_HEAD]}\n{prompt[-_TAIL:]}"
    text = "\n" + prompt.lower().strip()
    words = set(text.replace(",", " ").replace(".", " ").split())
    code = "```" in text or "\ndef " in text or "\nclass " in text or "assert " in text
    json_demanded = bool(response_format) or ("json" in text and "answer" in text)
    closed = bool(tools) or json_demanded or _closed(text)
    formula_signs = text.count("$") + 2 * text.count("\\") + text.count("^")
    parts = text.count("?")
    for line, bracket in _PARTS:
        parts += line in text or bracket in text
    return Signals(
        open_ended=0.0 if closed else min(len(words) / _WORDS_OF_A_TASK, 1.0),
        json_demanded=float(json_demanded),
        open_words=0.0 if closed else min(len(words & _OPEN_WORDS), 3),
        doublings=min(math.log2(max(length, 500) / 500), 8),
        maths=math.log1p(min(formula_signs, 20)),
        numbers=min(10 * sum(map(text.count, _DIGITS)) / len(text), 1),
        hard_words=min(len(words & _HARD_WORDS), 4),
        constraints=min(len(words & _CONSTRAINT_WORDS), 6),
        questions=min(max(parts - 1, 0), 5),
        code=float(code),
        turns=min(max(turns - 1, 0), 5),
        tools=float(bool(tools)),
        images=float(images > 0),
    )


def _closed(text: str) -> bool:
    """Whether the prompt itself says what form the answer has, or asks for a single fact."""
    if len(text) <= _SHORT_QUESTION and text.startswith(_FACT_STARTS, 1):
        return True
    # Loops: a generator costs more than the searches in a prompt of usual length.
    for form in _ANSWER_FORMS:
        if form in text:
            return True
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

        ``confidences`` never fall from a tier to the next. The label is the first tier with .5
        or more, with that confidence; else the top tier, with 1 - the last tier's confidence.
        """
        demand = signals(messages, tools=tools, response_format=response_format).demand
        confidences = {}
        label, confidence = "", 0.0
        for tier, offset in self._below_top:
            confidences[tier] = suffices = 1 / (1 + math.exp(demand - offset))
            if not label and suffices >= 0.5:  # noqa: PLR2004 - more likely than not
                label, confidence = tier, suffices
        if not label:
            label, confidence = self._top, 1 - suffices
        return Classification(label, confidence, confidences=confidences)
