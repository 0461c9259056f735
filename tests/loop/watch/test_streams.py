"""Conversations are observations of streams; what a stream shows, and when it alerts."""

from dataclasses import replace
from itertools import groupby
from typing import Any

import factories.rows as put
import pytest
from factories.decided import outcome
from factories.rows import JUDGE, NOW
from fakes.collaborators import rows, scalar
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Engine, text

from tierwatch.evaluation.alarms.misroute_monitor import MisrouteMonitor
from tierwatch.evaluation.sampling.outcome import observed_together
from tierwatch.loop.watch.observe import MonitorRules, observe
from tierwatch.loop.watch.streams import (
    WatchedStream,
    fed_streams,
    loss_and_weight,
    observations_of,
    open_misroute_alert,
    path_of,
    pooled_stream,
    rate_of,
    stream_figures,
    weights_fit,
)
from tierwatch.store.alerts import unresolved_alert
from tierwatch.store.judgements.monitors import load_monitor
from tierwatch.store.judgements.outcomes import Outcome, replay_outcomes

RULES = MonitorRules(
    tolerance={"simple": 0.05}, level=1e7, max_weight=2.0, min_pairs=30, conversation_idle_s=60.0
)
SQL, CODE, ALL = (f"simple|{kind}|p1|small-1|judge" for kind in ("sql", "code", "*"))


def monitor(engine: Engine, stream: str) -> MisrouteMonitor:
    with engine.connect() as connection:
        return MisrouteMonitor.from_state(load_monitor(connection, stream).state)


def say(engine: Engine, number: int, loss: float, **changes: Any) -> None:
    with engine.begin() as connection:
        put.add_outcome(connection, number, loss, **changes)


def test_the_pairs_of_a_conversation_are_one_observation_of_their_sum(engine: Engine) -> None:
    for number, loss in enumerate((1.0, 0.0, 0.0, 1.0), 1):
        say(engine, number, loss, session="long talk")
    say(engine, 5, 1.0, session="short")
    assert observe(engine=engine, rules=RULES) == 5
    by_hand = MisrouteMonitor(0.05, 1e7, 2.0, 8.0)
    by_hand.update(0.5, 4.0)
    by_hand.update(1.0)
    assert monitor(engine, "simple").state() == by_hand.state()
    found = rows(engine, "select position, observation from outcomes order by id")
    assert [tuple(row) for row in found] == [(1, 1), (2, 1), (3, 1), (4, 1), (5, 2)]
    # Five pairs in two observations, with the interval of two.
    pairs, losses, figures = rows(
        engine, "select pairs, losses, estimate from monitors where kind = 'misroute'"
    )[0]
    assert (pairs, losses, figures["n"], figures["value"]) == (5, 3.0, 2, 0.6)


def test_interleaved_conversations_are_told_apart(engine: Engine) -> None:
    for number, (session, loss) in enumerate([("a", 1.0), ("b", 0.0), ("a", 1.0), ("b", 0.0)], 1):
        say(engine, number, loss, session=session)
    observe(engine=engine, rules=RULES)
    by_hand = MisrouteMonitor(0.05, 1e7, 2.0, 8.0)
    by_hand.update(1.0, 2.0)
    by_hand.update(0.0, 2.0)
    assert monitor(engine, "simple").state() == by_hand.state()


def test_a_conversation_waits_until_it_is_over(engine: Engine) -> None:
    with engine.begin() as connection:
        going_on = put.add_exchange(connection, 1, session="a")
        over = put.add_exchange(connection, 2, session="b")
        connection.execute(
            text("update exchanges set captured_at = now() - interval '61 s', ended_at = now()")
        )
        connection.execute(
            text("update exchanges set ended_at = null where id = :id"), {"id": going_on}
        )
        put.add_outcome(connection, 1, 1.0, session="a")
        put.add_outcome(connection, 2, 0.0, session="b", exchange_id=over)
    assert observe(engine=engine, rules=RULES) == 1  # one of a's pairs is not judged yet
    with engine.begin() as connection:
        connection.execute(text("update exchanges set ended_at = now()"))
    assert observe(engine=engine, rules=RULES) == 1
    with engine.begin() as connection:
        # Captured a moment ago: the conversation may go on.
        put.add_exchange(connection, 3, session="c")
        connection.execute(text("update exchanges set ended_at = now()"))
        put.add_outcome(connection, 3, 0.0, session="c")
    assert observe(engine=engine, rules=RULES) == 0
    assert scalar(engine, "select pairs from monitors where kind = 'misroute'") == 2


