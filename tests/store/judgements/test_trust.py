import factories.rows as put
from sqlalchemy import Connection, text

from tierwatch.loop.compare.trust import weigh_judge
from tierwatch.store.judgements.trust import newest_trust, trust_of


def test_nothing_is_kept_of_an_unknown_judge(connection: Connection) -> None:
    assert trust_of(connection, "nobody") is None
    assert newest_trust(connection) is None


def test_the_newest_is_the_one_weighed_last(connection: Connection) -> None:
    for judge in ("one", "two"):
        put.add_anchors(connection, 300, 408, judge=judge)
        weigh_judge(connection, judge)
        connection.execute(
            text("update monitors set updated_at = now() - interval '1 day' where stream = :s"),
            {"s": "trust|one"},
        )
    found, one = newest_trust(connection), trust_of(connection, "one")
    assert found is not None
    assert one is not None
    assert (found.judge_version, one.judge_version) == ("two", "one")
    assert (one.pairs, one.losses, one.alarmed) == (408, 108.0, False)
