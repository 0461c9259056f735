import factories.rows as put
from sqlalchemy import Connection, text

from tierwatch.store.pages.examples.moved_pairs import moved_pairs


def numbers(connection: Connection, **changes: object) -> list[int]:
    asked = {
        "judge_version": put.JUDGE,
        "between": (0.6, 0.7),
        "outcomes": (1, 10**9),
    } | changes
    found = moved_pairs(connection, "simple", **asked)  # type: ignore[arg-type]
    return [one.request_no for one in found]


def test_pairs_at_the_lower_threshold_move_and_those_at_the_higher_stay(
    connection: Connection,
) -> None:
    for number, confidence in enumerate((0.59, 0.6, 0.65, 0.6999, 0.7), 1):
        put.add_outcome(connection, number, 0.0, confidence=confidence)
    assert numbers(connection) == [4, 3, 2]


def test_only_what_the_proposal_rests_on(connection: Connection) -> None:
    put.add_outcome(connection, 1, 1.0, confidence=0.65)
    put.add_outcome(connection, 2, 0.0, confidence=0.65, judge_version="other")
    put.add_outcome(connection, 3, 0.0, confidence=0.65, boundary="standard", tier="standard")
    put.add_outcome(connection, 4, 0.0, confidence=0.65, task_type="sql")
    # Sent up, and probed down: evidence of the same boundary.
    put.add_outcome(
        connection, 5, 0.0, confidence=0.65, tier="standard", boundary="simple", direction="down"
    )
    put.add_outcome(connection, 6, 0.0, confidence=0.65)
    last = connection.execute(text("select id from outcomes where request_no = 5")).scalar_one()
    assert numbers(connection, outcomes=(1, last)) == [5, 4, 1]
    assert numbers(connection, task_type="sql") == [4]


def test_a_weight_is_the_inverse_of_the_chance_to_be_drawn(connection: Connection) -> None:
    put.add_outcome(connection, 1, 0.5, confidence=0.65, pi=0.25)
    (found,) = moved_pairs(
        connection,
        "simple",
        judge_version=put.JUDGE,
        between=(0.6, 0.7),
        outcomes=(1, 10**9),
    )
    assert (found.weight, found.loss, found.task_type) == (4.0, 0.5, "all")
