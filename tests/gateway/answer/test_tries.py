"""In which order one request asks deployments and tiers."""

from typing import TYPE_CHECKING

import pytest
from factories.deployments import (
    DOWN,
    FULL,
    NO_KEY,
    REFUSED,
    UNSAYABLE,
    Clock,
    balancer,
    break_down,
    fail,
    tier,
    where,
)
from hypothesis import given
from hypothesis import strategies as st

from tierwatch.errors import ProviderError
from tierwatch.gateway.answer.tries import Tries
from tierwatch.routing.config.retry import RetrySection

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tierwatch.gateway.deployments.call import Call


def test_home_is_asked_first_and_in_its_own_tier() -> None:
    simple, standard = tier(a=1, b=1), tier("standard", c=1, d=1)
    homes = {"simple": ("b", "m-b"), "standard": ("d", "m-d")}
    tries = Tries(balancer(simple, standard), [simple, standard], retry(0), homes)
    assert [where for where, _ in order(tries, always=DOWN)] == ["b", "a", "d", "c"]


def order(
    tries: Tries, *errors: ProviderError, always: ProviderError | None = None
) -> list[tuple[str, bool]]:
    """Providers asked, with a pause before or not, when calls fail like this."""
    asked: list[tuple[str, bool]] = []
    failures: Iterator[ProviderError | None] = iter(errors)
    call: Call | None = tries.first()
    while call is not None:
        asked.append((where(call), call.pauses))
        error = next(failures, always)
        if error is None:
            break
        fail(call, error)
        call = tries.after(error)
        assert len(asked) < 20
    return asked


def retry(attempts: int = 1) -> RetrySection:
    return RetrySection(attempts=attempts)


def test_another_healthy_deployment_is_asked_at_once_then_the_tier_above() -> None:
    simple, standard = tier(a=1, b=1), tier("standard", c=1, d=1)
    tries = Tries(balancer(simple, standard), [simple, standard], retry())
    assert order(tries, always=DOWN) == [
        ("a", False), ("b", False), ("a", True), ("c", False), ("d", False),
    ]  # fmt: skip


def test_one_deployment_is_retried_after_a_pause_as_ever() -> None:
    simple, standard = tier(a=1), tier("standard", c=1)
    tries = Tries(balancer(simple, standard), [simple, standard], retry(2))
    asked = [("a", False), ("a", True), ("a", True), ("c", False)]
    assert order(tries, always=DOWN) == asked


def test_the_only_healthy_deployment_is_asked_again_after_a_pause() -> None:
    simple, standard = tier(a=1, b=1), tier("standard", c=1)
    made = balancer(simple, standard, breaker={"failures": 3})
    made_down = made.pick(simple, {("b", "m-b")})
    assert made_down is not None
    fail(made_down, FULL)
    tries = Tries(made, [simple, standard], retry())
    assert order(tries, DOWN, DOWN) == [("b", False), ("b", True), ("c", False)]


def test_no_healthy_deployment_is_no_reason_to_refuse() -> None:
    simple, clock = tier(a=1, b=1), Clock()
    made = balancer(simple, clock=clock)
    break_down(made, simple, at="b")
    clock.now += 1.0
    break_down(made, simple, at="a")
    # b is back first; then, before the caller gets an error, a.
    assert order(Tries(made, [simple], retry()), always=DOWN) == [("b", False), ("a", False)]


def test_a_tier_whose_deployments_are_all_left_alone_costs_one_call() -> None:
    simple, standard = tier(a=1, b=1), tier("standard", c=1)
    made = balancer(simple, standard)
    for at in "ab":
        break_down(made, simple, at=at)
    assert order(Tries(made, [simple, standard], retry()), DOWN) == [("a", False), ("c", False)]


def test_a_busy_provider_is_left_alone_for_as_long_as_it_asks() -> None:
    simple, clock = tier(a=1, b=1), Clock()
    made = balancer(simple, clock=clock)
    assert order(Tries(made, [simple], retry()), FULL) == [("a", False), ("b", False)]
    for later in (0.0, 19.9):
        clock.now = 100.0 + later
        assert {where(made.pick(simple)) for _ in range(3)} == {"b"}
    clock.now = 120.1
    assert {where(made.pick(simple)) for _ in range(3)} == {"a", "b"}


@pytest.mark.parametrize(
    ("error", "asked"),
    [
        (REFUSED, [("a", False)]),
        (NO_KEY, [("a", False), ("b", False)]),
        (UNSAYABLE, [("a", False), ("b", False), ("c", False)]),
    ],
)
def test_what_is_refused_goes_elsewhere_only_where_the_deployment_is_to_blame(
    error: ProviderError, asked: list[tuple[str, bool]]
) -> None:
    simple, standard = tier(a=1, b=1), tier("standard", c=1)
    made = balancer(simple, standard)
    assert order(Tries(made, [simple, standard], retry()), always=error) == asked


def about(what: str) -> ProviderError:
    error = ProviderError("No.", kind="refused", status=400)
    error.refused_for = what
    return error


