import datetime as dt
import json
import uuid
from dataclasses import dataclass

import pytest

from tierwatch.dashboard.api.answers import json_answer, problem_answer


@dataclass(frozen=True, slots=True)
class Thing:
    at: dt.datetime
    id: uuid.UUID
    share: float | None


def test_a_dataclass_is_sent_by_its_fields_with_dates_that_say_where_they_are() -> None:
    at = dt.datetime(2026, 11, 30, 6, 12, tzinfo=dt.UTC)
    answer = json_answer(Thing(at, uuid.UUID(int=7), None))
    assert answer.content_type == "application/json"
    assert answer.json == {
        "at": "2026-11-30T06:12:00+00:00",
        "id": "00000000-0000-0000-0000-000000000007",
        "share": None,
    }


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_a_number_that_json_has_not_is_null(value: float) -> None:
    assert json.loads(json_answer({"rate": value}).data) == {"rate": None}


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, "invalid_request"),
        (401, "authentication_error"),
        (403, "permission_error"),
        (404, "not_found"),
        (405, "invalid_request"),
        (409, "conflict"),
        (413, "invalid_request"),
        (500, "internal_error"),
        (503, "internal_error"),
    ],
)
def test_a_problem_has_a_kind_that_stays_the_same(status: int, kind: str) -> None:
    answer = problem_answer(status, "It is gone.")
    assert answer.status_code == status
    assert answer.json == {"error": {"message": "It is gone.", "type": kind}}


def test_only_a_missing_token_asks_for_one() -> None:
    assert problem_answer(401, "").headers["WWW-Authenticate"] == "Bearer"
    assert "WWW-Authenticate" not in problem_answer(403, "").headers


def test_a_whole_number_beyond_64_bits_is_sent_with_all_its_digits() -> None:
    at = dt.datetime(2026, 11, 30, 6, 12, tzinfo=dt.UTC)
    thing = Thing(at, uuid.UUID(int=7), None)
    answer = json_answer({"thing": thing, "stored": [{"statistic": 10**30}], "none": float("nan")})
    assert answer.json == {
        "thing": json_answer(thing).json,
        "stored": [{"statistic": 10**30}],
        "none": None,
    }
