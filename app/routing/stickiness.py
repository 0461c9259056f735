"""Keeping a conversation where it is: when a later turn may be served by a cheaper tier.

A router that looks at one turn at a time moves a conversation about. Going up costs money and
carries the whole history, so it is always allowed. Going down is held back

- in the middle of a tool exchange: the model that asked for a tool reads its result;
- when the classifier failed: no evidence says that the cheaper tier suffices;
- when the message says nothing by itself: "yes" approves a plan that the tier above has made;
- when the provider's warm prompt cache is worth more than the cheaper tier would save.

A pin ends after a time of silence, and when its tier is gone from the configuration.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from tierwatch.routing.classify.classification import Messages
from tierwatch.routing.content import image_count, role_of
from tierwatch.routing.decision import Decision
from tierwatch.routing.harness import human_text
from tierwatch.routing.languages import is_few_words
from tierwatch.routing.tiers import TOKENS_PER_MTOK, Price, Tier

# A reply this short is a word of consent or a choice ("yes", "go on", "the second one").
_SHORT_CHARACTERS = 24
# Conversations have heavy tails: one that lasted n turns is about as likely as not to last n more.
# Beyond ten the guess would outweigh what is known.
_MOST_TURNS_AHEAD = 10
_RESULT_ROLES = frozenset({"tool", "function"})


@dataclass(frozen=True, slots=True)
class SessionRules:
    """What holds a conversation at its tier.

    Attributes:
        sticky: whether anything does.
        idle_s: silence after which a conversation is a new one.
        cache_s: how long a provider keeps a prompt cached after its last use.
    """

    sticky: bool = True
    idle_s: float = 1_800.0
    cache_s: float = 300.0


@dataclass(frozen=True, slots=True)
class Pin:
    """Where a conversation stands after a turn.

    Attributes:
        tier: that served it.
        model: that tier's model, then.
        provider: that served it.
        seen_at: when the reply was closed, epoch seconds.
        warm_tokens: tokens that the provider has cached, see `warm_tokens`.
        completion_tokens: tokens of the answer.
        turns: turns so far.
        deployment: what the provider calls the model; empty where that is the tier's own name.
    """

    tier: str
    model: str
    provider: str
    seen_at: float
    warm_tokens: int = 0
    completion_tokens: int = 0
    turns: int = 1
    deployment: str = ""


@dataclass(frozen=True, slots=True)
class Turn:
    """What a session's pin makes of a decision.

    Attributes:
        decision: to be served.
        move: ``new | same | up | down`` against the pin, or why it was held: ``tool_exchange |
            unclassified | continuation | warm_cache``.
        chosen_tier: the router's own choice.
    """

    decision: Decision
    move: str
    chosen_tier: str

    @property
    def held(self) -> bool:
        """Whether the tier is not the router's choice."""
        return self.decision.tier != self.chosen_tier


def settled_turn(
    decision: Decision,
    pin: Pin | None,
    *,
    messages: Messages,
    tiers: Sequence[Tier],
    rules: SessionRules,
    prompt_tokens: int,
    now: float,
    drained: Callable[[str], bool] = lambda _tier: False,
) -> Turn:
    """The decision to serve, given where the conversation stands.

    A held decision has the pinned tier and its model, and the reason ``sticky:<why>``; every other
    field stays what the router found. What the caller pinned is never changed.

    Args:
        decision: the router's.
        pin: where the conversation stands; None where nobody knows.
        messages: the chat in OpenAI's form, for the tool exchange and the length of the reply.
        tiers: cheapest first.
        rules: what holds a conversation.
        prompt_tokens: length of the prompt, estimated.
        now: epoch seconds.
        drained: whether a tier keeps nothing for now. A conversation that stands there moves up; it
            is held no lower than it stood.

    >>> from tierwatch.routing.tiers import Price
    >>> tiers = (Tier("simple", "small-1", "lab", Price(1, 4)),
    ...          Tier("complex", "large-1", "lab", Price(5, 25, 0.5)))
    >>> simple = Decision("simple", "small-1", .9, .7, "simple", False, "all", 1, "kept")
    >>> messages = [{"role": "user", "content": "Plan the move of our database."},
    ...             {"role": "assistant", "content": "First a replica. Shall I go on?"},
    ...             {"role": "user", "content": "Yes, please"}]
    >>> turn = settled_turn(simple, Pin("complex", "large-1", "lab", seen_at=1_000),
    ...     messages=messages, tiers=tiers, rules=SessionRules(), prompt_tokens=40, now=1_060)
    >>> turn.decision.tier, turn.decision.reason, turn.decision.confidence
    ('complex', 'sticky:continuation', 0.9)
    """
    rank = {tier.name: place for place, tier in enumerate(tiers)}
    known = pin is not None and now - pin.seen_at <= rules.idle_s and pin.tier in rank
    if pin is None or not known or not rules.sticky:
        return Turn(decision, "new", decision.tier)
    here, chosen = rank[pin.tier], rank[decision.tier]
    if chosen >= here or decision.reason == "pinned":
        move = "same" if chosen == here else ("up" if chosen > here else "down")
        return Turn(decision, move, decision.tier)
    tier = tiers[here]
    why = _hold_by_meaning(decision, messages)
    # The tier that has the prompt warm is not the one that would serve.
    warm = now - pin.seen_at <= rules.cache_s and not drained(pin.tier)
    if why is None and warm and _cache_pays(pin, tier, tiers[chosen], prompt_tokens):
        why = "warm_cache"
    if why is None:
        return Turn(decision, "down", decision.tier)
    while drained(tier.name) and here + 1 < len(tiers):
        here += 1
        tier = tiers[here]
    held = replace(decision, tier=tier.name, model=tier.model, reason=f"sticky:{why}")
    return Turn(held, why, decision.tier)


