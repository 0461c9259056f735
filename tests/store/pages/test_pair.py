import uuid

from factories.rows import (
    JUDGE,
    add_exchange,
    add_failure,
    add_pair,
    add_shadow,
    add_verdict,
)
from sqlalchemy import Connection, insert, update

from tierwatch.store.pages.pair import pair
from tierwatch.store.pages.pair_filter import PairFilter
from tierwatch.store.pages.pairs import pairs
from tierwatch.store.schema.exchanges import ExchangeTextRow
from tierwatch.store.schema.judgements import VerdictRow
from tierwatch.store.schema.work import AttemptRow


def test_newest_verdict_counts_and_all_are_kept(connection: Connection) -> None:
    exchange_id = add_pair(connection, 1, "tie")
    connection.execute(update(VerdictRow).values(created_at="2026-01-01"))
    add_verdict(connection, exchange_id, "served", judge_version="newer")

    (line,) = pairs(connection, PairFilter())
    assert line.preferred == "served"
    found = pair(connection, exchange_id)
    assert found is not None
    assert [verdict.judge_version for verdict in found.verdicts] == ["newer", JUDGE]


def test_pair_has_both_texts_verdicts_and_attempts(connection: Connection) -> None:
    exchange_id = add_pair(connection, 7, "alternative")
    connection.execute(
        insert(AttemptRow).values(
            exchange_id=exchange_id,
            step="shadow",
            model="standard-1",
            error="timeout",
            detail="60 s",
            latency_ms=60_000.0,
        )
    )

    found = pair(connection, exchange_id)
    assert found is not None
    assert found.line.request_no == 7
    assert found.request == {"messages": [{"role": "user", "content": "What is 2 + 2?"}]}
    assert found.answer == {"role": "assistant", "content": "4"}
    assert found.alternative == {"role": "assistant", "content": "four"}
    assert found.alternative_model == "standard-1"
    assert found.failed is None
    assert [attempt.error for attempt in found.attempts] == ["timeout"]


def test_what_was_fitted_for_each_arm_is_known(connection: Connection) -> None:
    exchange_id = add_exchange(connection, 1, fitted=["-top_k"])
    found = pair(connection, exchange_id)
    assert found is not None
    assert (found.fitted, found.alternative_fitted) == (["-top_k"], None)
    add_shadow(connection, exchange_id)
    again = pair(connection, exchange_id)
    assert again is not None
    assert again.alternative_fitted == []


def test_a_request_is_shown_in_one_form_with_the_wire_it_came_on(connection: Connection) -> None:
    asked = {"system": "Be brief.", "messages": [{"role": "user", "content": "2 + 2?"}]}
    exchange_id = add_exchange(connection, 1, asked={"request": asked, "wire": "anthropic"})
    found = pair(connection, exchange_id)
    assert found is not None
    assert found.wire == "anthropic"
    assert found.request is not None
    assert [one["role"] for one in found.request["messages"]] == ["system", "user"]


def test_texts_that_retention_took_are_none(connection: Connection) -> None:
    exchange_id = add_exchange(connection, 1)
    connection.execute(ExchangeTextRow.__table__.delete())

    found = pair(connection, exchange_id)
    assert found is not None
    assert found.request is None
    assert found.answer is None
    assert found.alternative is None
    assert found.alternative_model is None


def test_failed_pair_says_where_and_why(connection: Connection) -> None:
    exchange_id = add_exchange(connection, 1)
    add_failure(connection, exchange_id, "refused")
    found = pair(connection, exchange_id)
    assert found is not None
    assert found.failed == "shadow: refused"


def test_unknown_pair_is_none(connection: Connection) -> None:
    assert pair(connection, uuid.uuid4()) is None


def test_of_many_attempts_the_first_hundred_are_shown_in_order(connection: Connection) -> None:
    exchange_id = add_exchange(connection, 1)
    connection.execute(
        insert(AttemptRow),
        [
            {
                "exchange_id": exchange_id,
                "step": "serve",
                "model": f"m{number}",
                "error": "timeout",
                "detail": "",
                "latency_ms": 1.0,
            }
            for number in range(103)
        ],
    )
    found = pair(connection, exchange_id)
    assert found is not None
    assert [attempt.model for attempt in found.attempts] == [f"m{number}" for number in range(100)]


def test_a_pair_has_its_own_attempts_and_verdicts_only(connection: Connection) -> None:
    mine, other = add_pair(connection, 1, "tie"), add_pair(connection, 2, "served")
    connection.execute(
        insert(AttemptRow).values(
            exchange_id=other, step="judge", model="m", error="", detail="", latency_ms=1.0
        )
    )
    found = pair(connection, mine)
    assert found is not None
    assert found.attempts == []
    assert [verdict.preferred for verdict in found.verdicts] == ["tie"]


def test_what_the_judge_said_in_each_order_is_kept(connection: Connection) -> None:
    found = pair(connection, add_pair(connection, 1, "served"))
    assert found is not None
    [verdict] = found.verdicts
    assert [order["order"] for order in verdict.orders] == ["served_first", "alternative_first"]
    assert (verdict.calls, verdict.reason, verdict.unscored_why) == (2, "both say four", "")