def test_an_exchange_without_a_session_waits_for_nothing(engine: Engine) -> None:
    with engine.begin() as connection:
        alone = put.add_exchange(connection, 1)
        connection.execute(text("update exchanges set session = id::text, ended_at = now()"))
        put.add_outcome(connection, 1, 0.0, exchange_id=alone, session=str(alone))
    assert observe(engine=engine, rules=RULES) == 1


def test_task_types_feed_their_own_stream_and_the_tiers_at_twice_the_level(engine: Engine) -> None:
    say(engine, 1, 1.0, session="a", task_type="sql", stream=SQL)
    say(engine, 2, 0.0, session="a", task_type="code", stream=CODE)
    say(engine, 3, 0.0, session="b", task_type="sql", stream=SQL)
    observe(engine=engine, rules=RULES)
    assert monitor(engine, SQL).n == 2
    assert monitor(engine, CODE).n == 1
    pooled = MisrouteMonitor(0.05, 2e7, 2.0, 8.0)
    pooled.update(0.5, 2.0)  # both of a's pairs
    pooled.update(0.0)
    assert monitor(engine, ALL).state() == pooled.state()
    assert monitor(engine, SQL).level == 2e7
    found = rows(
        engine,
        "select stream, task_type, pairs from monitors where kind = 'misroute' order by stream",
    )
    assert [tuple(row) for row in found] == [(ALL, "*", 3), (CODE, "code", 1), (SQL, "sql", 2)]


def test_a_rise_in_one_type_is_told_of_the_type_and_of_the_tier(engine: Engine) -> None:
    for number in range(1, 61):
        kind, stream = ("sql", SQL) if number % 2 else ("code", CODE)
        say(engine, number, float(kind == "sql"), task_type=kind, stream=stream)
    observe(engine=engine, rules=RULES)
    alerts = rows(engine, "select segment, cause, pairs, evidence from alerts order by id")
    assert {alert.segment: alert.cause for alert in alerts} == {
        "simple/*": "misroute:simple:*",
        "simple/sql": "misroute:simple:sql",
    }
    whole = next(alert for alert in alerts if alert.segment == "simple/*")
    assert whole.evidence["whole_stream"]["n"] == whole.pairs == 60
    assert whole.evidence["whole_stream"]["value"] == 0.5


def test_replaying_observations_gives_the_stored_states(engine: Engine) -> None:
    for number in range(1, 121):
        kind, stream = ("sql", SQL) if number % 3 else ("code", CODE)
        weight = 2.0 if number % 5 == 0 else 1.0
        session = f"session {number // 4}"
        changes: dict[str, Any] = {"task_type": kind, "stream": stream, "weight": weight}
        say(engine, number, float(number % 7 == 0), session=session, **changes)
        if number % 40 == 0:
            observe(engine=engine, rules=RULES)
    fresh = {name: MisrouteMonitor(0.05, 2e7, 2.0, 8.0) for name in (SQL, CODE, ALL)}
    with engine.connect() as connection:
        seen = replay_outcomes(connection)
    for _, together in groupby(seen, key=lambda row: row.observation):
        pairs = list(together)
        for name, twin in fresh.items():
            mine = [row for row in pairs if name in {ALL, row.stream}]
            if mine:
                twin.update(
                    *observed_together([row.loss for row in mine], [row.weight for row in mine])
                )
    for name, twin in fresh.items():
        assert twin.n >= 30
        assert monitor(engine, name).state() == twin.state()


class AsNamed:
    """Streams go by the names that outcomes carry, as under a policy that is not stored."""

    def stream(self, name: str, version: int, *, task_type: str | None = None) -> str:
        tier, kind, rest = f"{name}||".split("|", 2)
        return name if task_type is None else f"{tier}|{task_type or kind}|{rest[:-2]}"


