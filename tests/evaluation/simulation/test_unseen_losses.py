import pytest

from tierwatch.evaluation.simulation.unseen_losses import (
    CELLS,
    CURRENT,
    ROOM,
    Cell,
    assumed_loss,
    certificates,
    true_loss,
)


@pytest.mark.parametrize("cell", CELLS, ids=["step", "peak"])
def test_the_assumption_says_less_is_lost_than_is_allowed_where_more_is(cell: Cell) -> None:
    assert true_loss(cell.curve) > 1 - cell.quality > assumed_loss(1, cell.curve, n=3_000)


def test_there_is_room_where_it_is_said_to_be() -> None:
    one_step_down = (CURRENT[0], round(CURRENT[1] - 0.1, 2))
    assert true_loss(ROOM.curve, one_step_down) < 1 - ROOM.quality


def test_looser_thresholds_lose_more() -> None:
    losses = [true_loss(CELLS[0].curve, (place, 0.7)) for place in (0.9, 0.7, 0.5)]
    assert losses == sorted(losses)
    assert true_loss(CELLS[0].curve, (1.0, 1.0)) == 0.0


def test_the_same_seed_gives_the_same_runs() -> None:
    found = {certificates(7, ROOM, n=1_000, direct=0.5, runs=3) for _ in range(2)}
    assert len(found) == 1
    [one] = found
    assert 0 <= one.wrong <= one.certified <= 3
