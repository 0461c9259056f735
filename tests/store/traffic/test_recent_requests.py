"""The newest requests that a tier served, and the share that another could never be asked."""

import factories.rows as put
from sqlalchemy import Connection, text

from tierwatch.store.traffic.outside_counts import OutsideCount, add_outside_counts
from tierwatch.store.traffic.recent_requests import recent_requests, share_not_taken


def asked(connection: Connection, **changes: object) -> list[object]:
    named = {"served": "standard", "alternative": "simple", **changes}
    found = recent_requests(connection, **named)  # type: ignore[arg-type]
    return [one.body["messages"][0]["content"] for one in found]


def test_those_of_one_tier_and_alternative_newest_first(connection: Connection) -> None:
    for number in (1, 2, 3):
        put.add_exchange(
            connection, number, tier="standard", direction="down", question=str(number)
        )
    put.add_exchange(connection, 4, tier="standard", direction="up", question="up")
    put.add_exchange(connection, 5, tier="complex", direction="down", question="other")
    put.add_exchange(
        connection, 6, tier="standard", direction="down", question="hard", task_type="hard"
    )
    assert asked(connection) == ["hard", "3", "2", "1"]
    assert asked(connection, task_type="hard") == ["hard"]
    assert asked(connection, served="simple", alternative="standard") == []


def test_a_request_is_on_the_wire_it_came_on(connection: Connection) -> None:
    body = {"messages": [], "thinking": {"type": "adaptive"}}
    put.add_exchange(
        connection,
        1,
        tier="standard",
        direction="down",
        asked={"request": body, "wire": "anthropic"},
    )
    (one,) = recent_requests(connection, served="standard", alternative="simple")
    assert (one.wire, one.body) == ("anthropic", body)


def test_what_has_no_text_any_more_is_left_out(connection: Connection) -> None:
    put.add_exchange(connection, 1, tier="standard", direction="down")
    connection.execute(text("delete from exchange_texts"))
    assert asked(connection) == []


def test_the_share_that_could_not_be_asked_is_of_the_drawn(connection: Connection) -> None:
    assert share_not_taken(connection, served="standard", reason="fits_not") is None
    add_outside_counts(
        connection,
        [
            OutsideCount(put.NOW, "standard", "", 30.0, 3),
            OutsideCount(put.NOW, "standard", "fits_not", 10.0, 1),
            OutsideCount(put.NOW, "standard", "side_call", 500.0, 0),
            OutsideCount(put.NOW, "simple", "fits_not", 99.0, 9),
        ],
    )
    # 10 of 40; what is counted of every exchange is no part of the drawn.
    assert share_not_taken(connection, served="standard", reason="fits_not") == 0.25
