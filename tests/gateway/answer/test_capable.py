"""Which tiers can take a request, before anybody is asked."""

from dataclasses import replace
from typing import Any

import pytest
from factories.gateway_values import asked, current, decision

from tierwatch.fit.lesson import Lesson
from tierwatch.fit.memory import Memory
from tierwatch.gateway.answer.capable import Capable
from tierwatch.routing.facts import UNKNOWN, Facts
from tierwatch.routing.policy import ActivePolicies, Policy
from tierwatch.routing.served.tier_model import TierModel
from tierwatch.routing.tiers import Deployment, Price, Tier
from tierwatch.wire.wires import WIRES

SPOKEN = {
    (provider, wire): kind
    for provider, kind in (("lab", "openai"), ("claude", "anthropic"))
    for wire in WIRES
}
IMAGE = [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "x"}}]}]


def ladder(*takes: Facts) -> list[Tier]:
    names = ("simple", "standard", "complex")
    return [
        Tier(name, f"m-{name}", "lab", Price(1, 1), takes=facts)
        for name, facts in zip(names, takes, strict=False)
    ]


def settled(tiers: list[Tier], at: int, *, down: bool = True, **fields: Any) -> tuple[str, str]:
    capable = Capable(current(tiers), SPOKEN, Memory(tiers))
    before = decision(tiers[at])
    after = capable.settled(asked(**fields), before, down=down)
    assert (after is before) == (after.reason == "kept")
    assert replace(after, tier=before.tier, model=before.model, reason=before.reason) == before
    return after.model, after.reason


BLIND = Facts(images=False)


@pytest.mark.parametrize(
    ("takes", "at", "expected"),
    [
        ((UNKNOWN, UNKNOWN, UNKNOWN), 0, ("m-simple", "kept")),
        ((BLIND, UNKNOWN, UNKNOWN), 0, ("m-standard", "fits_not:images")),
        ((BLIND, BLIND, UNKNOWN), 0, ("m-complex", "fits_not:images")),
        ((UNKNOWN, UNKNOWN, BLIND), 2, ("m-standard", "fits_not:images")),
        ((UNKNOWN, BLIND, BLIND), 1, ("m-simple", "fits_not:images")),
        ((UNKNOWN, BLIND, UNKNOWN), 1, ("m-complex", "fits_not:images")),
        # The table may be wrong: who was decided on is asked, and says so itself.
        ((BLIND, BLIND, BLIND), 1, ("m-standard", "kept")),
    ],
)
def test_the_next_tier_up_that_can_then_the_next_one_down(
    takes: tuple[Facts, ...], at: int, expected: tuple[str, str]
) -> None:
    assert settled(ladder(*takes), at, messages=IMAGE) == expected


def test_who_asked_for_a_tier_gets_no_lower_one() -> None:
    tiers = ladder(UNKNOWN, UNKNOWN, BLIND)
    assert settled(tiers, 2, down=False, messages=IMAGE) == ("m-complex", "kept")


def test_a_request_that_needs_nothing_stays() -> None:
    assert settled(ladder(BLIND, UNKNOWN), 0) == ("m-simple", "kept")


def test_a_tier_takes_what_one_of_its_deployments_takes() -> None:
    places = (
        Deployment("claude", "claude-sonnet-4-6", Price(1, 1)),
        Deployment("lab", "m", Price(1, 1)),
    )
    both = Tier("simple", "m", "claude", Price(1, 1), deployments=places)
    top = Tier("complex", "top", "lab", Price(9, 9))
    assert settled([both, top], 0, n=2) == ("m", "kept")
    one = replace(both, deployments=places[:1])
    assert settled([one, top], 0, n=2) == ("top", "fits_not:n")


def test_what_a_refusal_taught_counts() -> None:
    tiers = ladder(UNKNOWN, UNKNOWN)
    memory = Memory(tiers)
    capable = Capable(current(tiers), SPOKEN, memory)
    picture = asked(messages=IMAGE)
    assert capable.lacking(picture, tiers[0]) == ""
    memory.learn(("lab", "m-simple"), "openai", Lesson("feature", "images", BLIND))
    assert capable.lacking(picture, tiers[0]) == "images"


def test_a_model_in_the_place_of_another_is_asked_what_it_takes() -> None:
    tiers = ladder(BLIND, UNKNOWN)
    sees = TierModel("m-new", "lab", Price(1, 1), "", instead_of="m-simple")
    held = ActivePolicies(Policy(1, {"simple": 0.7}, models={"simple": sees}))
    capable = Capable(current(tiers, held), SPOKEN, Memory(tiers))
    before = decision(tiers[0])
    assert capable.settled(asked(messages=IMAGE), before, down=True) is before


@pytest.mark.parametrize(
    ("headers", "reads"),
    [
        ({}, True),
        ({b"content-length": b"120"}, False),
        ({b"content-length": b"99999"}, True),
        ({b"content-length": b"12x"}, True),
        ({b"content-length": b"-1"}, True),
        ({b"content-length": b"9", b"content-encoding": b"gzip"}, True),
    ],
)
def test_a_body_is_not_read_where_its_header_says_that_it_is_short(
    headers: dict[bytes, bytes], *, reads: bool
) -> None:
    tiers = ladder(Facts(context=100), UNKNOWN)
    capable = Capable(current(tiers), SPOKEN, Memory(tiers))
    long = asked([{"role": "user", "content": "a" * 1_000}], headers=headers)
    assert capable.lacking(long, tiers[0]) == ("context" if reads else "")
