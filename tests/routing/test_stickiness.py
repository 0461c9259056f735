from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tierwatch.errors import ConfigError
from tierwatch.evaluation.sampling.inclusion import inclusion, propensities
from tierwatch.evaluation.sampling.plan import SamplingPlan
from tierwatch.routing.decision import Decision
from tierwatch.routing.stickiness import (
    Pin,
    SessionRules,
    Turn,
    in_tool_exchange,
    is_continuation,
    settled_turn,
    staying_usd,
)
from tierwatch.routing.tiers import Deployment, Price, Tier

TIERS = (
    Tier("simple", "small-1", "lab", Price(1, 5, 0.1)),
    Tier("standard", "medium-1", "lab", Price(3, 15, 0.3)),
    Tier("complex", "large-1", "lab", Price(5, 25, 0.5)),
)
NAMES = [tier.name for tier in TIERS]
NOW = 1_000_000.0
RULES = SessionRules()
QUESTION = {"role": "user", "content": "Now write the whole migration, with tests for each step."}
ANSWER = {"role": "assistant", "content": "First a replica."}
CALL = {
    "role": "assistant",
    "content": None,
    "tool_calls": [{"id": "a", "type": "function", "function": {"name": "f", "arguments": "{}"}}],
}
RESULT = {"role": "tool", "tool_call_id": "a", "content": "4"}


def decided(tier: str, reason: str = "kept", **changes: Any) -> Decision:
    model = TIERS[NAMES.index(tier)].model
    decision = Decision(tier, model, 0.9, 0.7, tier, False, "all", 3, reason, (("simple", 0.9),))  # noqa: FBT003 - Decision's own order
    return replace(decision, **changes)


def pin(tier: str = "complex", **changes: Any) -> Pin:
    model = TIERS[NAMES.index(tier)].model if tier in NAMES else "gone"
    return replace(Pin(tier, model, "lab", NOW - 60), **changes)


def settled(
    decision: Decision, pinned: Pin | None = None, *, messages: Any, **changes: Any
) -> Turn:
    given: dict[str, Any] = {"tiers": TIERS, "rules": RULES, "prompt_tokens": 1_000, "now": NOW}
    return settled_turn(decision, pinned, messages=messages, **(given | changes))


def test_a_conversation_without_a_pin_goes_where_the_router_says() -> None:
    decision = decided("simple")
    turn = settled(decision, messages=[QUESTION])
    assert (turn.decision, turn.move, turn.held) == (decision, "new", False)


@pytest.mark.parametrize(("tier", "move"), [("complex", "up"), ("standard", "same")])
def test_going_up_and_staying_change_nothing(tier: str, move: str) -> None:
    decision = decided(tier)
    turn = settled(decision, pin("standard"), messages=[QUESTION, CALL, RESULT])
    assert (turn.decision, turn.move, turn.held) == (decision, move, False)


@pytest.mark.parametrize(
    "after", [[], [{"role": "user", "content": "And hurry, please, the customer waits for it."}]]
)
def test_a_tool_exchange_is_held_and_says_so(after: list[Any]) -> None:
    decision = decided("simple")
    turn = settled(decision, pin("standard"), messages=[QUESTION, CALL, RESULT, *after])
    assert turn.move == "tool_exchange"
    assert turn.held
    assert turn.chosen_tier == "simple"
    # What the router found stays; only where it is served, and why, is new.
    assert turn.decision == replace(
        decision, tier="standard", model="medium-1", reason="sticky:tool_exchange"
    )


def test_the_reply_after_a_tool_exchange_is_free_again() -> None:
    messages = [QUESTION, CALL, RESULT, ANSWER, QUESTION]
    assert settled(decided("simple"), pin(), messages=messages).move == "down"


def test_a_failed_classifier_moves_nobody_down() -> None:
    decision = decided("simple", "classifier_failed:timeout", confidence=0.0, threshold=None)
    turn = settled(decision, pin("standard"), messages=[QUESTION, ANSWER, QUESTION])
    assert (turn.move, turn.decision.tier) == ("unclassified", "standard")
    up = decided("complex", "classifier_failed:timeout")
    assert settled(up, pin("standard"), messages=[QUESTION]).decision is up


@pytest.mark.parametrize("text", ["yes", "Go on!", " OK ", "the second one", ""])
def test_a_word_of_consent_stays_with_who_asked(text: str) -> None:
    messages = [QUESTION, ANSWER, {"role": "user", "content": text}]
    assert settled(decided("simple"), pin(), messages=messages).move == "continuation"


def test_what_counts_as_a_word_of_consent() -> None:
    def said(content: Any) -> bool:
        return is_continuation([QUESTION, ANSWER, {"role": "user", "content": content}])

    assert not said("Is the earth flat?")  # four words
    assert not said("Donaudampfschiffahrtsgesellschaft")  # one long one
    assert not said([{"type": "image_url", "image_url": {"url": "https://x.test/a.png"}}])
    assert said([{"type": "text", "text": "yes"}])
    assert not is_continuation([{"role": "user", "content": "hi"}])  # opens a conversation
    assert not is_continuation([])


