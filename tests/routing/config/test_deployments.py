"""Several places that serve one model."""

from pathlib import Path

import pytest
from factories.config import load
from factories.served import SERVED, changed

from tierwatch.errors import ConfigError
from tierwatch.routing.breaker import BreakerRules
from tierwatch.routing.config.routing import load_routing
from tierwatch.routing.tiers import Deployment, Price


def test_a_tier_with_several_deployments(tmp_path: Path) -> None:
    config = load(tmp_path, SERVED)
    simple, standard, _ = config.tiers
    assert simple.served_at() == (
        Deployment("a", "small-1", Price(1, 1), 3.0),
        Deployment("b", "small-1-eu", Price(0.8, 0.8), 1.0),
    )
    assert (simple.provider, simple.model, simple.price) == ("a", "small-1", Price(1, 1))
    assert standard.served_at() == (Deployment("b", "mid-1", Price(3, 3)),)
    assert config.balance.strategy == "least_busy"
    assert config.balance.breaker.rules() == BreakerRules()
    assert (config.cascade.check, config.cascade.samples) == ("structure", 3)


def test_the_file_of_before_has_one_deployment_a_tier_and_no_cascade(tmp_path: Path) -> None:
    path = tmp_path / "t.yaml"
    path.write_text("routing: {tiers: {s: {model: m, cost: 1}, c: {model: n, cost: 2}}}")
    routing = load_routing(path)
    assert [tier.served_at() for tier in routing.tiers] == [
        (Deployment("", "m", Price(1, 1)),),
        (Deployment("", "n", Price(2, 2)),),
    ]
    assert (routing.balance.strategy, routing.cascade) == ("weighted", None)


def test_a_classifier_with_several_deployments(tmp_path: Path) -> None:
    places = "[{provider: a, cost: 0.1}, {provider: b, model: tiny-eu, weight: 2}]"
    classifier = f"{{model: tiny-1, cost: 0.2, providers: {places}}}"
    found = load(tmp_path, SERVED.replace("balance:", f"classifier: {classifier}\n  balance:"))
    tier = found.classifier.as_tier()
    assert (tier.provider, tier.price) == ("a", Price(0.2, 0.2))
    assert tier.served_at() == (
        Deployment("a", "tiny-1", Price(0.1, 0.1)),
        Deployment("b", "tiny-eu", Price(0.2, 0.2), 2.0),
    )
    # One of its wires has log-probabilities; the one that has none is not asked for them.
    assert found.classifier.logprobs
    one = SERVED.replace("balance:", "classifier: {model: tiny-1, provider: b}\n  balance:")
    assert not load(tmp_path, one).classifier.logprobs
    assert load(tmp_path, one).classifier.as_tier().served_at() == (
        Deployment("b", "tiny-1", Price(0, 0)),
    )


PROBLEMS = [
    # (what is replaced in the file, by what, line and key, found, accepted)
    (
        "weight: 3",
        "weight: 0",
        "7: routing.tiers.simple.providers[0].weight: found 0; accepted a number above 0",
    ),
    (
        "weight: 3",
        "weight: -1",
        "7: routing.tiers.simple.providers[0].weight: found -1; accepted a number above 0",
    ),
    (
        "provider: a, weight",
        "provider: z, weight",
        "7: routing.tiers.simple.providers[0].provider: found 'z'; accepted one of a, b",
    ),
    (
        "{provider: a, weight: 3}",
        "{weight: 3}",
        (
            "7: routing.tiers.simple.providers[0].provider: found nothing; accepted Name"
            " under `providers`."
        ),
    ),
    (
        "provider: a, weight",
        "provider: b, model: small-1-eu, weight",
        (
            "8: routing.tiers.simple.providers[1]: found 'small-1-eu' at 'b' a second time;"
            " accepted each deployment once, with a weight"
        ),
    ),
    (
        "cost: 0.8",
        "cost: 3.5",
        (
            "8: routing.tiers.simple.providers[1].cost: found $3.5/$3.5 per M tokens, dearer than"
            " the next tier up, 'standard' at $3/$3 per M tokens; accepted a price up to the"
            " next tier's"
        ),
    ),
    (
        "cost: 1\n",
        "cost: 1\n      provider: a\n",
        "7: routing.tiers.simple.providers: found `provider` as well; accepted one of the two",
    ),
    (
        "model: mid-1, cost: 3, provider: b",
        "model: mid-1, cost: 3, providers: []",
        "9: routing.tiers.standard.providers: found an empty list; accepted one deployment or more",
    ),
    (
        "model: mid-1, cost: 3, provider: b",
        "model: mid-1, cost: 3, providers: a",
        "9: routing.tiers.standard.providers: found 'a'; accepted a list",
    ),
    (
        "balance: {strategy: least_busy}",
        "classifier: {model: tiny-1, providers: [{provider: z}]}",
        "11: routing.classifier.providers[0].provider: found 'z'; accepted one of a, b",
    ),
    (
        "balance: {strategy: least_busy}",
        "classifier: {model: tiny-1, providers: []}",
        "11: routing.classifier.providers: found an empty list; accepted one deployment or more",
    ),
    (
        "balance: {strategy: least_busy}",
        "classifier: {model: tiny-1, provider: a, providers: [{provider: a}, {provider: b}]}",
        "11: routing.classifier.providers: found `provider` as well; accepted one of the two",
    ),
    (
        "balance: {strategy: least_busy}",
        "classifier: {kind: local, providers: [{provider: a}]}",
        "11: routing.classifier.providers: found a list; accepted none, since the kind is local",
    ),
    (
        "balance: {strategy: least_busy}",
        "classifier: {providers: []}",
        (
            "11: routing.classifier.providers: found a list; accepted none, since the kind is"
            " heuristic"
        ),
    ),
    (
        "balance: {strategy: least_busy}",
        "classifier: {model: tiny-1, providers: [{provider: a}, {provider: b, cost: 2}]}",
        (
            "11: routing.classifier.providers[0].cost: found nothing, beside a deployment that has"
            " a price; accepted a price for each; or one beside the list"
        ),
    ),
]


@pytest.mark.parametrize(("old", "new", "sentence"), PROBLEMS)
def test_a_mistake_in_a_list_of_deployments_is_named_with_its_line(
    tmp_path: Path, old: str, new: str, sentence: str
) -> None:
    assert changed(tmp_path, old, new) == [sentence]


def test_a_dear_deployment_of_the_top_tier_is_nobodys_business(tmp_path: Path) -> None:
    top = "complex: {model: large-1, cost: 15, providers: [{provider: a, cost: 40}]}"
    text = SERVED.replace("complex: {model: large-1, cost: 15, provider: a}", top)
    assert load(tmp_path, text).tiers[2].served_at()[0].price == Price(40, 40)


def test_a_judge_may_not_be_a_deployment_under_another_name(tmp_path: Path) -> None:
    judge = "evaluation: {judge: {model: small-1-eu, provider: b}}\n"
    with pytest.raises(ConfigError, match=r"16: evaluation\.judge\.model: .* tier 'simple'"):
        load(tmp_path, SERVED + judge)
