"""A change of policy restarts what it changed, and leaves everything else as it was."""

from typing import Any

import factories.rows as put
import pytest
from fakes.collaborators import rows, scalar
from sqlalchemy import Engine, text

from tierwatch.evaluation.alarms.misroute_monitor import MisrouteMonitor
from tierwatch.loop.watch.observe import MonitorRules, observe
from tierwatch.routing.policy import Policy
from tierwatch.store.judgements.monitors import active_streams, load_monitor
from tierwatch.store.policies import add_policy

TOLERANCE = {"simple": 0.05, "standard": 0.05}
RULES = MonitorRules(
    tolerance=TOLERANCE, level=1e7, max_weight=1.0, min_pairs=30, conversation_idle_s=60.0
)
FIRST = Policy(1, {"simple": 0.7, "standard": 0.6})


def activate(engine: Engine, policy: Policy, candidate: Policy | None = None) -> None:
    with engine.begin() as connection:
        stored = set(connection.execute(text("select version from policies")).scalars())
        for each in (policy, candidate):
            if each is not None and each.version not in stored:
                add_policy(connection, each, author="ada", reason="why")
        connection.execute(
            text(
                "insert into active_policy (id, stable_version, candidate_version, share, salt)"
                " values (1, :stable, :candidate, .2, 's') on conflict (id) do update"
                " set stable_version = :stable, candidate_version = :candidate"
            ),
            {
                "stable": policy.version,
                "candidate": None if candidate is None else candidate.version,
            },
        )


_numbers = iter(range(1, 1_000_000))


def pour(engine: Engine, losses: list[float], version: int, **changes: Any) -> None:
    tier = changes.get("tier", "simple")
    kind = changes.get("task_type", "all")
    stream = f"{tier}|{kind}|p{version}|{tier}-1|{put.JUDGE}"
    with engine.begin() as connection:
        for loss in losses:
            put.add_outcome(
                connection,
                next(_numbers),
                loss,
                **({"stream": stream, "policy_version": version} | changes),
            )
    observe(engine=engine, rules=RULES)


def monitor(engine: Engine, stream: str) -> MisrouteMonitor:
    with engine.connect() as connection:
        kept = load_monitor(connection, f"{stream}|{put.JUDGE}")
    assert kept is not None
    return MisrouteMonitor.from_state(kept.state)


def fed(*losses: float) -> MisrouteMonitor:
    made = MisrouteMonitor(0.05, 1e7, 1.0, 8.0)
    for loss in losses:
        made.update(loss)
    return made


def test_weekly_changes_of_another_tier_are_not_felt(engine: Engine) -> None:
    policy = FIRST
    activate(engine, policy)
    losses: list[float] = []
    for week in range(5):
        batch = [0.0, 0.0, 1.0, 0.0]
        pour(engine, batch, policy.version)
        losses += batch
        policy = policy.with_threshold("standard", 0.5 - week / 100, version=policy.version + 1)
        activate(engine, policy)
    assert monitor(engine, "simple|all|t0.70|simple-1").state() == fed(*losses).state()
    [row] = rows(engine, "select pairs, losses, estimate from monitors where kind = 'misroute'")
    assert (row.pairs, row.losses, row.estimate["observations"]) == (20, 5.0, 20)


def test_a_rollout_at_another_tier_feeds_the_same_stream_from_both_arms(engine: Engine) -> None:
    second = FIRST.with_threshold("standard", 0.5, version=2)
    activate(engine, FIRST, second)
    pour(engine, [0.0, 1.0], 1)
    pour(engine, [1.0, 0.0], 2)
    assert monitor(engine, "simple|all|t0.70|simple-1").n == 4
    # The tier that is tried is two populations.
    pour(engine, [0.0], 1, tier="standard")
    pour(engine, [0.0], 2, tier="standard")
    names = [
        row.stream
        for row in rows(engine, "select stream from monitors where kind = 'misroute' order by 1")
    ]
    assert [name.split("|")[2] for name in names] == ["t0.70", "t0.50", "t0.60"]


def test_an_alarm_finds_its_pairs_under_every_policy_of_its_rule(engine: Engine) -> None:
    activate(engine, FIRST)
    pour(engine, [0.0] * 25 + [1.0] * 8, 1)
    assert rows(engine, "select 1 from alerts") == []
    activate(engine, FIRST.with_threshold("standard", 0.5, version=2))
    pour(engine, [1.0] * 8, 2)
    [alert] = rows(engine, "select evidence, pairs from alerts")
    assert alert.pairs == 41
    assert alert.evidence["whole_stream"]["n"] == 41
    assert alert.evidence["estimate"]["n"] == 16  # from the first bad pair on, under policy 1


