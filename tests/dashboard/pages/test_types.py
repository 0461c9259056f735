from typing import Any

from factories.judged_prompts import DIFFERENT, NOW, judge_prompts
from sqlalchemy import Connection, Engine

from tierwatch.dashboard.figures import figure
from tierwatch.dashboard.pages.types import type_figures, types_page
from tierwatch.dashboard.time_range import EVER
from tierwatch.evaluation.rates.estimate import Estimate, unknown
from tierwatch.loop.improve.active_types import TypeLine
from tierwatch.loop.improve.rebuild_types import rebuild_types


def test_without_types_the_page_says_how_they_come(viewer: Any) -> None:
    page = viewer.page("/types")
    assert "No task types are active" in page
    assert "tierwatch types --rebuild" in page


def test_a_rate_of_few_pairs_is_not_shown_and_own_thresholds_are() -> None:
    few = Estimate(0.5, 0.1, 0.9, 4, "few")
    line = TypeLine("sql", ("select",), 30, 0.75, few, unknown(), {"standard": 0.9, "simple": 0.8})
    found = type_figures(line, 30)
    assert not found.misroute.enough
    assert found.misroute == figure(few, needed=30)
    assert found.own == (("simple", 0.8), ("standard", 0.9))
    assert type_figures(line, 4).misroute.enough


def test_the_page_has_the_figures_of_the_command(engine: Engine) -> None:
    judge_prompts(engine, 500, DIFFERENT)
    made = rebuild_types(engine=engine, judge_version=None, leiden=None, now=NOW)
    assert made is not None
    assert made.changed
    with engine.connect() as connection:
        page = types_page(connection, EVER, min_pairs=30)
    assert page.version == 1
    assert len(page.types) >= 2
    assert page.separation is not None
    # What made them active: they tell verdicts apart better than chance does.
    assert page.separation.v > page.separation.chance
    assert all(line.words for line in page.types)


def test_an_empty_page(connection: Connection) -> None:
    page = types_page(connection, EVER, min_pairs=30)
    assert (page.version, page.created_at, page.separation, page.types) == (0, None, None, ())


def test_its_range_goes_along_to_the_pairs_of_a_type(one_connection: Any, viewer: Any) -> None:
    engine = one_connection
    judge_prompts(engine, 500, DIFFERENT)
    assert rebuild_types(engine=engine, judge_version=None, leiden=None, now=NOW)
    whole = viewer.page("/types")
    assert "Requests, 7 days" in whole
    assert "&amp;from=all" in whole
    hour = viewer.page("/types?from=-1h&to=-30m")
    assert "Requests, 7 days" not in hour
    assert "&amp;from=-1h&amp;to=-30m" in hour
    # Nothing arrived then.
    assert "not enough data" in hour


def test_a_range_that_is_none_is_said_and_all_is_shown(viewer: Any) -> None:
    wrong = viewer.get("/types?from=soon")
    assert wrong.status_code == 400
    assert "No task types are active" in wrong.text
