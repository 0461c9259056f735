import datetime as dt

import pytest

from tierwatch.dashboard.lists.audit_filter import FIELDS, wanted_lines
from tierwatch.store.pages.audit import AuditFilter

NOW = dt.datetime(2026, 11, 30, 12, tzinfo=dt.UTC)
NOTHING = dict.fromkeys(FIELDS, "")


def test_nothing_asks_for_every_line() -> None:
    assert wanted_lines(NOTHING, NOW) == (AuditFilter(), "")


def test_each_field_narrows() -> None:
    given = {"who": "ada", "what": "alert", "subject": "alert/1", "from": "-1d", "to": "-1h"}
    day, hour = dt.timedelta(days=1), dt.timedelta(hours=1)
    assert wanted_lines(given, NOW) == (
        AuditFilter("ada", "alert", "alert/1", NOW - day, NOW - hour),
        "",
    )


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"from": "yesterday"}, "from: found 'yesterday'; accepted: a moment"),
        ({"to": "x" * 90}, "to: found 'xxx"),
        ({"from": "-1h", "to": "-2h"}, "from: -1h is not before to, -2h"),
    ],
)
def test_what_is_not_accepted_is_left_out_and_said(changed: dict[str, str], said: str) -> None:
    wanted, problem = wanted_lines(NOTHING | {"who": "ada"} | changed, NOW)
    assert wanted == AuditFilter("ada")
    assert problem.startswith(said)
