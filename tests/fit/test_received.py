"""What a tier would make of a request that another one serves now."""

from tierwatch.fit.memory import Memory
from tierwatch.fit.received import Received, Receiving
from tierwatch.routing.facts import Facts
from tierwatch.routing.tiers import Deployment, Price, Tier

HAIKU = Tier("simple", "claude-haiku-4-5", "a", Price(1, 1))
OPUS = Tier("complex", "claude-opus-4-6", "a", Price(9, 9))
KINDS = {"a": "anthropic", "o": "openai"}
CLAUDE_CODE = {
    "model": "claude-opus-5-5",
    "max_tokens": 128_000,
    "thinking": {"type": "adaptive"},
    "output_config": {"effort": "medium"},
    "messages": [{"role": "user", "content": "Rename x."}],
}


def receiving(*tiers: Tier) -> Receiving:
    return Receiving(tiers, Memory(tiers), lambda provider, _: KINDS[provider])


def test_claude_code_on_a_lower_tier_is_fitted() -> None:
    assert receiving(HAIKU, OPUS)("simple", "anthropic", CLAUDE_CODE) == Received(
        "", ("max_tokens<=64000", "thinking.adaptive->enabled", "-output_config.effort")
    )
    assert receiving(HAIKU, OPUS)("complex", "anthropic", CLAUDE_CODE) == Received()
    assert CLAUDE_CODE["max_tokens"] == 128_000


def test_what_it_lacks_is_named() -> None:
    blind = Tier("simple", "m", "o", Price(1, 1), takes=Facts(images=False))
    image = {"type": "image_url", "image_url": {"url": "https://example.org/a.png"}}
    request = {"messages": [{"role": "user", "content": [image]}]}
    assert receiving(blind, OPUS)("simple", "openai", request) == Received("images")


def test_a_wire_without_a_word_for_it_is_named() -> None:
    sound = {"type": "input_audio", "input_audio": {"data": "UklGRg==", "format": "wav"}}
    request = {"messages": [{"role": "user", "content": [sound]}]}
    claude = Tier("simple", "m", "a", Price(1, 1), takes=Facts(audio=True))
    found = receiving(claude, OPUS)("simple", "openai", request)
    assert found.lacks in {"wire", "audio"}


def test_one_deployment_that_takes_it_is_enough() -> None:
    places = (
        Deployment("a", "claude-haiku-4-5", Price(1, 1)),
        Deployment("o", "m", Price(1, 1)),
    )
    both = Tier("simple", "m", "a", Price(1, 1), deployments=places)
    request = {"n": 2, "messages": [{"role": "user", "content": "x"}]}
    assert receiving(both, OPUS)("simple", "openai", request) == Received()


def test_a_tier_that_is_gone_says_nothing() -> None:
    assert receiving(HAIKU, OPUS)("standard", "anthropic", CLAUDE_CODE) == Received()
    assert receiving(HAIKU, OPUS).above == {"simple": "complex"}
