"""What a watched router runs with, by its log or its file, becomes the active policy."""

import datetime as dt
from dataclasses import replace
from pathlib import Path

import factories.rows as put
import pytest
from factories.watched import JSON, LITELLM, NOW, THEN, WATCHED, in_a_file
from fakes.collaborators import scalar
from sqlalchemy import Engine

from tierwatch.loop.decide.approve import approve_proposal
from tierwatch.loop.decide.foreign.follow import follow_router
from tierwatch.loop.decide.foreign.hand_over import Watched
from tierwatch.loop.decide.foreign.mirror import apply_change
from tierwatch.loop.decide.rollout_by_hand import abort_rollout
from tierwatch.routing.foreign.router import ForeignRouter
from tierwatch.store.policies import active_policies
from tierwatch.store.watched.router_changes import change_of
from tierwatch.store.watched.seen_thresholds import add_seen, words_of

OTHER = {"simple": 0.6, "standard": 0.7}


@pytest.fixture
def own(engine: Engine) -> Engine:
    with engine.begin() as connection:
        put.add_policy(connection)
        put.put_in_force(connection)
    return engine


def approved(engine: Engine, router: ForeignRouter = LITELLM) -> int:
    with engine.begin() as connection:
        made = put.add_proposal(connection)
        watched = Watched(router) if router is not LITELLM else WATCHED
        approve_proposal(connection, made, actor="ada", why="good", watched=watched)
    return made


def see(engine: Engine, thresholds: dict[str, float], *, minutes_ago: float = 0.0) -> None:
    words = words_of(thresholds)
    with engine.begin() as connection:
        add_seen(connection, {("proxy", words): 1})
        connection.exec_driver_sql(
            "update seen_thresholds set last_seen_at = now() - make_interval(secs => %s)"
            " where words = %s",
            (60 * minutes_ago, words),
        )


def follow(
    engine: Engine, router: ForeignRouter | None = LITELLM, *, minutes: float = 0.0
) -> int | None:
    now = dt.datetime.now(dt.UTC) + dt.timedelta(minutes=minutes)
    return follow_router(engine=engine, router=router, now=now)


def runs(engine: Engine) -> dict[str, float]:
    with engine.connect() as connection:
        active = active_policies(connection)
    assert active is not None
    return dict((active.candidate or active.stable).thresholds)


def state(engine: Engine, proposal_id: int) -> str:
    with engine.connect() as connection:
        change = change_of(connection, proposal_id)
    assert change is not None
    return change.state


def test_without_news_nothing_moves(own: Engine) -> None:
    assert follow(own, None) is None
    assert follow(own) is None  # nothing is logged yet: its file says what it will run with
    see(own, NOW)
    assert follow(own) is None


def test_before_a_policy_is_active_there_is_nothing_to_move(engine: Engine) -> None:
    see(engine, NOW)
    assert follow(engine) is None


def test_its_log_says_that_a_change_is_applied(own: Engine) -> None:
    made = approved(own)
    see(own, NOW, minutes_ago=5)
    see(own, THEN)
    assert follow(own) == 2
    assert (state(own, made), runs(own)) == ("applied", THEN)
    said = scalar(own, "select applied_by from router_changes")
    assert said == "tierwatch, by its log"
    assert follow(own) is None


def test_and_that_it_is_undone(own: Engine) -> None:
    made = approved(own)
    with own.begin() as connection:
        version = apply_change(connection, made, actor="ada")
        abort_rollout(connection, version, actor="ada", why="no")
    see(own, THEN, minutes_ago=5)
    assert follow(own) is None  # it runs with it until then
    see(own, NOW)
    assert follow(own) == 3
    assert (state(own, made), runs(own)) == ("undone", NOW)


def test_two_at_once_say_nothing(own: Engine) -> None:
    see(own, NOW)
    see(own, OTHER)
    assert follow(own) is None
    see(own, NOW, minutes_ago=2)
    assert follow(own) == 2
    assert runs(own) == OTHER


def test_a_change_without_us_is_taken_over_and_said(own: Engine) -> None:
    see(own, OTHER)
    assert follow(own) == 2
    said = scalar(own, "select detail ->> 'why' from audit where action = 'router.followed'")
    assert said == "its thresholds were changed without tierwatch, by its log: simple 0.7 to 0.6"


def test_who_says_applied_has_a_while_to_restart_it(own: Engine) -> None:
    made = approved(own)
    with own.begin() as connection:
        apply_change(connection, made, actor="ada")
    see(own, NOW)
    assert follow(own, minutes=5) is None
    assert follow(own, minutes=20) == 3
    assert (state(own, made), runs(own)) == ("ended", NOW)


def test_of_a_router_that_logs_none_its_file_says_so(own: Engine, tmp_path: Path) -> None:
    router = in_a_file(tmp_path)
    assert router.path is not None
    made = approved(own, router)
    assert follow(own, router) is None
    router.path.write_text(JSON.text.replace("0.7", "0.8", 1))
    assert follow(own, router) == 2
    assert (state(own, made), runs(own)) == ("applied", THEN)


def test_a_file_that_cannot_be_read_says_nothing(own: Engine, tmp_path: Path) -> None:
    router = in_a_file(tmp_path)
    assert router.path is not None
    router.path.write_text("{")
    assert follow(own, router) is None
    assert follow(own, replace(JSON, text="{}")) is None


def test_thresholds_of_other_tiers_are_left_alone(own: Engine) -> None:
    see(own, {"elsewhere": 0.5})
    assert follow(own) is None
    assert runs(own) == NOW


def test_what_nobody_applies_in_time_expires(own: Engine) -> None:
    made = approved(own)
    assert follow(own, minutes=6 * 24 * 60) is None
    assert state(own, made) == "waiting"
    assert follow(own, minutes=8 * 24 * 60) is None
    assert state(own, made) == "ended"
    assert scalar(own, "select state from proposals") == "expired"
    assert runs(own) == NOW
