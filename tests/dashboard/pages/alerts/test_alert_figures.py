import uuid
from typing import Any

import factories.evidence as stored
import pytest
from factories.rows import add_exchange, add_pair
from sqlalchemy import Connection

from tierwatch.dashboard.pages.alerts.alert_figures import (
    AlertFigures,
    PairLine,
    alert_figures,
    cause_figures,
)
from tierwatch.evaluation.evidence.alert_evidence import read_alert_evidence
from tierwatch.evaluation.evidence.attribution_document import AttributionDocument
from tierwatch.evaluation.evidence.document import Unreadable


def _shown(connection: Connection, kind: str, **changes: Any) -> AlertFigures:
    evidence = read_alert_evidence(kind, stored.ALERTS[kind](**changes))
    assert not isinstance(evidence, Unreadable), evidence.reason
    return alert_figures(connection, evidence)


def test_a_misroutes_rates_and_ends_have_places_of_their_own(connection: Connection) -> None:
    shown = _shown(connection, "misroute", first_pair="a", first_request=7)
    assert shown.estimate is not None
    assert (shown.estimate.value, shown.estimate.n) == (0.12, 40)
    assert shown.whole_stream is not None
    assert shown.tolerance == 0.05
    assert shown.first == PairLine("a", 7)
    names = [name for name, _ in shown.other]
    # How sure it is stands on the page in words; the API has the numbers.
    assert not {"statistic", "level", "stream"} & set(names)
    assert "policy version" in names
    assert not {"estimate", "tolerance", "first pair", "worst"} & set(names)
    # What its version did not know is left out and not shown as nothing.
    assert "conversations" not in names


def test_a_rise_over_the_past_is_said_in_a_line(connection: Connection) -> None:
    relative = {"at": 512, "before": 0.01, "after": 0.09, "method": "ADWIN"}
    other = dict(_shown(connection, "misroute", relative=relative).other)
    assert other["relative"] == "1.0 % → 9.0 %, the stream's own past"


def test_at_most_ten_worst_pairs_are_read(connection: Connection) -> None:
    worst = [{"pair": str(uuid.UUID(int=n)), "confidence": 0.9, "request": n} for n in range(30)]
    shown = _shown(connection, "misroute", worst=worst)
    assert [pair.request for pair in shown.worst] == list(range(10))


def test_a_worst_pairs_texts_are_the_last_message_and_the_newest_reason(
    connection: Connection,
) -> None:
    judged = add_pair(connection, 1, "alternative", question="Why?")
    alone = add_exchange(connection, 2, question="And why?")
    worst = [
        {"pair": str(pair), "confidence": 0.9, "request": n}
        for n, pair in enumerate([judged, alone])
    ]
    lines = _shown(connection, "misroute", worst=worst).worst
    assert [(line.asked, line.said) for line in lines] == [
        ("Why?", "both say four"), ("And why?", ""),
    ]  # fmt: skip


def test_answers_are_compared_as_far_as_they_are_shown(connection: Connection) -> None:
    long = {"role": "assistant", "content": "same words " * 400}
    pair = add_pair(connection, 1, "alternative", answer=long)
    gone = add_exchange(connection, 2, answer={"role": "assistant", "content": ""})
    worst = [{"pair": str(one), "confidence": 0.9, "request": 1} for one in (pair, gone)]
    first, second = _shown(connection, "misroute", worst=worst).worst
    assert first.cut
    assert first.words is not None
    assert sum(len(run.text) for run in first.words.first) == 1_500
    assert (second.words, second.cut) == (None, False)


@pytest.mark.parametrize("kind", sorted(set(stored.ALERTS) - {"misroute"}))
def test_every_other_kind_lists_its_figures_by_name(connection: Connection, kind: str) -> None:
    shown = _shown(connection, kind)
    assert shown.estimate is None
    assert shown.first is None
    assert shown.worst == ()
    document = stored.ALERTS[kind]()
    if kind == "input_drift":  # a key of a later version, with its default
        document |= {"by_hour": False}
    placed = {"statistic", "level"} | ({"whole_stream"} if kind == "relative" else set())
    assert {name for name, _ in shown.other} == {
        name.replace("_", " ") for name in set(document) - placed
    }
    assert all(value for _, value in shown.other)


def test_counts_by_bin_are_a_list_of_numbers(connection: Connection) -> None:
    other = dict(_shown(connection, "input_drift").other)
    assert other["bins before"].endswith("0, 39000")


def test_an_attribution_is_shown_part_by_part_in_the_order_of_the_sum() -> None:
    shown = cause_figures(AttributionDocument.from_json(stored.attribution()))
    assert shown.sentence.startswith("The judged rate rose")
    assert shown.words == "Other prompts arrive: the make-up of the traffic has changed."
    assert shown.before == 0.038
    assert [part.name for part in shown.parts] == [
        "Total change", "Different traffic (mix)", "Same traffic, different verdicts",
        "of which the judge", "of which the answers",
    ]  # fmt: skip
    assert [part.figure.value for part in shown.parts] == [0.07] * 5
    [segment] = shown.segments
    assert (segment.key, segment.rate_after) == ("simple/all/0.9-1.0", None)
