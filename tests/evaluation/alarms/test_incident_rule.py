import datetime as dt
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from tierwatch.evaluation.alarms.incident_rule import WINDOW, Sign, why_together

NOON = dt.datetime(2026, 11, 30, 12, tzinfo=dt.UTC)
HOUR = dt.timedelta(hours=1)
WORSE = Sign("misroute:simple:*", "simple", "small-1", "", "judge-1", NOON - HOUR, NOON)
CHANGED = Sign("model_drift:simple:small-1", "simple", "small-1", "", "", NOON + HOUR, NOON + HOUR)
JUDGE = Sign("judge_drift:judge-1", "", "", "judge-1", "", NOON, NOON)

moments = st.integers(0, 100).map(lambda hours: NOON + hours * HOUR)
names = st.sampled_from(["", "a", "b"])


@st.composite
def signs(draw: st.DrawFn) -> Sign:
    began, opened = sorted([draw(moments), draw(moments)])
    resolved = draw(st.none() | st.just(opened + draw(st.integers(0, 50)) * HOUR))
    return Sign(
        *(draw(names) for _ in range(5)), began_at=began, opened_at=opened, resolved_at=resolved
    )


def test_what_two_alerts_share_is_said() -> None:
    other_tier = replace(CHANGED, cause="x", tier="standard")
    assert why_together(WORSE, CHANGED) == "the same tier"
    assert why_together(WORSE, other_tier) == "the same model"
    assert why_together(JUDGE, replace(JUDGE, cause="judge_orders:judge-1")) == "the same judge"
    assert why_together(WORSE, JUDGE) == "the judge of its pairs"


def test_two_tiers_that_one_judge_judges_are_two_incidents() -> None:
    other = replace(WORSE, cause="misroute:standard:*", tier="standard", model="medium-1")
    assert why_together(WORSE, other) == ""


def test_alerts_about_nothing_share_nothing() -> None:
    budget = Sign("budget:2026-11-30", "", "", "", "", NOON, NOON)
    assert why_together(budget, replace(budget, cause="no_data:traffic")) == ""


def test_a_day_apart_is_near_and_more_is_not() -> None:
    late = replace(CHANGED, began_at=NOON + WINDOW, opened_at=NOON + WINDOW)
    assert why_together(WORSE, late) == "the same tier"
    second = dt.timedelta(seconds=1)
    later = replace(late, began_at=late.began_at + second, opened_at=late.opened_at + second)
    assert why_together(WORSE, later) == ""
    # It began before the first one opened, whenever it was noticed.
    slow = replace(later, began_at=NOON, opened_at=NOON + 9 * WINDOW)
    assert why_together(WORSE, slow) == "the same tier"


def test_what_opens_again_within_a_day_of_its_end_is_the_same_incident() -> None:
    long = replace(WORSE, opened_at=NOON, resolved_at=NOON + 30 * WINDOW)
    began = NOON + 30 * WINDOW + HOUR
    again = replace(WORSE, began_at=began, opened_at=began)
    assert why_together(long, again) == "the same, opened again"
    assert why_together(replace(long, resolved_at=NOON + 28 * WINDOW), again) == ""


@given(signs(), signs())
def test_the_order_of_two_alerts_does_not_matter(one: Sign, other: Sign) -> None:
    assert why_together(one, other) == why_together(other, one)


@given(signs(), signs())
def test_alerts_that_share_no_name_are_apart(one: Sign, other: Sign) -> None:
    shared = {one.cause} & {other.cause}
    for name in ("tier", "model"):
        shared |= {getattr(one, name)} & {getattr(other, name)} - {""}
    judges = {one.judge, one.judged_by} & {other.judge, other.judged_by} - {""}
    if not shared and not judges:
        assert why_together(one, other) == ""
