"""Each outcome counts once, alerts open once, and the stored positions replay to the same state."""

import itertools
import threading
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import factories.rows as put
import pytest
import structlog
from fakes.collaborators import rows, scalar
from sqlalchemy import Engine, text

from tierwatch.evaluation.alarms.misroute_monitor import MisrouteMonitor
from tierwatch.loop.watch.alert import acknowledge_alert, resolve_alert
from tierwatch.loop.watch.observe import MonitorRules, observe
from tierwatch.routing.policy import Policy
from tierwatch.store.judgements.monitors import load_monitor
from tierwatch.store.judgements.outcomes import replay_outcomes
from tierwatch.store.policies import add_policy

RULES = MonitorRules(tolerance={"simple": 0.05}, level=1e7, max_weight=1.0, min_pairs=30)
PROMISED = Policy(2, {"simple": 0.7, "standard": 0.6}, promised={"simple": 0.3}, promised_for=0.9)
# A bad pair multiplies the evidence of the boldest bet by 1 + 4 / 0.95 * 0.95 = 5, so a dozen bad
# pairs in a row pass 1e7 (5^10 = 9.8e6, divided among five bets).
PLENTY = 40


def pour(engine: Engine, losses: Sequence[float], *, first: int = 1, **changes: Any) -> None:
    """Add outcomes of requests ``first``, ``first + 1``, ..."""
    with engine.begin() as connection:
        for number, loss in enumerate(losses, first):
            put.add_outcome(connection, number, loss, **changes)


def alerts(engine: Engine) -> list[Any]:
    return rows(engine, "select * from alerts order by id")


def test_each_outcome_is_taken_once(engine: Engine) -> None:
    pour(engine, [0.0, 1.0, 0.0])
    assert observe(engine=engine, rules=RULES) == 3
    assert observe(engine=engine, rules=RULES) == 0
    assert tuple(
        rows(
            engine, "select pairs, losses, newest_request_no from monitors where kind = 'misroute'"
        )[0]
    ) == (
        3,
        1.0,
        3,
    )
    assert [row.position for row in rows(engine, "select position from outcomes order by id")] == [
        1,
        2,
        3,
    ]


def test_nothing_new_writes_nothing(engine: Engine) -> None:
    assert observe(engine=engine, rules=RULES) == 0
    assert scalar(engine, "select count(*) from monitors where kind = 'misroute'") == 0


