"""The HTTP front and its cache."""

from pathlib import Path

import pytest
from factories.config import ARTICLE, WHOLE, load, problems, told

from tierwatch.config.secrets import GatewayKey, Secret

PROBLEMS = [
    # (what is replaced in the whole file, by what, line and key, found, accepted)
    (
        "routing:",
        "gateway: {api_keys: [env:KEY, literal]}\nrouting:",
        (
            "1: gateway.api_keys[1]: found"
            " a value that is not shown, since it may be secret; accepted env:NAME, the variable"
            " that holds it, or file:/PATH; never the secret"
        ),
    ),
    (
        "routing:",
        "gateway: {log_content: true}\nrouting:",
        (
            "1: gateway.log_content: found an unknown key; accepted"
            " api_keys, auto_models, cache, capture_buffer, client, deadline, keepalive,"
            " max_body_mb, max_kept_stream_mb, models, passthrough, responses, unknown_model"
        ),
    ),
    (
        "routing:",
        "gateway: {api_keys: env:KEY}\nrouting:",
        (
            "1: gateway.api_keys: found a value that"
            " is not shown, since it may be secret; accepted a list"
        ),
    ),
    (
        "routing:",
        "gateway: {api_keys: [{name: team a, key: env:KEY}]}\nrouting:",
        (
            "1: gateway.api_keys[0]: found a mapping;"
            " accepted env:NAME, or {name: team-a, key: env:NAME} whose name has 1 to 40 letters,"
            " digits, dots, hyphens or underscores"
        ),
    ),
    (
        "routing:",
        "gateway: {api_keys: [{name: team-a, key: literal}]}\nrouting:",
        (
            "1: gateway.api_keys[0]: found a mapping;"
            " accepted env:NAME, the variable that holds it, or file:/PATH; never the secret"
        ),
    ),
    (
        "routing:",
        "gateway:\n  models:\n    'claude-*': auto\n    '*haiku*': simpel\nrouting:",
        (
            "4: gateway.models.*haiku*: found 'simpel';"
            " accepted one of auto, simple, standard, complex"
        ),
    ),
    (
        "routing:",
        "gateway: {unknown_model: guess}\nrouting:",
        "1: gateway.unknown_model: found 'guess'; accepted 'refuse' or 'route'",
    ),
    (
        "routing:",
        "gateway: {passthrough: {embeddings: anthropic}}\nrouting:",
        "1: gateway.passthrough.embeddings: found 'anthropic'; accepted one of openai",
    ),
    ("routing:", "gateway: 7\nrouting:", "1: gateway: found 7; accepted a mapping"),
    (
        "routing:",
        "gateway: {cache: {mode: similar}}\nrouting:",
        "1: gateway.cache.mode: found 'similar'; accepted 'off', 'exact' or 'semantic'",
    ),
    (
        "routing:",
        "gateway: {client: httpx}\nrouting:",
        "1: gateway.client: found 'httpx'; accepted 'pool' or 'aiohttp'",
    ),
    (
        "routing:",
        "gateway: {cache: {temperature: 0.2}}\nrouting:",
        "1: gateway.cache.temperature: found 0.2; accepted 0 or 'any'",
    ),
    (
        "routing:",
        "gateway: {cache: {budget_ms: 0}}\nrouting:",
        "1: gateway.cache.budget_ms: found 0; accepted a number above 0",
    ),
    (
        "routing:",
        "gateway: {cache: {ttl: 0}}\nrouting:",
        (
            "1: gateway.cache.ttl: found 0; accepted a duration above zero, such as 500ms, 30s, 5m"
            " or 1h30m"
        ),
    ),
]


@pytest.mark.parametrize(("old", "new", "sentence"), PROBLEMS)
def test_what_is_no_gateway(tmp_path: Path, old: str, new: str, sentence: str) -> None:
    assert told(tmp_path, old, new) == [sentence]


def test_cache_is_off_until_asked_for_and_has_a_tolerance(tmp_path: Path) -> None:
    plain = load(tmp_path, WHOLE)
    assert plain.gateway.cache.mode == "off"
    assert plain.cache_tolerance == 0.05
    assert plain.serving == ("simple", "standard", "complex")
    told = WHOLE.replace("standard: 0.04", "cache: 0.01")
    config = load(tmp_path, told + "gateway: {cache: {mode: exact}}\n")
    assert config.cache_tolerance == 0.01
    assert dict(config.evaluation.tolerance) == {"simple": 0.05, "standard": 0.05}
    assert config.serving == ("simple", "standard", "complex", "cache")
    bare = load(tmp_path, WHOLE + "gateway: {cache: {mode: off}}\n")
    assert bare.gateway.cache.mode == "off"


def test_calls_go_over_the_pool_unless_aiohttp_is_named(tmp_path: Path) -> None:
    assert load(tmp_path, WHOLE).gateway.client == "pool"
    named = load(tmp_path, WHOLE + "gateway: {client: aiohttp}\n")
    assert named.gateway.client == "aiohttp"


def test_a_tier_named_cache_and_the_cache_exclude_each_other(tmp_path: Path) -> None:
    named = ARTICLE.replace("simple: ", "cache: ")
    assert load(tmp_path, named).serving == ("cache", "standard", "complex")
    assert problems(tmp_path, named + "gateway: {cache: {mode: exact}}\n") == [
        (
            "tierwatch.yaml:4: routing.tiers.cache: found a tier named cache, as answers of"
            " gateway.cache are counted; accepted another name, or gateway.cache.mode: off"
        )
    ]


def test_keys_stand_with_and_without_a_name(tmp_path: Path) -> None:
    keys = "gateway: {api_keys: [{name: team-a, key: env:KEY_A}, env:KEY_B]}\n"
    config = load(tmp_path, WHOLE + keys)
    assert config.gateway.api_keys == (
        GatewayKey("team-a", Secret("KEY_A")),
        GatewayKey("", Secret("KEY_B")),
    )
