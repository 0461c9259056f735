"""Waits double, never fall below what the provider asked, and end."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tierwatch.loop.compare.retry import MAX_TRIES, wait_before, worn_out


@pytest.mark.parametrize(
    ("tries", "longest"), [(1, 2), (2, 4), (3, 8), (4, 16), (5, 32), (6, 64), (7, 120), (60, 120)]
)
def test_waits_double_up_to_two_minutes_with_jitter_over_the_upper_half(
    tries: int, longest: float
) -> None:
    waits = [wait_before(tries, None, chance=random.Random(seed)) for seed in range(200)]
    assert min(waits) >= longest / 2
    assert max(waits) <= longest
    assert max(waits) - min(waits) > longest / 3  # a burst is spread


@given(st.integers(1, 30), st.floats(0, 3600), st.integers())
def test_a_wait_is_never_shorter_than_the_provider_asked(
    tries: int, asked_s: float, seed: int
) -> None:
    assert wait_before(tries, asked_s, chance=random.Random(seed)) >= asked_s


def test_a_short_ask_does_not_shorten_the_wait() -> None:
    assert wait_before(4, 0.1, chance=random.Random(1)) >= 8


def test_a_step_is_worn_out_after_its_tries_and_three_lost_claims() -> None:
    assert MAX_TRIES == 6
    assert [tries for tries in range(1, 13) if worn_out(tries)] == [10, 11, 12]
