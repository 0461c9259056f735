"""How calls are spread, and when a deployment is left alone."""

from pathlib import Path

import pytest
from factories.config import load
from factories.served import SERVED, changed

from tierwatch.routing.breaker import BreakerRules

PROBLEMS = [
    # (what is replaced in the file, by what, line and key, found, accepted)
    (
        "strategy: least_busy",
        "strategy: fastest",
        (
            "11: routing.balance.strategy: found 'fastest'; accepted 'weighted', 'least_busy' or"
            " 'cheapest'"
        ),
    ),
    (
        "strategy: least_busy",
        "breaker: {share: 0}",
        "11: routing.balance.breaker.share: found 0; accepted a number above 0 and up to 1",
    ),
    (
        "strategy: least_busy",
        "breaker: {open_for: 0}",
        (
            "11: routing.balance.breaker.open_for: found 0; accepted a duration above zero, such as"
            " 500ms, 30s, 5m or 1h30m"
        ),
    ),
]


@pytest.mark.parametrize(("old", "new", "sentence"), PROBLEMS)
def test_a_mistake_in_the_balance_is_named_with_its_line(
    tmp_path: Path, old: str, new: str, sentence: str
) -> None:
    assert changed(tmp_path, old, new) == [sentence]


def test_every_number_of_the_sections_is_read(tmp_path: Path) -> None:
    breaker = "{failures: 2, share: 25 %, calls: 4, window: 1m, open_for: 500ms}"
    cascade = "{tiers: [simple, standard], check: self_consistency, samples: 5, agree: 0.8}"
    text = SERVED.replace("{strategy: least_busy}", f"{{strategy: cheapest, breaker: {breaker}}}")
    config = load(tmp_path, text.replace("{tiers: [simple]}", cascade))
    assert config.balance.breaker.rules() == BreakerRules(2, 0.25, 4, 60.0, 0.5)
    assert (config.cascade.tiers, config.cascade.agree) == (("simple", "standard"), 0.8)