NAMES = AsNamed()


@pytest.mark.parametrize("task_type", ["all", "sql"])
def test_a_pooled_stream_is_named_after_its_tier(task_type: str) -> None:
    stream = f"simple|{task_type}|p1|small-1|judge"
    row = outcome(1, task_type=task_type, stream=stream)
    assert pooled_stream(row, NAMES) == (stream if task_type == "all" else ALL)


def test_a_weight_above_the_cap_is_left_out_and_stops_nobody(engine: Engine) -> None:
    # Sampled under a plan that allowed 2.5; the rules of now allow 2.
    for number in range(1, 11):
        say(engine, number, 0.0, weight=2.5 if number in {3, 10} else 1.0)
    assert observe(engine=engine, rules=RULES) == 10
    assert monitor(engine, "simple").n == 8
    say(engine, 11, 0.0)
    assert observe(engine=engine, rules=RULES) == 1
    assert (
        scalar(
            engine, "select (estimate->>'observations')::int from monitors where kind = 'misroute'"
        )
        == 9
    )
    assert scalar(engine, "select count(*) from outcomes where position is null") == 0


@pytest.mark.parametrize(
    "broken",
    [
        {"weight": float("nan")},
        {"weight": 0.0},
        {"density": float("nan")},
        {"density": 0.0, "tier_density": 0.0},
        {"density": 1e300},
        {"density": float("inf"), "tier_density": float("nan")},
    ],
    ids=str,
)
@pytest.mark.parametrize("session", ["six", "that of another pair"])
def test_a_row_with_an_impossible_weight_stops_nobody(
    engine: Engine, broken: dict[str, float], session: str
) -> None:
    for number in range(1, 5):
        say(engine, number, 1.0, stream=SQL, task_type="sql")
    say(engine, 5, 0.0, stream=SQL, task_type="sql", session="that of another pair")
    say(engine, 6, 1.0, stream=SQL, task_type="sql", session=session, **broken)
    assert observe(engine=engine, rules=RULES) == 6
    assert observe(engine=engine, rules=RULES) == 0
    for row in rows(engine, "select pairs, state from monitors where kind = 'misroute'"):
        assert row.pairs >= 4
        assert MisrouteMonitor.from_state(row.state).n >= 4


def test_a_session_that_never_pauses_is_cut(engine: Engine) -> None:
    with engine.begin() as connection:
        put.add_exchange(connection, 1, session="backend")
        connection.execute(text("update exchanges set captured_at = now(), ended_at = now()"))
        put.add_outcome(connection, 1, 0.0, session="backend")
        put.add_outcome(connection, 2, 1.0, session="backend")
    assert observe(engine=engine, rules=RULES) == 0
    with engine.begin() as connection:
        # 60 s of silence end a conversation, so six minutes are the longest it may wait.
        connection.execute(
            text("update outcomes set created_at = now() - interval '361 s' where request_no = 1")
        )
    assert observe(engine=engine, rules=RULES) == 2
    assert monitor(engine, "simple").n == 1


def test_a_conversation_feeds_its_types_stream_and_the_pooled_one() -> None:
    talk = [outcome(1, stream=SQL), outcome(2, stream=CODE), outcome(3, stream=SQL)]
    fed = dict(fed_streams(talk, ALL, NAMES))
    assert {name: [row.id for row in rows] for name, rows in fed.items()} == {
        SQL: [1, 3],
        CODE: [2],
        ALL: [1, 2, 3],
    }


def test_without_types_a_conversation_feeds_one_stream() -> None:
    talk = [outcome(1), outcome(2)]
    assert [len(rows) for _, rows in fed_streams(talk, talk[0].stream, NAMES)] == [2]


def test_directions_and_sessions_are_conversations_apart() -> None:
    batch = [
        outcome(1, session="a"),
        outcome(2, session="b"),
        outcome(3, session="a", direction="down"),
        outcome(4, session="a"),
    ]
    found = observations_of(batch, NAMES)
    assert [[row.id for row in rows] for _, _, rows in found] == [[1, 4], [2], [3]]
    assert [direction for direction, _, _ in found] == ["up", "up", "down"]
    assert observations_of([], NAMES) == []


