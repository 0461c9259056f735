"""What the page of an alert shows of its evidence and of its attribution."""

import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import Final

from sqlalchemy import Connection

from tierwatch.dashboard.figures import Figure, figure, percent
from tierwatch.dashboard.passages import beginning, conversation, message_text
from tierwatch.dashboard.texts.word_diff import WordDiff, word_diff
from tierwatch.evaluation.attribution.findings import Parts, SegmentShift
from tierwatch.evaluation.evidence.alert_evidence import AlertEvidence
from tierwatch.evaluation.evidence.attribution_document import AttributionDocument
from tierwatch.evaluation.evidence.misroute_evidence import (
    MisrouteEvidence,
    RelativeChange,
    RelativeEvidence,
    WorstPair,
)
from tierwatch.evaluation.evidence.past_evidence import BoundaryShift, Reading
from tierwatch.evaluation.rates.estimate import Estimate
from tierwatch.store.documents import Json
from tierwatch.store.pages.examples.worst_pairs import PairTexts, pair_texts

# A paragraph, and a screenful of each answer: the whole is one click away.
_REASON = 600
_ANSWER = 1_500
# Each is read from the database; observe keeps ten.
_MOST_WORST = 10
# Evidence that has a place of its own on the page; the rest is listed by name.
_PLACED = {
    "estimate",
    "whole_stream",
    "tolerance",
    "first_pair",
    "first_request",
    "last_pair",
    "last_request",
    "worst",
}
# Of the monitor: the page says in words how sure an alarm is and draws it, the API has the numbers.
_OF_THE_MONITOR = {"statistic", "level", "stream", "path"}


@dataclass(frozen=True, slots=True)
class PairLine:
    """A pair of an alert's evidence.

    ``asked`` is the beginning of the last message and ``said`` of the judge's reason; ``words`` has
    both answers' beginnings with what differs, each of its tier, and ``cut`` says whether there is
    more of one. They are empty, or None, once the text is gone.
    """

    pair: str
    request: int
    confidence: float | None = None
    asked: str = ""
    said: str = ""
    tier: str = ""
    alternative_tier: str = ""
    words: WordDiff | None = None
    cut: bool = False


@dataclass(frozen=True, slots=True)
class AlertFigures:
    """What an alert rests on.

    Attributes:
        estimate: rate since the change.
        whole_stream: rate over all pairs.
        tolerance: rate that must not be exceeded.
        first: pair of the change.
        last: pair of it.
        worst: pairs, the most confident first.
        other: name and value of what has no place of its own.
    """

    estimate: Figure | None
    whole_stream: Figure | None
    tolerance: float | None
    first: PairLine | None
    last: PairLine | None
    worst: tuple[PairLine, ...]
    other: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class PartLine:
    """One part of the change behind an alert, as a difference of rates."""

    name: str
    figure: Figure


@dataclass(frozen=True, slots=True)
class CauseFigures:
    """What an alert is attributed to: the sentence, and the numbers behind it.

    ``words`` name the cause with its reason and no rate: the alert's own stands above it, and the
    one of the attribution is of other pairs. ``before`` is the judged rate before the change.
    """

    sentence: str
    words: str
    before: float | None
    parts: tuple[PartLine, ...]
    segments: tuple[SegmentShift, ...]


def alert_figures(connection: Connection, evidence: AlertEvidence) -> AlertFigures:
    """What is shown of an alert's evidence; of its worst pairs the texts are read."""
    other = tuple(
        (one.name.replace("_", " "), _value(value))
        for one in fields(evidence)
        if (value := getattr(evidence, one.name)) is not None and not _placed(evidence, one.name)
    )
    if isinstance(evidence, MisrouteEvidence):
        return AlertFigures(
            estimate=figure(evidence.estimate),
            whole_stream=figure(evidence.whole_stream),
            tolerance=evidence.tolerance,
            first=PairLine(evidence.first_pair, evidence.first_request),
            last=PairLine(evidence.last_pair, evidence.last_request),
            worst=tuple(_worst(connection, evidence.worst[:_MOST_WORST])),
            other=other,
        )
    stream = figure(evidence.whole_stream) if isinstance(evidence, RelativeEvidence) else None
    return AlertFigures(None, stream, None, None, None, (), other)


