"""One batch: the refusals that need no database."""

from http import HTTPStatus

from tierwatch.intake.front.taking import RefusedError, refused, try_again
from tierwatch.wire.json_bytes import read_json


def test_a_refusal_is_a_sentence_in_json() -> None:
    reply = refused(HTTPStatus.BAD_REQUEST, "found nothing")
    assert reply.status == 400
    assert read_json(reply.body) == {"error": {"message": "found nothing", "type": "Bad Request"}}


def test_what_may_come_again_says_when() -> None:
    reply = try_again("Too much waits.")
    assert (reply.status, list(reply.headers)) == (429, [(b"retry-after", b"5")])
    assert b"Send it again later." in reply.body


def test_a_refusal_knows_whose_batch_it_was() -> None:
    assert RefusedError(HTTPStatus.UNAUTHORIZED, "no").source == ""
    assert RefusedError(HTTPStatus.TOO_MANY_REQUESTS, "later", "app").source == "app"
