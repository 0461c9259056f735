from collections.abc import Set as AbstractSet

from hypothesis import given
from hypothesis import strategies as st

from tierwatch.routing.classify.familiarity.ends import FEWEST_WORDS
from tierwatch.routing.classify.familiarity.familiar import Familiar
from tierwatch.routing.classify.familiarity.groups import Groups

SETS = st.sets(st.integers(0, 60), min_size=FEWEST_WORDS, max_size=50)


def rule(prompts: list[AbstractSet[int]], least: float) -> tuple[Groups, Familiar]:
    groups = Groups()
    for at, words in enumerate(prompts):
        groups.add(words, at)
    return groups, Familiar(groups.table, groups.sizes, least)


@given(st.lists(SETS, min_size=1, max_size=60), SETS, st.floats(0.01, 1))
def test_one_sum_says_what_the_index_says(
    prompts: list[AbstractSet[int]], asked: set[int], least: float
) -> None:
    groups, familiar = rule(prompts, least)
    alike, _ = groups.nearest(asked)
    if abs(alike - least) > 1e-6:  # at the limit itself rounding may say either
        assert familiar.knows(asked) == (alike >= least)
    assert familiar.knows(asked) == familiar.knows(asked)  # worked out, then remembered


def test_a_prompt_exactly_at_the_limit_is_familiar() -> None:
    # 3 of {1, 2, 3, 4} and {1, 2, 3, 9}: 3 / 5.
    _, familiar = rule([{1, 2, 3, 4}], 0.6)
    assert familiar.knows({1, 2, 3, 9})
    assert not familiar.knows({1, 2, 8, 9})


def test_a_prompt_of_a_word_or_two_is_never_unfamiliar() -> None:
    _, familiar = rule([{1, 2, 3, 4}], 0.3)
    assert familiar.knows(set())
    assert familiar.knows({50, 51, 52})
    assert not familiar.knows({50, 51, 52, 53})


def test_something_is_shared_whatever_is_asked() -> None:
    _, familiar = rule([{1, 2, 3, 4}], 1e-9)
    assert not familiar.knows({50, 51, 52, 53})
    assert familiar.knows({1, 51, 52, 53})
