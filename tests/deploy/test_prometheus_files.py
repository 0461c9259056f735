"""What `deploy/` gives to Prometheus, Alertmanager and Grafana: they read it, and it names ours."""

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from factories.series import shown_series
from sqlalchemy import Connection

from tierwatch.config import load_config
from tierwatch.loop.report.build import build_report

ROOT = Path(__file__).parents[2]
PROMETHEUS = ROOT / "deploy" / "prometheus"
BOARD = ROOT / "deploy" / "grafana" / "tierwatch.json"
NAME = re.compile(r"\btierwatch_\w+")
RECORDED = re.compile(r"\btierwatch:\w+(?::\w+)?")
SELECTOR = re.compile(r"\b(?P<name>tierwatch_\w+)(?:\{(?P<labels>[^}]*)\})?")
MATCHER = re.compile(r'(\w+)\s*(?:=~|!~|!=|=)\s*"')
BY = re.compile(r"\bby \(([^)]*)\)")


def rules() -> list[dict[str, Any]]:
    groups = yaml.safe_load((PROMETHEUS / "rules.yml").read_text())["groups"]
    return [rule for group in groups for rule in group["rules"]]


def alerts() -> list[dict[str, Any]]:
    return [rule for rule in rules() if "alert" in rule]


def board_queries() -> list[str]:
    board = json.loads(BOARD.read_text())
    asked = [target["expr"] for panel in board["panels"] for target in panel.get("targets", [])]
    return [*asked, *(one["expr"] for one in board["annotations"]["list"])]


def queries() -> list[str]:
    return [*(rule["expr"] for rule in rules()), *board_queries()]


@pytest.fixture
def shown(connection: Connection) -> dict[str, frozenset[str]]:
    config = load_config(ROOT / "evalsets" / "demo" / "tierwatch.yaml")
    return shown_series(build_report(connection, config))


def test_each_series_that_is_named_is_shown_by_a_process(
    shown: dict[str, frozenset[str]],
) -> None:
    named = {name for query in queries() for name in NAME.findall(query)}
    assert len(named) > 30
    assert named <= set(shown)


def test_each_label_that_is_matched_is_one_of_its_series(
    shown: dict[str, frozenset[str]],
) -> None:
    for query in queries():
        for found in SELECTOR.finditer(query):
            matched = set(MATCHER.findall(found["labels"] or ""))
            assert matched <= shown[found["name"]], query


def test_each_label_that_is_grouped_by_is_one_of_its_series(
    shown: dict[str, frozenset[str]],
) -> None:
    for query in queries():
        names = NAME.findall(query)
        known = frozenset[str]().union(*(shown[name] for name in names))
        for group in BY.findall(query) if names else ():
            assert {one.strip() for one in group.split(",")} <= known, query


def test_each_recorded_series_that_is_named_is_recorded() -> None:
    named = {name for query in queries() for name in RECORDED.findall(query)}
    assert named <= {rule["record"] for rule in rules() if "record" in rule}


def _headings() -> Iterator[str]:
    page = (ROOT / "docs" / "runbook.md").read_text(encoding="utf-8")
    for heading in re.findall(r"^#+ (.+)$", page, re.MULTILINE):
        yield re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


@pytest.mark.parametrize("alert", [rule["alert"] for rule in alerts()])
def test_each_alert_has_its_section_in_the_runbook(alert: str) -> None:
    rule = next(one for one in alerts() if one["alert"] == alert)
    page, _, heading = rule["annotations"]["runbook_url"].partition("#")
    assert (page, heading) == ("docs/runbook.md", alert.lower())
    assert heading in set(_headings())
    assert rule["labels"]["severity"] in {"critical", "warning", "info"}
    assert rule["annotations"]["summary"]


def test_the_runbook_has_no_alert_that_is_gone() -> None:
    page = (ROOT / "docs" / "runbook.md").read_text(encoding="utf-8")
    sections = set(re.findall(r"^### `(\w+)`$", page, re.MULTILINE))
    assert sections == {rule["alert"] for rule in alerts()}


def test_each_alert_is_tried_for_what_it_is_and_for_what_it_is_not() -> None:
    tests = yaml.safe_load((PROMETHEUS / "rules_test.yml").read_text())["tests"]
    tried = {
        (one["alertname"], bool(one["exp_alerts"])) for t in tests for one in t["alert_rule_test"]
    }
    assert tried == {(rule["alert"], fires) for rule in alerts() for fires in (True, False)}


def test_panels_have_numbers_and_places_of_their_own() -> None:
    panels = json.loads(BOARD.read_text())["panels"]
    assert len({panel["id"] for panel in panels}) == len(panels)
    taken: set[tuple[int, int]] = set()
    for panel in panels:
        at = panel["gridPos"]
        cells = {(at["x"] + x, at["y"] + y) for x in range(at["w"]) for y in range(at["h"])}
        assert at["x"] + at["w"] <= 24
        assert not cells & taken, panel["title"]
        taken |= cells
        assert panel["type"] == "row" or panel["description"].endswith("."), panel["title"]


def _run(program: str, package: str, *arguments: str) -> None:
    found = shutil.which(program)
    if found is None:
        pytest.skip(f"{program} is not installed (Debian: {package})")
    done = subprocess.run(
        [found, *arguments], cwd=PROMETHEUS, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(
    "arguments",
    [
        ("check", "rules", "rules.yml"),
        ("test", "rules", "rules_test.yml"),
        ("check", "config", "prometheus.yml"),
    ],
    ids=" ".join,
)
def test_promtool_takes_them(arguments: tuple[str, ...]) -> None:
    _run("promtool", "prometheus", *arguments)


def test_amtool_takes_the_routes() -> None:
    _run("amtool", "prometheus-alertmanager", "check-config", "alertmanager.yml")


def test_an_inhibition_names_alerts_that_there_are() -> None:
    routes = yaml.safe_load((PROMETHEUS / "alertmanager.yml").read_text())
    known = [rule["alert"] for rule in alerts()]
    for rule in routes["inhibit_rules"]:
        for side in (*rule["source_matchers"], *rule["target_matchers"]):
            pattern = re.search(r'"(.*)"', side)
            assert pattern
            assert any(re.fullmatch(pattern[1], name) for name in known), side