def test_approving_a_change_of_one_tier_leaves_the_alert_and_state_of_another(
    engine: Engine,
) -> None:
    activate(engine, FIRST)
    pour(engine, [1.0] * 40, 1, tier="standard")
    assert scalar(engine, "select state from alerts") == "open"
    before = rows(
        engine, "select stream, state, pairs, alarmed from monitors where kind = 'misroute'"
    )
    activate(engine, FIRST.with_threshold("simple", 0.6, version=2))
    with engine.connect() as connection:
        [stream] = active_streams(connection, {"standard": "standard-1"}, judge_version=put.JUDGE)[
            "standard"
        ]
    assert (stream.pairs, stream.alarmed) == (40, True)
    pour(engine, [0.0], 2)
    assert scalar(engine, "select state from alerts") == "open"
    after = rows(
        engine,
        "select stream, state, pairs, alarmed from monitors"
        " where kind = 'misroute' and tier = 'standard'",
    )
    assert [tuple(row) for row in after] == [tuple(row) for row in before]


@pytest.mark.parametrize("typed", [False, True])
def test_a_raise_starts_anew_and_a_lowered_threshold_takes_the_evidence_over(
    engine: Engine,
    typed: bool,  # noqa: FBT001 - drawn
) -> None:
    changes = {"task_type": "sql"} if typed else {}
    kind, pooled = ("sql", "*") if typed else ("all", "all")
    activate(engine, FIRST)
    pour(engine, [1.0] * 5, 1, **changes)
    gathered = monitor(engine, f"simple|{kind}|t0.70|simple-1").statistic
    assert gathered > 100
    raised = FIRST.with_threshold("simple", 0.8, version=2)
    activate(engine, raised)
    pour(engine, [0.0], 2, **changes)
    assert monitor(engine, f"simple|{kind}|t0.80|simple-1").statistic < 1
    pour(engine, [1.0] * 5, 2, **changes)
    for stream in (f"simple|{kind}|t0.80|simple-1", f"simple|{pooled}|t0.80|simple-1"):
        gathered = monitor(engine, stream).statistic
        assert gathered > 100
    activate(engine, raised.with_threshold("simple", 0.75, version=3))
    pour(engine, [0.0], 3, **changes)
    for stream in (f"simple|{kind}|t0.75|simple-1", f"simple|{pooled}|t0.75|simple-1"):
        lowered = monitor(engine, stream)
        assert lowered.n == 1  # its pairs and its rate are of the new threshold
        assert lowered.statistic > gathered / 2
    # Nothing is left of what was taken over or left behind.
    left = rows(
        engine,
        "select distinct split_part(stream, '|', 3) as rule from monitors where kind = 'misroute'",
    )
    assert [row.rule for row in left] == ["t0.75"]


def test_a_candidate_that_loosens_takes_nothing_before_it_is_the_policy(engine: Engine) -> None:
    second = FIRST.with_threshold("simple", 0.6, version=2)
    activate(engine, FIRST, second)
    pour(engine, [1.0] * 5, 1)
    pour(engine, [0.0], 2)
    assert monitor(engine, "simple|all|t0.60|simple-1").statistic < 1
    assert monitor(engine, "simple|all|t0.70|simple-1").statistic > 100
    activate(engine, second)
    pour(engine, [0.0], 2)
    assert monitor(engine, "simple|all|t0.60|simple-1").statistic > 100


def test_a_stream_kept_under_a_policys_number_goes_on_under_its_rule(engine: Engine) -> None:
    activate(engine, FIRST)
    pour(engine, [0.0, 1.0, 1.0], 1)
    before = monitor(engine, "simple|all|t0.70|simple-1").state()
    with engine.begin() as connection:
        connection.execute(text("update monitors set stream = replace(stream, 't0.70', 'p1')"))
        [row] = active_streams(connection, {"simple": "simple-1"}, judge_version=put.JUDGE)[
            "simple"
        ]
    assert row.pairs == 3  # read before it is fed again
    pour(engine, [0.0], 1)
    [row] = rows(
        engine, "select stream, pairs, losses, estimate from monitors where kind = 'misroute'"
    )
    assert row.stream == f"simple|all|t0.70|simple-1|{put.JUDGE}"
    assert (row.pairs, row.losses, row.estimate["observations"]) == (4, 2.0, 4)
    assert monitor(engine, "simple|all|t0.70|simple-1").state() == fed(0.0, 1.0, 1.0, 0.0).state()
    assert before == fed(0.0, 1.0, 1.0).state()
