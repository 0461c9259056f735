from typing import Any

from factories.judged_prompts import DIFFERENT, NOW, judge_prompts
from sqlalchemy import Engine

from tierwatch.command.types import types_document
from tierwatch.dashboard.api.answers import json_answer
from tierwatch.dashboard.api.system import types
from tierwatch.loop.improve.active_types import types_table
from tierwatch.loop.improve.rebuild_types import rebuild_types


def test_none_are_version_0(client: Any, bearer: Any) -> None:
    answer = client.get("/api/v1/types", headers=bearer("viewer"))
    assert answer.json == {
        "version": 0, "created_at": None, "types": [], "mapping": {}, "evidence": {},
    }  # fmt: skip


def test_they_are_those_of_the_command(engine: Engine) -> None:
    judge_prompts(engine, 500, DIFFERENT)
    assert rebuild_types(engine=engine, judge_version=None, leiden=None, now=NOW)
    with engine.connect() as connection:
        [route] = types.ROUTES
        sent: Any = json_answer(route.run(connection)).json
        printed = types_document(types_table(connection))
    assert sent["version"] == 1
    assert [one["name"] for one in sent["types"]] == [one["name"] for one in printed["types"]]
    assert sent["types"][0]["misroute"] == printed["types"][0]["misroute"]
