"""What can be said of a pair without a model: identical, empty, not the JSON or tools asked for.

Only what is beyond dispute is decided here; everything else is None and goes to the judge. Tool
calls are compared, never executed.
"""

import re
import unicodedata
from collections import Counter
from dataclasses import dataclass
from typing import Any

from tierwatch.judges.answer_form import NOT_JSON, call_breach, json_breach, read_json
from tierwatch.judges.transcript import answer_text, canonical_json, content_text, tool_calls
from tierwatch.judges.verdict import Answer, Judge, Preferred, Question, Verdict
from tierwatch.wire.answers.fenced_json import bare_json

# Runs of spaces inside a line; not the indentation, which is meaning in code.
_RUN = re.compile(r"(?<=\S)[^\S\n]+")
# What redaction puts in place of a value, ours and the usual form of others': `[EMAIL]`, `[KEY 2]`.
# A name has a figure or a small letter, so that `[FIRST NAME]` has none.
_MARK = re.compile(
    r"\[[A-Z]{2,}(?:[ _][A-Z]{2,})*(?P<name>[ :#_-]?[0-9A-Z]{0,40}[0-9a-z][0-9A-Za-z]{0,40})?\]"
)


@dataclass(frozen=True, slots=True)
class StructuralFirst:
    """A judge that is asked only what the structural checks leave open.

    Its version is the inner judge's: one judge, one series of outcomes.
    """

    inner: Judge

    @property
    def version(self) -> str:
        """The inner judge's version."""
        return self.inner.version

    def judge(self, question: Question, served: Answer, alternative: Answer) -> Verdict:
        """Decide by structure, or ask the inner judge.

        Raises:
            ProviderError: from the inner judge.
        """
        found = structural_verdict(question, served, alternative, judge_version=self.version)
        return found or self.inner.judge(question, served, alternative)


def structural_verdict(
    question: Question, served: Answer, alternative: Answer, *, judge_version: str
) -> Verdict | None:
    """Return the verdict that structure alone gives, or None.

    In this order: identical text (see `normalised`) is a tie; an empty answer loses to one that is
    not (a refusal is text, and is not judged here); the same tools with the same arguments are a
    tie, and calls that cannot be carried out lose to calls that can; where JSON was asked for,
    an answer that is not such JSON loses to one that is, and equal JSON is a tie.

    Left to the judge is what is not beyond dispute. A code fence round the JSON alone decides
    nothing: whether a caller would have got it depends on the wires between. A mark of redaction
    that names no value may stand for two different ones, and where a breach was found beside a mark
    the mark may be what broke the form.
    """
    found = (
        _by_text(served, alternative)
        or _by_tool_calls(question, served, alternative)
        or _by_json(question, served, alternative)
    )
    if found is None:
        return None
    preferred, basis, reason = found
    if preferred == "tie" and _nameless(served):
        return None
    return Verdict(preferred=preferred, basis=basis, reason=reason, judge_version=judge_version)


def _nameless(answer: Answer) -> bool:
    return any(mark["name"] is None for mark in _MARK.finditer(answer_text(answer)))


def normalised(text: str) -> str:
    """Text without the differences that nobody would call a difference.

    Composed Unicode (NFC, not NFKC, for which 10² is 102), line ends, trailing and repeated spaces,
    empty lines, and full stops at the very end. Case, indentation and other punctuation stay:
    they are meaning in code, JSON and mathematics.

    >>> normalised("It is  42. ") == normalised("It is 42")
    True
    """
    lines = unicodedata.normalize("NFC", text).splitlines()
    kept = (_RUN.sub(" ", line).rstrip() for line in lines)
    return "\n".join(line for line in kept if line).strip().rstrip(".。").rstrip()


_Found = tuple[Preferred, str, str]


def _by_text(served: Answer, alternative: Answer) -> _Found | None:
    texts = [normalised(answer_text(answer)) for answer in (served, alternative)]
    called = [len(tool_calls(answer)) for answer in (served, alternative)]
    # A model may write in words what another one calls.
    if texts[0] == texts[1] and called[0] == called[1]:
        return "tie", "identical", "The answers are identical."
    empty = [not answer_text(answer).strip() for answer in (served, alternative)]
    return _loser(empty, "empty", ("The {} answer is empty.", ""))


def _loser(bad: list[Any], basis: str, sentence: tuple[str, str]) -> _Found | None:
    """The verdict against the one bad answer; None when none or both are."""
    if bool(bad[0]) == bool(bad[1]):
        return None
    first, rest = sentence
    if bad[0]:
        return "alternative", basis, first.format("served") + rest
    return "served", basis, first.format("alternative") + rest


def _by_tool_calls(question: Question, served: Answer, alternative: Answer) -> _Found | None:
    calls = [tool_calls(answer) for answer in (served, alternative)]
    if not (calls[0] and calls[1]):
        return None  # whether a tool had to be called at all is for the judge
    free = _free_text_tools(question)
    if _canonical_calls(calls[0], free) == _canonical_calls(calls[1], free):
        return "tie", "tool_calls", "Both answers call the same tools with the same arguments."
    wrong = [call_breach(found, question.tools) for found in calls]
    if any(why and _MARK.search(repr(found)) for why, found in zip(wrong, calls, strict=True)):
        return None
    return _loser(
        wrong, "tool_calls", ("The {} answer's call cannot be carried out: ", "".join(wrong))
    )


def _free_text_tools(question: Question) -> frozenset[str]:
    """Tools whose input is text, which is not JSON even where it looks like it."""
    named = [tool.get("custom") for tool in question.tools or ()]
    return frozenset(str(form.get("name")) for form in named if isinstance(form, dict))


def _canonical_calls(
    calls: list[tuple[str, str]], free: frozenset[str]
) -> Counter[tuple[str, str]]:
    return Counter(
        (name, text if name in free else canonical_arguments(text)) for name, text in calls
    )


def canonical_arguments(text: str) -> str:
    """One text for equal arguments of a call, however they were written."""
    arguments = read_json(text or "{}")
    return text if arguments is NOT_JSON else canonical_json(arguments)


def _by_json(question: Question, served: Answer, alternative: Answer) -> _Found | None:
    asked = question.response_format or {}
    if asked.get("type") not in ("json_object", "json_schema"):
        return None
    if any(tool_calls(answer) for answer in (served, alternative)):
        return None  # the form binds the final answer, not a call on the way to it
    if any(answer.get("refusal") for answer in (served, alternative)):
        return None
    texts = [content_text(answer.get("content")) for answer in (served, alternative)]
    bare = [bare_json(text) for text in texts]
    values = [read_json(text) for text in bare]
    wrong = [json_breach(value, asked) for value in values]
    if any(why and _MARK.search(text) for why, text in zip(wrong, texts, strict=True)):
        return None
    fenced = [text.strip() != inner.strip() for text, inner in zip(texts, bare, strict=True)]
    if not any(wrong) and canonical_json(values[0]) == canonical_json(values[1]):
        return (
            None
            if fenced[0] != fenced[1]
            else ("tie", "identical", "The answers are the same JSON.")
        )
    return _loser(wrong, "invalid_json", ("JSON was asked for; of the {} answer, ", "".join(wrong)))
