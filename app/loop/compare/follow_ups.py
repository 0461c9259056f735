"""Follow-ups: was the same question asked again in an exchange's session soon after?

The rule, which errs to *cannot be said*. Compared are the last messages of two requests, where both
are a person's own words: agents send their whole conversation again with every step, so nothing
before the last message counts, and a step that ends in a tool's result says nothing. Words like
"continue" say nothing either. It is the same question where `routing.same_question` says so, or
where the earlier one stands whole at the end of the later one with a few words before it.
"""

import datetime as dt
from typing import Final

from sqlalchemy import Engine

from tierwatch.routing.content import role_of
from tierwatch.routing.harness import human_text
from tierwatch.routing.same_question.near_miss import differing, near_miss_marks
from tierwatch.routing.same_question.wording import LONGEST, normal_form
from tierwatch.store.signals.follow_ups import (
    Followed,
    add_follow_ups,
    question_asked,
    unread_exchanges,
)

# Who asks later has begun something else, more often than not.
SOON: Final = dt.timedelta(minutes=30)
# Captures arrive within seconds, and after an outage when they arrive.
_CAPTURED: Final = dt.timedelta(minutes=5)
# A second's work: two texts are read for each of those whose session goes on.
_BATCH: Final = 200
_FEWEST_WORDS: Final = 4
_MOST_BEFORE: Final = 8


def read_follow_ups(*, engine: Engine, now: dt.datetime) -> int:
    """Read the next exchanges whose time to be followed is over; returns how many.

    A batch a call, in order of arrival. What is captured later than the half hour and five minutes
    (from a spool after an outage) is passed over.
    """
    with engine.connect() as connection:
        unread = unread_exchanges(
            connection, before=now - SOON - _CAPTURED, within=SOON, limit=_BATCH
        )
    if not unread:
        return 0
    found = {}
    for one in unread:
        found[one.exchange_id] = _asked_again(engine, one)
    with engine.begin() as connection:
        add_follow_ups(connection, found)
    return len(found)


def same_question(earlier: str, later: str) -> bool:
    """Whether a person asks the same again, or nearly.

    >>> same_question("What is the capital of France?", "what's the capital of France")
    True
    >>> same_question("What is the capital of France?", "I asked: What is the capital of France?")
    True
    >>> same_question("Which foods are safe?", "Which foods are not safe?")
    False
    """
    if max(len(earlier), len(later)) > LONGEST:
        return earlier == later
    if normal_form(earlier) == normal_form(later):
        return differing(near_miss_marks(earlier), near_miss_marks(later)) is None
    question = _bare(earlier)
    before, whole, behind = _bare(later).rpartition(question) if question else ("", "", "")
    apart = not before or not before[-1].isalnum()
    return bool(whole) and apart and not behind and len(before.split()) <= _MOST_BEFORE


def _bare(text: str) -> str:
    """Without capitals, white space and what ends a sentence."""
    return " ".join(text.casefold().split()).rstrip(" ?!.")


def last_words(request: dict[str, object]) -> str:
    """What a person wrote in the last message of a request; "" where nobody did, or too little."""
    messages = request.get("messages")
    if not isinstance(messages, list) or not messages or role_of(messages[-1]) != "user":
        return ""
    said = human_text(messages[-1]).strip()
    return said if len(said.split()) >= _FEWEST_WORDS else ""


def _asked_again(engine: Engine, one: Followed) -> bool | None:
    if one.next_id is None:
        return None
    words = []
    with engine.connect() as connection:
        for exchange_id in (one.exchange_id, one.next_id):
            request = question_asked(connection, exchange_id)
            words.append("" if request is None else last_words(request))
    earlier, later = words
    return same_question(earlier, later) if earlier and later else None
