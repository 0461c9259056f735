import datetime as dt
import uuid
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tierwatch.dashboard.lists.pair_query import LABELS, LONGEST, read_pair_query
from tierwatch.store.pages.pair_filter import SORTS, PairFilter

NOW = dt.datetime(2026, 11, 30, 12, tzinfo=dt.UTC)
PAIR = uuid.UUID("01a22996-0000-7000-8000-000000007c20")


def _read(**query: str) -> Any:
    return read_pair_query({name.rstrip("_"): value for name, value in query.items()},
                           tiers=("simple", "standard"), now=NOW)  # fmt: skip


def test_nothing_asks_for_all_newest_first() -> None:
    found = _read()
    assert (found.wanted, found.sort, found.problems) == (PairFilter(), "newest", ())
    assert found.active == ()


@pytest.mark.parametrize(
    ("name", "value", "wanted"),
    [
        ("q", " two  words ", {"text": "two  words"}),
        ("id", str(PAIR), {"id": PAIR}),
        ("id", PAIR.hex.upper(), {"id": PAIR}),
        ("id", "1,234", {"request_no": 1234}),
        ("session", "a b", {"session": "a b"}),
        ("client", "team a", {"client": "team a"}),
        ("from_", "-7d", {"since": NOW - dt.timedelta(days=7)}),
        ("to", "2026-11-30T10:00:00Z", {"until": NOW - dt.timedelta(hours=2)}),
        ("tier", "simple", {"tier": "simple"}),
        ("task_type", "sql", {"task_type": "sql"}),
        ("direction", "top", {"direction": "top"}),
        ("verdict", "inconclusive", {"preferred": "inconclusive"}),
        ("orders", "disagree", {"orders_agree": False}),
        ("orders", "agree", {"orders_agree": True}),
        ("stage", "failed", {"stage": "failed"}),
        ("model", "small-1", {"model": "small-1"}),
        ("policy", "3", {"policy_version": 3}),
        ("prompt", "v12", {"prompt_version": "v12"}),
        ("cost", "0.01", {"cost_from": 0.01}),
        ("latency", "1e3", {"latency_from": 1000.0}),
        ("tier", "", {}),
        ("tier", "  ", {}),
        ("unknown", "x", {}),
    ],
)
def test_each_parameter_asks_for_one_thing(name: str, value: str, wanted: dict[str, Any]) -> None:
    found = _read(**{name: value})
    assert found.wanted == PairFilter(**wanted)
    assert found.problems == ()


@pytest.mark.parametrize(
    ("name", "value", "accepted"),
    [
        ("q", "x" * (LONGEST + 1), "q: accepted are at most 200 characters"),
        ("id", "nonsense", "id: accepted is the id of a pair or of a request"),
        ("id", "9" * 30, "id: accepted is"),
        ("id", "-1", "id: accepted is"),
        ("from_", "yesterday", "from: found 'yesterday'; accepted: a moment as"),
        ("to", "2026-13-01", "to: found"),
        ("tier", "complex", "tier: accepted are simple, standard"),
        ("direction", "sideways", "direction: accepted are up, down, top"),
        ("verdict", "best", "verdict: accepted are served, alternative, tie, inconclusive"),
        ("orders", "yes", "orders: accepted are agree, disagree"),
        ("stage", "done", "stage: accepted are waiting"),
        ("policy", "-1", "policy: accepted is the number"),
        ("policy", "\u0663", "policy: accepted is the number"),
        ("policy", "9" * 30, "policy: accepted is the number"),
        ("cost", "nan", "cost: accepted is a number of dollars, 0 or more"),
        ("cost", "-0.1", "cost: accepted"),
        ("latency", "inf", "latency: accepted is a number of milliseconds"),
        ("latency", "slow", "latency: accepted"),
        ("sort", "random", "sort: accepted are newest, oldest, cost, latency"),
    ],
)
def test_a_wrong_word_says_what_is_accepted_and_loses_no_other(
    name: str, value: str, accepted: str
) -> None:
    found = _read(**{name: value, "task_type": "sql"})
    (problem,) = found.every_problem
    assert problem.startswith(accepted)
    assert found.wanted == PairFilter(task_type="sql")
    # What was typed is there to be mended.
    assert found.given[name.rstrip("_")] == value


def test_every_wrong_word_is_named() -> None:
    assert len(_read(tier="x", stage="y", cost="z", sort="w").problems) == 4


@pytest.mark.parametrize("to", ["-2d", "-3d", "-48h"])
def test_a_range_in_the_wrong_order_is_said_once(to: str) -> None:
    found = _read(from_="-2d", to=to)
    (problem,) = found.every_problem
    assert problem.startswith("from: 2026-11-28 12:00 UTC is not before to")
    # Neither end alone is what was meant.
    assert (found.wanted.since, found.wanted.until) == (None, None)


def test_of_all_time_is_no_filter() -> None:
    found = _read(from_="all", to="-1d")
    assert found.wanted == PairFilter(until=NOW - dt.timedelta(days=1))
    assert found.given == {"to": "-1d"}


def test_each_filter_can_be_taken_away_alone() -> None:
    found = _read(tier="simple", q="cats", sort="cost")
    assert found.active == (("q", "Text", "cats"), ("tier", "Tier", "simple"),
                            ("sort", "Sorted by", "cost"))  # fmt: skip
    assert found.without("tier") == {"q": "cats", "sort": "cost"}


def test_what_postgres_cannot_hold_is_no_error() -> None:
    found = _read(q="a\x00b\ud800", session="\x00")
    assert found.problems == ()
    assert "\x00" not in str(found.wanted.text)


@given(st.dictionaries(st.sampled_from(sorted(LABELS)), st.text(max_size=30)))
def test_no_query_is_an_error(query: dict[str, str]) -> None:
    found = read_pair_query(query, tiers=("simple",), now=NOW)
    assert found.sort in SORTS
    assert all("accepted" in problem for problem in found.problems)
    assert set(found.given) <= set(query)