def test_what_the_caller_named_is_served() -> None:
    decision = decided("simple", "pinned")
    turn = settled(decision, pin(), messages=[QUESTION, CALL, RESULT])
    assert (turn.decision, turn.move) == (decision, "down")


def test_a_pin_ends_after_silence() -> None:
    messages = [QUESTION, CALL, RESULT]
    for age_s, tier in ((1_800.0, "complex"), (1_801.0, "simple")):
        turn = settled(decided("simple"), pin(seen_at=NOW - age_s), messages=messages)
        assert turn.decision.tier == tier


def test_a_clock_that_runs_ahead_elsewhere_does_not_end_a_pin() -> None:
    turn = settled(decided("simple"), pin(seen_at=NOW + 30), messages=[QUESTION, CALL, RESULT])
    assert turn.decision.tier == "complex"


def test_a_pin_whose_tier_is_gone_holds_nothing() -> None:
    turn = settled(decided("simple"), pin("vast"), messages=[QUESTION, CALL, RESULT])
    assert (turn.move, turn.decision.tier) == ("new", "simple")


def test_a_tier_with_another_model_still_holds_a_tool_exchange_but_nothing_is_warm() -> None:
    old = pin(model="large-0", warm_tokens=50_000)
    turn = settled(decided("simple"), old, messages=[QUESTION, CALL, RESULT])
    assert (turn.decision.tier, turn.decision.model) == ("complex", "large-1")
    free = settled(
        decided("standard"), old, messages=[QUESTION, ANSWER, QUESTION], prompt_tokens=50_000
    )
    assert free.move == "down"


def test_nothing_is_held_where_it_is_switched_off() -> None:
    turn = settled(
        decided("simple"),
        pin(),
        messages=[QUESTION, CALL, RESULT],
        rules=SessionRules(sticky=False),
    )
    assert (turn.decision.tier, turn.move) == ("simple", "new")


def test_staying_and_moving_cost_what_the_arithmetic_says() -> None:
    # 10,000 tokens, 8,000 warm, 500 tokens of answer, two turns; 5/25/.5 against 1/5/.1:
    # stay: 8,000 x .5 + 2,000 x 5 + 10,000 x .5 + 1,000 x 25 = 44,000
    # move: 10,000 x 1 + 10,000 x .1 + 1,000 x 5 = 16,000
    more = staying_usd(
        TIERS[2].price,
        TIERS[0].price,
        prompt_tokens=10_000,
        warm_tokens=8_000,
        completion_tokens=500,
        turns_ahead=2,
    )
    assert more == pytest.approx((44_000 - 16_000) / 1e6)


def test_a_warm_cache_holds_while_it_is_worth_more() -> None:
    messages = [QUESTION, ANSWER, QUESTION]

    def move(pinned: Pin, now: float = NOW, prompt_tokens: int = 50_000) -> str:
        return settled(
            decided("standard"), pinned, messages=messages, prompt_tokens=prompt_tokens, now=now
        ).move

    # One turn ahead: 50,000 x .5 + 100 x 25 = 27,500 against 50,000 x 3 + 100 x 15 = 151,500.
    warm = pin(warm_tokens=50_000, completion_tokens=100)
    assert move(warm) == "warm_cache"
    assert move(warm, now=warm.seen_at + 301) == "down"  # cold by then
    # Seven: 25,000 x 7 + 2,500 x 7 = 192,500 against 150,000 + 15,000 x 6 + 1,500 x 7 = 250,500.
    assert move(replace(warm, turns=7)) == "warm_cache"
    assert move(replace(warm, completion_tokens=8_000)) == "warm_cache"
    # An answer of 20,000 tokens costs .5 at 25 and .3 at 15: more than the cache is worth.
    assert move(replace(warm, completion_tokens=20_000)) == "down"
    assert move(replace(warm, warm_tokens=0)) == "down"
    assert move(replace(warm, provider="elsewhere")) == "down"


def test_a_cache_is_warm_at_the_deployment_that_served_and_worth_its_price() -> None:
    plain = Price(5, 25)
    places = (
        Deployment("lab", "large-1", plain),
        Deployment("other", "large-1-eu", Price(5, 25, 0.5)),
    )
    tiers = (*TIERS[:2], replace(TIERS[2], price=plain, deployments=places))

    def move(provider: str, deployment: str) -> str:
        pinned = pin(
            provider=provider, deployment=deployment, warm_tokens=50_000, completion_tokens=100
        )
        messages = [QUESTION, ANSWER, QUESTION]
        return settled(
            decided("standard"), pinned, messages=messages, tiers=tiers, prompt_tokens=50_000
        ).move

    # Moving reads 50,000 tokens at 3; staying at the second place at .5, at the first at 5.
    assert move("other", "large-1-eu") == "warm_cache"
    assert move("lab", "large-1") == "down"
    assert move("other", "large-1") == "down"  # no place of the tier


