import uuid

from fakes.collaborators import rows
from sqlalchemy import Engine

from tierwatch.loop.capture.feedback import Feedback, keep_feedback
from tierwatch.loop.capture.redact import redact


def test_feedback_is_kept_whole_and_redacted(engine: Engine) -> None:
    request_id = uuid.uuid4()
    given = Feedback(
        request_id,
        0.25,
        "ask jo@example.org\x00",
        "of jo@example.org",
        {"by": "jo@example.org", "team\ud800": "qa", "empty": ""},
    )
    keep_feedback(given, engine=engine, redact=redact)
    (row,) = rows(engine, "select * from feedback")
    assert (row.request_id, row.score) == (request_id, 0.25)
    assert (row.comment, row.session) == ("ask [EMAIL]\u2400", "of [EMAIL]")
    assert row.extra == {"by": "[EMAIL]", "team\ufffd": "qa", "empty": ""}


def test_feedback_without_more_than_a_score(engine: Engine) -> None:
    keep_feedback(Feedback(uuid.uuid4(), 1.0, "", None, {}), engine=engine, redact=redact)
    (row,) = rows(engine, "select * from feedback")
    assert (row.comment, row.session, row.extra) == ("", None, {})
