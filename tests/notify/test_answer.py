"""What an answer means, and how long a receiver may ask to wait."""

import pytest

from tierwatch.notify.answer import http_answer


@pytest.mark.parametrize("status", [200, 201, 202, 204, 299])
def test_any_success_is_taken(status: int) -> None:
    assert http_answer(status).fate == "taken"
    assert http_answer(status).detail == f"HTTP {status}"


@pytest.mark.parametrize("status", [400, 405, 406, 410, 411, 413, 414, 415, 417, 422, 431])
def test_an_event_that_is_refused_itself_is_never_sent_again(status: int) -> None:
    assert http_answer(status).fate == "never"


@pytest.mark.parametrize("status", [301, 302, 307, 308, 401, 403, 404, 407, 408, 425, 429, 503])
def test_a_key_an_address_or_a_busy_receiver_is_mended_and_asked_again(status: int) -> None:
    answer = http_answer(status)
    assert answer.fate == "away"
    assert answer.detail.startswith(f"HTTP {status}")


@pytest.mark.parametrize("status", [409, 418, 451, 500, 501, 505, 599])
def test_other_failures_are_the_events_own(status: int) -> None:
    assert http_answer(status).fate == "later"


def test_a_redirect_says_why_it_is_no_success() -> None:
    assert "redirects are not followed" in http_answer(302).detail


def test_what_the_receiver_asks_to_wait_is_heeded_and_said() -> None:
    answer = http_answer(429, 30.0)
    assert (answer.fate, answer.wait_s) == ("away", 30.0)
    assert answer.detail == "HTTP 429, asked to wait 30 s"
    assert http_answer(500, 30.0).fate == "away"
    # An event that is refused stays refused.
    assert http_answer(400, 30.0).fate == "never"


def test_nobody_asks_for_more_than_an_hour() -> None:
    assert http_answer(503, 2_592_000.0).wait_s == 3_600.0
    assert http_answer(429, 0.0).wait_s == 0.0