def test_without_a_price_for_cached_input_a_cache_is_worth_nothing() -> None:
    plain = tuple(replace(tier, price=Price(tier.price.input_usd_per_mtok, 5)) for tier in TIERS)
    turn = settled(
        decided("simple"),
        pin(warm_tokens=50_000),
        messages=[QUESTION, ANSWER, QUESTION],
        tiers=plain,
        prompt_tokens=50_000,
    )
    assert turn.move == "down"


def test_what_was_held_is_no_evidence_about_a_threshold() -> None:
    plan = SamplingPlan(1.0)
    held = settled(decided("simple"), pin("standard"), messages=[QUESTION, CALL, RESULT]).decision
    assert propensities(held, NAMES, plan)[:2] == (0.0, 0.0)
    assert all(inclusion(held, NAMES, plan, str(number)) is None for number in range(50))
    assert propensities(decided("simple"), NAMES, plan)[:2] == (1.0, 0.0)


@pytest.mark.parametrize(
    ("reason", "chosen"),
    [
        ("kept", True),
        ("escalated", True),
        ("top", True),
        ("pinned", False),
        ("classifier_failed:timeout", False),
        ("sticky:warm_cache", False),
    ],
)
def test_which_decisions_the_router_chose(reason: str, *, chosen: bool) -> None:
    assert decided("simple", reason).chosen is chosen


@pytest.mark.parametrize("usd", [-0.1, float("nan"), float("inf")])
def test_a_cached_price_is_a_price(usd: float) -> None:
    with pytest.raises(ConfigError, match="accepted: USD per million tokens"):
        Price(1, 1, usd)


def test_a_cached_price_falls_back_to_the_input_price() -> None:
    assert (Price(3, 15).cached_usd_per_mtok, Price(3, 15, 0).cached_usd_per_mtok) == (3, 0)


ROLES = st.sampled_from([QUESTION, ANSWER, CALL, RESULT, {"role": "user", "content": "yes"}, {}])
PINS = st.builds(
    Pin,
    tier=st.sampled_from([*NAMES, "gone"]),
    model=st.sampled_from(["small-1", "large-1"]),
    provider=st.sampled_from(["lab", "other"]),
    seen_at=st.floats(NOW - 4_000, NOW + 100),
    warm_tokens=st.integers(0, 10**6),
    completion_tokens=st.integers(0, 10**5),
    turns=st.integers(0, 50),
)
REASONS = st.sampled_from(["kept", "escalated", "top", "pinned", "classifier_failed:timeout"])


@given(
    st.sampled_from(NAMES),
    REASONS,
    st.none() | PINS,
    st.lists(ROLES, max_size=6),
    st.integers(0, 10**6),
)
def test_whatever_stands_the_tier_never_falls_below_the_router_or_an_open_tool_exchange(
    tier: str, reason: str, pinned: Pin | None, messages: list[Any], prompt_tokens: int
) -> None:
    decision = decided(tier, reason)
    turn = settled(decision, pinned, messages=messages, prompt_tokens=prompt_tokens)
    served = NAMES.index(turn.decision.tier)
    assert served >= NAMES.index(tier)
    assert turn.chosen_tier == tier
    assert turn.held == (turn.decision != decision) == turn.decision.reason.startswith("sticky:")
    if reason == "pinned":
        assert not turn.held
    if pinned is None or pinned.tier not in NAMES or NOW - pinned.seen_at > 1_800:
        assert turn.move == "new"
    elif in_tool_exchange(messages) and reason != "pinned":
        assert served >= NAMES.index(pinned.tier)


@given(st.integers(0, 10**6), st.integers(0, 10**6), st.integers(0, 10**5), st.integers(1, 10))
def test_a_warmer_cache_never_makes_staying_dearer(
    prompt_tokens: int, warm_tokens: int, completion_tokens: int, turns_ahead: int
) -> None:
    def more(warm: int) -> float:
        return staying_usd(
            TIERS[2].price,
            TIERS[0].price,
            prompt_tokens=prompt_tokens,
            warm_tokens=warm,
            completion_tokens=completion_tokens,
            turns_ahead=turns_ahead,
        )

    assert more(warm_tokens) <= more(0)
    assert more(prompt_tokens) == more(prompt_tokens + 1)  # no more is warm than there is


def test_a_question_in_a_script_without_spaces_is_no_word_of_consent() -> None:
    def follows(text: str) -> bool:
        before = [{"role": "user", "content": "计划"}, {"role": "assistant", "content": "好吗"}]
        return is_continuation([*before, {"role": "user", "content": text}])

    assert follows("好的")
    assert not follows("请详细解释量子纠缠的原理")
    reminder = "<system-reminder>Be brief.</system-reminder>"
    assert follows(f"{reminder}yes")
    assert not follows(f"{reminder}Now explain why that is safe.")
