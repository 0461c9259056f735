"""A stream's state is one row, written over; the report sees the streams of now."""

from typing import Any

import factories.rows as put
import pytest
from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import OperationalError

from tierwatch.loop.compare.trust import weigh_judge
from tierwatch.store.judgements.monitors import (
    Monitor,
    MonitorColumns,
    active_streams,
    forget_monitors,
    load_monitor,
    put_monitor,
    shown_judge_trust,
    trust_of,
)


def columns(stream: str = "simple|all|p1|small-1|judge", **changes: Any) -> MonitorColumns:
    found: Any = {
        "kind": "misroute",
        "stream": stream,
        "tier": "simple",
        "task_type": "all",
        "policy_version": 1,
        "judge_version": "judge",
        "state": {"n": 1},
        "pairs": 1,
        "losses": 0.0,
        "newest_request_no": 7,
        "alarmed": False,
        "estimate": {"high": 0.5},
    }
    return found | changes


def stream_names(connection: Connection) -> list[str]:
    return list(connection.execute(text("select stream from monitors order by 1")).scalars())


def test_a_stream_nobody_wrote_is_none(connection: Connection) -> None:
    assert load_monitor(connection, "nobody's") is None


def test_what_is_written_is_read(connection: Connection) -> None:
    put_monitor(connection, **columns(losses=2.5, state={"deep": {"list": [1, None]}}))
    found = load_monitor(connection, "simple|all|p1|small-1|judge")
    assert isinstance(found, Monitor)
    assert (found.kind, found.tier, found.losses) == ("misroute", "simple", 2.5)
    assert found.state == {"deep": {"list": [1, None]}}
    assert found.estimate == {"high": 0.5}


def test_writing_again_moves_the_state_and_keeps_what_it_is_of(connection: Connection) -> None:
    put_monitor(connection, **columns())
    put_monitor(connection, **columns(tier="other", state={"n": 2}, pairs=2, alarmed=True))
    found = load_monitor(connection, "simple|all|p1|small-1|judge")
    assert found is not None
    assert (found.state, found.pairs, found.alarmed) == ({"n": 2}, 2, True)
    assert found.tier == "simple"
    assert len(stream_names(connection)) == 1


def test_a_kind_without_figures_has_none(connection: Connection) -> None:
    put_monitor(connection, **columns("capture", kind="capture", estimate=None))
    found = load_monitor(connection, "capture")
    assert found is not None
    assert found.estimate is None


def test_a_stream_is_held_until_its_transaction_ends(engine: Engine) -> None:
    with engine.begin() as connection:
        put_monitor(connection, **columns("held"))
    with engine.begin() as first, engine.begin() as second:
        load_monitor(first, "held")
        second.execute(text("set local lock_timeout = '50ms'"))
        with pytest.raises(OperationalError, match="lock timeout"):
            load_monitor(second, "held")


@pytest.mark.parametrize(
    ("segment", "left"),
    [
        ({}, ["input"]),
        ({"tier": "simple"}, ["input", "standard/sql"]),
        ({"tier": "simple", "task_type": "sql"}, ["input", "simple/all", "standard/sql"]),
        ({"task_type": "sql"}, ["input", "simple/all"]),
        ({"tier": "complex"}, ["input", "simple/all", "simple/sql", "standard/sql"]),
    ],
    ids=["kind", "tier", "segment", "type", "nothing"],
)
def test_only_what_was_named_starts_anew(
    connection: Connection, segment: dict[str, str], left: list[str]
) -> None:
    for tier, task_type in (("simple", "all"), ("simple", "sql"), ("standard", "sql")):
        stream = f"{tier}/{task_type}"
        put_monitor(connection, **columns(stream, tier=tier, task_type=task_type))
    put_monitor(connection, **columns("input", kind="input"))
    forget_monitors(connection, "misroute", **segment)
    assert stream_names(connection) == left


def test_streams_of_now_are_of_this_policy_model_and_judge(connection: Connection) -> None:
    for version in (1, 2, 3):
        put.add_policy(connection, version)
    put.put_in_force(connection, 1)
    connection.execute(text("update active_policy set candidate_version = 2, share = .2"))
    active = {
        "simple|all|p1|small-1|judge": {},
        "simple|all|p2|small-1|judge": {"policy_version": 2},
    }
    others: dict[str, Any] = {
        "simple|all|p3|small-1|judge": {"policy_version": 3},
        "simple|all|p1|small-2|judge": {},
        "simple|all|p1|small-1|old": {"judge_version": "old"},
        "standard|all|p1|small-1|judge": {"tier": "standard"},
        "simple|sql|p1|small-1|judge": {"estimate": None},
        "simple|x|p1|small-1|judge": {"kind": "input"},
    }
    for place, (stream, changes) in enumerate((active | others).items()):
        put_monitor(connection, **columns(stream, pairs=place, **changes))
    asked = {"simple": "small-1", "standard": "medium-1", "complex": "large-1"}
    found = active_streams(connection, asked, judge_version="judge")
    assert {tier: [one.pairs for one in streams] for tier, streams in found.items()} == {
        "simple": [0, 1],
        "standard": [],
        "complex": [],
    }
    other = active_streams(connection, {"standard": "small-1"}, judge_version="judge")
    assert [one.pairs for one in other["standard"]] == [5]
    assert active_streams(connection, {"simple": "other"}, judge_version="judge") == {"simple": []}
    assert active_streams(connection, {}, judge_version="judge") == {}


def test_before_a_policy_is_active_no_stream_is(connection: Connection) -> None:
    put_monitor(connection, **columns())
    found = active_streams(connection, {"simple": "small-1"}, judge_version="judge")
    assert found == {"simple": []}


def test_nothing_is_kept_of_an_unknown_judge(connection: Connection) -> None:
    assert trust_of(connection, "nobody") is None
    assert shown_judge_trust(connection) is None


def test_the_newest_is_the_one_weighed_last(connection: Connection) -> None:
    for judge in ("one", "two"):
        put.add_anchors(connection, 300, 408, judge=judge)
        weigh_judge(connection, judge)
        connection.execute(
            text("update monitors set updated_at = now() - interval '1 day' where stream = :s"),
            {"s": "trust|one"},
        )
    found, one = shown_judge_trust(connection), trust_of(connection, "one")
    assert found is not None
    assert one is not None
    assert (found.judge_version, one.judge_version) == ("two", "one")
    assert (one.pairs, one.losses, one.alarmed) == (408, 108.0, False)
