"""A policy's model is put in where the file still names what it replaces, and nowhere else."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tierwatch.errors import PolicyError
from tierwatch.routing.facts import EFFORTS, UNKNOWN, Facts
from tierwatch.routing.served.tier_model import TierModel, served_tiers, served_variants
from tierwatch.routing.tiers import Deployment, Price, Tier

SMALL = Tier("simple", "small-1", "lab", Price(0.25, 0.5), takes=Facts(context=8_000))
LARGE = Tier("complex", "large-1", "lab", Price(10, 20))
NEW = TierModel("small-2", "other", Price(0.1, 0.2, 0.01), "low", instead_of="small-1")


def test_the_tier_is_served_by_it_at_its_price() -> None:
    new, top = served_tiers([SMALL, LARGE], {"simple": NEW})
    assert (new.name, new.model, new.provider, new.effort) == ("simple", "small-2", "other", "low")
    assert new.price == Price(0.1, 0.2, 0.01)
    assert (new.deployments, new.takes) == ((), UNKNOWN)
    assert new.variant == "small-2:low"
    assert top is LARGE


@pytest.mark.parametrize(
    "edited",
    [
        replace(SMALL, model="small-3"),
        replace(SMALL, model="small-2"),
        replace(SMALL, effort="high"),
    ],
)
def test_a_later_edit_of_the_file_wins(edited: Tier) -> None:
    assert served_tiers([edited], {"simple": NEW}) == (edited,)


def test_a_price_or_a_place_is_no_other_model() -> None:
    moved = replace(SMALL, price=Price(9, 9), provider="elsewhere")
    assert served_tiers([moved], {"simple": NEW})[0].model == "small-2"


@pytest.mark.parametrize(
    ("providers", "model"), [(["lab"], "small-1"), (["lab", "other"], "small-2"), ([], "small-2")]
)
def test_a_provider_that_the_file_does_not_name_is_asked_nothing(
    providers: list[str], model: str
) -> None:
    assert served_tiers([SMALL], {"simple": NEW}, providers)[0].model == model


def test_another_effort_stays_at_the_model_s_deployments() -> None:
    places = (Deployment("lab", "small-1-eu", Price(0.2, 0.2)),)
    here = replace(SMALL, deployments=places)
    harder = TierModel("small-1", "lab", SMALL.price, "high", instead_of="small-1")
    (found,) = served_tiers([here], {"simple": harder})
    assert found == replace(here, effort="high")


def test_models_of_other_tiers_count_for_nothing() -> None:
    assert served_tiers([LARGE], {"simple": NEW, "gone": NEW}) == (LARGE,)
    assert served_variants({"complex": "large-1"}, {"simple": NEW}) == {"complex": "large-1"}


@given(
    st.builds(
        TierModel,
        model=st.text(min_size=1, max_size=200),
        provider=st.text(max_size=200),
        price=st.builds(
            Price,
            st.floats(0, 1e3),
            st.floats(0, 1e3),
            st.none() | st.floats(0, 1e3),
            st.none() | st.floats(0, 1e3),
        ),
        effort=st.sampled_from(["", *EFFORTS]),
        instead_of=st.text(min_size=1, max_size=200),
    )
)
def test_json_and_back(model: TierModel) -> None:
    assert TierModel.from_json(model.to_json()) == model


@pytest.mark.parametrize(
    "changes",
    [
        {"model": ""},
        {"model": "m" * 201},
        {"model": 7},
        {"provider": None},
        {"instead_of": ""},
        {"effort": "much"},
        {"price": None},
        {"price": {"input_usd_per_mtok": 1}},
        {"price": {"input_usd_per_mtok": True, "output_usd_per_mtok": 1}},
        {"price": {"input_usd_per_mtok": -1, "output_usd_per_mtok": 1}},
        {"price": {"input_usd_per_mtok": 1, "output_usd_per_mtok": "2"}},
        {
            "price": {
                "input_usd_per_mtok": 1,
                "output_usd_per_mtok": 1,
                "cached_input_usd_per_mtok": "free",
            }
        },
    ],
)
def test_what_is_no_model_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(PolicyError, match=r"^models"):
        TierModel.from_json(NEW.to_json() | changes)


@pytest.mark.parametrize("value", [None, [], "small-2", {}, {"model": "m"}])
def test_what_is_no_object_of_its_keys_is_refused(value: object) -> None:
    with pytest.raises(PolicyError, match="accepted: the keys"):
        TierModel.from_json(value)
