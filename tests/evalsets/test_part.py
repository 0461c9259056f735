"""A share of an evalset: spread over the whole file, never empty, and a set of its own."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tierwatch.evalsets import Evalset, anchors, probes


@given(count=st.integers(1, 500), share=st.floats(0.001, 1.0))
def test_a_part_has_its_share_of_the_items_in_their_order(count: int, share: float) -> None:
    whole = Evalset("set/1", tuple(range(count)))
    part = whole.part(share)
    assert list(part.items) == sorted(set(part.items))
    assert abs(len(part.items) - count * share) <= 1
    assert part.items


def test_a_part_is_not_compared_with_the_whole_or_with_another_part() -> None:
    whole = probes()
    versions = {whole.version, whole.part(0.5).version, whole.part(1 / 3).version}
    assert len(versions) == 3
    assert whole.part(1.0) is whole


@pytest.mark.parametrize("share", [1 / 3, 1 / 4])
def test_no_kind_of_the_shipped_sets_is_left_out(share: float) -> None:
    for whole in (anchors(), probes()):
        kinds = {item.kind for item in whole.items}
        assert {item.kind for item in whole.part(share).items} == kinds
