from typing import Any

import pytest
from factories.rows import NOW
from hypothesis import given
from hypothesis import strategies as st

from tierwatch.dashboard.reports.policy_changes import changed_tiers, policy_changes
from tierwatch.store.pages.lists import PolicyLine


def line(version: int = 1, **changes: Any) -> PolicyLine:
    columns: dict[str, Any] = {
        "version": version,
        "thresholds": {"simple": 0.7, "standard": 0.7},
        "by_task": {},
        "classifier": 0,
        "promised": {},
        "promised_for": None,
        "drained": {},
        "models": {},
        "base_version": version - 1,
        "author": "ada",
        "reason": "",
        "created_at": NOW,
    }
    return PolicyLine(**(columns | changes))


def test_a_threshold_that_moved_is_said_with_both_ends() -> None:
    now = line(2, thresholds={"simple": 0.6, "standard": 0.7})
    assert policy_changes(now, line()) == ("simple 0.70 → 0.60",)
    assert policy_changes(line(2), line()) == ()


def test_tiers_come_and_go() -> None:
    now = line(2, thresholds={"simple": 0.7, "middle": 0.5})
    assert policy_changes(now, line()) == ("middle is new, 0.50", "standard is gone")


def test_thresholds_of_task_types() -> None:
    before = line(by_task={"sql": {"simple": 0.9}, "chat": {"simple": 0.5}})
    now = line(2, by_task={"sql": {"simple": 0.8}, "code": {"standard": 0.6}})
    assert policy_changes(now, before) == (
        "simple for chat 0.50 → as the tier",
        "standard for code as the tier → 0.60",
        "simple for sql 0.90 → 0.80",
    )


def test_classifiers_models_and_drains() -> None:
    before = line(drained={"all": ["simple"]})
    now = line(
        2,
        classifier=3,
        models={"standard": {"model": "gpt-6.1-mini"}},
        drained={"sql": ["standard"]},
    )
    assert policy_changes(now, before) == (
        "classifier as configured → 3",
        "standard is served by gpt-6.1-mini, before by the file's model",
        "sends up standard for sql",
        "keeps simple again",
    )


@given(
    st.dictionaries(st.sampled_from("abc"), st.sampled_from([0.1, 0.5, 0.9])),
    st.dictionaries(st.sampled_from("abc"), st.sampled_from([0.1, 0.5, 0.9])),
)
def test_nothing_is_said_exactly_where_nothing_changes(
    mine: dict[str, float], theirs: dict[str, float]
) -> None:
    found = policy_changes(line(2, thresholds=mine), line(thresholds=theirs))
    assert (found == ()) == (mine == theirs)


BOTH = frozenset({"simple", "standard"})


@pytest.mark.parametrize(
    ("changes", "tiers"),
    [
        ({}, frozenset()),
        ({"thresholds": {"simple": 0.6, "standard": 0.7}}, {"simple"}),
        ({"thresholds": {"simple": 0.7, "new": 0.7}}, {"new", "standard"}),
        ({"by_task": {"sql": {"standard": 0.9}}}, {"standard"}),
        ({"classifier": 4}, BOTH),
        ({"models": {"complex": {"model": "large-2"}}}, {"complex"}),
        ({"drained": {"all": ["simple"]}}, {"simple"}),
        ({"drained": {"sql": ["standard"]}}, {"standard"}),
        ({"promised": {"simple": 0.1}, "promised_for": 0.9}, frozenset()),
    ],
)
def test_which_tiers_it_changes(changes: dict[str, Any], tiers: frozenset[str]) -> None:
    assert changed_tiers(line(2, **changes), line()) == tiers
    assert changed_tiers(line(2), line(**changes)) == tiers
