"""The words that tell a type, the names made of them, and the names handed on."""

import pytest
from factories.typed_traffic import KINDS, built, kinds_of, traffic
from hypothesis import given
from hypothesis import strategies as st

from tierwatch.evaluation.types.names import _successors, telling_words, type_names
from tierwatch.evaluation.types.types_evidence import TypesEvidence
from tierwatch.routing.classify.task_types import TaskTypes, is_type_name


def told(
    texts: list[str], groups: list[int], *, sessions: int = 20, count: int = 8
) -> list[set[str]]:
    by = [str(number % sessions) for number in range(len(texts))]
    found = telling_words(texts, groups, by, size=max(groups) + 1, count=count)
    return [set(words) for words in found]


def test_words_of_grammar_and_words_of_all_groups_tell_nothing() -> None:
    texts = ["please write the sonnet about it"] * 20 + ["please write the invoice about it"] * 20
    poem, mail = told(texts, [0] * 20 + [1] * 20)
    assert poem == {"sonnet"}
    assert mail == {"invoice"}


def test_what_fewer_than_five_sessions_wrote_names_nothing() -> None:
    texts = ["sonnet moon"] * 20 + ["invoice moon"] * 20
    groups = [0] * 20 + [1] * 20
    assert told(texts, groups, sessions=5)[0] == {"sonnet"}
    assert told(texts, groups, sessions=4)[0] == set()


def test_a_word_counts_once_a_text() -> None:
    texts = ["moon " * 50 + "sonnet"] * 2 + ["sonnet"] * 18 + ["invoice"] * 20
    # In two of forty texts: a corner, however often these two repeat it.
    assert "moon" not in told(texts, [0] * 20 + [1] * 20, sessions=20)[0]


def test_the_most_telling_come_first_and_no_more_than_asked_for() -> None:
    texts = ["sonnet verse moon"] * 10 + ["sonnet verse"] * 5 + ["sonnet"] * 5 + ["invoice"] * 20
    sessions = [str(number) for number in range(40)]
    found = telling_words(texts, [0] * 20 + [1] * 20, sessions, size=2, count=2)
    assert found[0] == ("sonnet", "verse")


def test_a_group_without_texts_has_no_words_and_texts_without_words_neither() -> None:
    assert told(["sonnet"] * 20, [0] * 19 + [2])[1] == set()
    assert told(["12 345 !", ""] * 20, [0, 1] * 20) == [set(), set()]


def test_of_a_long_text_only_both_ends_are_read() -> None:
    long = "sonnet " + "x" * 900 + " hidden " + "y" * 900 + " finale"
    found = told([long] * 20 + ["invoice"] * 20, [0] * 20 + [1] * 20)[0]
    assert {"sonnet", "finale"} <= found
    assert "hidden" not in found


@pytest.mark.parametrize(
    ("words", "taken", "names"),
    [
        ([("poem", "moon")], [], ["poem-moon"]),
        ([("poem",)], [], ["poem"]),
        ([()], [], ["type-1"]),
        ([("poem", "moon"), ("poem", "moon")], [], ["poem-moon", "poem-moon-2"]),
        ([("all",)], [], ["all-2"]),  # `all` is every type's total
        ([("poem", "moon", "verse")], ["poem-moon"], ["poem-moon-verse"]),
        ([("a" * 18, "b" * 18, "c" * 18)], [], ["a" * 18 + "-" + "b" * 18]),
    ],
)
def test_names_are_made_of_words(
    words: list[tuple[str, ...]], taken: list[str], names: list[str]
) -> None:
    assert type_names(words, taken) == names


@given(
    st.lists(st.lists(st.sampled_from(["poem", "moon", "verse", "all"]), max_size=4), max_size=8),
    st.sets(st.sampled_from(["poem", "poem-moon", "type-1", "type-2", "verse-2"])),
)
def test_no_name_is_given_twice_or_taken(words: list[list[str]], taken: set[str]) -> None:
    names = type_names(words, taken)
    assert len(set(names)) == len(names) == len(words)
    assert not set(names) & (taken | {"all"})
    assert all(0 < len(name) <= 40 for name in names)


@pytest.fixture(scope="module")
def first() -> tuple[TaskTypes, TypesEvidence]:
    return built(traffic(), most=6)


def test_names_are_made_of_telling_words(first: tuple[TaskTypes, TypesEvidence]) -> None:
    types, _ = first
    assert all(map(is_type_name, types.names))
    for name, kind in kinds_of(types, traffic(seed=2)).items():
        assert set(name.split("-")[:2]) <= set(KINDS[kind][0].split())
        assert types.words[types.names.index(name)][0] in KINDS[kind][0].split()


def test_a_name_goes_to_who_took_over_half_both_ways() -> None:
    before = [0] * 10 + [1] * 10
    assert _successors(before, [1] * 10 + [0] * 10, 2, 2) == {0: 1, 1: 0}
    # Old type 0 falls apart into three: no part has half of it.
    assert _successors([0] * 12, [0] * 4 + [1] * 4 + [2] * 4, 1, 3) == {}
    # Two equal types merge: one name goes on, for half of the new type's prompts had it.
    assert len(_successors(before, [0] * 20, 2, 1)) == 1
