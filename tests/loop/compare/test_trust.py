"""Trust is kept between runs, is about the judge whose verdicts are shown, and survives damage."""

import factories.rows as put
from sqlalchemy import Connection, text

from tierwatch.loop.compare.trust import distrust, shown_trust, weigh_judge


def test_before_the_first_run_nothing_is_known(connection: Connection) -> None:
    assert weigh_judge(connection, put.JUDGE) is None
    assert shown_trust(connection) is None
    assert distrust(connection) == ""


def test_a_random_judge_makes_the_evaluation_not_trusted(connection: Connection) -> None:
    put.add_anchors(connection, 102, 408)
    weighed = weigh_judge(connection, put.JUDGE)
    assert weighed is not None
    found, changed = weighed
    assert (found.trust.trusted, changed) == (False, True)
    assert shown_trust(connection) == found
    assert distrust(connection).startswith(
        f"NOT TRUSTED: the judge {put.JUDGE} is right on 102 of 408 anchors (25.0 %)"
    )
    again = weigh_judge(connection, put.JUDGE)
    assert again is not None
    assert again == (found, False)


def test_it_is_trusted_again_only_once_that_is_shown(connection: Connection) -> None:
    for right, trusted in ((102, False), (230, False), (300, True), (230, True)):
        put.add_anchors(connection, right, 408)
        weighed = weigh_judge(connection, put.JUDGE)
        assert weighed is not None
        assert weighed[0].trust.trusted is trusted, right


def test_unscored_anchors_say_nothing(connection: Connection) -> None:
    put.add_anchors(connection, 90, 408, wrong=None)
    weighed = weigh_judge(connection, put.JUDGE)
    assert weighed is not None
    assert (weighed[0].trust.trusted, weighed[0].trust.n) == (True, 90)


def test_it_is_about_the_judge_whose_verdicts_are_shown(connection: Connection) -> None:
    put.add_anchors(connection, 102, 408, judge="worse judge")
    weigh_judge(connection, "worse judge")
    # Before any verdict the judge that was weighed is all there is.
    assert "worse judge" in distrust(connection)
    put.add_outcome(connection, 1, 0.0)
    assert distrust(connection) == ""
    put.add_outcome(connection, 2, 0.0, judge_version="worse judge")
    assert "worse judge" in distrust(connection)


def test_broken_counts_leave_the_state(connection: Connection) -> None:
    put.add_anchors(connection, 102, 408)
    weigh_judge(connection, put.JUDGE)
    connection.execute(text("update monitors set losses = 1e9, state = '[]' where kind = 'trust'"))
    found = shown_trust(connection)
    assert found is not None
    assert (found.trust.trusted, found.trust.right) == (False, 0)
