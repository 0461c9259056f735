import datetime as dt
from collections.abc import Mapping
from dataclasses import replace

import pytest
from flask import Flask
from hypothesis import given
from hypothesis import strategies as st

from tierwatch.dashboard.forms.alert_filter import NAMES, AskedAlerts, asked_alerts
from tierwatch.dashboard.time_range import EVER
from tierwatch.store.incidents.listed import NOBODY, AlertFilter

NOW = dt.datetime(2026, 11, 30, 12, tzinfo=dt.UTC)


def asked(**query: str) -> AskedAlerts:
    return of(query)


def of(query: Mapping[str, str]) -> AskedAlerts:
    with Flask(__name__).test_request_context("/alerts", query_string=query):
        return asked_alerts(me="ada", now=NOW)


def test_nothing_asks_for_everything() -> None:
    found = asked()
    assert replace(found, range=EVER) == AskedAlerts()
    assert (found.range.whole, found.range.until, found.every_problem) == (True, NOW, ())
    assert asked(state="all", kind="all", tier=" ").wanted == AlertFilter()


def test_each_parameter_is_a_condition() -> None:
    found = asked(
        state="open", kind="misroute", tier="simple", assignee="mine", sort="affected",
        before="7", **{"from": "-1d", "to": "2026-11-30T11:00:00Z"},
    )  # fmt: skip
    assert found.problems == ()
    assert (found.by_affected, found.before) == (True, 7)
    assert found.wanted == AlertFilter(
        "open", "misroute", "simple", "ada", NOW - dt.timedelta(days=1),
        NOW - dt.timedelta(hours=1),
    )  # fmt: skip
    assert asked(assignee="nobody").wanted.assigned_to == NOBODY
    assert asked(assignee="eve").wanted.assigned_to == "eve"


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ({"state": "odd"}, "state: found 'odd'; accepted: unresolved, open, acknowledged"),
        ({"kind": "odd"}, "kind: found 'odd'; accepted: misroute"),
        ({"sort": "odd"}, "sort: found 'odd'; accepted: newest, affected"),
        ({"from": "soon"}, "from: found 'soon'"),
        ({"from": "-1h", "to": "-2h"}, "from: 2026-11-30 11:00 UTC is not before to"),
        ({"before": "x"}, "before: accepted is the id"),
        ({"before": "9" * 30}, "before: accepted is the id"),
    ],
)
def test_what_is_wrong_is_said_and_the_rest_is_kept(query: dict[str, str], said: str) -> None:
    found = of({"tier": "simple"} | query)
    assert found.wanted == AlertFilter(tier="simple")
    assert found.every_problem[0].startswith(said)
    assert {name: found.given[name] for name in query if name in NAMES} == {
        name: value for name, value in query.items() if name in NAMES
    }


@pytest.mark.parametrize("query", [{"from": "all"}, {"from": "all", "to": "-1d"}])
def test_all_is_no_condition(query: dict[str, str]) -> None:
    found = of(query)
    assert (found.wanted.since, found.every_problem) == (None, ())
    assert found.wanted.until == (NOW - dt.timedelta(days=1) if "to" in query else None)


@given(st.dictionaries(st.sampled_from([*NAMES, "before", "x"]), st.text(max_size=60)))
def test_no_query_is_an_error(query: dict[str, str]) -> None:
    found = of(query)
    assert all(found.given.values())
    assert all("\x00" not in value for value in found.given.values())
