import uuid

import pytest
from factories.rows import (
    add_exchange,
    add_failure,
    add_pair,
    add_shadow,
    add_verdict,
)
from sqlalchemy import Connection, update

from tierwatch.store.pages.judge import SWAP_DISAGREEMENT
from tierwatch.store.pages.pair_filter import STAGES, PairFilter
from tierwatch.store.pages.pairs import pair_line, pairs
from tierwatch.store.schema.judgements import VerdictRow


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


def test_filter_by_task_type(connection: Connection) -> None:
    add_pair(connection, 1, "tie")
    unlike = add_pair(connection, 2, "tie", task_type="unfamiliar")
    found = pairs(connection, PairFilter(task_type="unfamiliar"))
    assert [line.id for line in found] == [unlike]
    assert pairs(connection, PairFilter(task_type="code")) == []


def test_review_lists_unscored_pairs_and_swap_disagreements(connection: Connection) -> None:
    add_pair(connection, 1, "tie")
    unscored = add_pair(connection, 2, None)
    swapped = add_exchange(connection, 3)
    add_verdict(connection, swapped, "tie", basis=SWAP_DISAGREEMENT)
    add_exchange(connection, 4)

    found = pairs(connection, PairFilter(for_review=True))
    assert [line.id for line in found] == [swapped, unscored]


def test_contradicting_orders_are_their_own_word_and_no_tie(connection: Connection) -> None:
    tie = add_pair(connection, 1, "tie")
    old = add_exchange(connection, 2)
    add_verdict(connection, old, "tie", basis=SWAP_DISAGREEMENT)
    new = add_exchange(connection, 3)
    add_verdict(connection, new, "inconclusive", basis=SWAP_DISAGREEMENT)
    assert [one.id for one in pairs(connection, PairFilter(preferred="tie"))] == [tie]
    found = pairs(connection, PairFilter(preferred="inconclusive"))
    assert [(one.id, one.preferred) for one in found] == [
        (new, "inconclusive"),
        (old, "inconclusive"),
    ]


def test_pages_are_cut_by_id(connection: Connection) -> None:
    ids = [add_exchange(connection, number) for number in range(5)]
    first = pairs(connection, PairFilter(), limit=3)
    rest = pairs(connection, PairFilter(), before=first[-1].id, limit=3)
    assert [line.id for line in [*first, *rest]] == ids[::-1]


def test_an_empty_list_is_empty_whatever_is_wanted(connection: Connection) -> None:
    for stage in (None, *STAGES):
        assert pairs(connection, PairFilter(stage=stage)) == []
    assert pair_line(connection, uuid.uuid4()) is None


def test_a_line_is_the_same_alone_and_in_the_list(
    connection: Connection, one_of_each_stage: dict[str, uuid.UUID]
) -> None:
    for line in pairs(connection, PairFilter()):
        assert pair_line(connection, line.id) == line
    assert len(one_of_each_stage) == len(pairs(connection, PairFilter()))


def test_a_verdict_stands_even_where_the_work_failed_before(connection: Connection) -> None:
    exchange_id = add_pair(connection, 1, "served")
    add_failure(connection, exchange_id, "timeout")
    line = pair_line(connection, exchange_id)
    assert line is not None
    assert (line.stage, line.preferred) == ("judged", "served")


def test_a_failure_after_the_shadow_is_a_failure(connection: Connection) -> None:
    exchange_id = add_exchange(connection, 1)
    add_shadow(connection, exchange_id)
    add_failure(connection, exchange_id, "text expired")
    line = pair_line(connection, exchange_id)
    assert line is not None
    assert (line.stage, line.preferred, line.basis) == ("failed", None, None)


def test_only_the_newest_verdict_is_asked_whether_it_needs_review(connection: Connection) -> None:
    exchange_id = add_pair(connection, 1, None)
    connection.execute(update(VerdictRow).values(created_at="2026-01-01"))
    assert len(pairs(connection, PairFilter(for_review=True))) == 1
    add_verdict(connection, exchange_id, "served", judge_version="newer")
    assert pairs(connection, PairFilter(for_review=True)) == []
    assert len(pairs(connection, PairFilter(preferred="served"))) == 1