def test_many_observers_at_once_count_each_outcome_once(engine: Engine) -> None:
    pour(engine, [0.0, 1.0] * 50)
    threads = [
        threading.Thread(target=lambda: observe(engine=engine, rules=RULES)) for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    observe(engine=engine, rules=RULES)
    assert scalar(engine, "select pairs from monitors where kind = 'misroute'") == 100
    assert scalar(engine, "select count(distinct position) from outcomes") == 100
    assert scalar(engine, "select max(position) from outcomes") == 100


def test_more_outcomes_than_a_batch_are_all_taken(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tierwatch.loop.watch.observe._BATCH", 4)
    pour(engine, [0.0] * 8)
    assert observe(engine=engine, rules=RULES) == 8
    assert scalar(engine, "select pairs from monitors where kind = 'misroute'") == 8


def test_replaying_the_stored_positions_gives_the_stored_state(engine: Engine) -> None:
    for first in (1, 101, 201):
        # Weights 1 / 1.5 and 1 under a cap of 1.5; two streams interleaved.
        for number in range(first, first + 30):
            pour(
                engine,
                [float(number % 7 == 0)],
                first=number,
                stream=f"s{number % 2}",
                weight=1.5 if number % 3 else 1.0,
            )
        observe(engine=engine, rules=replace(RULES, max_weight=1.5))
    fresh = {name: MisrouteMonitor(0.05, 1e7, 1.5, 8.0) for name in ("s0", "s1")}
    with engine.connect() as connection:
        for row in replay_outcomes(connection):
            fresh[row.stream].update(row.loss, row.weight)
        for name, monitor in fresh.items():
            assert monitor.n == 45
            stored = MisrouteMonitor.from_state(load_monitor(connection, name).state)
            assert stored.state() == monitor.state()


def test_a_policy_version_starts_a_stream_of_its_own(engine: Engine) -> None:
    pour(engine, [0.0] * 4, stream="simple|p1", policy_version=1)
    pour(engine, [1.0] * 3, stream="simple|p2", policy_version=2, first=5)
    observe(engine=engine, rules=RULES)
    found = rows(
        engine,
        "select policy_version, pairs, losses from monitors where kind = 'misroute' order by 1",
    )
    assert [tuple(row) for row in found] == [(1, 4, 0.0), (2, 3, 3.0)]


@pytest.mark.parametrize(("quality", "tolerance"), [(None, 0.05), (0.95, 0.05), (0.9, 0.3)])
def test_a_tier_is_tolerated_what_its_policy_promised(
    engine: Engine, quality: float | None, tolerance: float
) -> None:
    with engine.begin() as connection:
        add_policy(connection, PROMISED, author="ada", reason="approved")
    # Two of ten bad: far above 5 %, and within the 30 % that were promised of the tier.
    pour(engine, [1.0, 0.0, 0.0, 0.0, 0.0] * 60, policy_version=2)
    observe(engine=engine, rules=replace(RULES, quality=quality))
    assert (
        scalar(engine, "select state from monitors where kind = 'misroute'")["tolerance"]
        == tolerance
    )
    assert len(alerts(engine)) == (0 if quality == 0.9 else 1)


def test_more_than_was_promised_alarms_all_the_same(engine: Engine) -> None:
    with engine.begin() as connection:
        add_policy(connection, PROMISED, author="ada", reason="approved")
    pour(engine, [1.0] * PLENTY, policy_version=2)
    observe(engine=engine, rules=replace(RULES, quality=0.9))
    [alert] = alerts(engine)
    assert alert.evidence["tolerance"] == 0.3
    assert "30.0 % is tolerated" in alert.summary


def test_what_was_not_promised_has_the_stated_tolerance(engine: Engine) -> None:
    with engine.begin() as connection:
        promised = replace(PROMISED, promised={"standard": 0.3})
        add_policy(connection, promised, author="ada", reason="approved")
    pour(engine, [0.0], policy_version=2)
    pour(engine, [0.0], policy_version=7)  # a policy that is not stored
    observe(engine=engine, rules=replace(RULES, quality=0.9))
    states = rows(engine, "select state from monitors where kind = 'misroute'")
    assert {row.state["tolerance"] for row in states} == {0.05}


def test_probes_down_and_unwatched_tiers_feed_no_monitor(engine: Engine) -> None:
    pour(engine, [1.0] * PLENTY, direction="down")
    pour(engine, [1.0] * PLENTY, tier="standard")
    assert observe(engine=engine, rules=RULES) == 2 * PLENTY
    assert scalar(engine, "select count(*) from monitors where kind = 'misroute'") == 0
    assert alerts(engine) == []
    # Seen all the same: the position says so.
    assert scalar(engine, "select count(*) from outcomes where position is null") == 0


def test_good_answers_open_no_alert(engine: Engine) -> None:
    pour(engine, [0.0] * 300)
    observe(engine=engine, rules=RULES)
    assert alerts(engine) == []
    assert scalar(engine, "select pairs from monitors where kind = 'misroute'") == 300


def test_an_alert_opens_once_and_stays_one_while_it_is_open(engine: Engine) -> None:
    pour(engine, [1.0] * PLENTY)
    observe(engine=engine, rules=RULES)
    pour(engine, [1.0] * PLENTY, first=100)
    observe(engine=engine, rules=RULES)
    # Another stream of the same segment has the same cause.
    pour(engine, [1.0] * PLENTY, first=200, stream="simple|p2", policy_version=2)
    observe(engine=engine, rules=RULES)
    [alert] = alerts(engine)
    assert (alert.kind, alert.tier, alert.segment, alert.state) == (
        "misroute",
        "simple",
        "simple/all",
        "open",
    )
    assert scalar(engine, "select count(*) from audit where action = 'alert.opened'") == 1


def test_an_acknowledged_alert_is_not_opened_again(engine: Engine) -> None:
    pour(engine, [1.0] * PLENTY)
    observe(engine=engine, rules=RULES)
    with engine.begin() as connection:
        acknowledge_alert(connection, alerts(engine)[0].id, actor="ada")
    pour(engine, [1.0] * PLENTY, first=100, stream="simple|p2")
    observe(engine=engine, rules=RULES)
    assert len(alerts(engine)) == 1


def test_fewer_pairs_than_asked_for_open_nothing(engine: Engine) -> None:
    pour(engine, [1.0] * 29)
    observe(engine=engine, rules=RULES)
    assert alerts(engine) == []
    state = scalar(engine, "select state from monitors where kind = 'misroute'")
    assert MisrouteMonitor.from_state(state).statistic > 1e7  # the evidence alone would do
    pour(engine, [1.0], first=30)
    observe(engine=engine, rules=RULES)
    assert [alert.opened_at_request for alert in alerts(engine)] == [30]


def test_an_alert_names_its_pairs_and_the_request_that_opened_it(engine: Engine) -> None:
    pour(engine, [0.0] * 100)
    pour(engine, [1.0] * PLENTY, first=101, confidence=0.8)
    # The most confident mistake, and a worse-looking one the judge was of two minds about.
    pour(engine, [1.0], first=141, confidence=0.99)
    pour(engine, [1.0], first=142, confidence=1.0, basis="swap_disagreement")
    # Where a monitor fed by hand first alarms.
    by_hand = MisrouteMonitor(0.05, 1e7, 1.0, 8.0)
    losses = itertools.chain([0.0] * 100, itertools.repeat(1.0))
    crossing = next(n for n, loss in enumerate(losses, 1) if by_hand.update(loss))
    assert 105 < crossing < 120
    observe(engine=engine, rules=RULES)
    [alert] = alerts(engine)
    assert alert.opened_at_request == crossing
    found = {
        row.request_no: str(row.exchange_id)
        for row in rows(engine, "select request_no, exchange_id from outcomes")
    }
    evidence = alert.evidence
    # The excursion begins with the first bad pair, update 100 counted from 0.
    assert (evidence["first_request"], evidence["first_pair"]) == (101, found[101])
    assert (evidence["last_request"], evidence["last_pair"]) == (142, found[142])
    assert len(evidence["worst"]) == 10
    assert evidence["worst"][0] == {"pair": found[141], "confidence": 0.99, "request": 141}
    assert found[142] not in [worst["pair"] for worst in evidence["worst"]]
    assert evidence["estimate"]["value"] == 1.0
    # 42 bad of 142.
    assert evidence["whole_stream"]["value"] == pytest.approx(42 / 142)
    assert (evidence["tolerance"], evidence["level"]) == (0.05, 1e7)
    assert evidence["statistic"] >= 1e7
    assert "tier simple" in alert.summary
    assert "5.0 % is tolerated" in alert.summary


def test_an_alert_withdraws_what_would_loosen_its_tier_and_nothing_else(engine: Engine) -> None:
    with engine.begin() as connection:
        put.add_policy(connection)
        put.put_in_force(connection)
        lower = put.add_proposal(connection, direction="lower", to_threshold=0.6)
        raising = put.add_proposal(connection, task_type="code")
        other = put.add_proposal(connection, tier="standard", direction="lower")
    pour(engine, [1.0] * PLENTY)
    observe(engine=engine, rules=RULES)
    states = dict(tuple(row) for row in rows(engine, "select id, state from proposals"))
    assert states == {lower: "expired", raising: "open", other: "open"}
    why = scalar(engine, "select ended_why from proposals where id = :id", id=lower)
    assert why == f"alert {alerts(engine)[0].id} was opened on this tier after its evidence"
    assert scalar(engine, "select subject from audit where action = 'proposal.expired'") == (
        f"proposal/{lower}"
    )


def test_an_alert_takes_back_a_loosening_rollout(engine: Engine) -> None:
    with engine.begin() as connection:
        put.add_policy(connection)
        put.add_policy(connection, 2, simple=0.6)
        put.put_in_force(connection)
        connection.execute(text("update active_policy set candidate_version = 2, share = 0.2"))
        put.add_proposal(connection, direction="lower", state="rolling_out", candidate_version=2)
    pour(engine, [1.0] * PLENTY)
    observe(engine=engine, rules=RULES)
    assert scalar(engine, "select state from proposals") == "rolled_back"
    row = rows(engine, "select stable_version, candidate_version, share from active_policy")[0]
    assert tuple(row) == (1, None, 0.0)


def test_a_resolved_alert_starts_the_stream_anew_and_can_open_again(engine: Engine) -> None:
    pour(engine, [1.0] * PLENTY)
    observe(engine=engine, rules=RULES)
    first = alerts(engine)[0]
    with engine.begin() as connection:
        resolve_alert(connection, first.id, actor="ada")
    assert scalar(engine, "select count(*) from monitors where kind = 'misroute'") == 0
    pour(engine, [0.0] * 20, first=100)
    observe(engine=engine, rules=RULES)
    assert scalar(engine, "select pairs from monitors where kind = 'misroute'") == 20
    assert len(alerts(engine)) == 1
    pour(engine, [1.0] * PLENTY, first=120)
    observe(engine=engine, rules=RULES)
    again = alerts(engine)[1]
    assert (again.state, again.pairs) == ("open", 60)
    # Its pairs are those since the restart, not the 40 of the first alert.
    assert again.evidence["whole_stream"]["value"] == pytest.approx(40 / 60)
    assert again.evidence["first_request"] == 120


def test_a_spent_budget_is_said_once_a_day(engine: Engine) -> None:
    rules = replace(RULES, budget_usd_per_day=0.01)
    observe(engine=engine, rules=rules)
    assert alerts(engine) == []
    with engine.begin() as connection:
        # 0.01 of the shadow and 0.002 of the judge are above the 0.01 a day may cost.
        put.add_pair(connection, 1)
    observe(engine=engine, rules=rules)
    observe(engine=engine, rules=rules)
    [alert] = alerts(engine)
    assert (alert.kind, alert.segment, alert.tier) == ("budget", "all", "")
    spent = {"version": 1, "spent_usd": pytest.approx(0.012), "budget_usd": 0.01}
    assert alert.evidence == spent
    assert "0.01 USD is spent" in alert.summary


def test_without_a_budget_nothing_is_ever_spent(engine: Engine) -> None:
    with engine.begin() as connection:
        put.add_pair(connection, 1)
    observe(engine=engine, rules=RULES)
    assert alerts(engine) == []


@pytest.mark.parametrize("kept", ["null", '{"version": 2}', '{"value": 0.1}'])
def test_figures_that_cannot_be_read_are_made_anew(engine: Engine, kept: str) -> None:
    pour(engine, [0.0] * 100)
    observe(engine=engine, rules=RULES)
    with engine.begin() as connection:
        change = text("update monitors set estimate = cast(:kept as jsonb)")
        connection.execute(change, {"kept": kept})
    pour(engine, [0.0], first=101)
    observe(engine=engine, rules=RULES)
    # 101 are less than 1.02 * 100: had these been readable, they would have stayed.
    estimate = scalar(engine, "select estimate from monitors where kind = 'misroute'")
    assert (estimate["version"], estimate["observations"], estimate["n"]) == (1, 101, 101)


def test_what_is_said_once_of_a_heavy_outcome_leaves_the_others_counting(engine: Engine) -> None:
    pour(engine, [1.0], weight=RULES.max_weight * 3)
    pour(engine, [0.0] * 10, first=2)
    with structlog.testing.capture_logs() as said:
        observe(engine=engine, rules=RULES)
    [line] = said
    assert line["event"] == "outcome left out: weight above the cap"
    assert scalar(engine, "select pairs from monitors where kind = 'misroute'") == 10


@pytest.mark.parametrize("kept", ["{}", "[]", '{"version": 2}', '{"tolerance": "0.05"}'])
def test_a_stream_whose_state_is_broken_starts_again(engine: Engine, kept: str) -> None:
    pour(engine, [0.0] * 40)
    observe(engine=engine, rules=RULES)
    with engine.begin() as connection:
        change = text("update monitors set state = cast(:kept as jsonb)")
        connection.execute(change, {"kept": kept})
    pour(engine, [0.0, 1.0], first=41)
    assert observe(engine=engine, rules=RULES) == 2
    [monitor] = rows(engine, "select pairs, losses, state from monitors where kind = 'misroute'")
    assert (monitor.pairs, monitor.losses, monitor.state["n"]) == (2, 1.0, 2)
