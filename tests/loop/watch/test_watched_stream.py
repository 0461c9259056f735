"""What an alert says of a stream, from values alone."""

import pytest
from factories.decided import outcome
from factories.rows import JUDGE
from fakes.collaborators import rows
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Engine

from tierwatch.evaluation.alarms.misroute_monitor import MisrouteMonitor
from tierwatch.evaluation.evidence.misroute_evidence import RelativeChange
from tierwatch.loop.watch.watched_stream import (
    WatchedStream,
    is_news,
    open_misroute_alert,
    open_relative_alert,
    rate_of,
    stream_figures,
)
from tierwatch.store.alerts import unresolved_alert
from tierwatch.store.evidence.outcomes import Outcome

RISE = RelativeChange(at=512, before=0.01, after=0.2, method="ADWIN")


def watched(observations: list[list[Outcome]], stream: str | None = None) -> WatchedStream:
    """A stream whose monitor has seen these."""
    monitor = MisrouteMonitor(0.05, 1e7)
    for seen in observations:
        monitor.update(sum(row.loss for row in seen) / len(seen))
    first = observations[0][0]
    figures = stream_figures(observations, None, 1.0)
    return WatchedStream(stream or first.stream, first, monitor, observations, figures)


def good_then_bad(good: int, bad: int) -> list[list[Outcome]]:
    return [[outcome(number, float(number > good))] for number in range(1, good + bad + 1)]


def test_the_segment_is_the_type_or_all_types_for_the_pooled_stream() -> None:
    stream = f"simple|sql|p1|simple-1|{JUDGE}"
    of_type = [[outcome(1, task_type="sql", stream=stream)]]
    assert watched(of_type).segment == "simple/sql"
    assert watched(of_type, f"simple|*|p1|simple-1|{JUDGE}").segment == "simple/*"


def test_the_excursion_begins_where_the_monitor_places_the_change() -> None:
    found = watched(good_then_bad(100, 20))
    assert [row.id for row in found.excursion] == list(range(101, 121))
    assert len(found.pairs) == 120


def test_figures_of_nothing_are_unknown() -> None:
    figures = stream_figures([], None, 1.0)
    assert (figures.value, figures.low, figures.high, figures.observations) == (None, 0.0, 1.0, 0)


def test_figures_keep_the_rise_that_was_notified_until_there_is_a_newer_one() -> None:
    quiet = [[outcome(number)] for number in range(1, 40)]
    assert stream_figures(quiet, RISE, 1.0).relative == RISE
    # As in the doctest of `raised_against_past`: 500 good ones and then 100 bad.
    risen = stream_figures(good_then_bad(500, 100), RISE, 1.0).relative
    assert risen is not None
    assert risen.before == 0.0
    assert risen != RISE


@given(st.lists(st.floats(0, 1), max_size=60))
def test_a_streams_interval_holds_its_rate(losses: list[float]) -> None:
    seen = [[outcome(number, loss)] for number, loss in enumerate(losses, 1)]
    figures = stream_figures(seen, None, 1.0)
    assert 0 <= figures.low <= figures.high <= 1
    if figures.value is not None:
        assert figures.low - 1e-9 <= figures.value <= figures.high + 1e-9


@pytest.mark.parametrize(
    ("change", "notified", "news"),
    [
        (None, None, "no"),
        (RISE, None, "yes"),
        (RISE, RISE, "no"),
        (RelativeChange(900, 0.01, 0.3, "ADWIN"), RISE, "yes"),
        (RelativeChange(900, 0.2, 0.01, "ADWIN"), None, "no"),
    ],
)
def test_a_rise_is_news_once_and_only_while_it_is_one(
    change: RelativeChange | None, notified: RelativeChange | None, news: str
) -> None:
    assert is_news(change, notified) is (news == "yes")


def test_a_misroute_alert_names_the_worst_pairs_by_basis_and_confidence(engine: Engine) -> None:
    seen = [
        [outcome(1, 1.0, confidence=0.99, basis="swap_disagreement")],
        [outcome(2, 1.0, confidence=0.7)],
        [outcome(3, 1.0, confidence=0.8)],
    ]
    with engine.begin() as connection:
        open_misroute_alert(connection, watched(seen), newest=3)
        found = unresolved_alert(connection, "misroute:simple:all")
    assert found is not None
    assert [pair.request for pair in found.evidence.worst] == [3, 2, 1]
    assert (found.opened_at_request, found.pairs) == (3, 3)
    assert "materially worse than the next tier's in 100.0 % of 3 pairs" in found.summary


def test_no_more_than_ten_worst_pairs_are_kept(engine: Engine) -> None:
    with engine.begin() as connection:
        open_misroute_alert(connection, watched(good_then_bad(0, 15)), newest=15)
        found = unresolved_alert(connection, "misroute:simple:all")
    assert found is not None
    assert len(found.evidence.worst) == 10


def test_an_alert_of_the_cache_compares_with_fresh_answers(engine: Engine) -> None:
    stream = f"cache|all|p1|cache|{JUDGE}"
    seen = [[outcome(number, 1.0, tier="cache", stream=stream)] for number in range(1, 5)]
    with engine.begin() as connection:
        open_misroute_alert(connection, watched(seen), newest=4)
    [row] = rows(engine, "select summary, cause from alerts")
    assert "than fresh ones in" in row.summary
    assert row.cause == "misroute:cache:all"


def test_the_second_opinion_says_that_it_knows_no_tolerance(engine: Engine) -> None:
    found = watched(good_then_bad(20, 5))
    with engine.begin() as connection:
        open_relative_alert(connection, found, RISE)
    [row] = rows(engine, "select kind, summary, pairs, opened_at_request, evidence from alerts")
    assert (row.kind, row.pairs, row.opened_at_request) == ("relative", 25, 25)
    assert "20.0 % where it was 1.0 %" in row.summary
    assert row.evidence["whole_stream"]["value"] == 0.2  # 5 of 25


def test_the_rate_of_no_pairs_is_unknown_and_weights_count() -> None:
    assert rate_of([]).value is None
    assert rate_of([outcome(1, 1.0, weight=3.0), outcome(2, 0.0)]).value == pytest.approx(0.75)
