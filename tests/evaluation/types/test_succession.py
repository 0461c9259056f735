import pytest
from factories.typed_traffic import KINDS, built, kinds_of, traffic

from tierwatch.evaluation.types.succession import _successors
from tierwatch.evaluation.types.types_evidence import TypesEvidence
from tierwatch.routing.classify.task_types import TaskTypes, is_type_name


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
