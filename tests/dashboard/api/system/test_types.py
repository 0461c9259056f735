from typing import Any

from factories.judged_prompts import DIFFERENT, NOW, judge_prompts

from tierwatch.command.types import types_document
from tierwatch.loop.improve.active_types import types_table
from tierwatch.loop.improve.rebuild_types import rebuild_types


def test_none_are_version_0(client: Any, bearer: Any) -> None:
    answer = client.get("/api/v1/types", headers=bearer("viewer"))
    assert answer.json == {
        "version": 0, "created_at": None, "types": [], "mapping": {}, "evidence": {},
    }  # fmt: skip


def test_they_are_those_of_the_command(one_connection: Any, client: Any, bearer: Any) -> None:
    engine = one_connection
    judge_prompts(engine, 500, DIFFERENT)
    assert rebuild_types(engine=engine, judge_version=None, leiden=None, now=NOW)
    with engine.connect() as connection:
        printed = types_document(types_table(connection))
    headers = bearer("viewer")
    sent = client.get("/api/v1/types", headers=headers).json
    assert sent["version"] == 1
    assert [one["name"] for one in sent["types"]] == [one["name"] for one in printed["types"]]
    assert sent["types"][0]["misroute"] == printed["types"][0]["misroute"]
    hour = client.get("/api/v1/types?from=-1h&to=-30m", headers=headers).json
    assert {one["misroute"]["n"] for one in hour["types"]} == {0}
    assert [one["name"] for one in hour["types"]] == [one["name"] for one in sent["types"]]


def test_a_range_that_is_none_is_refused(client: Any, bearer: Any) -> None:
    refused = client.get("/api/v1/types?from=soon", headers=bearer("viewer"))
    assert refused.status_code == 400
    assert "From: found 'soon'" in refused.text
