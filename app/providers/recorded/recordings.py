"""Finding a recorded exchange again by the text that a gateway, judge or classifier sends.

Texts arrive as they were recorded, redacted, or cut in the middle with a mark; white space does not
count. Nothing is guessed: what is not found, or fits several exchanges, is None.
"""

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import Any, Generic, TypeVar

from tierwatch.providers.recorded.traffic_file import RecordedExchange
from tierwatch.routing.content import message_text, role_of
from tierwatch.routing.harness import human_text

T = TypeVar("T")

# "[... 1,234 characters cut ...]" in a judge's prompt, "[1,234 characters left out]" in a
# classifier's.
_CUT_MARK = re.compile(r"\[(?:\.\.\. )?[\d,]+ characters (?:cut|left out)(?: \.\.\.)?\]")
# Long enough to leave few candidates, shorter than any half of a cut text.
_HEAD = 48

# What a judge's prompt shows as U+FFFD: control characters, lone surrogates, invisible tags.
_UNSEEN = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff\ufffd\U000e0000-\U000e007f]+")

# Marks of redaction tell values apart by letters under a key of each exchange: `[EMAIL kxqwzabc]`.
# A recording is redacted without one.
_MARK_LETTERS = re.compile(r"(?<=\[)([A-Z]{2,20}) [a-z]{8}(?=\])")

# A kind of task in which the lower tier is worse more often than this goes to the higher one.
_TOO_OFTEN_WORSE = 0.25


def same_text(text: str) -> str:
    r"""The form in which texts are compared: white space and what cannot be seen as one blank.

    >>> same_text("Mail  [EMAIL kxqwzabc]\n")
    'Mail [EMAIL]'
    """
    return _MARK_LETTERS.sub(r"\1", " ".join(_UNSEEN.sub(" ", text).split()))


def transcript(messages: Iterable[Any]) -> str:
    """The messages as one text: ``[role]`` and the content, a blank line between them."""
    return "\n\n".join(f"[{role_of(m) or 'user'}]\n{message_text(m)}" for m in messages)


class _Texts(Generic[T]):
    """Values by a text, found also by a text that was cut in the middle."""

    def __init__(self) -> None:
        self._whole: defaultdict[str, list[T]] = defaultdict(list)
        self._by_head: defaultdict[str, list[str]] = defaultdict(list)

    def add(self, text: str, value: T) -> None:
        text = same_text(text)
        if text not in self._whole:
            self._by_head[text[:_HEAD]].append(text)
        self._whole[text].append(value)

    def find(self, text: str) -> list[T]:
        found = self._whole.get(same_text(text))
        if found is not None:
            return found
        marks = list(_CUT_MARK.finditer(text))
        for mark in marks:
            head, tail = same_text(text[: mark.start()]), same_text(text[mark.end() :])
            for whole in self._by_head.get(head[:_HEAD], ()):
                if whole.startswith(head) and whole.endswith(tail):
                    return self._whole[whole]
        return []


@dataclass(frozen=True, slots=True)
class RecordedPair:
    """Two answers to one prompt. ``preferred`` is ``"A" | "B" | "tie"``, None when not recorded."""

    exchange: RecordedExchange
    tier_a: str
    tier_b: str
    preferred: str | None


