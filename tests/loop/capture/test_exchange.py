"""Exchange ids sort by arrival and say when it was."""

import subprocess
import sys
import uuid

import pytest
from fakes.collaborators import served
from hypothesis import given
from hypothesis import strategies as st

from tierwatch.loop.capture.exchange import Attempt, arrival_ms, new_exchange_id


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


@given(st.integers(0, (1 << 48) - 1))
def test_an_id_says_its_moment_and_is_well_formed(ms: int) -> None:
    made = new_exchange_id((ms + 0.5) / 1000)
    assert arrival_ms(made) == ms
    assert (made.version, made.variant) == (7, uuid.RFC_4122)


def test_all_but_the_moment_is_chance() -> None:
    # 128 bits without 48 of time, 4 of the version and 2 of the variant: each is now 0, now 1.
    ids = [new_exchange_id(1.0).int for _ in range(200)]
    ever, always = 0, (1 << 128) - 1
    for one in ids:
        ever |= one
        always &= one
    changing = ever & ~always
    assert changing.bit_count() == 74
    assert changing >> 80 == 0


def test_what_was_served_never_changes() -> None:
    exchange = served()
    with pytest.raises(AttributeError):
        exchange.finished = False  # type: ignore[misc] # that is what is tried
    assert not hasattr(exchange, "__dict__")


def test_what_costs_nothing_is_nothing_by_default() -> None:
    attempt = Attempt("simple", "small-1", "lab", 200, "", 12.0)
    assert attempt.cost_usd == 0.0
    exchange = served()
    assert (exchange.cached_tokens, exchange.cache_write_tokens) == (0, 0)
    assert exchange.classifier_cost_usd == 0.0


_FORKING = """
import os
from tierwatch.loop.capture.exchange import new_exchange_id

new_exchange_id(1.0)  # there are halves in stock now
if not os.fork():
    os._exit(any(print(new_exchange_id(1.0), flush=True) for _ in range(20)))
os.wait()
for _ in range(300):
    print(new_exchange_id(1.0))
"""


def test_a_forked_process_makes_ids_of_its_own() -> None:
    told = subprocess.run([sys.executable, "-c", _FORKING], check=True, capture_output=True)
    ids = told.stdout.split()
    assert len(ids) == len(set(ids)) == 320
