"""Exchange ids sort by arrival and say when it was."""

import uuid

from hypothesis import given
from hypothesis import strategies as st

from tierwatch.loop.capture.exchange import arrival_ms, new_exchange_id


def test_an_id_is_a_uuid_of_version_7() -> None:
    made = new_exchange_id(1_795_000_000.5)
    assert (made.version, made.variant) == (7, uuid.RFC_4122)
    assert arrival_ms(made) == 1_795_000_000_500


@given(st.integers(0, (1 << 48) - 2))
def test_ids_sort_by_arrival(ms: int) -> None:
    # Halves of a millisecond keep the division by 1000 from rounding into the next one.
    early, late = new_exchange_id((ms + 0.5) / 1000), new_exchange_id((ms + 1.5) / 1000)
    assert early < late
    assert arrival_ms(early) <= arrival_ms(late)


def test_ids_of_one_moment_differ() -> None:
    assert len({new_exchange_id(1.0) for _ in range(1_000)}) == 1_000
