"""Task types from rows to a gateway."""

import datetime as dt
import json
import math
import threading
from typing import Any

import pytest
from click.testing import CliRunner
from factories.judged_prompts import ALIKE, DIFFERENT, NOW, judge_prompts
from factories.rows import JUDGE
from fakes.collaborators import rows, scalar
from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import IntegrityError

from tierwatch.command import main
from tierwatch.loop.decide.reload import current_types
from tierwatch.loop.improve import rebuild_types as loop_types
from tierwatch.loop.improve.rebuild_types import rebuild_types
from tierwatch.routing.classify.task_types import TaskTypes
from tierwatch.store.learned import type_evidence, type_versions


def rebuild(engine: Engine, **options: Any) -> loop_types.Rebuilt:
    found = rebuild_types(engine=engine, judge_version=None, leiden=None, now=NOW, **options)
    assert found is not None
    return found


def test_types_that_tell_rates_apart_are_put_in_force_and_told(engine: Engine) -> None:
    judge_prompts(engine, 500, DIFFERENT)
    found = rebuild(engine, actor="ada")
    assert (found.changed, found.version) == (True, 1)
    news = current_types(0, engine=engine)
    assert news is not None
    version, artefact = news
    assert version == 1
    assert artefact is not None
    types = TaskTypes.from_bytes(artefact)
    assert types.version == 1
    assert types.assign("join the table of a database") != types.assign("a sonnet of the moon")
    assert current_types(1, engine=engine) is None
    (audit,) = rows(engine, "select actor, action, subject, detail from audit")
    assert (audit.actor, audit.action, audit.subject) == ("ada", "types.rebuilt", "task_types/1")
    assert audit.detail["v"] > 0.3


def test_types_that_separate_nothing_are_not(engine: Engine) -> None:
    judge_prompts(engine, 500, ALIKE, seed=1)
    found = rebuild(engine)
    assert not found.changed
    assert "no more than those of random groups" in found.why
    assert current_types(0, engine=engine) is None
    assert scalar(engine, "select action from audit") == "types.kept"
    assert scalar(engine, "select count(*) from task_types") == 0


def test_too_few_pairs_change_and_record_nothing(engine: Engine) -> None:
    judge_prompts(engine, 50, DIFFERENT)
    found = rebuild(engine)
    assert found.why == (
        "found 50 judged prompts; accepted: 400 or more, half of which are held out"
    )
    assert scalar(engine, "select count(*) from audit") == 0


def test_an_empty_database_says_so(engine: Engine) -> None:
    assert "found 0 judged prompts" in rebuild(engine).why


def test_a_second_look_keeps_the_types_unless_others_are_better(engine: Engine) -> None:
    judge_prompts(engine, 500, DIFFERENT)
    rebuild(engine)
    found = rebuild(engine)
    assert (found.changed, found.version) == (False, 1)
    assert "hardly better than the active types" in found.why
    assert found.evidence is not None
    assert found.evidence.consistent is not None
    assert found.evidence.consistent > 0.8


def test_verdicts_of_another_judge_are_another_measurement(engine: Engine) -> None:
    judge_prompts(engine, 500, DIFFERENT)
    found = rebuild_types(engine=engine, judge_version="another", leiden=None, now=NOW)
    assert found is not None
    assert "found 0 judged prompts" in found.why


def test_a_look_is_due_once_in_its_time_and_only_one_worker_takes_it(engine: Engine) -> None:
    judge_prompts(engine, 500, DIFFERENT)
    assert rebuild(engine, every_s=3600).changed
    soon, later = NOW + dt.timedelta(minutes=5), NOW + dt.timedelta(hours=2)
    options: dict[str, Any] = {"engine": engine, "judge_version": None, "leiden": None}
    assert rebuild_types(**options, now=soon, every_s=3600) is None
    assert rebuild_types(**options, now=later, every_s=3600) is not None
    with engine.begin() as connection:
        assert type_versions.hold_building(connection)
        assert rebuild_types(**options, now=later) is None
    assert rebuild_types(**options, now=later) is not None


def test_two_workers_at_once_make_one_version(engine: Engine) -> None:
    judge_prompts(engine, 500, DIFFERENT)
    found: list[Any] = []
    threads = [
        threading.Thread(
            target=lambda: found.append(
                rebuild_types(engine=engine, judge_version=None, leiden=None, now=NOW, every_s=3600)
            )
        )
        for _ in range(3)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(one is not None and one.changed for one in found) == 1
    assert scalar(engine, "select count(*) from task_types") == 1


def test_the_database_holds_one_active_version_only(connection: Connection) -> None:
    for version in (1, 2):
        type_versions.add_types(
            connection,
            version=version,
            artefact=b"x",
            names=[f"a{version}"],
            evidence={},
            mapping={},
        )
    assert type_versions.active_version(connection) == 2
    assert type_versions.names_ever_used(connection) == {"a1", "a2"}
    with pytest.raises(IntegrityError):
        connection.execute(text("update task_types set active = true"))


def test_types_in_force_that_cannot_be_read_are_replaced(engine: Engine) -> None:
    judge_prompts(engine, 500, DIFFERENT)
    with engine.begin() as connection:
        type_versions.add_types(
            connection, version=4, artefact=b"rotten", names=["old"], evidence={}, mapping={}
        )
    found = rebuild(engine)
    assert (found.changed, found.version) == (True, 5)
    assert found.evidence is not None
    assert found.evidence.before is None


def test_requests_stored_in_odd_forms_are_read_as_far_as_they_go(engine: Engine) -> None:
    judge_prompts(engine, 500, DIFFERENT)
    with engine.begin() as connection:
        connection.execute(
            text(
                "update exchange_texts set request = '{\"messages\": null}' where id in"
                " (select id from exchange_texts limit 5)"
            )
        )
        connection.execute(
            text(
                "update exchange_texts set request = '{}' where id in"
                " (select id from exchange_texts order by id desc limit 5)"
            )
        )
    assert rebuild(engine).changed


def test_the_command_rebuilds_shows_and_switches_off(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    judge_prompts(engine, 500, DIFFERENT)
    url = engine.url.render_as_string(hide_password=False)
    monkeypatch.setenv("TIERWATCH_DATABASE_URL", url)

    def said(*options: str, code: int = 0) -> str:
        found = CliRunner().invoke(main, ["types", *options])
        assert found.exit_code == code, found.output
        return found.output

    assert "no active task types" in said()
    assert "new active types: V 0." in said("--rebuild")
    table = said()
    assert "Cramer's V 0." in table
    assert "not enough data" in table
    told = json.loads(said("--json"))
    assert told["version"] == 1
    assert {"name", "words", "requests", "share", "misroute", "overspend", "thresholds"} <= told[
        "types"
    ][0].keys()
    assert not math.isnan(told["evidence"]["v"])
    assert "accepted is one of them" in said("--rebuild", "--off", code=2)
    assert "no active task types" in said("--off")


def test_judge_name_of_the_rows_is_the_one_that_is_read(engine: Engine) -> None:
    judge_prompts(engine, 3, DIFFERENT)
    with engine.connect() as connection:
        found = type_evidence.judged_prompts(connection, judge_version=JUDGE, limit=2)
    assert [prompt.session for prompt in found] == ["session 1", "session 2"]
    assert found[0].boundary == "simple"
