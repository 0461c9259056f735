"""What a vendor's refusal says is kept, and our secrets in it are not."""

import json

import httpx
import pytest
from fakes.receiver import URL, Receiver

from tierwatch.notify.answer import Answer
from tierwatch.notify.channels.sent_json import hidden, post_json, unusable, with_reason

READ = with_reason(lambda said: said["message"], secrets=["s3cret"], wrong_key=["bad key"])


def answered(status: int, **said: object) -> Answer:
    receiver = Receiver(httpx.Response(status, **said))  # type: ignore[arg-type]
    return post_json(URL, {"a": 1}, read=READ, transport=receiver.transport)


def test_a_refusal_has_the_vendors_reason() -> None:
    assert answered(400, json={"message": "no such field"}) == Answer(
        "never", "HTTP 400: no such field"
    )


def test_a_wrong_key_is_mended_by_a_person_and_the_event_waits() -> None:
    assert answered(400, json={"message": "bad key"}).fate == "away"


@pytest.mark.parametrize(
    "said",
    [b"Bad Key", b'{"error": "bad key"}', b'"BAD KEY"', b"bad key \xff"],
    ids=["text", "another form", "a string", "broken"],
)
def test_a_wrong_key_is_known_in_whatever_form_it_is_said(said: bytes) -> None:
    assert answered(400, content=said).fate == "away"


def test_a_wrong_key_is_known_however_late_it_is_said() -> None:
    answer = answered(400, json={"message": "x" * 1_000 + " bad key"})
    assert answer.fate == "away"
    assert len(answer.detail) < 250


def test_plain_words_of_a_wrong_key_are_shown_without_it() -> None:
    answer = answered(400, content=b"bad key:\ns3cret")
    assert answer.detail == "HTTP 400: bad key: (hidden)"


def test_a_secret_that_the_vendor_repeats_is_hidden() -> None:
    answer = answered(422, json={"message": "unknown s3cret\nfor you"})
    assert answer.detail == "HTTP 422: unknown (hidden) for you"


def test_what_a_receiver_asks_to_wait_outlives_its_reason() -> None:
    answer = answered(429, json={"message": "slow down"}, headers={"retry-after": "30"})
    assert (answer.fate, answer.wait_s) == ("away", 30.0)
    assert answer.detail == "HTTP 429, asked to wait 30 s: slow down"


@pytest.mark.parametrize(
    "said",
    [b"", b"<html>", b"[]", b'{"message"', b"null", b'"x"', b"[" * 5_000, b"\xff\xfe"],
    ids=range(8),
)
def test_words_that_are_not_the_vendors_leave_it_at_the_status(said: bytes) -> None:
    assert answered(500, content=said) == Answer("later", "HTTP 500")


def test_a_success_needs_no_words() -> None:
    assert answered(202, json={"message": "bad key"}) == Answer("taken", "HTTP 202")


def test_a_long_answer_is_read_to_its_first_words() -> None:
    answer = answered(400, content=b'{"message": "' + b"x" * 5_000_000)
    assert answer == Answer("never", "HTTP 400")


def test_half_a_surrogate_pair_is_sent_as_an_escape() -> None:
    receiver = Receiver(200)
    post_json(URL, {"summary": "\ud83d"}, transport=receiver.transport)
    assert json.loads(receiver.requests[0].content) == {"summary": "\ud83d"}
    assert receiver.requests[0].headers["accept-encoding"] == "identity"


def test_only_a_whole_event_is_sent() -> None:
    assert unusable({"id": 1, "type": "alert.opened", "timestamp": "now"}) is None
    assert unusable({"id": 1, "type": "alert.opened"}) == Answer(
        "never", "not sent: the event has no timestamp"
    )


def test_hidden_hides_every_secret_and_no_empty_one() -> None:
    assert hidden("a b a", ["a", ""]) == "(hidden) b (hidden)"