def test_a_long_conversation_is_observed_in_pieces_of_eight() -> None:
    batch = [outcome(number, session="agent") for number in range(1, 20)]
    found = observations_of(batch, NAMES)
    assert [len(rows) for _, _, rows in found] == [8, 8, 3]
    assert [row.id for _, _, rows in found for row in rows] == list(range(1, 20))


def test_an_observation_is_the_mean_loss_by_weight_and_fits_below_the_cap() -> None:
    talk = [outcome(1, 1.0, weight=1.0), outcome(2, 0.0, weight=3.0)]
    loss, weight = loss_and_weight(talk)
    assert weight == 4.0
    assert loss == pytest.approx(0.25)  # 1 * 1 / (1 + 3)
    assert weights_fit(talk, 3.0)
    assert not weights_fit(talk, 2.9)


def watched(observations: list[list[Outcome]], stream: str | None = None) -> WatchedStream:
    """A stream whose monitor has seen these."""
    monitor = MisrouteMonitor(0.05, 1e7)
    for seen in observations:
        monitor.update(sum(row.loss for row in seen) / len(seen))
    first = observations[0][0]
    figures = stream_figures(observations, 1.0, taken=len(observations))
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


def test_the_excursion_is_found_where_the_oldest_pairs_are_no_longer_kept() -> None:
    whole = watched(good_then_bad(100, 20))
    for kept in (50, 20, 15):
        rest = replace(whole, observations=whole.observations[-kept:])
        assert [row.id for row in rest.excursion] == list(range(max(101, 121 - kept), 121))


def arriving(good: int, bad: int) -> list[list[Outcome]]:
    """As `good_then_bad`, one a second."""
    return [
        [replace(row, exchange_id=put.exchange_id_of(row.request_no)) for row in rows]
        for rows in good_then_bad(good, bad)
    ]


def test_a_path_leads_from_before_the_change_to_where_the_monitor_stands() -> None:
    found = watched(arriving(500, 20))
    path = path_of(found)
    assert [one.conversations for one in path] == list(range(401, 521))
    assert path[-1].statistic == pytest.approx(found.monitor.statistic, rel=1e-3)
    assert path[-1].at - path[0].at == pytest.approx(119)
    assert path[-1].at == pytest.approx(NOW.timestamp() + 520)
    assert max(one.statistic for one in path[:100]) < 100 < path[-1].statistic


def test_a_path_goes_back_twice_the_time_since_the_change_in_at_most_200_points() -> None:
    slow = arriving(2_000, 0) + [
        [outcome(number, float(number % 8 == 0))] for number in range(2_001, 2_801)
    ]
    found = watched(slow)
    path = path_of(found)
    assert len(path) <= 200
    first = max(0, 2_800 - 3 * (2_800 - found.since))
    assert path[0].conversations == pytest.approx(first + 1, abs=13)
    assert path[-1].conversations == 2_800


def test_a_conversation_that_is_judged_late_does_not_turn_the_time_back() -> None:
    seen = arriving(0, 12)
    path = path_of(watched([*seen[:4], *seen[8:], *seen[4:8]]))
    times = [one.at for one in path]
    assert times == sorted(times)
    assert len(path) == 12


def test_what_is_no_longer_kept_is_counted_and_a_path_without_it_is_none() -> None:
    whole = watched(arriving(3_000, 20))
    kept = replace(whole, observations=whole.observations[-2_000:])
    assert [one.conversations for one in path_of(kept)][-1] == 3_020
    assert path_of(replace(whole, observations=whole.observations[-5:])) == ()


def test_a_stream_that_outlives_its_outcomes_shows_all_that_are_kept(engine: Engine) -> None:
    for number in range(1, 41):
        say(engine, number, float(number % 4 == 0))
    observe(engine=engine, rules=RULES)
    with engine.begin() as connection:  # as retention does
        connection.execute(text("delete from outcomes where request_no <= 15"))
    for number in range(41, 43):
        say(engine, number, 0.0)
    observe(engine=engine, rules=RULES)
    [kept] = rows(engine, "select state, estimate from monitors where kind = 'misroute'")
    assert kept.state["n"] == kept.estimate["observations"] == 42
    assert kept.estimate["n"] == 27


