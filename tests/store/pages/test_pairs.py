import uuid

import pytest
from factories.rows import (
    JUDGE,
    add_exchange,
    add_failure,
    add_pair,
    add_shadow,
    add_verdict,
)
from sqlalchemy import Connection, insert, update

from tierwatch.store.pages import pairs as reading_pairs
from tierwatch.store.pages.judge import SWAP_DISAGREEMENT
from tierwatch.store.pages.pair import pair
from tierwatch.store.pages.pairs import STAGES, PairFilter, pairs
from tierwatch.store.schema.evidence import VerdictRow
from tierwatch.store.schema.exchanges import ExchangeTextRow
from tierwatch.store.schema.work import AttemptRow


@pytest.fixture
def one_of_each_stage(connection: Connection) -> dict[str, uuid.UUID]:
    waiting = add_exchange(connection, 1)
    shadowed = add_exchange(connection, 2)
    add_shadow(connection, shadowed)
    failed = add_exchange(connection, 5)
    add_failure(connection, failed)
    return {
        "waiting": waiting,
        "shadowed": shadowed,
        "judged": add_pair(connection, 3, "alternative"),
        "unscored": add_pair(connection, 4, None),
        "failed": failed,
    }


def test_stage_follows_from_the_rows_that_exist(
    connection: Connection, one_of_each_stage: dict[str, uuid.UUID]
) -> None:
    stages = {line.id: line.stage for line in pairs(connection, PairFilter())}
    assert stages == {exchange_id: stage for stage, exchange_id in one_of_each_stage.items()}
    assert set(STAGES) == set(one_of_each_stage)


@pytest.mark.parametrize("stage", STAGES)
def test_filter_by_stage(
    connection: Connection, one_of_each_stage: dict[str, uuid.UUID], stage: str
) -> None:
    found = pairs(connection, PairFilter(stage=stage))
    assert [line.id for line in found] == [one_of_each_stage[stage]]


def test_filter_by_tier_direction_and_verdict(connection: Connection) -> None:
    up = add_pair(connection, 1, "alternative", tier="standard")
    down = add_pair(connection, 2, "served", tier="standard", direction="down")
    simple = add_pair(connection, 3, "tie")

    def found(**wanted: str) -> list[uuid.UUID]:
        return [line.id for line in pairs(connection, PairFilter(**wanted))]  # type: ignore[arg-type] # no for_review here

    assert found() == [simple, down, up]
    assert found(tier="standard") == [down, up]
    assert found(direction="up") == [simple, up]
    assert found(preferred="served") == [down]
    assert found(tier="simple", preferred="served") == []


def test_review_lists_unscored_pairs_and_swap_disagreements(connection: Connection) -> None:
    add_pair(connection, 1, "tie")
    unscored = add_pair(connection, 2, None)
    swapped = add_exchange(connection, 3)
    add_verdict(connection, swapped, "tie", basis=SWAP_DISAGREEMENT)
    add_exchange(connection, 4)

    found = pairs(connection, PairFilter(for_review=True))
    assert [line.id for line in found] == [swapped, unscored]


def test_pages_are_cut_by_id(connection: Connection) -> None:
    ids = [add_exchange(connection, number) for number in range(5)]
    first = pairs(connection, PairFilter(), limit=3)
    rest = pairs(connection, PairFilter(), before=first[-1].id, limit=3)
    assert [line.id for line in [*first, *rest]] == ids[::-1]


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
    assert reading_pairs.pair(connection, uuid.uuid4()) is None
