"""`tierwatch types`: what it prints of the active task types."""

import datetime as dt
import json
from typing import Any

import pytest
from click.testing import CliRunner

from tierwatch.command import main
from tierwatch.command.types import show_types, types_document
from tierwatch.evaluation.rates.estimate import Estimate, unknown
from tierwatch.loop.improve.active_types import TypeLine, TypesTable
from tierwatch.loop.improve.rebuild_types import Rebuilt

NONE = TypesTable(0, None, {}, {}, ())
FOUND = {"method": "leiden", "prompts": 1200, "v": 0.412, "pairs": [600, 590], "random": 0.071}


def line(name: str, **changes: Any) -> TypeLine:
    columns: dict[str, Any] = {
        "name": name, "words": ("join", "select"), "requests": 300, "share": 0.25,
        "misroute": Estimate(0.123, 0.05, 0.2, 140, "judge rate"), "overspend": unknown("few"),
        "thresholds": {},
    }  # fmt: skip
    return TypeLine(**(columns | changes))


TABLE = TypesTable(
    3,
    dt.datetime(2026, 11, 23, 12, 30, tzinfo=dt.UTC),
    FOUND,
    {"sql": "sql joins", "poems": None},
    (line("sql joins", thresholds={"standard": 0.9, "simple": 0.8}), line("dates")),
)


@pytest.fixture
def said(capsys: pytest.CaptureFixture[str]) -> Any:
    def lines(*given: Any) -> list[str]:
        show_types(*given)
        return capsys.readouterr().out.splitlines()

    return lines


def test_without_types_it_says_how_to_build_them(said: Any) -> None:
    (only,) = said(NONE)
    assert only.startswith("no active task types; `tierwatch types --rebuild` builds them")


def test_each_type_has_its_size_its_rates_and_its_words(said: Any) -> None:
    head, _, columns, first, words, second, _, gone = said(TABLE)
    assert head == (
        "task types 3 of 2026-11-23 12:30 UTC, leiden, 1200 prompts: Cramer's V 0.41 on 590"
        " held-out pairs, random groups 0.07"
    )
    assert columns.split() == ["type", "requests", "share", "misroute", "overspend", "threshold"]
    assert first.split("  ")[0] == "sql joins"
    assert "300  25.0%  12.3% (5.0-20.0), n 140" in first
    assert first.endswith("not enough data             simple 0.8, standard 0.9")
    assert words == "  join, select"
    assert second.endswith("the tier's")
    assert gone == "gone since the version before: poems"


def test_what_came_of_a_rebuild_is_said_first(said: Any) -> None:
    assert said(TABLE, Rebuilt(3, changed=True, why="V rose."))[0] == "new active types: V rose."
    kept = said(NONE, Rebuilt(0, changed=False, why="too few pairs"))
    assert kept[0] == "types stay as they are: too few pairs"


def test_a_program_reads_the_same(said: Any) -> None:
    found = types_document(TABLE)
    assert json.loads(json.dumps(found)) == found
    assert found["rebuilt"] is None
    assert found["types"][0]["misroute"] == {
        "estimate": 0.123, "low": 0.05, "high": 0.2, "n": 140, "method": "judge rate",
    }  # fmt: skip
    assert found["types"][0]["overspend"]["estimate"] is None
    rebuilt = types_document(NONE, Rebuilt(0, changed=False, why="few"))
    assert rebuilt["rebuilt"] == {"changed": False, "why": "few", "evidence": None}
    assert (rebuilt["created_at"], rebuilt["types"]) == (None, [])


def test_building_and_switching_off_at_once_is_wrong_use() -> None:
    done = CliRunner().invoke(main, ["types", "--rebuild", "--off"])
    assert done.exit_code == 2
    assert "found --rebuild and --off; accepted is one of them" in done.output