@pytest.mark.parametrize(
    ("what", "asked"),
    [
        ("context", ["b", "c", "a"]),
        ("images", ["b", "c", "a"]),
        ("content", ["b", "c", "a"]),
        ("parameter", ["b"]),  # what a field is refused for is mended, or its caller's to mend
        ("", ["b"]),
    ],
)
def test_what_a_tier_cannot_take_the_next_one_up_is_asked_and_then_those_below(
    what: str, asked: list[str]
) -> None:
    low, mid, top = tier(a=1), tier("standard", b=1), tier("complex", c=1)
    tries = Tries(balancer(low, mid, top), [mid, top], retry(), lower=[low])
    assert [where for where, _ in order(tries, always=about(what))] == asked


def test_lower_tiers_are_not_for_failures() -> None:
    low, mid = tier(a=1), tier("standard", b=1)
    tries = Tries(balancer(low, mid), [mid], retry(0), lower=[low])
    assert [where for where, _ in order(tries, always=DOWN)] == ["b"]


def test_the_same_tier_elsewhere_is_asked_where_there_is_no_other() -> None:
    only = tier(a=1, b=1)
    tries = Tries(balancer(only), [only], retry())
    assert [where for where, _ in order(tries, always=about("content"))] == ["a", "b"]


def test_a_tier_that_is_known_not_to_take_it_is_passed_over() -> None:
    low, mid, top = tier(a=1), tier("standard", b=1), tier("complex", c=1)
    for error in (DOWN, about("images")):
        tries = Tries(
            balancer(low, mid, top),
            [low, mid, top],
            retry(0),
            takes=lambda one: one.name != "standard",
        )
        assert [where for where, _ in order(tries, always=error)] == ["a", "c"]


@given(
    shape=st.lists(st.integers(1, 3), min_size=1, max_size=3),
    attempts=st.integers(0, 3),
    answers=st.lists(st.sampled_from([DOWN, FULL, NO_KEY, REFUSED, None]), max_size=40),
)
def test_every_order_of_failures_ends_and_pauses_only_where_it_was_before(
    shape: list[int], attempts: int, answers: list[ProviderError | None]
) -> None:
    tiers = [
        tier(f"t{rank}", **{f"p{rank}{place}": 1.0 for place in range(count)})
        for rank, count in enumerate(shape)
    ]
    made = balancer(*tiers)
    asked = order(Tries(made, tiers, retry(attempts)), *[a for a in answers if a], always=DOWN)
    assert len(asked) <= sum(shape) + attempts
    seen: set[str] = set()
    for provider, pauses in asked:
        assert pauses == (provider in seen)
        seen.add(provider)


SILENT = ProviderError("not a word", kind="timeout")
LATE = ProviderError("408", kind="timeout", status=408)


def test_who_stayed_silent_is_not_asked_again() -> None:
    simple = tier(a=1)
    assert order(Tries(balancer(simple), [simple], retry(3)), always=SILENT) == [("a", False)]


def test_nor_is_another_model_of_the_same_provider() -> None:
    simple, standard, top = tier(a=1), tier("standard", a=1), tier("complex", a=1, b=1)
    tries = Tries(balancer(simple, standard, top), [simple, standard, top], retry(2))
    assert order(tries, always=SILENT) == [("a", False), ("b", False)]


def test_other_providers_are_asked_each_once() -> None:
    simple, standard = tier(a=1, b=1), tier("standard", a=1, c=1)
    tries = Tries(balancer(simple, standard), [simple, standard], retry(2))
    assert order(tries, always=SILENT) == [("a", False), ("b", False), ("c", False)]


def test_a_provider_that_is_left_alone_is_asked_after_one_that_is_silent() -> None:
    simple = tier(a=1, b=1)
    made = balancer(simple)
    break_down(made, simple, at="b")
    assert order(Tries(made, [simple], retry(1)), always=SILENT) == [("a", False), ("b", False)]


def test_silence_after_another_failure_ends_the_retries_there() -> None:
    simple, standard = tier(a=1), tier("standard", c=1)
    tries = Tries(balancer(simple, standard), [simple, standard], retry(3))
    asked = [("a", False), ("a", True), ("c", False)]
    assert order(tries, DOWN, SILENT, DOWN) == asked


def test_a_provider_that_says_408_has_answered_and_is_asked_again() -> None:
    simple = tier(a=1)
    asked = [("a", False), ("a", True)]
    assert order(Tries(balancer(simple), [simple], retry(1)), always=LATE) == asked


@given(errors=st.lists(st.sampled_from([DOWN, FULL, SILENT, LATE, REFUSED, NO_KEY]), max_size=12))
def test_no_provider_is_asked_again_once_it_was_silent(errors: list[ProviderError]) -> None:
    tiers = [tier(a=1, b=1), tier("standard", a=1, c=1), tier("complex", d=1)]
    asked = order(Tries(balancer(*tiers), tiers, retry(3)), *errors)
    silent: set[str] = set()
    for (place, _), error in zip(asked, [*errors, None], strict=False):
        assert place not in silent
        if error is SILENT:
            silent.add(place)
