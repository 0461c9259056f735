"""Rows about weekly changes of policy: by the installed rule, not by a recipe of their own."""

from tierwatch.evaluation.simulation.adverse.policy_changes import (
    days_to_alarm,
    restarts,
    rows,
    weekly_policies,
)
from tierwatch.evaluation.simulation.certificate_rows import Effort
from tierwatch.routing.policy import Policy


def test_weekly_changes_restart_nothing_that_they_do_not_raise() -> None:
    assert restarts(weekly_policies("standard"), "simple") == []
    assert restarts(weekly_policies("simple"), "simple") == []
    first = Policy(1, {"simple": 0.7, "standard": 0.7})
    raised = first.with_threshold("simple", 0.8, version=2)
    assert restarts([first, raised], "simple") == [7]
    assert restarts([first, raised], "standard") == []


def test_a_stream_that_goes_on_is_several_times_sooner() -> None:
    on, anew = (days_to_alarm(1, every, runs=40).mean() for every in ([], [7]))
    assert on < 20
    assert anew > 4 * on


def test_both_rows_hold() -> None:
    found = list(rows(Effort(runs=0.2, length=1.0), 4))
    assert [(row.bar, row.verdict) for row in found] == [("V7", "holds")] * 2
    assert "anew with each policy" in found[0].others
