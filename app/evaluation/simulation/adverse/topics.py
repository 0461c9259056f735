"""The topics of `tierwatch simulate --adverse`: a table, one line a topic."""

from collections.abc import Callable, Iterator
from typing import Final, NamedTuple

from tierwatch.evaluation.simulation.adverse import (
    clustered_losses,
    conversations,
    daily_cycle,
    heavy_weights,
    hidden_losses,
    label_slips,
    policy_changes,
)
from tierwatch.evaluation.simulation.certificate_rows import FULL, QUICK, Effort, Row


class Topic(NamedTuple):
    """A kind of traffic, and the rows that say what holds on it.

    Attributes:
        name: in words.
        rows: called with the effort and the seed. A bar that is kept is a promise; a row whose
            `promised` is false shows what is not promised, and cannot fail.
    """

    name: str
    rows: Callable[[Effort, int], Iterator[Row]]


TOPICS: Final = (
    Topic("losses that cluster in time", clustered_losses.rows),
    Topic("a few pairs that stand for many requests", heavy_weights.rows),
    Topic("losses that no neighbouring tier shows", hidden_losses.rows),
    Topic("losses that go by the length of conversations", conversations.rows),
    Topic("weekly changes of policy", policy_changes.rows),
    Topic("label slips", label_slips.rows),
    Topic("traffic that follows the clock", daily_cycle.rows),
)


def adverse(
    *, quick: bool, seed: int = 20_261_130, said: Callable[[Row], None] | None = None
) -> tuple[Row, ...]:
    """Run every topic.

    Args:
        quick: fewer runs, wider error bars.
        seed: of everything random.
        said: called with each row as it is measured.
    """
    effort = QUICK if quick else FULL
    found = []
    for topic in TOPICS:
        for row in topic.rows(effort, seed):
            found.append(row)
            if said is not None:
                said(row)
    return tuple(found)