def cause_figures(attribution: AttributionDocument) -> CauseFigures:
    """What is shown of an attribution."""
    found = attribution.evidence
    return CauseFigures(
        sentence=attribution.sentence,
        words=_cause_in_words(attribution.cause, found.reason) or attribution.sentence,
        before=None if attribution.parts.change.value is None else found.rate_before,
        parts=tuple(_part_lines(attribution.parts)),
        segments=attribution.evidence.segments,
    )


_CAUSES: Final[Mapping[str, str]] = {
    "model": "The tier's model answers otherwise than before",
    "quality": "Answers to the same kind of prompt got worse",
    "mix": "Other prompts arrive",
    "judge": "The judge judges otherwise than before",
    "undetermined": "The cause is not shown",
}


def _cause_in_words(cause: str, reason: str) -> str:
    """The cause and why it is named; empty of a version that kept no reason."""
    return f"{_CAUSES[cause]}: {reason}." if reason and cause in _CAUSES else ""


def _placed(evidence: AlertEvidence, name: str) -> bool:
    if name in _OF_THE_MONITOR:
        return True
    if isinstance(evidence, MisrouteEvidence):
        return name in _PLACED
    return isinstance(evidence, RelativeEvidence) and name == "whole_stream"


def _part_lines(parts: Parts) -> Iterator[PartLine]:
    """Each part by what the page calls it, in the order of the sum."""
    for name, part in (
        ("Total change", parts.change),
        ("Different traffic (mix)", parts.mix),
        ("Same traffic, different verdicts", parts.within),
        ("of which the judge", parts.judge),
        ("of which the answers", parts.quality),
    ):
        yield PartLine(name, figure(part))


def _worst(connection: Connection, worst: Sequence[WorstPair]) -> Iterator[PairLine]:
    """The worst pairs with the beginnings of their texts, read at once."""
    ids = {item.pair: known for item in worst if (known := _id(item.pair)) is not None}
    texts = pair_texts(connection, list(ids.values()))
    for item in worst:
        line = PairLine(item.pair, item.request, item.confidence)
        found = texts.get(ids[item.pair]) if item.pair in ids else None
        yield line if found is None else _with_texts(line, found)


def _with_texts(line: PairLine, found: PairTexts) -> PairLine:
    messages = () if found.request is None else conversation(found.request)[0]
    served, other = _text(found.answer), _text(found.alternative)
    return replace(
        line,
        asked=beginning(messages[-1].text) if messages else "",
        said=beginning(found.reason, _REASON),
        tier=found.tier,
        alternative_tier=found.alternative_tier,
        words=word_diff(served[:_ANSWER], other[:_ANSWER]) if served or other else None,
        cut=max(len(served), len(other)) > _ANSWER,
    )


def _text(answer: Json | None) -> str:
    return "" if answer is None else message_text(answer)


def _id(pair: str) -> uuid.UUID | None:
    try:
        return uuid.UUID(pair)
    except ValueError:
        return None


def _value(value: object) -> str:
    """A value among other figures, in a few words."""
    if isinstance(value, float):
        return f"{value:,.6g}"
    if isinstance(value, Estimate):
        return "unknown" if value.value is None else f"{value.value:,.6g}"
    if isinstance(value, RelativeChange):
        return f"{percent(value.before)} → {percent(value.after)}, the stream's own past"
    if isinstance(value, BoundaryShift | Reading):
        return _of_the_past(value)
    if isinstance(value, tuple):
        return ", ".join(_value(one) for one in value)
    return str(value)


def _of_the_past(value: BoundaryShift | Reading) -> str:
    if isinstance(value, BoundaryShift):
        return (
            f"{value.lower} against {value.upper}: {value.before:.3f} → {value.after:.3f}"
            f" ({value.pairs} pairs)"
        )
    of = f" {value.tier}" if value.tier else ""
    return f"{value.change.replace('_', ' ')}{of} ({value.signs}, {value.share:.0%})"
