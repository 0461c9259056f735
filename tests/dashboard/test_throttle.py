from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

import tierwatch.dashboard.throttle as module
from tierwatch.dashboard.throttle import (
    ADDRESS_FAILURES,
    FAILURES,
    NAME_FAILURES,
    WINDOW_S,
    Throttle,
    network_of,
)


class _Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_the_window_slides() -> None:
    clock = _Clock()
    throttle = Throttle(clock)
    for second in range(FAILURES):
        clock.now = float(second)
        assert throttle.wait_s("ada", "10.0.0.1") == 0
        throttle.failed("ada", "10.0.0.1")
    # The first failure was at 0, so it is forgotten at WINDOW_S; now is FAILURES - 1.
    assert throttle.wait_s("ada", "10.0.0.1") == WINDOW_S - (FAILURES - 1)
    assert throttle.wait_s("ada", "10.0.0.2") == 0
    assert throttle.wait_s("bob", "10.0.0.1") == 0
    clock.now = WINDOW_S
    assert throttle.wait_s("ada", "10.0.0.1") == 0


def test_success_forgets_failures() -> None:
    throttle = Throttle(_Clock())
    for _ in range(FAILURES):
        throttle.failed("ada", "a")
    throttle.passed("ada", "a")
    throttle.passed("never seen", "a")
    assert throttle.wait_s("ada", "a") == 0


def test_an_address_that_tries_many_names_waits_with_all_of_them() -> None:
    throttle = Throttle(_Clock())
    for number in range(ADDRESS_FAILURES):
        assert throttle.wait_s(f"name {number}", "10.0.0.1") == 0
        throttle.failed(f"name {number}", "10.0.0.1")
    assert throttle.wait_s("another", "10.0.0.1") == WINDOW_S
    assert throttle.wait_s("another", "10.0.0.2") == 0


def test_one_account_of_ones_own_does_not_pay_for_guesses_at_others() -> None:
    throttle = Throttle(_Clock())
    for number in range(ADDRESS_FAILURES):
        throttle.failed(f"name {number}", "a")
        throttle.passed("mallory", "a")
    assert throttle.wait_s("ada", "a") > 0


def test_a_name_that_is_tried_from_many_addresses_waits_at_all_of_them() -> None:
    throttle = Throttle(_Clock())
    for number in range(NAME_FAILURES):
        assert throttle.wait_s("ada", f"10.0.0.{number}") == 0
        throttle.failed("ada", f"10.0.0.{number}")
    assert throttle.wait_s("ada", "10.0.1.1") == WINDOW_S
    assert throttle.wait_s("bob", "10.0.1.1") == 0


def test_a_browser_that_was_logged_in_is_not_kept_out_by_strangers() -> None:
    throttle = Throttle(_Clock())
    for number in range(200):
        throttle.failed("ada", f"10.0.0.{number}")
        throttle.failed(f"name {number}", "10.0.1.1")
    assert throttle.wait_s("ada", "10.0.1.1") > 0
    assert throttle.wait_s("ada", "10.0.1.1", "her browser") == 0


def test_but_it_has_no_more_tries_than_anybody() -> None:
    throttle = Throttle(_Clock())
    for _ in range(FAILURES):
        assert throttle.wait_s("ada", "a", "stolen") == 0
        throttle.failed("ada", "a", "stolen")
    assert throttle.wait_s("ada", "b", "stolen") == WINDOW_S
    assert throttle.wait_s("ada", "a", "hers") == 0
    assert throttle.wait_s("ada", "a") == 0
    throttle.passed("ada", "a", "stolen")
    assert throttle.wait_s("ada", "b", "stolen") == 0


def test_tokens_are_counted_by_address_alone() -> None:
    clock = _Clock()
    throttle = Throttle(clock)
    for _ in range(ADDRESS_FAILURES):
        assert throttle.token_wait_s("10.0.0.1") == 0
        throttle.token_failed("10.0.0.1")
    assert throttle.token_wait_s("10.0.0.1") == WINDOW_S
    assert throttle.token_wait_s("10.0.0.2") == 0
    assert throttle.wait_s("ada", "10.0.0.1") == 0
    clock.now = WINDOW_S
    assert throttle.token_wait_s("10.0.0.1") == 0


Fail = Callable[[Throttle, int], None]


@pytest.mark.parametrize(
    "fail",
    [
        lambda throttle, number: throttle.failed(f"name {number}", "a"),
        lambda throttle, number: throttle.failed("a", f"address {number}"),
        lambda throttle, number: throttle.failed("a", "a", f"browser {number}"),
        lambda throttle, number: throttle.token_failed(f"address {number}"),
    ],
)
def test_what_callers_make_up_cannot_fill_the_memory(
    monkeypatch: pytest.MonkeyPatch, fail: Fail
) -> None:
    monkeypatch.setattr(module, "_KEYS", 100)
    throttle = Throttle(_Clock())
    for number in range(1_000):
        fail(throttle, number)
    kinds = [throttle._browsers, throttle._pairs, throttle._addresses, throttle._names]
    assert max(len(kind) for kind in [*kinds, throttle._tokens]) <= 100


def test_made_up_names_do_not_wash_out_the_address_that_makes_them_up(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "_KEYS", 10)
    throttle = Throttle(_Clock())
    for number in range(1_000):
        throttle.failed(f"name {number}", "10.0.0.1")
    assert throttle.wait_s("ada", "10.0.0.1") > 0


def test_all_addresses_of_one_subscriber_are_one() -> None:
    throttle = Throttle(_Clock())
    for number in range(ADDRESS_FAILURES):
        throttle.failed(f"name {number}", f"2001:db8:0:1::{number:x}")
    assert throttle.wait_s("ada", "2001:db8:0:1:ffff::1") > 0
    assert throttle.wait_s("ada", "2001:db8:0:2::1") == 0


@given(st.ip_addresses().map(str) | st.text(max_size=40))
def test_any_text_is_of_one_network(address: str) -> None:
    assert network_of(network_of(address)) == network_of(address)