def test_a_tier_s_figures_are_of_the_pairs_that_its_monitor_took_in(engine: Engine) -> None:
    untyped = "simple|all|p1|small-1|judge"
    for number in range(1, 21):
        say(engine, number, 1.0, stream=SQL, task_type="sql")
        say(engine, 100 + number, 0.0, stream=untyped)
    observe(engine=engine, rules=RULES)
    found = {
        row.stream: row for row in rows(engine, "select * from monitors where kind = 'misroute'")
    }
    assert found[ALL].pairs == found[ALL].estimate["n"] == 20
    assert found[ALL].estimate["value"] == 1.0
    assert found[untyped].estimate["value"] == 0.0


def test_figures_of_nothing_are_unknown() -> None:
    figures = stream_figures([], 1.0, taken=0)
    assert (figures.value, figures.low, figures.high, figures.observations) == (None, 0.0, 1.0, 0)


@given(st.lists(st.floats(0, 1), max_size=60))
def test_a_streams_interval_holds_its_rate(losses: list[float]) -> None:
    seen = [[outcome(number, loss)] for number, loss in enumerate(losses, 1)]
    figures = stream_figures(seen, 1.0, taken=len(seen))
    assert 0 <= figures.low <= figures.high <= 1
    if figures.value is not None:
        assert figures.low - 1e-9 <= figures.value <= figures.high + 1e-9


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
    assert [one.conversations for one in found.evidence.path] == [1, 2, 3]
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


def test_the_rate_of_no_pairs_is_unknown_and_weights_count() -> None:
    assert rate_of([]).value is None
    assert rate_of([outcome(1, 1.0, weight=3.0), outcome(2, 0.0)]).value == pytest.approx(0.75)


def test_a_dense_segment_weighs_as_ever_among_its_own_and_less_among_its_tier() -> None:
    row = outcome(1, stream=SQL, task_type="sql", weight=0.08, density=10.0, tier_density=2.0)
    fed = {name: rows[0] for name, rows in fed_streams([row], ALL, NAMES)}
    assert fed[SQL].weight == pytest.approx(0.8)
    assert fed[ALL].weight == pytest.approx(0.16)
    # Once is enough: what was weighed is not weighed again.
    assert fed[SQL].in_segment == fed[SQL] == fed[SQL].in_tier


def test_a_piece_is_no_heavier_than_it_may_be_where_its_pairs_weigh_most() -> None:
    talk = [
        outcome(number, session="a", weight=0.2, density=10.0, tier_density=2.0)
        for number in range(1, 9)
    ]
    found = observations_of(talk, NAMES)
    assert [len(rows) for _, _, rows in found] == [4, 4]  # of 2.0 each, among their own
    assert all(sum(row.in_segment.weight for row in rows) <= 8 for _, _, rows in found)


def test_without_types_a_dense_tier_weighs_as_ever() -> None:
    row = outcome(1, weight=0.1, density=10.0)
    ((_, (one,)),) = fed_streams([row], row.stream, NAMES)
    assert one.weight == pytest.approx(1.0)


def test_monitors_and_figures_take_in_what_a_dense_pair_weighs_in_each(engine: Engine) -> None:
    losses = [0.0, 1.0] * 10
    for number, loss in enumerate(losses, 1):
        say(
            engine,
            number,
            loss,
            stream=SQL,
            task_type="sql",
            weight=0.08,
            density=10.0,
            tier_density=2.0,
        )
    observe(engine=engine, rules=RULES)
    for task_type, weight in (("sql", 0.8), ("*", 0.16)):
        expected = MisrouteMonitor(0.05, 2e7, 2.0, 8.0)
        for loss in losses:
            expected.update(loss, weight)
        everything = rows(
            engine, "select task_type, state, estimate from monitors where kind = 'misroute'"
        )
        (kept,) = (row for row in everything if row.task_type == task_type)
        found = MisrouteMonitor.from_state(kept.state)
        assert found.statistic == pytest.approx(expected.statistic)
        assert kept.estimate["observations"] == len(losses)
