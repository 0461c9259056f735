from dataclasses import replace
from typing import Any

import pytest
from factories.rows import add_exchange
from sqlalchemy import Connection

from tierwatch.dashboard.pages.pairs.routing_words import routing_words
from tierwatch.store.pages.pair import Pair, pair


def _pair(connection: Connection, **changes: Any) -> Pair:
    found = pair(connection, add_exchange(connection, 1, **changes))
    assert found is not None
    return found


def test_a_kept_request_says_confidence_and_threshold(connection: Connection) -> None:
    assert routing_words(_pair(connection, task_type="sql")) == (
        (
            "The classifier named simple; its confidence 0.900 reached the threshold 0.70 of"
            " policy 1, task type sql."
        ),
        "So the request was kept at simple.",
    )


def test_one_that_went_up_says_what_it_stayed_below(connection: Connection) -> None:
    found = _pair(connection, tier="standard", label="simple", confidence=0.6, reason="escalated")
    assert routing_words(found) == (
        (
            "The classifier named simple; its confidence 0.600 stayed below the threshold 0.70 of"
            " policy 1."
        ),
        "So it went up to standard.",
    )


@pytest.mark.parametrize(
    ("reason", "said", "evidence"),
    [
        ("drained", "sent up by hand", True),
        ("top", "is the top", True),
        ("unfamiliar", "judged nothing like it", True),
        ("pinned", "The caller asked for", False),
        ("classifier_failed:timeout", "The classifier failed (timeout)", False),
        ("cascade:no_json", "did not pass (no json)", False),
        ("sticky:warm_cache", "held at simple: its warm prompt cache was worth more", False),
        ("sticky:new_reason", "held at simple: new reason", False),
        ("fits_not:images", "does not take its images", False),
        ("of_a_later_version:x", "of a later version:x: it went to simple", True),
    ],
)
def test_every_reason_is_a_sentence(
    connection: Connection, reason: str, said: str, *, evidence: bool
) -> None:
    words = routing_words(_pair(connection, reason=reason, threshold=None))
    assert said in words[0]
    assert all(word.endswith(".") for word in words)
    assert any("no evidence" in word for word in words) is not evidence


def test_nothing_is_compared_with_nothing(connection: Connection) -> None:
    found = _pair(connection)
    line = replace(found.line, threshold=None)
    assert len(routing_words(replace(found, line=line))) == 1