def _hold_by_meaning(decision: Decision, messages: Messages) -> str | None:
    """Why no cheaper tier may take this turn, whatever it costs; None when one may."""
    if in_tool_exchange(messages):
        return "tool_exchange"
    if not decision.chosen:
        return "unclassified"
    return "continuation" if is_continuation(messages) else None


def _cache_pays(pin: Pin, stay: Tier, move: Tier, prompt_tokens: int) -> bool:
    served_at = (pin.provider, pin.deployment or pin.model)
    places = (one for one in stay.served_at() if (one.provider, one.model) == served_at)
    place = next(places, None)
    if place is None or pin.model != stay.model:
        return False  # the tier has another model by now, or is not served there any more
    more_usd = staying_usd(
        place.price,
        move.price,
        prompt_tokens=prompt_tokens,
        warm_tokens=pin.warm_tokens,
        completion_tokens=pin.completion_tokens,
        turns_ahead=min(_MOST_TURNS_AHEAD, max(1, pin.turns)),
    )
    return more_usd < 0


def warm_tokens(
    prompt_tokens: int,
    completion_tokens: int,
    *,
    cached_tokens: int | None,
    cache_write_tokens: int | None,
    was_warm: bool,
) -> int:
    """How much of a conversation the provider has in its prompt cache after a turn.

    What it counted, where that says anything: what it read and what it put in. A provider that
    counts reads only (OpenAI's wire) says nothing with the turn that found the cache cold; then,
    and where nothing is counted, prompt and answer are taken to be warm.

    Args:
        prompt_tokens: of the turn.
        completion_tokens: of the turn.
        cached_tokens: read from the cache; None where the provider does not say.
        cache_write_tokens: put into it; None where the provider does not say.
        was_warm: whether there was anything to read: the same deployment served the turn before,
            a short time ago.

    >>> warm_tokens(900, 100, cached_tokens=None, cache_write_tokens=None, was_warm=True)
    1000
    >>> warm_tokens(900, 100, cached_tokens=768, cache_write_tokens=None, was_warm=True)
    768
    >>> [warm_tokens(900, 100, cached_tokens=0, cache_write_tokens=written, was_warm=False)
    ...  for written in (None, 0, 800)]
    [1000, 0, 800]
    """
    if cache_write_tokens is not None:
        return (cached_tokens or 0) + cache_write_tokens
    if cached_tokens is None or not (cached_tokens or was_warm):
        return prompt_tokens + completion_tokens
    return cached_tokens


def staying_usd(
    stay: Price,
    move: Price,
    *,
    prompt_tokens: int,
    warm_tokens: int,
    completion_tokens: int,
    turns_ahead: int,
) -> float:
    """What staying costs more than moving over the turns ahead, in USD; below 0 staying pays.

    With P tokens of prompt, W of them warm, C tokens of answer and n turns ahead:
    ``stay(n) = W cached + (P - W) input + (n - 1) P cached + n C output`` at the price of the one,
    ``move(n) = P input + (n - 1) P cached + n C output`` at that of the other, which reads
    everything once before its own cache is warm. What later turns add to the prompt is left out;
    it is cheaper after a move, so the rule errs towards staying.

    Args:
        stay: price of the pinned tier.
        move: price of the cheaper tier.
        prompt_tokens: length of the prompt now.
        warm_tokens: of them in the pinned model's cache, at most all.
        completion_tokens: of one answer.
        turns_ahead: this turn included; 1 or more.

    >>> large, small = Price(5, 25, 0.5), Price(1, 5, 0.1)
    >>> ahead = {"prompt_tokens": 50_000, "warm_tokens": 50_000, "completion_tokens": 100}
    >>> [round(staying_usd(large, small, turns_ahead=n, **ahead), 3) for n in (1, 2, 3)]
    [-0.023, -0.001, 0.021]
    """
    warm = min(warm_tokens, prompt_tokens)
    cold = prompt_tokens - warm
    later = (turns_ahead - 1) * prompt_tokens
    answers = turns_ahead * completion_tokens
    staying = (warm + later) * stay.cached_usd_per_mtok + stay.cost_usd(
        cold, answers
    ) * TOKENS_PER_MTOK
    moving = (
        later * move.cached_usd_per_mtok + move.cost_usd(prompt_tokens, answers) * TOKENS_PER_MTOK
    )
    return (staying - moving) / TOKENS_PER_MTOK


def in_tool_exchange(messages: Messages) -> bool:
    """Whether the last assistant message asked for a tool whose result comes now.

    More of the user's may follow the result: it is still the asking model's to read.

    >>> call = {"role": "assistant", "tool_calls": [{"id": "a", "function": {"name": "f"}}]}
    >>> result = {"role": "tool", "tool_call_id": "a", "content": "4"}
    >>> in_tool_exchange([call, result]), in_tool_exchange([call, result, {"role": "assistant"}])
    (True, False)
    """
    for message in reversed(messages):
        role = role_of(message)
        if role in _RESULT_ROLES:
            return True
        if role == "assistant":
            return False
    return False


def is_continuation(messages: Messages) -> bool:
    """Whether the last message is too short to be a question of its own, after an answer.

    >>> asked = [{"role": "user", "content": "Plan it."}, {"role": "assistant", "content": "So?"}]
    >>> [is_continuation([*asked, {"role": "user", "content": text}])
    ...  for text in ("yes", "Now explain why that is safe.")]
    [True, False]
    """
    if not messages or role_of(messages[-1]) != "user" or image_count(messages[-1]):
        return False
    if not any(role_of(message) == "assistant" for message in messages):
        return False
    text = human_text(messages[-1]).strip()
    return len(text) <= _SHORT_CHARACTERS and is_few_words(text)
