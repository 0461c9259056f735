import pytest
from hypothesis import given
from hypothesis import strategies as st

from tierwatch.routing.classify.familiarity.groups import (
    MOST_GROUPS,
    Group,
    Groups,
    packed,
    unpacked,
)
from tierwatch.routing.classify.features import BUCKETS

PROMPTS = st.lists(
    st.sets(st.integers(0, 40) | st.integers(0, BUCKETS - 1), max_size=72), max_size=80
)


def taken_in(prompts: list[set[int]]) -> Groups:
    groups = Groups()
    for at, words in enumerate(prompts):
        groups.add(words, at)
    return groups


def jaccard(one: set[int], other: set[int]) -> float:
    return len(one & other) / len(one | other)


def cores(groups: Groups) -> list[set[int]]:
    """What the table says, read group by group."""
    found: list[set[int]] = [set() for _ in range(len(groups))]
    for word, number in enumerate(groups.table):
        for place, has in enumerate(number.to_bytes(MOST_GROUPS, "little")):
            if has:
                found[place].add(word)
    return found


def test_the_first_prompt_is_like_none_and_begins_a_group() -> None:
    groups = Groups()
    assert groups.nearest({1, 2, 3}) == (0.0, -1)
    assert (groups.add({1, 2, 3}, 0), len(groups)) == (0.0, 1)


def test_a_prompt_without_words_is_like_none_and_begins_nothing() -> None:
    groups = taken_in([{1, 2, 3}])
    assert (groups.add(set(), 1), len(groups)) == (0.0, 1)


def test_a_group_keeps_what_its_prompts_share() -> None:
    groups = taken_in([{1, 2, 3, 10}, {1, 2, 3, 11}, {1, 2, 3, 12}])
    # 4 shared of 4 and 5 words: 3 / (4 + 3 - 3).
    assert groups.nearest({1, 2, 3, 99}) == (0.75, 0)
    assert cores(groups) == [{1, 2, 3}]


@given(PROMPTS, st.sets(st.integers(0, 40), min_size=1, max_size=40))
def test_the_nearest_is_the_core_with_the_highest_index(
    prompts: list[set[int]], asked: set[int]
) -> None:
    groups = taken_in(prompts)
    alike = [jaccard(asked, core) for core in cores(groups)]
    most, place = groups.nearest(asked)
    assert most == pytest.approx(max(alike, default=0.0))
    if alike:
        assert alike[place] == pytest.approx(most)
    assert [len(core) for core in cores(groups)] == list(groups.sizes)


def test_where_there_is_no_room_the_group_met_longest_ago_goes() -> None:
    own = [{10 * at, 10 * at + 1, 10 * at + 2} for at in range(MOST_GROUPS + 1)]
    groups = taken_in(own[:MOST_GROUPS])
    groups.add(own[0], MOST_GROUPS)  # met again, so that the second is the oldest
    groups.add(own[-1], MOST_GROUPS + 1)
    assert len(groups) == MOST_GROUPS
    assert groups.nearest(own[0])[0] == 1
    assert groups.nearest(own[-1]) == (1.0, 1)
    assert groups.nearest(own[1])[0] == 0


def test_a_group_follows_its_kind() -> None:
    early = [{1, 2, 3, 4, 5, 6, 7, 8}] * 200
    late = [{1, 2, 3, 4, 21, 22, 23, 24}] * 200
    groups = taken_in(early + late)
    assert len(groups) == 1
    assert groups.nearest(late[0]) == (1.0, 0)


@given(PROMPTS)
def test_stored_groups_go_on_where_they_stopped(prompts: list[set[int]]) -> None:
    groups = taken_in(prompts)
    stored = list(groups.stored())
    met = [group.met for group in stored]
    restored = Groups()
    restored.restore(unpacked(packed(stored), met))
    assert (restored.table, list(restored.stored())) == (groups.table, stored)
    for words in prompts[:10]:
        assert restored.add(words, 99) == groups.add(words, 99)


@pytest.mark.parametrize(
    "groups",
    [
        [Group(0, 1, ())],
        [Group(65, 1, ())],
        [Group(2, 1, ((BUCKETS, 1),))],
        [Group(2, 1, ((7, 3),))],
        [Group(2, 1, ((7, 0),))],
        [Group(1, at, ((at, 1),)) for at in range(MOST_GROUPS + 1)],
    ],
)
def test_what_no_group_is_is_refused(groups: list[Group]) -> None:
    with pytest.raises(ValueError, match="found"):
        Groups().restore(groups)


def test_numbers_that_are_cut_or_too_many_are_refused() -> None:
    numbers = packed([Group(2, 5, ((7, 2), (9, 1)))])
    assert unpacked(numbers, [5]) == [Group(2, 5, ((7, 2), (9, 1)))]
    for wrong in (numbers[:-1], numbers[:1], [*numbers, 0]):
        with pytest.raises(ValueError, match=r"."):
            unpacked(wrong, [5])