class Recordings:
    """Recorded exchanges, indexed by prompt and by answer.

    Args:
        exchanges: in order of arrival.
        rewrite: what the texts went through before they come back (redaction); identity if None.
    """

    def __init__(
        self, exchanges: Iterable[RecordedExchange], rewrite: Callable[[str], str] | None = None
    ) -> None:
        self.exchanges = tuple(exchanges)
        self._rewrite = rewrite
        self._by_id = {exchange.id: exchange for exchange in self.exchanges}

    def _seen(self, text: str) -> str:
        return self._rewrite(text) if self._rewrite else text

    @cached_property
    def _prompts(self) -> _Texts[RecordedExchange]:
        prompts: _Texts[RecordedExchange] = _Texts()
        for exchange in self.exchanges:
            prompts.add(self._seen(transcript(exchange.messages)), exchange)
        return prompts

    @cached_property
    def _answers(self) -> _Texts[tuple[int, str]]:
        answers: _Texts[tuple[int, str]] = _Texts()
        for number, exchange in enumerate(self.exchanges):
            for tier, answer in exchange.answers.items():
                answers.add(self._seen(answer.text), (number, tier))
        return answers

    def by_id(self, exchange_id: object) -> RecordedExchange | None:
        """The exchange of this id."""
        return self._by_id.get(exchange_id) if isinstance(exchange_id, str) else None

    def by_messages(self, messages: Sequence[Any]) -> list[RecordedExchange]:
        """Every exchange with this prompt, in order of arrival."""
        return self._prompts.find(transcript(messages))

    def by_prompt_text(self, text: str) -> RecordedExchange | None:
        """The first exchange with this prompt, given as a transcript or as a user's bare text."""
        found = self._prompts.find(text) or self._prompts.find(f"[user]\n{text}")
        return found[0] if found else None

    def pair(self, text_a: str, text_b: str, conversation: str) -> RecordedPair | None:
        """The exchange that two answers belong to; short answers need the conversation too.

        A prompt recorded twice may have been answered once from each recording: such a pair
        counts as one of the first exchange, preferred by score.
        """
        of_a, of_b = self._answers.find(text_a), self._answers.find(text_b)
        tiers_b = defaultdict(list)
        for number, tier in of_b:
            tiers_b[number].append(tier)
        pairs = [
            (number, number, tier_a, tier_b)
            for number, tier_a in of_a
            for tier_b in tiers_b.get(number, ())
            if tier_a != tier_b
        ] or self._pairs_across(of_a, of_b)
        if len({number for number, *_ in pairs}) > 1:
            asked = same_text(conversation)
            pairs = [pair for pair in pairs if self._asked_in(pair[0], asked)]
            # A prompt may be another one with a preamble: the longer of the two was asked.
            longest = max((len(self._prompt(number)) for number, *_ in pairs), default=0)
            pairs = [pair for pair in pairs if len(self._prompt(pair[0])) == longest]
        if len({self._prompt(number) for number, *_ in pairs}) != 1:
            return None
        a, b, tier_a, tier_b = pairs[0]
        if same_text(text_a) == same_text(text_b):
            favourite: str | None = "tie"
        elif a == b:
            favourite = preferred(self.exchanges[a], tier_a, tier_b)
        else:
            score_a = self.exchanges[a].answers[tier_a].score
            favourite = by_score(score_a, self.exchanges[b].answers[tier_b].score)
        return RecordedPair(self.exchanges[a], tier_a, tier_b, favourite)

    def verdict(self, messages: Sequence[Any], text_a: str, text_b: str) -> str | None:
        """What is recorded of two answers to exactly this prompt: ``"A" | "B" | "tie"``, or None.

        Unlike in `pair`, answers alone name no exchange: "Yes" and "No" answer many questions.
        """
        pair = self.pair(text_a, text_b, transcript(messages))
        if pair is None or pair.exchange not in self.by_messages(messages):
            return None
        return pair.preferred

    def _pairs_across(
        self, of_a: Sequence[tuple[int, str]], of_b: Sequence[tuple[int, str]]
    ) -> list[tuple[int, int, str, str]]:
        twins = defaultdict(list)
        for number, tier in of_b:
            twins[self._prompt(number)].append((number, tier))
        return [
            (a, b, tier_a, tier_b)
            for a, tier_a in of_a
            for b, tier_b in twins.get(self._prompt(a), ())
            if tier_a != tier_b
        ]

    def _prompt(self, number: int) -> str:
        return same_text(transcript(self.exchanges[number].messages))

    def _asked_in(self, number: int, conversation: str) -> bool:
        last = self.exchanges[number].messages[-1]
        # A judge's prompt shows apart what a person wrote and what their program did.
        texts = {same_text(self._seen(text)) for text in (message_text(last), human_text(last))}
        texts = texts - {""} or texts
        if any(text in conversation for text in texts):
            return True
        cut = bool(_CUT_MARK.search(conversation))
        return cut and any(text[:_HEAD] in conversation for text in texts)


def preferred(exchange: RecordedExchange, tier_a: str, tier_b: str) -> str | None:
    """``"A" | "B" | "tie"`` by the recorded verdict, else by the scores; None without either."""
    for lower, higher, when_worse, when_better in (
        (tier_a, tier_b, "B", "A"),
        (tier_b, tier_a, "A", "B"),
    ):
        verdict = exchange.verdicts.get(f"{lower}<{higher}")
        if verdict is not None:
            return {"worse": when_worse, "better": when_better}.get(verdict, "tie")
    return by_score(exchange.answers[tier_a].score, exchange.answers[tier_b].score)


def by_score(score_a: float | None, score_b: float | None) -> str | None:
    """``"A" | "B" | "tie"``; None where a score is missing."""
    if score_a is None or score_b is None:
        return None
    if score_a == score_b:
        return "tie"
    return "A" if score_a > score_b else "B"


def sufficient_tiers(exchanges: Sequence[RecordedExchange]) -> Mapping[str, str]:
    """By kind of task, the cheapest tier that usually does as well as the next one.

    Only the first two fifths of the recording are read: a classifier knows kinds of task as they
    were when it was made, neither the luck of one answer nor what changed in a tier later on. A
    kind first seen after that is left out.
    """
    known = exchanges[: max(1, len(exchanges) * 2 // 5)]
    by_task: dict[str, list[RecordedExchange]] = {}
    for exchange in known:
        by_task.setdefault(exchange.task, []).append(exchange)
    return {task: _sufficient_tier(alike) for task, alike in by_task.items()}


def _sufficient_tier(alike: Sequence[RecordedExchange]) -> str:
    tiers = list(alike[0].answers)
    for lower, higher in pairwise(tiers):
        worse = sum(preferred(exchange, lower, higher) == "B" for exchange in alike)
        if worse <= _TOO_OFTEN_WORSE * len(alike):
            return lower
    return tiers[-1]
