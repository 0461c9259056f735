"""Types of simulated traffic whose kinds are known."""

import numpy as np
import pytest
from factories.typed_traffic import KINDS, built, kinds_of, traffic

from tierwatch.errors import EvidenceError
from tierwatch.evaluation.types.build import NO_LEIDEN, build_types
from tierwatch.evaluation.types.grouping import installed_leiden
from tierwatch.evaluation.types.types_evidence import TypesEvidence
from tierwatch.routing.classify.task_types import TaskTypes


@pytest.fixture(scope="module")
def first() -> tuple[TaskTypes, TypesEvidence]:
    return built(traffic(), most=6)


def test_types_find_the_kinds_and_tell_their_losses_apart(
    first: tuple[TaskTypes, TypesEvidence],
) -> None:
    types, evidence = first
    fresh = traffic(seed=9)
    of_kind = kinds_of(types, fresh)
    right = [of_kind[types.assign(text)] == kind for text, kind in zip(*fresh[::3], strict=True)]
    assert np.mean(right) > 0.97
    assert set(of_kind.values()) == set(KINDS)
    # Losses of .6, .05, .4 and .1 with 200 pairs each: V = sqrt(mean of (p - .29)^2 / .29 / .71).
    assert evidence.v == pytest.approx(0.48, abs=0.1)
    assert evidence.random < 0.06 < evidence.v
    assert evidence.separates
    assert sum(evidence.pairs) == 1600
    assert sum(figures.prompts for figures in evidence.types) == pytest.approx(1)


def test_the_same_data_and_seed_give_the_same_bytes(
    first: tuple[TaskTypes, TypesEvidence],
) -> None:
    assert built(traffic(), most=6)[0].to_bytes() == first[0].to_bytes()


def test_a_rebuild_on_other_prompts_keeps_names_and_prompts(
    first: tuple[TaskTypes, TypesEvidence],
) -> None:
    later = traffic(seed=4)
    types, evidence = built(later, most=6, previous=first[0], version=2)
    assert types.version == 2
    assert evidence.consistent is not None
    assert evidence.consistent > 0.8
    kept = {old: new for old, new in evidence.mapping.items() if new is not None}
    assert kept.keys() == set(first[0].names) & set(types.names)
    assert evidence.before == pytest.approx(evidence.v, abs=0.1)


def test_a_new_kind_gets_a_name_that_no_type_ever_had(
    first: tuple[TaskTypes, TypesEvidence],
) -> None:
    kinds = {key: KINDS[key] for key in ("sql", "poem", "proof")} | {
        "code": ("python function loop string compile debug variable class", 0.3)
    }
    data = traffic(seed=5, kinds=kinds)
    types, evidence = built(data, most=6, previous=first[0], taken=["function-python"])
    new = set(types.names) - set(first[0].names)
    assert new
    assert "function-python" not in new
    assert "code" in {kinds_of(types, data)[name] for name in new}
    assert None in evidence.mapping.values()


def test_losses_that_have_nothing_to_do_with_the_words_do_not_separate() -> None:
    even = {kind: (words, 0.3) for kind, (words, _) in KINDS.items()}
    separating = [
        built(traffic(seed=seed, kinds=even), seed=seed)[1].separates for seed in range(6)
    ]
    assert sum(separating) <= 2  # each by a chance of 5 %


def test_without_leiden_it_says_so_and_goes_on(first: tuple[TaskTypes, TypesEvidence]) -> None:
    assert first[1].note == NO_LEIDEN
    assert "leiden" not in first[1].methods


def test_leiden_is_tried_where_it_is_installed() -> None:
    leiden = installed_leiden()
    if leiden is None:
        pytest.skip("needs the extra train")
    _, evidence = built(traffic(), leiden=leiden)
    assert evidence.methods.keys() == {"k-means", "leiden"}
    assert evidence.note == ""
    assert evidence.v == max(evidence.methods.values())


def test_what_cannot_be_built_from_is_refused_in_a_sentence() -> None:
    texts, losses, sessions, _ = traffic()
    with pytest.raises(EvidenceError, match="found 399 judged prompts; accepted: 400 or more"):
        build_types(texts[:399], {k: v[:399] for k, v in losses.items()}, sessions[:399])
    with pytest.raises(EvidenceError, match="found 0 judged prompts"):
        build_types([], {"simple": []}, [])
    with pytest.raises(EvidenceError, match="1600 texts, 1599 sessions"):
        build_types(texts, losses, sessions[:-1])
    with pytest.raises(EvidenceError, match="accepted: 0, 1 or nan"):
        build_types(texts, losses | {"x": [0.5] * 1600}, sessions)
    with pytest.raises(EvidenceError, match="types: found 21"):
        build_types(texts, losses, sessions, most=21)


@pytest.mark.parametrize("texts", [["the same words"] * 800, [""] * 800])
def test_prompts_all_alike_are_refused(texts: list[str]) -> None:
    losses = {"simple": [0.0, 1.0] * 400}
    with pytest.raises(EvidenceError, match="all of one kind"):
        build_types(texts, losses, [str(number) for number in range(800)])
