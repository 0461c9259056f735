"""When a test is due, and where the regime it reads began."""

import datetime as dt

import pytest
import structlog
from factories import evidence as stored
from factories.decided import alert

from tierwatch.loop.decide.unreadable import say_unreadable
from tierwatch.loop.improve.retune_rules import is_due, regime_start
from tierwatch.store.retunes import Retune

HOUR_S = 3_600.0


def ago(seconds: float) -> dt.datetime:
    return dt.datetime.now(dt.UTC) - dt.timedelta(seconds=seconds)


@pytest.fixture(autouse=True)
def nothing_said_yet() -> None:
    say_unreadable.cache_clear()


def test_what_was_never_tested_is_due() -> None:
    assert is_due(None, None, HOUR_S)


@pytest.mark.parametrize(("age", "due"), [(10, "no"), (3_590, "no"), (3_610, "yes")])
def test_a_test_is_due_after_its_time(age: float, due: str) -> None:
    assert is_due(Retune(0, 12, ago(age)), None, HOUR_S) is (due == "yes")


@pytest.mark.parametrize(("opened", "due"), [(60, "yes"), (900, "no")])
def test_an_alert_since_the_last_test_is_worth_one(opened: float, due: str) -> None:
    last = Retune(0, 12, ago(600))
    assert is_due(last, alert(opened_at=ago(opened)), HOUR_S) is (due == "yes")


def test_the_regime_begins_with_the_excursion() -> None:
    assert regime_start(None) == 0
    assert regime_start(alert(evidence=stored.misroute(first_outcome=361))) == 360


def test_of_an_alert_that_cannot_be_read_no_regime_is_known() -> None:
    newer = alert(evidence=stored.misroute(version=2))
    with structlog.testing.capture_logs() as said:
        assert regime_start(newer) is None
        assert regime_start(newer) is None
    assert [line["subject"] for line in said] == ["alert/3"]
