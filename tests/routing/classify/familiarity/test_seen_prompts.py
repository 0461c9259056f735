import json
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tierwatch.errors import ArtefactError
from tierwatch.routing.classify.familiarity.seen_prompts import (
    FEWEST_PROMPTS,
    SeenPrompts,
    least_alike,
)


def prompt(chance: random.Random, kinds: int = 6) -> set[int]:
    """A kind's words, some of them, and words that others have as well."""
    kind = chance.randrange(kinds)
    own = [100 * kind + at for at in range(20)]
    return {*chance.sample(own, 12), *(chance.randrange(5_000, 9_000) for _ in range(18))}


def seen_of(prompts: list[set[int]], weight: float = 1.0) -> SeenPrompts:
    seen = SeenPrompts()
    for words in prompts:
        seen.add(words, weight)
    return seen


@pytest.mark.parametrize("share", [0.02, 0.05, 0.1])
def test_of_prompts_like_those_judged_no_more_than_the_share_is_unfamiliar(share: float) -> None:
    chance = random.Random(3)
    called = of = 0
    for _ in range(3):
        familiar = seen_of([prompt(chance) for _ in range(800)]).familiar(share)
        assert familiar is not None
        called += sum(not familiar.knows(prompt(chance)) for _ in range(1_000))
        of += 1_000
    # Three standard errors of 3,000 draws, and those of the 800 that set each bound.
    assert called / of <= share + 3 * (share * (1 / of + 1 / 2_400)) ** 0.5


def test_another_kind_of_prompt_is_unfamiliar() -> None:
    chance = random.Random(4)
    familiar = seen_of([prompt(chance) for _ in range(800)]).familiar(0.02)
    assert familiar is not None
    other = [{20_000 + chance.randrange(3_000) for _ in range(30)} for _ in range(100)]
    assert not any(familiar.knows(words) for words in other)


def test_too_few_prompts_tell_nothing() -> None:
    chance = random.Random(5)
    prompts = [prompt(chance) for _ in range(FEWEST_PROMPTS)]
    assert seen_of(prompts[:-1]).familiar(0.1) is None
    assert seen_of(prompts).familiar(0.1) is not None
    assert seen_of(prompts).familiar(0.001) is None  # 1 in 1,000 of 200
    assert seen_of(prompts).familiar(0) is None


def test_where_judged_prompts_had_nothing_in_common_no_other_is_told_from_them() -> None:
    prompts = [set(range(40 * at, 40 * at + 40)) for at in range(300)]
    assert seen_of(prompts).familiar(0.02) is None


def test_prompts_that_are_all_alike_make_no_reworded_one_a_stranger() -> None:
    familiar = seen_of([{1, 2, 3, 4, 5, 6, 7}] * 300).familiar(0.02)
    assert familiar is not None
    assert familiar.knows({1, 2, 3, 4, 5, 6, 99})
    assert not familiar.knows({11, 12, 13, 14})


@given(
    st.lists(st.floats(0, 1), min_size=1, max_size=300),
    st.floats(0, 1),
)
def test_evenly_drawn_prompts_have_the_conformal_bound(alike: list[float], share: float) -> None:
    place = int(share * (len(alike) + 1) + 1e-9)
    due = sorted(alike)[min(place, len(alike)) - 1] if place else 0
    assert least_alike([(one, 1.0) for one in alike], share) == due


def test_a_prompt_that_stands_for_many_takes_up_as_much_room() -> None:
    light = [(at / 100, 1.0) for at in range(1, 100)]
    assert least_alike(light, 0.1) == 0.1
    # 190 in weight and 10 for the one to come: room for 20, of which the first takes 10.
    heavy = [(0.001, 10.0), *light[:80], *([(0.99, 10.0)] * 10)]
    assert least_alike(heavy, 0.1) == 0.1
    assert least_alike(heavy, 0.04) == 0
    assert least_alike([], 0.5) == 0


def test_what_was_seen_is_stored_and_goes_on() -> None:
    chance = random.Random(6)
    prompts = [prompt(chance) for _ in range(500)]
    seen = seen_of(prompts[:400])
    restored = SeenPrompts.from_json(json.loads(json.dumps(seen.to_json())))
    for words in prompts[400:]:
        seen.add(words)
        restored.add(words)
    assert restored.to_json() == seen.to_json()
    assert len(json.dumps(seen.to_json())) < 150_000


@pytest.mark.parametrize(
    "change",
    [
        {"words": "ends-0"},
        {"prompts": "many"},
        {"recent": [[0.5]]},
        {"recent": None},
        {"groups": "###"},
        {"groups": "AQ=="},
        {"met": [1, 2, 3]},
        {"met": 7},
    ],
)
def test_another_document_is_refused_by_name(change: dict[str, object]) -> None:
    stored = seen_of([{1, 2, 3, 4}] * 3).to_json() | change
    with pytest.raises(ArtefactError, match="prompts seen"):
        SeenPrompts.from_json(stored)


@pytest.mark.parametrize("value", [None, [], "seen", {}])
def test_no_document_is_refused_by_name(value: object) -> None:
    with pytest.raises(ArtefactError, match="prompts seen"):
        SeenPrompts.from_json(value)
